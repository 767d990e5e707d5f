"""Leaderboard of designs over domains, from the finished cells of several studies alone.

A board is one task of one study: its arms, ranked by what they take to the goal. The overview has a row for
each design and learner and a column for each board.
"""

from __future__ import annotations

import math
import re
import textwrap
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from agents.reports.arms import FEEDBACK, Arm, read_arms, read_tasks
from agents.reports.contrasts import Side, meant_by, speed_up_of
from agents.reports.effects import speed_up_text
from agents.reports.escapes import to_markdown
from agents.reports.factors import show_setting, text_of, tuned_keys
from agents.reports.facts import describe_setting
from agents.reports.numbers import in_order, make_side, summarise
from agents.reports.report import read
from agents.reports.run_measures import SCORE, TIME, Measures, at_level, measures_of
from agents.reports.tables import DASH, Table, interval, number, table_to_markdown
from agents.stats.measures import KL_LEVELS, Measure
from agents.studies.files import PACKED
from agents.studies.plan import Study
from agents.studies.settings import leaves, look_up

SOLVED = "solved"
DESIGN, CANDIDATES = "env_kwargs.reward_design", "config.candidates"
VALUES = tuple(f"env_kwargs.domain_kwargs.{key}" for key in FEEDBACK)
"""Settings that say how parts of a response are valued: under another one a design is another."""
NOT_SHOWN = ("config.lr_schedule", "config.minibatch_size", CANDIDATES)
"""Settings of learners that a board leaves out; the study file has them, and arms are named by the last."""
PACKAGE = "rlsf-gym"
SUBMITTED = "submitted"
"""Folder of studies that others have handed in, whose boards are marked."""
CAPTION = (
    "How many times fewer episodes to the goal than the control, with 95% intervals over paired seeds; of "
    "several arms of a row, the control's too, that with the most runs counts, of equals that of the best "
    "rank:"
)
BLOCK_MARK = re.compile(r"(?m)^(\d+(?=[.)](?!\S))|(?=[-+>#=:]))")
"""Where a line would begin a list, a quote, a heading, the rule below one, or a table."""


@dataclass(frozen=True)
class Board:
    """The arms of one task of a study."""

    study: str
    """Name of the study."""
    name: str
    """Domain, what tells the task from others of the study, the study, and whether it was submitted."""
    facts: str
    """Goal, seeds, settings that all arms share and versions, in words."""
    head: tuple[str, ...]
    rows: list[tuple[str, ...]]
    """Of the arms, in the order of their ranks."""
    speed_ups: dict[str, str]
    """Row of the overview to how many times fewer episodes its arm needs than the control, in text."""


def leaderboard(places: Iterable[Path], *, before: str = "", after: str = "") -> str:
    """Returns the page of the leaderboard, in Markdown.

    Args:
        places: Packed studies, or folders of studies, in order.
        before: Text between the page's title and the overview.
        after: Text behind all boards.

    Raises:
        ValueError: If a file is damaged or no part of a study, or two studies have one name; in one line.
        OSError: If a file can't be read.
    """
    boards: list[Board] = []
    without: list[str] = []
    known: dict[str, Path] = {}
    for place in places:
        found = make_boards(place)
        name = found[0].study if found else place.name.removesuffix(PACKED)
        if name in known:
            raise ValueError(
                f"expected studies of different names, got {name!r} twice: {known[name]} and {place}; give "
                "one another name and run it under that"
            )
        known[name] = place
        boards += found
        without += [] if found else [name]
    parts = ["# Leaderboard", before, paragraph(CAPTION), _bare(overview(boards))]
    for board in boards:
        parts += [f"## {to_markdown(board.name)}", paragraph(board.facts), _ranked(board)]
    if without:
        parts.append(paragraph(f"Studies without a goal, which rank nothing: {', '.join(without)}."))
    return "\n\n".join(part for part in [*parts, after] if part) + "\n"


def make_boards(place: Path) -> list[Board]:
    """Returns the boards of a packed study or a study's folder; none where no goal is known.

    Raises:
        ValueError: If a file is damaged or no part of a study; in one line.
        OSError: If a file can't be read.
    """
    study, results = read(place)
    if study.goal is None:
        return []
    arms, tasks = read_tasks(study, results, in_order(study, read_arms(study, results)))
    measures = measures_of(results)
    sides = [make_side(arm, tasks[arm.task], measures) for arm in arms if arm.results]
    rows = rows_of([side.arm for side in sides])
    control = _control_row(study, arms, rows)
    found = [[side for side in sides if side.arm.task == i] for i, task in enumerate(tasks) if task.goal]
    boards = [_make_board(study, members, measures, rows, control) for members in found if members]
    mark = f" ({SUBMITTED})" if place.absolute().parent.name == SUBMITTED else ""
    versions = _versions(describe_setting(study, results, arms))
    return [replace(one, name=f"{one.name}{mark}", facts=f"{one.facts} {versions}") for one in boards]


def overview(boards: Sequence[Board]) -> Table:
    """Returns the table of designs and learners over boards."""
    rows = sorted({row for board in boards for row in board.speed_ups})
    cells = [(row, *(board.speed_ups.get(row, DASH) for board in boards)) for row in rows]
    return Table("overview", "", ("design, learner", *(board.name for board in boards)), tuple(cells))


def rows_of(arms: Sequence[Arm]) -> dict[str, str]:
    """Returns the name of each arm of a study that ran to its row of the overview.

    A row is that of a design, what it says of candidates, and a learner; and of how parts of a response are
    valued, where arms that are else of one row differ in that.
    """
    parts = {arm.name: _parts_of(arm) for arm in arms}
    values: dict[tuple[str, str], set[str]] = {}
    for design, value, rest in parts.values():
        values.setdefault((design, rest), set()).add(value)
    return {
        name: f"{design} on {value}, {rest}" if len(values[design, rest]) > 1 else f"{design}, {rest}"
        for name, (design, value, rest) in parts.items()
    }


def _parts_of(arm: Arm) -> tuple[str, str, str]:
    """Returns design, how parts of a response are valued, and candidates and learner of an arm that ran."""
    settings = arm.results[0].settings
    candidates = look_up(settings, CANDIDATES)
    told = [] if candidates in (None, "off") else [f"candidates {candidates}"]
    design = str(look_up(settings, DESIGN) or "default").rpartition(":")[2]
    value = " ".join(str(look_up(settings, key) or "default") for key in VALUES)
    return design, value, ", ".join([*told, str(settings.get("agent", ""))])


def _make_board(
    study: Study, sides: Sequence[Side], measures: Measures, rows: Mapping[str, str], control_row: str | None
) -> Board:
    """Returns the board of the arms of one task, without versions and the mark of what was submitted."""
    told = {side.arm.name: summarise(side, study.interval, measures) for side in sides}
    ranked = sorted(sides, key=lambda side: _place(side, told[side.arm.name]))
    columns = _columns(list(told.values()), measures)
    shared, varied = _settings(study, sides)
    chosen: dict[str, Side] = {}
    for side in ranked:
        row = rows[side.arm.name]
        if row not in chosen or len(side.runs) > len(chosen[row].runs):
            chosen[row] = side
    control = chosen.get(control_row or "")
    ratios = {side.arm.name: _ratio(side, control, study) for side in ranked}
    head = ("arm", "runs", "reached", "episodes to the goal", "× fewer than the control")
    return Board(
        study.name,
        _name(study, sides[0]),
        f"{_facts(sides)} Shared by all arms: {shared or 'nothing'}. Intervals: {study.interval}.",
        (*head, *(measure.title for measure in columns), "settings"),
        [
            (*_cells(side, told[side.arm.name], ratios[side.arm.name], columns), _shown(side, varied))
            for side in ranked
        ],
        {row: ratios[side.arm.name] for row, side in chosen.items()},
    )


def _columns(summaries: Sequence[Mapping[str, Any]], measures: Measures) -> list[Measure]:
    """Returns the measures of a board beside times: final score, share solved, and that at equal divergence.

    The divergence is the largest at which three of four arms, or more, can be read.
    """
    last = measures[SOLVED] if SOLVED in measures else measures[SCORE]
    found = [measures[SCORE], *([last] if last.key == SOLVED else [])]
    for level in sorted(KL_LEVELS, reverse=True):
        equal = at_level(last, level)
        if 4 * sum(bool(one.get(equal.key)) for one in summaries) >= 3 * len(summaries):
            return [*found, equal]
    return found


def _cells(
    side: Side, summary: Mapping[str, Any], ratio: str, measures: Sequence[Measure]
) -> tuple[str, ...]:
    """Returns an arm's row of its board's table, between rank and settings."""
    found = summary[TIME]
    return (
        side.arm.name,
        str(len(side.runs)),
        f"{found['reached']} of {found['n']}" if found else DASH,
        _time(found, side.arm.end),
        ratio,
        *(interval(summary[measure.key], measure.digits) for measure in measures),
    )


def _shown(side: Side, keys: Sequence[str]) -> str:
    """Returns some settings of an arm in short, those that it has."""
    own = {key: look_up(side.arm.results[0].settings, key) for key in keys}
    return ", ".join(show_setting(key, value) for key, value in own.items() if value is not None)


def _place(side: Side, summary: Mapping[str, Any]) -> tuple[float, float, float]:
    """Returns what ranks an arm: share of runs that reached the goal, their episodes to it, final score.

    Episodes are those of the runs that reached it: means up to the end of what was seen do not compare where
    arms were seen for different times.
    """
    found, score = summary[TIME], summary[SCORE]
    times = [time for run in side.runs.values() if (time := run[TIME]) is not None and math.isfinite(time)]
    share = found["reached"] / found["n"] if found else 0.0
    time = sum(times) / len(times) if times else math.inf
    return -share, time, -score["value"] if score else math.inf


def _ratio(side: Side, control: Side | None, study: Study) -> str:
    """Returns in text how many times fewer episodes an arm needs than the control."""
    if side is control:
        return "1 (control)"
    return DASH if control is None else speed_up_text(speed_up_of(side, control, study.interval))


def _control_row(study: Study, arms: Sequence[Arm], rows: Mapping[str, str]) -> str | None:
    """Returns the row of the primary contrast's control; None without one, or where it has not run."""
    meant = [arm for one in study.contrasts if one.primary for arm in meant_by(study, arms, one.arms[1])]
    found = {rows[arm.name] for arm in meant if arm.results}
    return found.pop() if len(found) == 1 else None


def _name(study: Study, side: Side) -> str:
    """Returns the domain as the environment's id has it, the task in short, and the study."""
    settings = side.arm.results[0].settings
    domain = str(settings.get("env", "")).rpartition("/")[2].partition("-v")[0] or "no environment"
    task = side.task.name or show_setting("max_new_tokens", look_up(settings, "env_kwargs.max_new_tokens"))
    return f"{domain}, {task} ({study.name})"


def _facts(sides: Sequence[Side]) -> str:
    """Returns the goal and the seeds of some arms in words."""
    task = sides[0].task
    limit = "at any divergence" if math.isinf(task.max_kl) else f"within {number(task.max_kl, 2)} nats"
    seeds = sorted({seed for side in sides for seed in side.runs})
    whole = seeds == list(range(seeds[0], seeds[-1] + 1)) and len(seeds) > 1
    told = f"{seeds[0]} to {seeds[-1]}" if whole else ", ".join(map(str, seeds))
    return f"Goal: a score of {number(task.goal)} {limit}, from {number(task.start)}. Seeds {told}."


def _settings(study: Study, sides: Sequence[Side]) -> tuple[str, list[str]]:
    """Returns the settings of learners that all arms share, in short, and the keys of the others."""
    tables = [
        {key: value for key, value in leaves(side.arm.results[0].settings) if key.startswith("config.")}
        for side in sides
    ]
    keys = [key for key in dict.fromkeys(key for one in tables for key in one) if key not in NOT_SHOWN]
    varied = [key for key in keys if len({text_of(one.get(key)) for one in tables}) > 1]
    tuned = [key for key in tuned_keys(study) if key in keys and key not in varied]
    alike = [key for key in keys if key not in varied and key not in tuned]
    return ", ".join(show_setting(key, tables[0].get(key)) for key in [*alike, *tuned]), varied


def _time(found: Mapping[str, Any] | None, end: float) -> str:
    """Returns mean episodes to the goal in text; a bound where runs never got there."""
    if found is None:
        return DASH
    if not found["reached"]:
        return f"> {number(end, 0)}"
    return ("" if found["reached"] == found["n"] else "≥ ") + interval(found, 0)


def _ranked(board: Board) -> str:
    """Returns a board's table in Markdown."""
    rows = tuple((str(rank), *cells) for rank, cells in enumerate(board.rows, start=1))
    return _bare(Table("board", "", ("rank", *board.head), rows, words=frozenset({1, len(board.head)})))


def _bare(table: Table) -> str:
    """Returns a table in Markdown, without its caption."""
    return table_to_markdown(table).split("\n", 2)[2].rstrip()


def _versions(made: Mapping[str, Any]) -> str:
    """Returns the versions of this package that cells were run with."""
    known: list[Mapping[str, str]] = [one or {} for one in made["made_with"]["versions"]]
    versions = dict.fromkeys(f"{PACKAGE} {one[PACKAGE]}" for one in known if PACKAGE in one)
    return f"Run with {', '.join(versions)}." if versions else "The version was not recorded."


def paragraph(text: str) -> str:
    """Returns a paragraph in lines of at most 100 characters, of which none begins anything else."""
    lines = textwrap.fill(to_markdown(text, 2000), 99, break_long_words=False, break_on_hyphens=False)
    return BLOCK_MARK.sub(r"\g<1>\\", lines)
