"""read.py and study_plan.py: what a study file says, which cells that makes, and what is refused."""

import hashlib
import json

import pytest

from agents.studies.plan import Choice, Goal
from agents.studies.read import parse_study, read_study

LEARN = "train"
LONG = "agents.study_training:train"
"""What the name of it was, and is in hashes."""
TABLE = {
    "title": "Two designs",
    "goal": {"share": 0.5, "kl_per_token": 0.5, "window": 3},
    "defaults": {"episodes": 64, "env_kwargs": {"max_new_tokens": 8}, "config": {"lam": 1.0}},
    "cells": [
        {
            "group": "main",
            "seeds": 2,
            "grid": {"env_kwargs.design": ["dense", "sparse"], "config.lam": [1.0, 0.9]},
        },
        {"group": "again", "seeds": [1, 5], "settings": {"env_kwargs": {"design": "dense"}}},
    ],
    "contrasts": [
        {
            "name": "dense against sparse",
            "measure": "area",
            "primary": True,
            "treatment": {"env_kwargs.design": "dense"},
            "control": {"env_kwargs.design": "sparse"},
            "at": {"config.lam": 0.9},
        }
    ],
}
TUNING = {"per": ["env_kwargs.design"], "seeds": [100], "grid": {"config.lr": [0.1, 0.2]}}


INTERACTION = {**TABLE["contrasts"][0], "kind": "interaction", "against": {"config.lam": 1.0}}
ARM = {"where": {"env_kwargs.design": "dense"}, "points": [{"a": 1}, {"a": 2}]}


def tuned(*arms):
    """Returns the study, its two designs tuned by arms and not by a grid."""
    grid = {"env_kwargs.design": ["dense", "sparse"]}
    tuning = {"per": ["env_kwargs.design"], "seeds": [9], "arms": list(arms)}
    return group(grid=grid) | {"tuning": tuning}


def changed(**changes):
    return {**TABLE, **changes}


def group(**changes):
    return changed(cells=[{"group": "main", "seeds": 1, **changes}], contrasts=[])


def test_cells_by_hand():
    cells = parse_study("two", TABLE).main_cells()
    found = [
        (cell.seed, cell.settings["env_kwargs"]["design"], cell.settings["config"]["lam"]) for cell in cells
    ]
    first = [("dense", 1.0), ("dense", 0.9), ("sparse", 1.0), ("sparse", 0.9)]
    # The second group's first seed is 1, which the first group has as well: one cell, at its first turn.
    assert found == [
        (0, "dense", 1.0), (0, "dense", 0.9), (0, "sparse", 1.0), (0, "sparse", 0.9), (1, "dense", 1.0),
        (1, "dense", 0.9), (1, "sparse", 1.0), (1, "sparse", 0.9), (5, "dense", 1.0),
    ]  # fmt: skip
    assert found[:4] == [(0, *one) for one in first]
    assert cells[0].settings == {
        "run": LEARN, "episodes": 64, "env_kwargs": {"max_new_tokens": 8, "design": "dense"},
        "config": {"lam": 1.0},
    }  # fmt: skip


def test_a_cell_is_named_by_what_it_varies_and_by_the_hash_of_its_settings():
    cell = parse_study("two", TABLE).main_cells()[1]
    text = json.dumps({**cell.settings, "run": LONG}, sort_keys=True)
    assert cell.settings_sha256 == hashlib.sha256(text.encode()).hexdigest()
    assert cell.id == f"dense-0.9-seed0-{cell.settings_sha256[:8]}"


def test_names_titles_and_goals_do_not_change_cells():
    other = changed(title="Another", goal={"share": 0.9}, contrasts=[])
    keys = [cell.key for cell in parse_study("two", TABLE).main_cells()]
    assert [cell.key for cell in parse_study("other", other).main_cells()] == keys


def test_settings_of_the_command_line_count_for_all_cells():
    study = parse_study("two", {**TABLE, "tuning": TUNING}).override({"device": "cuda"})
    choices = [Choice({"env_kwargs.design": one}, {"config.lr": 0.1}) for one in ("dense", "sparse")]
    assert {cell.settings["device"] for cell in study.tuning_cells() + study.main_cells(choices)} == {"cuda"}


def test_tuning_tries_each_point_for_each_value_and_main_cells_take_the_choice():
    study = parse_study("two", {**TABLE, "tuning": {**TUNING, "settings": {"episodes": 16}}})
    tried = [
        (cell.seed, cell.settings["env_kwargs"]["design"], cell.settings["config"]["lr"], cell.phase)
        for cell in study.tuning_cells()
    ]
    assert tried == [(100, one, lr, "tuning") for one in ("dense", "sparse") for lr in (0.1, 0.2)]
    assert {cell.settings["episodes"] for cell in study.tuning_cells()} == {16}
    dense = Choice({"env_kwargs.design": "dense"}, {"config.lr": 0.2})
    sparse = Choice({"env_kwargs.design": "sparse"}, {"config.lr": 0.1})
    taken = {
        (cell.settings["env_kwargs"]["design"], cell.settings["config"]["lr"], cell.settings["episodes"])
        for cell in study.main_cells([dense, sparse])
    }
    assert taken == {("dense", 0.2, 64), ("sparse", 0.1, 64)}
    with pytest.raises(ValueError, match=r"nothing is chosen yet for .*sparse"):
        study.main_cells([dense])


def test_groups_that_measure_something_else_are_not_tuned():
    other = {"group": "best", "seeds": [0], "settings": {"run": "a:b"}}
    study = parse_study("two", {**TABLE, "tuning": TUNING, "cells": [*TABLE["cells"], other]})
    assert study.tuning_cells(["best"]) == []
    assert len(study.main_cells([], ["best"])) == 1


def test_an_interaction_has_four_arms():
    (found,) = parse_study("two", changed(contrasts=[INTERACTION])).contrasts
    dense, sparse = {"env_kwargs.design": "dense"}, {"env_kwargs.design": "sparse"}
    here, there = {"config.lam": 0.9}, {"config.lam": 1.0}
    assert found.sides == ({**here, **dense}, {**here, **sparse}, {**there, **dense}, {**there, **sparse})
    assert parse_study("two", TABLE).contrasts[0].sides == found.arms == found.sides[:2]


def test_the_largest_divergence_goes_with_the_length():
    assert Goal(kl_per_token=0.5).max_kl({"env_kwargs": {"max_new_tokens": 8}}) == 4.0
    assert Goal().max_kl({}) == float("inf")
    with pytest.raises(ValueError, match=r"env_kwargs\.max_new_tokens: expected a number of tokens"):
        Goal(kl_per_token=0.5).max_kl({})


@pytest.mark.parametrize(
    ("table", "message"),
    [
        (changed(celss=[]), "a study: expected the keys title, .*, got 'celss'"),
        (changed(goal={"share": 1.5}), r"goal\.share: expected a number in \(0, 1\], got 1\.5"),
        (changed(goal={"window": 0}), r"goal\.window: expected a whole number >= 1, got 0"),
        (changed(goal={"kl_per_token": True}), r"goal\.kl_per_token: expected a number > 0, got True"),
        (changed(goal={"window_episodes": 0}), r"goal\.window_episodes: expected a whole number >= 1, got 0"),
        (
            changed(goal={"window": 2, "window_episodes": 8}),
            "goal: expected window or window_episodes, got both",
        ),
        (changed(tuning={"seeds": [9]}), r"the key 'grid' or tables \[\[tuning\.arms\]\], got neither"),
        (changed(tuning={**TUNING, "arms": [ARM]}), r"'grid' or tables \[\[tuning\.arms\]\], got both"),
        (tuned(), r"tuning\.arms: expected at least one table, got \[\]"),
        (tuned({**ARM, "points": []}), r"tuning\.arms\[0\]\.points: expected one or more different tables"),
        (tuned({**ARM, "points": [{"a": 1}] * 2}), r"tuning\.arms\[0\]\.points: .* different tables"),
        (tuned({"where": {"b": 1}, "points": [{"a": 1}]}), r"tuning\.arms\[0\]\.where: .*, got 'b'"),
        (
            tuned(ARM, {**ARM, "points": [{"a": 1}]}),
            r"tuning\.arms\[1\]\.points: expected 2 points, as many as the first arm has, got 1",
        ),
        (
            tuned({**ARM, "points": [{"a": 1}, {"b": 1}]}),
            r"tuning\.arms\[0\]\.points: expected the keys a in each point, .*, got \['b'\]",
        ),
        (tuned(ARM), r"tuning\.arms: expected one whose 'where' holds for .*sparse.*, got 0"),
        (tuned(ARM, ARM), r"tuning\.arms: expected one whose 'where' holds for .*dense.*, got 2"),
        (changed(tuning={**TUNING, "score": "x"}), r"tuning\.score: expected a number, got 'x'"),
        (group(seeds=0), r"cells\[0\]\.seeds: expected a number of seeds >= 1, or a list .*, got 0"),
        (group(seeds=[1, 1]), r"cells\[0\]\.seeds: expected .* different seeds"),
        (group(grid={}), r"cells\[0\]\.grid: expected at least one dotted key"),
        (group(grid={"a": []}), r"cells\[0\]\.grid\.a: expected a list of one or more values"),
        (group(grid={"a": [1, 1]}), r"cells\[0\]\.grid\.a: expected a list of different values"),
        (group(grid={"a": [1]}, settings={"a": 2}), r"'a' is set in cells\[0\]\.settings as well"),
        (group(group=""), r"cells\[0\]\.group: expected a text"),
        (changed(contrasts=[]) | {"tuning": {**TUNING, "seeds": [5]}}, r"tuning\.seeds: .* got \[5\]"),
        (
            changed(contrasts=[{**TABLE["contrasts"][0], "primary": False}]),
            "exactly one with primary = true, got 0",
        ),
        (
            changed(contrasts=[{**TABLE["contrasts"][0], "post_hoc": True}]),
            "expected a contrast that is primary or post_hoc, got both",
        ),
        (
            changed(contrasts=[{**TABLE["contrasts"][0], "kind": "interaction"}]),
            "contrasts.0.: expected the key 'against', the second place, got none",
        ),
        (
            changed(contrasts=[{**TABLE["contrasts"][0], "against": {}}]),
            "contrasts.0.: expected kind = 'interaction', got the key 'against' without it",
        ),
        (
            changed(contrasts=[{**TABLE["contrasts"][0], "kind": "trend"}]),
            "contrasts.0..kind: expected one of 'effect', 'interaction', got 'trend'",
        ),
        (
            changed(contrasts=[{**INTERACTION, "against": {"config.lam": 0.5}}]),
            "'dense against sparse': no cell matches .*config.lam is one of 1.0, 0.9 in them, got 0.5",
        ),
        (
            changed(contrasts=[{**INTERACTION, "sensitivity": True}]),
            "expected sensitivity of a contrast of two arms, got that of an interaction",
        ),
        (
            changed(contrasts=[{**TABLE["contrasts"][0], "post_hoc": 1}]),
            "post_hoc: expected true or false",
        ),
        (changed(contrasts=TABLE["contrasts"] * 2), "exactly one with primary = true, got 2"),
        (
            changed(contrasts=[{**TABLE["contrasts"][0], "at": {"config.lam": 0.5}}]),
            "'dense against sparse': no cell matches",
        ),
    ],
)
def test_what_is_wrong_is_said_in_one_line(table, message):
    with pytest.raises(ValueError, match=message) as caught:
        parse_study("two", table)
    assert "\n" not in str(caught.value)


def test_a_file_is_named(tmp_path):
    path = tmp_path / "mine.toml"
    path.write_text("cells = 3\n")
    with pytest.raises(ValueError, match=r"mine\.toml: cells: expected tables"):
        read_study(path)
    path.write_text('[[cells]]\ngroup = "one"\nseeds = 1\n')
    assert read_study(path).name == "mine"


@pytest.mark.parametrize(
    ("table", "message"),
    [
        (group(seeds=100_001), r"cells\[0\]\.seeds: expected at most 100,000 seeds, got 100001"),
        (
            group(seeds=1_000, grid={"a": [*range(20)], "b": [*range(20)]}),
            "cells: expected at most 100,000 of them, got 400,000",
        ),
        (group(seeds=[2**60]), r"cells\[0\]\.seeds: expected a number of seeds"),
        (group(seeds=1, settings={"a": 2**63}), "cells: expected texts, finite numbers"),
        (changed(defaults={"a": 10**400}), "a: expected texts, finite numbers"),
        (changed(defaults={"a": float("nan")}), "a: expected texts, finite numbers"),
        (
            changed(defaults={"run": 3}),
            r"cells 'main': run: expected 'train', 'best_of', .* or 'module:attribute', got 3",
        ),
        (changed(goal={"length_key": 3}), r"goal\.length_key: expected a dotted key of the settings, got 3"),
        (
            group(settings={"config": 3, "config.lam": 1.0}),
            "config.lam: expected a table under 'config', got 3, which has no keys",
        ),
        (changed(cells=[]), r"cells: expected at least one table \[\[cells\]\], got none"),
        (
            changed(contrasts=[{**TABLE["contrasts"][0], "treatment": {"env_kwargs.design": "dnse"}}]),
            r"no cell matches .*: env_kwargs\.design is one of 'dense', 'sparse' .*; did you mean 'dense'\?",
        ),
    ],
)
def test_what_no_study_needs_is_refused_in_one_line(table, message):
    with pytest.raises(ValueError, match=message) as caught:
        parse_study("two", table)
    assert "\n" not in str(caught.value) and len(str(caught.value)) < 400


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("a = " + "[" * 5_000 + "]" * 5_000, "nested without end"),
        (".".join("a" * 40) + " = 1", "expected at most 32 tables and lists inside of each other"),
        (".".join("a" * 100_000) + " = 1", "expected at most 1000 dots in a line, got more"),
        ("[" + ".".join(['"\\u2028"'] * 50_000) + "]", "expected at most 1000 dots in a line, got more"),
        ("a = " + "9" * 5_000, "Exceeds the limit"),
        ("a = 1\na = 2", "Cannot overwrite a value"),
        ("\xff", "codec can't decode"),
        ("#" * (1 << 20) + "\n", "expected at most 1,048,576 bytes"),
    ],
)
def test_a_file_that_is_no_study_is_refused_in_one_line(tmp_path, text, message):
    path = tmp_path / "study.toml"
    path.write_bytes(text.encode("latin-1"))
    with pytest.raises(ValueError, match=rf"study\.toml: .*{message}") as caught:
        read_study(path)
    assert "\n" not in str(caught.value) and len(str(caught.value)) < 400


def test_reading_a_study_imports_nothing_that_it_names(tmp_path, monkeypatch):
    ran = tmp_path / "ran"
    (tmp_path / "stranger_of_study.py").write_text(f"open({str(ran)!r}, 'w').close()")
    monkeypatch.syspath_prepend(str(tmp_path))
    table = changed(defaults={"run": "stranger_of_study:run", "agent": "stranger_of_study:Agent"})
    text = "".join(f"{key} = {json.dumps(value)}\n" for key, value in table["defaults"].items())
    (tmp_path / "two.toml").write_text(f"[defaults]\n{text}[[cells]]\ngroup = 'g'\nseeds = 1\n")
    assert len(read_study(tmp_path / "two.toml").main_cells()) == 1
    assert not ran.exists()


def test_arms_may_be_tuned_over_keys_of_their_own():
    arms = [
        {"where": {"env_kwargs.design": "dense"}, "points": [{"a": 1, "b": 2}]},
        {"where": {"env_kwargs.design": "sparse"}, "points": [{"a": 1, "c": 3}]},
    ]
    study = parse_study("two", tuned(*arms))
    assert study.tuning is not None
    assert study.tuning.keys == ("a", "b", "c")
    assert [(cell.settings.get("b"), cell.settings.get("c")) for cell in study.tuning_cells()] == [
        (2, None),
        (None, 3),
    ]
