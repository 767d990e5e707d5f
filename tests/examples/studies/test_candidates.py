"""studies/sections/candidates.py and its neighbours: costs, ratios and divergences by hand."""

from pathlib import Path

import numpy as np
import pytest

from agents.studies.files import CellResult
from agents.studies.plan import MAIN, TUNING, Cell
from agents.studies.read import parse_study, read_study

pytestmark = pytest.mark.whole

ROOT = Path(__file__).parents[3]
TERMINAL = {"env_kwargs.reward_design": "terminal"}
SAMPLED = {"env_kwargs.reward_design": "potential"}
TOLD = {**SAMPLED, "env_kwargs.candidates": True}
POINTS = [{"config.learning_rate": rate, "config.lam": lam} for rate, lam in ((0.1, 1.0), (0.2, 0.5))]
TABLE = {
    "goal": {"share": 0.5, "window_episodes": 8},
    "defaults": {"env_kwargs": {"max_new_tokens": 16}},
    "tuning": {
        "per": ["env_kwargs.reward_design", "env_kwargs.candidates"],
        "seeds": [8],
        "arms": [{"points": POINTS}],
        "criterion": "episodes",
        "score": 0.5,
    },
    "cells": [
        {"group": name, "seeds": 2, "settings": settings}
        for name, settings in (("terminal", TERMINAL), ("sampled", SAMPLED), ("told", TOLD))
    ],
    "contrasts": [
        {
            "name": "told against terminal", "measure": "episodes_to_goal", "primary": True,
            "treatment": TOLD, "control": TERMINAL,
        },
        {"name": "told: judge", "measure": "judge_at_kl_2", "treatment": TOLD, "control": TERMINAL},
    ],
}  # fmt: skip


def result_of(cell, scores, *, kls=None, judges=None, length=10.0):
    """Returns a run of 8 episodes an iteration."""
    rows = [
        {
            "record": "iteration", "episodes": 8.0 * (i + 1), "env/score": score,
            "objective/kl": float(i if kls is None else kls[i]),
            "env/judge": score if judges is None else judges[i], "objective/length": length,
        }
        for i, score in enumerate(scores)
    ]  # fmt: skip
    header = {
        "id": cell.id, "seed": cell.seed, "phase": cell.phase, "settings": cell.settings,
        "settings_sha256": cell.settings_sha256, "study": "told",
    }  # fmt: skip
    return CellResult(header, (*rows, {"record": "end", "status": "done", "reason": None}))


def baseline(kind, seed, *rows):
    header = {
        "id": f"{kind}{seed}",
        "seed": seed,
        "phase": "main",
        "settings": {"run": kind},
        "study": "told",
    }
    header["settings_sha256"] = "0"
    records = ({"record": kind, **row} for row in rows)
    return CellResult(header, (*records, {"record": "end", "status": "done", "reason": None}))


ATTAINABLE = CellResult(
    {
        **{"id": "best", "seed": 0, "phase": "main", "study": "told", "settings_sha256": "0"},
        "settings": {"run": "best_of", "env_kwargs": {"max_new_tokens": 16}},
    },
    (
        {"record": "attainable", "start": 0.0, "best": 1.0, "n": 4, "prompts": 1},
        {"record": "end", "status": "done", "reason": None},
    ),
)
RISES = {
    "terminal": ([0, 0, 0.2, 0.4, 0.8], [0, 0, 0, 0, 1]),
    "sampled": ([0, 1],),
    "told": ([0, 0.5], [0, 1]),
}
"""Scores of the seeds of each group; the goal is 0.5."""


@pytest.fixture(scope="module")
def study():
    return parse_study("told", TABLE)


@pytest.fixture(scope="module")
def results():
    plan = parse_study("told", TABLE)
    found = [ATTAINABLE]
    for group, settings in plan.plain_settings():
        own = {**settings, "config": {"learning_rate": 0.1, "lam": 1.0}}
        for seed, scores in enumerate(RISES[group.name]):
            found.append(result_of(Cell(MAIN, seed, own, label=group.name), scores, length=4.0 + seed))
    return found


def test_the_plan_is_one_that_can_answer():
    from agents.reports import check_answers

    for name, tuned, arms in (("candidates", 96, 4), ("candidates-64", 12, 3)):
        study = read_study(ROOT / "examples" / "studies" / f"{name}.toml")
        check_answers(study)
        assert len(study.tuning_cells()) == tuned and len(study.tuned_places()) == arms
        assert len({len(arm.points) for arm in study.tuning.arms}) == 1


def test_settings_that_arms_try_are_balanced():
    """Each two values of two settings occur together equally often: an orthogonal array of strength two."""
    study = read_study(ROOT / "examples" / "studies" / "candidates.toml")
    for arm in study.tuning.arms:
        keys = [key for key in arm.points[0] if key != "config.minibatch_size"]
        for one in keys:
            for other in keys:
                pairs = [(point[one], point[other]) for point in arm.points]
                firsts, seconds = ({pair[i] for pair in pairs} for i in (0, 1))
                expected = 12 / (len(firsts) * (1 if one == other else len(seconds)))
                assert {pairs.count(pair) for pair in pairs} == {expected}
        assert all(point["config.batch_size"] == point["config.minibatch_size"] for point in arm.points)


def test_costs_by_hand(study, results):
    from agents.reports.arms import read_arms, read_tasks
    from examples.studies.sections.candidates import cost_table

    arms, tasks = read_tasks(study, results, read_arms(study, results))
    rows = {row[0]: row[1:] for row in cost_table([arm for arm in arms if arm.results], tasks).rows}
    # Seeds 0 and 1 of terminal: 0.5 is a quarter of the way from 24 to 32 episodes, 26, and half-way, 28;
    # tokens 4 and 5 a response; one text a response.
    assert rows["terminal"] == ("2 of 2", "27", "122", "27")
    # From 0 to 1 within 8 episodes: 4 of them, 4 tokens each, a text for each.
    assert rows["potential"] == ("1 of 1", "4", "16", "16")
    # 8 and 4 episodes: 32 and 20 tokens, 4,096 texts for each.
    assert rows["potential candidates"] == ("2 of 2", "6", "26", f"{26 * 4096:,}")


def test_texts_are_counted_by_the_vocabulary_of_the_environment():
    from examples.studies.sections.candidates import scored_texts

    told = {"env_kwargs": {"candidates": True, "reward_design": "potential"}}
    counts = [
        scored_texts({**told, "env": f"rlsf_gym:rlsf_gym/{name}-v0"}, 2.0, 10.0)
        for name in ("Sentiment", "Sudoku", "Countdown")
    ]
    assert counts == [40_960.0, 120.0, 620.0]  # 4,096, 12 and 62 tokens


def test_ratios_by_hand(study, results):
    from agents.reports.arms import read_arms, read_tasks
    from examples.studies.sections.candidates import ratio_table

    arms, tasks = read_tasks(study, results, read_arms(study, results))
    ((name, ratio, runs),) = ratio_table(study, arms, tasks).rows
    assert (name, runs) == ("told against terminal", "2 pairs")
    # sqrt(26 / 8 * 28 / 4)
    assert ratio.startswith(f"{(26 / 8 * 28 / 4) ** 0.5:.2f} [")
    never = [one for one in results if "terminal" not in one.id]
    never += [result_of(Cell(MAIN, seed, results[1].settings), [0, 0], length=4.0) for seed in (0, 1)]
    arms, tasks = read_tasks(study, never, read_arms(study, never))
    assert ratio_table(study, arms, tasks).rows[0][1:] == ("–", "2 and 0 of 2 reached it")


def test_ways_are_compared_at_equal_divergence(results):
    from examples.studies.sections.baselines import baseline_frontiers
    from examples.studies.sections.candidates import level_table

    ends = {"score": 0.0, "judge": 0.5, "texts": 9}
    cells = [
        baseline(
            "guided", 0, {"beta": 1.0, "kl": 1.0, **ends}, {"beta": 0.5, "kl": 3.0, **ends, "score": 0.8}
        ),
        baseline(
            "guided", 1, {"beta": 1.0, "kl": 1.0, **ends}, {"beta": 0.5, "kl": 3.0, **ends, "score": 0.4}
        ),
        baseline("best_of_n", 0, {"n": 1, "kl_bound": 0.0, **ends}, {"n": 4, "kl_bound": 0.6, **ends}),
        baseline(
            "finetuned", 0, {"beta": 1.0, "responses": 8, "passes": 1, "kl": 4.0, **ends, "judge": None}
        ),
    ]
    found = baseline_frontiers(cells)
    assert list(found) == ["best of n", "guided decoding", "copies 8, beta 1"]
    assert found["copies 8, beta 1"] == [[4.0, 0.0]]  # without a judge, which others have
    np.testing.assert_allclose(found["guided decoding"], [[1.0, 0.0, 0.5], [3.0, 0.6, 0.5]])
    (row,) = level_table(found, 16.0).rows  # nobody is at 5 nats; the best of n not at 2 either
    assert row == ("guided decoding", "0.300", "–", "–", "0.500", "–", "–")
    # Where nobody has a judge there is no column of one.
    alone = {"copies": [[1.0, 0.25], [3.0, 0.75]]}
    table = level_table(alone, 16.0)
    assert table.head[1:] == ("score at 2 nats", "score at 5 nats", "score at 10 nats")
    assert table.rows == (("copies", "0.500", "–", "–"),)
    # At 64 tokens the levels are 8, 20 and 40 nats.
    assert level_table(found, 64.0).rows == () and "8 nats" in level_table(found, 64.0).head[1]


def test_baselines_say_what_is_a_bound():
    from examples.studies.sections.baselines import baseline_table

    ends = {"score": 0.25, "judge": None, "texts": 4}
    cells = [
        baseline("best_of_n", 0, {"n": 4, "kl_bound": 0.636, **ends}),
        baseline("finetuned", 0, {"beta": 0.1, "responses": 8, "passes": 2, "kl": 4.0, **ends}),
    ]
    assert baseline_table(cells).rows == (
        ("best of 4", "1", "0.250", "–", "at most 0.64", "4"),
        ("copies 8 guided responses, beta 0.1, 2 passes", "1", "0.250", "–", "4.00", "4"),
    )


def test_equal_settings_are_paired_by_settings_and_seed(study):
    from examples.studies.sections.equal_settings import equal_settings_table

    heights = {"terminal": (0.1, 0.3), "told": (0.2, 0.6)}
    cells = []
    for place in study.tuned_places():
        told = place["env_kwargs.candidates"] is not None
        if place["env_kwargs.reward_design"] == "potential" and not told:
            continue
        for height, (_, cell) in zip(
            heights["told" if told else "terminal"], study.candidates(place, 8), strict=True
        ):
            assert cell.phase == TUNING
            cells.append(result_of(cell, [0.0, height, height], kls=[0.0, 4.0, 4.5], judges=[0.5] * 3))
    table = equal_settings_table(study, cells, (2.0, 5.0))
    ((name, score, never, judge, _),) = table.rows
    # At 2 nats half the height: 0.1 - 0.05 and 0.3 - 0.15, so 0.1 on average; at 5 nats nobody is.
    assert name == "told against terminal" and never == "–"
    assert score.startswith("0.100 [") and score.endswith("(2)") and judge == "0.000 [0.000, 0.000] (2)"


def test_the_section_has_what_there_is(study, results):
    from agents.reports.look import Look
    from examples.studies.sections.candidates import candidates_section

    ends = {"score": 0.4, "judge": 0.5, "texts": 9}
    rows = [{"n": count, "kl_bound": 0.1 * count, **ends} for count in (1, 2, 4)]
    section = candidates_section([*results, baseline("best_of_n", 0, *rows)], study)
    assert [table.name for table in section.tables] == ["costs", "log_ratios", "ways_at_kl", "baselines"]
    (picture,) = section.figures
    assert picture.png(Look()).startswith(b"\x89PNG")
    assert set(section.numbers["frontiers"]) == {"terminal", "potential", "potential candidates", "best of n"}


@pytest.mark.parametrize("name", ["candidates", "candidates-64"])
def test_committed_results_are_those_of_the_plan(name):
    """The copy beside them is the study, no cell is another's, and every cell was run under this plan."""
    from agents.studies.files import read_results
    from agents.studies.fingerprint import fingerprint

    copies = [ROOT / folder / f"{name}.toml" for folder in ("examples/studies", "docs/results")]
    assert copies[0].read_bytes() == copies[1].read_bytes()
    study = read_study(copies[0])
    results = read_results(ROOT / "docs" / "results" / f"{name}.jsonl.xz")
    tuning = {cell.key for cell in study.tuning_cells()}
    assert {one.key for one in results if one.phase == TUNING} <= tuning
    assert {one.header["plan"]["sha256"] for one in results} == {fingerprint(study)["sha256"]}
