"""The section of a report on scores of the whole vocabulary: their cost to the goal, baselines beside.

How many texts are scored is counted as if each were scored by itself: one for a response under `terminal`,
one for each of its tokens under other designs, V for each of its tokens where all candidates are told. A
scorer that reads a stream takes far less work than that; other scorers would not.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from agents.reports.arms import Arm, read_arms, read_tasks
from agents.reports.contrasts import meant_by
from agents.reports.look import Picture
from agents.reports.run_measures import JUDGE, SCORE, TIME, Curves, Task, time_to_goal
from agents.reports.section import Section
from agents.reports.tables import Table, interval, number
from agents.stats.contrasts import log_ratio
from agents.stats.curves import value_at_kl
from agents.studies.files import CellResult
from agents.studies.plan import Study
from agents.studies.records import MEASURED, NUMBER, POSITIVE, Shape
from agents.studies.settings import look_up
from rlsf_gym.text.tokenizer import load_tokenizer

from .baselines import baseline_frontiers, baseline_table, draw_frontiers, measured
from .equal_settings import equal_settings_table

KINDS = ("best_of_n", "guided", "finetuned")
_ENDS = {"score": MEASURED, "judge": MEASURED, "texts": NUMBER}
SHAPES = {
    "best_of_n": Shape({"n": POSITIVE, "kl_bound": NUMBER, **_ENDS}),
    "guided": Shape({"beta": NUMBER, "responses": POSITIVE, "kl": NUMBER, "length": NUMBER, **_ENDS}),
    "finetuned": Shape({"beta": NUMBER, "responses": POSITIVE, "passes": POSITIVE, "kl": NUMBER, **_ENDS}),
}
"""Kind of record to what its fields are."""
LEVELS = (2.0, 5.0, 10.0)
"""Divergences at which all ways are compared, nats per 16 tokens."""
TOKENS = 16
LENGTH = "env_kwargs.max_new_tokens"
DESIGN = "env_kwargs.reward_design"
TOLD = "env_kwargs.candidates"
TOKENIZERS = {"Countdown": "countdown", "Sudoku": "sudoku", "KnightsAndKnaves": "knights"}
"""Name of an environment's id to its tokenizer; of any other it is the bundled one."""

FloatArray = npt.NDArray[np.float64]
TEXT = (
    "<p>Texts are counted as if each were scored by itself: one a response under terminal, one a token where "
    "the sampled token's reward is paid, all V a token where all candidates are told, and in guided decoding "
    "each time that it answers. The KL of best-of-n is a bound, all others are exact over the vocabulary.</p>"
)
FIGURE = (
    "Score{} over divergence: learners in the course of training (means over seeds), "
    "policies that copy guided responses, decoding under guidance for several beta, and the best of 1 to n "
    "responses at their bound."
)


def candidates_section(results: Sequence[CellResult], study: Study) -> Section:
    """Returns the section of learners that are told of all candidates, with what else the same scores do."""
    arms, tasks = read_tasks(study, results, read_arms(study, results))
    ran = [arm for arm in arms if arm.results]
    frontiers = {**arm_frontiers(ran), **baseline_frontiers(results)}
    tables = [
        cost_table(ran, tasks),
        ratio_table(study, arms, tasks),
        level_table(frontiers, _longest(ran)),
        equal_settings_table(study, results, LEVELS),
        baseline_table(results),
    ]
    caption = FIGURE.format(" and held-out judge" if measured(frontiers) > 1 else "")
    figures = [Picture("ways", caption, lambda look: draw_frontiers(frontiers, look))] if frontiers else []
    numbers = {"frontiers": frontiers}
    shown = [table for table in tables if table.rows]
    return Section("All candidates, and what else their scores are good for", TEXT, figures, shown, numbers)


def cost_table(arms: Sequence[Arm], tasks: Sequence[Task]) -> Table:
    """Returns what each arm takes to the goal: episodes, tokens that are generated, texts that are scored."""
    rows: list[tuple[str, ...]] = []
    for arm in arms:
        runs = [
            costs_of(result, curves, tasks[arm.task])
            for result, curves in zip(arm.results, arm.curves, strict=True)
        ]
        known = [run for run in runs if run is not None]
        if known:
            means = np.mean(known, axis=0)
            rows.append((arm.name, f"{len(known)} of {len(runs)}", *(number(float(x), 0) for x in means)))
    head = ("arm", "reached the goal", "episodes", "tokens generated", "texts scored")
    caption = "What a run takes to the goal, mean over the runs that reached it"
    return Table("costs", caption, head, tuple(rows))


def costs_of(result: CellResult, curves: Curves, task: Task) -> tuple[float, float, float] | None:
    """Returns episodes, tokens and scored texts of a run up to the goal; None: it was not reached."""
    time = time_to_goal(curves, task)
    if time is None or not np.isfinite(time):
        return None
    lengths = np.array(result.column("objective/length"), dtype=np.float64)  # of the episodes of an iteration
    batch = float(result.iterations[0]["episodes"])
    tokens = np.concatenate([[0.0], np.cumsum(batch * lengths)])
    generated = float(np.interp(time, batch * np.arange(len(tokens)), tokens))
    return time, generated, scored_texts(result.settings, time, generated)


def scored_texts(settings: Mapping[str, Any], episodes: float, tokens: float) -> float:
    """Returns how many texts are scored for so many episodes and tokens, each counted by itself."""
    if look_up(settings, TOLD):
        own = str(settings.get("env", "")).rpartition("/")[2].partition("-")[0]
        name = look_up(settings, "env_kwargs.tokenizer") or TOKENIZERS.get(own, "bundled")
        return tokens * load_tokenizer(name).vocab_size
    return episodes if look_up(settings, DESIGN) == "terminal" else tokens


def ratio_table(study: Study, arms: Sequence[Arm], tasks: Sequence[Task]) -> Table:
    """Returns contrasts about times to the goal as ratios of geometric means, where no run is censored."""
    rows: list[tuple[str, ...]] = []
    strong: set[int] = set()
    for contrast in study.contrasts:
        sides = [meant_by(study, arms, where) for where in contrast.arms]
        if contrast.measure != TIME or any(len(side) != 1 for side in sides):
            continue
        times = [times_of(side[0], tasks) for side in sides]
        seeds = [seed for seed in times[0] if seed in times[1]]
        first, second = (np.array([one[seed] for seed in seeds]) for one in times)
        if contrast.primary:
            strong.add(len(rows))
        if len(seeds) < 2 or not np.isfinite([first, second]).all():
            got = f"{int(np.isfinite(first).sum())} and {int(np.isfinite(second).sum())} of {len(seeds)}"
            rows.append((contrast.name, "\N{EN DASH}", f"{got} reached it"))
        else:
            found = log_ratio(first, second)
            rows.append((contrast.name, interval(found._asdict(), 2), f"{len(seeds)} pairs"))
    caption = (
        "Times fewer episodes to the goal: ratio of geometric means, with 95% t intervals of the paired log "
        "ratios; not told where a run never got there"
    )
    head = ("contrast", "ratio", "runs")
    return Table("log_ratios", caption, head, tuple(rows), frozenset(strong), words=frozenset({0, 2}))


def times_of(arm: Arm, tasks: Sequence[Task]) -> dict[int, float]:
    """Returns the episodes to the goal of each seed; infinity where it was not reached."""
    found = {
        result.seed: time_to_goal(curves, tasks[arm.task])
        for result, curves in zip(arm.results, arm.curves, strict=True)
    }
    return {seed: time for seed, time in found.items() if time is not None}


def arm_frontiers(arms: Sequence[Arm]) -> dict[str, list[list[float]]]:
    """Returns name to rows of KL, score and judge, if any: means over runs, iteration by iteration."""
    found: dict[str, list[list[float]]] = {}
    for arm in arms:
        count = min((len(curves.kl) for curves in arm.curves), default=0)
        is_judged = all(JUDGE in curves.others for curves in arm.curves)
        if count:
            stacked = np.array(
                [
                    [
                        line[:count]
                        for line in (one.kl, one.score, *([one.others[JUDGE]] if is_judged else ()))
                    ]
                    for one in arm.curves
                ]
            )  # (S, 2 or 3, iterations) float64
            found[arm.name] = stacked.mean(axis=0).T.tolist()
    return found


def level_table(frontiers: Mapping[str, Sequence[Sequence[float]]], longest: float) -> Table:
    """Returns score and judge of all ways at equal divergence."""
    levels = [level * longest / TOKENS for level in LEVELS]
    rows: list[tuple[str, ...]] = []
    shown = (SCORE, JUDGE)[: measured(frontiers)]
    for name, points in frontiers.items():
        kls, *heights = (np.array(column) for column in zip(*points, strict=True))
        told = [[value_at_kl(kls, values, level) for level in levels] for values in heights]
        told += [[None] * len(levels)] * (len(shown) - len(told))
        cells = [number(value) for values in told for value in values]
        if set(cells) != {number(None)}:
            rows.append((name, *cells))
    head = ("way", *(f"{what} at {level:g} nats" for what in shown for level in levels))
    names = " and held-out judge" if JUDGE in shown else ""
    caption = f"Score{names} at equal divergence, between the points of the figure"
    return Table("ways_at_kl", caption, head, tuple(rows))


def _longest(arms: Sequence[Arm]) -> float:
    """Returns the tokens of the longest response."""
    return float(max((look_up(arm.planned, LENGTH) or TOKENS for arm in arms), default=TOKENS))
