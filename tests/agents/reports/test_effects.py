"""Effects of contrasts beside two arms and episodes: interactions, tokens, seconds, runs that are stopped."""

import json
import math
import re

import pytest

from agents.reports.contrasts import horizon_of
from agents.reports.effects import effect_text, shows_difference
from agents.reports.methods import _tuning, methods_markdown
from agents.reports.numbers import analyse
from agents.reports.report import open_report, tables_markdown
from agents.reports.run_measures import TIME, measures_of
from agents.reports.seconds import read_seconds, seconds_file
from agents.reports.training_tables import arm_table, contrast_table
from agents.stats.measures import MEASURES
from agents.studies.files import read_results

INTERACTION = """
[[contrasts]]
name = "lambda 0.95 against lambda 1"
kind = "interaction"
measure = "{measure}"
treatment = {{ "env_kwargs.reward_design" = "potential" }}
control = {{ "env_kwargs.reward_design" = "terminal" }}
at = {{ "config.lam" = 0.95 }}
against = {{ "config.lam" = 1.0 }}
"""


@pytest.fixture
def make(tmp_path, load_beside, known):
    """Returns a function: study file and truth -> the numbers, of cells in tmp_path / "made"."""
    synthetic = load_beside("synthetic_study")

    def made(toml, truth=None, *, seconds=None, change=None, folder="made"):
        def told(cell):
            if known.is_best_of(cell):
                return {"records": synthetic.attainable_records(0.0, 1.0)}
            row = truth(cell) if truth else {"score": synthetic.ramp(known.times(cell))}
            if change is None:
                return row
            records = synthetic.training_records(cell, after={"score": 0.8}, **row)
            return {"records": change(cell, list(records))}

        study, _ = synthetic.write_study(tmp_path / folder, toml, told)
        return analyse(read_results(tmp_path / folder), study, seconds=seconds)

    return made


def with_lengths(length):
    """Returns a change of records: each iteration's responses are so long, a function of the cell."""

    def change(cell, records):
        return [
            {**row, "objective/length": length(cell)} if row["record"] == "iteration" else row
            for row in records
        ]

    return change


def interaction(numbers):
    (found,) = [one for one in numbers["contrasts"] if "against" in one]
    return found


def test_an_interaction_is_the_ratio_of_two_speed_ups(make, known):
    """Twice as fast at lambda 0.95, as fast at lambda 1, in each seed."""
    numbers = make(known.STUDY + INTERACTION.format(measure="episodes_to_goal"))
    found = interaction(numbers)
    assert found["treatment"] == ["potential"] and found["against"]["treatment"] == ["potential λ=1"]
    assert found["speed_up"] is None and found["differences"] == {}
    ratio = found["interaction"]
    assert (ratio["value"], ratio["low"], ratio["high"]) == pytest.approx((2.0, 2.0, 2.0), rel=1e-5)
    assert ratio["n"] == 4 and ratio["bound"] is None and found["p"] == 2 / 16
    assert found["p_adjusted"] == 2 / 8  # Holm's over both secondary contrasts that were measured
    assert shows_difference(found)
    table = contrast_table(numbers)
    assert "×/×: ratio of two speed-ups" in table.caption
    (row,) = [row for row in table.rows if row[0] == found["name"]]
    assert row[1] == "×/× 2.00 [2.00, 2.00]"
    assert row[6] == "(potential : terminal) against (potential λ=1 : terminal λ=1)"
    assert "An interaction is the ratio of two speed-ups" in methods_markdown(numbers)


def test_an_interaction_of_another_measure_is_a_difference_of_differences(make, known, load_beside):
    synthetic = load_beside("synthetic_study")

    def truth(cell):
        gain = {"potential": 0.1, "terminal": 0.0}[known.design(cell)] * (2 if known.lam(cell) == 0.95 else 1)
        after = {"score": 0.8, "judge": 0.5 + gain + cell.seed / 100}
        return {"score": synthetic.ramp(known.times(cell)), "after": after}

    found = interaction(make(known.STUDY + INTERACTION.format(measure="judge"), truth))
    assert found["interaction"]["value"] == pytest.approx(0.1)
    assert effect_text(found, MEASURES["judge"]) == "ΔΔ 0.100 [0.100, 0.100]"


def test_what_is_cut_off_bounds_an_interaction(make, known, load_beside):
    synthetic = load_beside("synthetic_study")

    def truth(cell):
        slow = known.design(cell) == "terminal" and known.lam(cell) == 0.95 and cell.seed == 3
        return {"score": synthetic.ramp(known.times(cell), top=0.7 if slow else 0.8)}

    numbers = make(known.STUDY + INTERACTION.format(measure="episodes_to_goal"), truth)
    found = interaction(numbers)["interaction"]
    # The last of terminal counts as 2000 in the place of 1500: a ratio of 2000 / 750 there, of 2 elsewhere.
    assert found["value"] == pytest.approx((2**3 * (2000 / 750)) ** 0.25, rel=1e-5)
    assert found["bound"] == "lower" and found["never"] == 1
    (row,) = [row for row in contrast_table(numbers).rows if row[1].startswith("×/×")]
    assert row[1].startswith("×/× ≥ 2.15 [") and row[7].startswith("1 runs never there")


def test_a_study_may_ask_for_t_intervals(make, known, load_beside):
    synthetic = load_beside("synthetic_study")

    def truth(cell):
        pace = [1.0, 1.0, 2.0, 2.0][cell.seed] if known.design(cell) == "potential" else 2.0
        return {"score": synthetic.ramp(600.0 * pace), "after": {"score": 0.8, "judge": 0.5}}

    numbers = make(known.STUDY.replace("[goal]", '[statistics]\ninterval = "t"\n[goal]'), truth)
    found = known.contrast(numbers, "main")
    # Log ratios log 2, log 2, 0, 0: mean log 2 / 2, deviation log 2 / sqrt 3; Student's 3.1824 for 3 degrees.
    half = 3.182446 * math.log(2) / math.sqrt(3) / 2
    speed = found["speed_up"]
    assert speed["value"] == pytest.approx(2**0.5, rel=1e-5)
    assert speed["low"] == pytest.approx(2**0.5 * math.exp(-half), rel=1e-5)
    assert not shows_difference(found) and found["p"] == 0.5
    text = methods_markdown(numbers)
    assert "Intervals are 95% t intervals over seeds" in text and "ratio of geometric means" in text
    assert "sign-flip test on the paired differences (of times: of their logarithms)" in text


TOKENS = '"main"\nprimary = true\nmeasure = "tokens_to_goal"'


def test_tokens_to_the_goal_count_what_was_generated_until_then(make, known):
    """Half as long under terminal: potential needs half the episodes and as many tokens."""
    toml = known.STUDY.replace('"main"\nprimary = true\nmeasure = "episodes_to_goal"', TOKENS)

    def length(cell):
        return 4.0 if known.design(cell) == "potential" else 2.0

    numbers = make(toml, change=with_lengths(length))
    runs = known.arm(numbers, "terminal")["runs"]
    assert [run["tokens_to_goal"] for run in runs] == pytest.approx([1875.0, 2250.0, 2625.0, 3000.0])
    found = known.contrast(numbers, "main")
    assert found["ratios"]["tokens_to_goal"]["value"] == pytest.approx(1.0)
    assert found["speed_up"]["value"] == pytest.approx(2.0, rel=1e-5)
    assert "tokens_to_goal" not in found["differences"]
    assert effect_text(found, MEASURES["tokens_to_goal"]).startswith("1.00× [")
    assert not shows_difference(found)
    table = arm_table(numbers, measures_of([], ["tokens_to_goal"]))
    (row,) = [row for row in table.rows if row[0] == "terminal"]
    assert row[table.head.index("tokens to the goal")].startswith("2,438 [")
    assert "Tokens to the goal are all that were generated until then" in methods_markdown(numbers)


def test_a_report_tells_no_tokens_where_nobody_asks(make, known):
    numbers = make(known.STUDY, change=with_lengths(lambda cell: 4.0))
    assert "tokens_to_goal" not in json.dumps(numbers)


def test_tokens_that_were_not_logged_are_not_measured(make, known):
    toml = known.STUDY.replace('"main"\nprimary = true\nmeasure = "episodes_to_goal"', TOKENS)
    numbers = make(toml)
    rows = {row[0]: row for row in contrast_table(numbers).rows}
    assert rows["main"][1] == "–" and rows["main"][7] == "not measured"


def test_seconds_are_episodes_times_those_of_the_arm(make, known):
    numbers = make(known.STUDY, seconds={"potential": 0.02, "terminal": 0.01})
    found = known.contrast(numbers, "main")
    assert found["ratios"]["seconds_to_goal"]["value"] == pytest.approx(1.0)
    runs = known.arm(numbers, "potential")["runs"]
    assert [run["seconds_to_goal"] for run in runs] == pytest.approx([9.375, 11.25, 13.125, 15.0])
    assert known.arm(numbers, "potential λ=1")["summary"]["seconds_to_goal"] is None


def test_seconds_of_no_arm_are_refused(make, known):
    with pytest.raises(
        ValueError, match=r"expected arms of potential, .* got 'potental'; did you mean potential\?"
    ):
        make(known.STUDY, seconds={"potental": 0.02})


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("[]", "expected"),
        ("{}", "seconds_per_episode: expected a table of arms and numbers > 0, got None"),
        ('{"seconds_per_episode": {"a": 0}}', "expected a table of arms and numbers > 0"),
        ('{"seconds_per_episode": {"a": 1}, "more": 2}', "expected the keys seconds_per_episode, measured"),
    ],
)
def test_a_file_that_holds_no_seconds_is_refused_in_one_line(tmp_path, text, message):
    packed = tmp_path / "mine.jsonl.xz"
    assert read_seconds(packed) is None
    seconds_file(packed).write_text(text, encoding="utf-8")
    with pytest.raises(ValueError, match=message) as error:
        read_seconds(packed)
    assert "\n" not in str(error.value) and "mine.seconds.json" in str(error.value)


def test_a_report_reads_the_seconds_beside_its_cells(make, known, tmp_path):
    make(known.STUDY)
    plain, _ = open_report(tmp_path / "made")
    assert "seconds" not in tables_markdown(plain)
    told = {"seconds_per_episode": {"potential": 0.02}, "measured": "one core"}
    (tmp_path / "made" / "seconds.json").write_text(json.dumps(told), encoding="utf-8")
    timed, _ = open_report(tmp_path / "made")
    assert re.search(r"\| potential \|.*\| 12\.2 \[", tables_markdown(timed))  # 0.02 x 609.4 episodes


def test_runs_that_are_stopped_at_the_goal_set_no_limit_to_others(make, known, load_beside):
    """Under potential runs end at 800; those of terminal count with all that was seen of them."""
    synthetic = load_beside("synthetic_study")
    stop = "episodes = 2100\nstop_at = { score = 0.75, kl = 4.0, window_episodes = 100 }"
    toml = known.STUDY.replace("episodes = 2100", stop)

    def change(cell, records):
        if known.design(cell) == "terminal":
            return records
        kept = [row for row in records if row["record"] != "iteration" or row["iteration"] <= 9]
        return kept

    numbers = make(toml, lambda cell: {"score": synthetic.ramp(known.times(cell))}, change=change)
    speed = known.contrast(numbers, "main")["speed_up"]
    assert speed["value"] == pytest.approx(2.0, rel=1e-5) and speed["bound"] is None
    assert numbers["tasks"][0]["horizon"] == 800.0  # areas: as far as every run goes
    # Without `stop_at` both count up to the shorter.
    plain = make(
        known.STUDY, lambda cell: {"score": synthetic.ramp(known.times(cell))}, change=change, folder="plain"
    )
    assert known.contrast(plain, "main")["speed_up"]["horizon"] == 800.0


def test_a_run_that_never_got_there_counts_as_far_as_it_was_seen(load_beside):
    from types import SimpleNamespace as Plain

    results = [Plain(seed=seed, status="done", settings={}) for seed in (0, 1)]
    arm = Plain(results=results, curves=[Plain(end=900.0, tokens=None), Plain(end=500.0, tokens=None)])
    side = Plain(arm=arm, runs={0: {TIME: 700.0}, 1: {TIME: math.inf}}, seconds=None)
    assert horizon_of([side], [0, 1], TIME) == 500.0
    assert horizon_of([side], [0], TIME) == 900.0


def test_an_optional_measure_that_is_asked_for_at_a_divergence_is_one():
    found = measures_of([], ["solved_at_kl_2"])
    assert {"solved", "solved_at_kl_2"} <= found.keys()
    assert "solved" not in measures_of([], ["score_at_kl_2"])


def test_methods_say_what_arms_with_keys_of_their_own_chose():
    tuning = {
        "criterion": "episodes",
        "seeds": [9],
        "candidates": 2,
        "grid": {"config.lam": [0.5, 1.0], "config.group_size": [4, 8]},
        "settings": {},
        "keys": ["config.lam", "config.group_size"],
        "chosen": [
            {"where": "ppo", "chosen": [0.5, None]},
            {"where": "grpo", "chosen": [None, 8]},
            {"where": "rloo", "chosen": [None, None]},
        ],
    }
    text = _tuning({"tuning": tuning})
    assert text.endswith("Chosen: ppo: λ = 0.5; grpo: group_size = 8.")
