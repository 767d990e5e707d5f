"""Reads and validates a study from its TOML file, before any cell runs.

`docs/benchmark.md` describes the file. Whatever is wrong with one is said in one line: the key, what is
expected, and what is there instead.
"""

from __future__ import annotations

import json
import os
import tomllib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import fields
from math import prod
from pathlib import Path
from typing import Any, cast

from agents.runs.plain_files import check_file_name, read_plain
from agents.runs.strict_json import check_depth, did_you_mean, is_count, is_whole, parse_object, show
from agents.stats.resampling import METHODS, Method
from agents.studies.names import PLACES, is_own, with_short_name
from agents.studies.plan import Contrast, Goal, Group, Study, TunedArm, Tuning
from agents.studies.settings import lay_over, leaves, look_up, matches, merge

Table = Mapping[str, Any]
DEFAULTS: dict[str, Any] = {"run": "train"}
"""Default settings that `[defaults]` may leave out."""
LARGEST_FILE = 1 << 20
"""Most bytes of a study file."""
TABLES = ("title", "question", "goal", "defaults", "tuning", "cells", "contrasts", "places", "statistics")
"""Keys that a study file may have at its top level."""
MOST_DOTS = 1_000
"""Most dots in a line: parsing a key a.b.c takes memory with the square of its parts."""
MOST_CELLS = 100_000
"""Most cells of a study, and seeds of a group: a file of a few bytes can ask for any number."""


def read_study(path: str | os.PathLike[str]) -> Study:
    """Returns the study of a file; its name is that of the file.

    Nothing that it names is imported or opened.

    Raises:
        ValueError: If the file is not a valid study; one line says which key is wrong, and how.
        OSError: If it can't be read.
    """
    file = Path(path)
    data = read_plain(file, largest=LARGEST_FILE)
    try:
        name = check_file_name(file.stem, what="the file's name, which is the study's")
        return parse_study(name, _load_toml(data))
    except ValueError as error:
        raise ValueError(f"{file}: {error}") from error


def _load_toml(data: bytes) -> dict[str, Any]:
    try:
        text = data.decode("utf-8")
        if any(line.count(".") > MOST_DOTS for line in text.split("\n")):
            raise ValueError(f"expected at most {MOST_DOTS} dots in a line, got more")
        table = tomllib.loads(text)
    except RecursionError:
        raise ValueError("expected a study file, got tables or lists nested without end") from None
    check_depth(table)  # all that follows walks through the tables
    return table


def parse_study(name: str, table: Table) -> Study:
    """Returns the study of a table, as `tomllib` returns it.

    Raises:
        ValueError: If the table is not a valid study; one line says which key is wrong, and how.
    """
    _check_keys("", table, TABLES)
    _check_json(table)
    goal, tuning = table.get("goal"), table.get("tuning")
    study = Study(
        name=name,
        title=_text("title", table.get("title", name)),
        question=_text("question", table.get("question", "")),
        goal=None if goal is None else _read_goal(_table("goal", goal)),
        defaults=merge(DEFAULTS, _settings("defaults", table.get("defaults", {}))),
        tuning=None if tuning is None else _read_tuning(_table("tuning", tuning)),
        groups=tuple(_read_group(i, group) for i, group in enumerate(_tables("cells", table.get("cells")))),
        contrasts=tuple(
            _read_contrast(i, contrast)
            for i, contrast in enumerate(_tables("contrasts", table.get("contrasts", [])))
        ),
        places=_read_places(_table("places", table.get("places", {}))),
        interval=_read_interval(_table("statistics", table.get("statistics", {}))),
    )
    _check_study(study)
    return study


def _read_places(table: Table) -> dict[str, str]:
    for name, place in table.items():
        if is_own(name):
            raise ValueError(f"places: expected names of the study's own, got {name!r}, which `agents` runs")
        if not _is_place(place):
            raise _wrong(f"places.{name}", "'module:attribute'", place)
    return dict(table)


def _is_place(value: Any) -> bool:
    if not isinstance(value, str):
        return False
    module, separator, attribute = value.partition(":")
    return bool(separator) and all(part.isidentifier() for part in (*module.split("."), attribute))


def _read_goal(table: Table) -> Goal:
    _check_keys("goal", table, [field.name for field in fields(Goal)])
    goal = Goal(**table)
    wrong = {
        "share": None if _is_number(goal.share) and 0 < goal.share <= 1 else "a number in (0, 1]",
        "kl_per_token": None if _is_rate(goal.kl_per_token) else "a number > 0",
        "window": None if is_whole(goal.window, 1) else "a whole number >= 1",
        "window_episodes": None
        if goal.window_episodes is None or is_whole(goal.window_episodes, 1)
        else "a whole number >= 1",
        "length_key": None if _is_text(goal.length_key) else "a dotted key of the settings",
    }
    for key, expected in wrong.items():
        if expected is not None:
            raise _wrong(f"goal.{key}", expected, table.get(key))
    if "window" in table and goal.window_episodes is not None:
        raise ValueError("goal: expected window or window_episodes, got both; leave one of them out")
    return goal


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _is_text(value: Any) -> bool:
    return isinstance(value, str) and bool(value.strip())


def _is_rate(value: Any) -> bool:
    return value is None or (_is_number(value) and value > 0)


def _read_tuning(table: Table) -> Tuning:
    known = ["per", "seeds", "settings", "criterion", "grid", "arms", "score"]
    _check_keys("tuning", table, known, needed=["seeds"])
    if ("grid" in table) == ("arms" in table):
        got = "both" if "grid" in table else "neither"
        raise ValueError(f"tuning: expected the key 'grid' or tables [[tuning.arms]], got {got}")
    score = table.get("score")
    if score is not None and not _is_number(score):
        raise _wrong("tuning.score", "a number", score)
    per: Any = table.get("per", [])
    if not isinstance(per, list) or not all(isinstance(key, str) for key in cast(list[Any], per)):
        raise _wrong("tuning.per", "a list of dotted keys", per)
    return Tuning(
        per=tuple(cast(list[str], per)),
        seeds=_seeds("tuning.seeds", table["seeds"]),
        grid=_grid("tuning.grid", table["grid"]) if "grid" in table else {},
        criterion=_text("tuning.criterion", table.get("criterion", "area")),
        settings=_settings("tuning.settings", table.get("settings", {})),
        arms=_read_tuned_arms(table["arms"], cast(list[str], per)) if "arms" in table else (),
        score=score,
    )


def _read_tuned_arms(value: Any, per: Sequence[str]) -> tuple[TunedArm, ...]:
    """Returns what each arm tries: as many settings each, with the same keys in all points of an arm."""
    arms: list[TunedArm] = []
    for index, table in enumerate(_tables("tuning.arms", value)):
        where = f"tuning.arms[{index}]"
        _check_keys(where, table, ["where", "points"], needed=["points"])
        named = _where(f"{where}.where", table.get("where", {}))
        _check_keys(f"{where}.where", named, list(per))
        points = [dict(point) for point in _tables(f"{where}.points", table["points"])]
        if not points or not points[0] or any(points.count(point) > 1 for point in points):
            raise _wrong(f"{where}.points", "one or more different tables of dotted keys and values", points)
        arms.append(TunedArm(named, tuple(points)))
    if not arms:
        raise _wrong("tuning.arms", "at least one table", value)
    for index, arm in enumerate(arms):
        if len(arm.points) != len(arms[0].points):
            count = f"{len(arms[0].points)} points, as many as the first arm has"
            raise _wrong(f"tuning.arms[{index}].points", count, len(arm.points))
        for point in arm.points:
            if list(point) != list(arm.points[0]):
                keys = f"the keys {', '.join(arm.points[0])} in each point, in this order"
                raise _wrong(f"tuning.arms[{index}].points", keys, list(point))
    return tuple(arms)


def _read_group(index: int, table: Table) -> Group:
    where = f"cells[{index}]"
    _check_keys(where, table, [*("group", "seeds", "settings", "grid")], needed=["group", "seeds"])
    settings = _settings(f"{where}.settings", table.get("settings", {}))
    grid = _grid(f"{where}.grid", table["grid"]) if "grid" in table else {}
    for key in grid:
        if look_up(settings, key) is not None or any(
            key.startswith(f"{leaf}.") for leaf, _ in leaves(settings)
        ):
            raise ValueError(
                f"{where}.grid: {key!r} is set in {where}.settings as well; leave one of them out"
            )
    return Group(
        _text(f"{where}.group", table["group"]), _seeds(f"{where}.seeds", table["seeds"]), settings, grid
    )


def _read_interval(table: Table) -> Method:
    _check_keys("statistics", table, ["interval"])
    interval = table.get("interval", METHODS[0])
    if interval not in METHODS:
        raise _wrong("statistics.interval", f"one of {', '.join(map(repr, METHODS))}", interval)
    return interval


FLAGS = ("primary", "post_hoc", "sensitivity")
"""Keys of a contrast that are booleans."""
INTERACTION = "interaction"
KINDS = ("effect", INTERACTION)
"""Kinds of contrasts; the first is the default."""


def _read_contrast(index: int, table: Table) -> Contrast:
    where = f"contrasts[{index}]"
    needed = ["name", "measure", "treatment", "control"]
    _check_keys(where, table, [*needed, "kind", "at", "against", *FLAGS], needed=needed)
    _check_kind(where, table)
    for flag in FLAGS:
        if not isinstance(table.get(flag, False), bool):
            raise _wrong(f"{where}.{flag}", "true or false", table[flag])
    if table.get("primary") and table.get("post_hoc"):
        raise ValueError(f"{where}: expected a contrast that is primary or post_hoc, got both")
    return Contrast(
        name=_text(f"{where}.name", table["name"]),
        measure=_text(f"{where}.measure", table["measure"]),
        treatment=_where(f"{where}.treatment", table["treatment"]),
        control=_where(f"{where}.control", table["control"]),
        at=_where(f"{where}.at", table.get("at", {})),
        against=_where(f"{where}.against", table["against"]) if "against" in table else None,
        sensitivity=table.get("sensitivity", False),
        primary=table.get("primary", False),
        post_hoc=table.get("post_hoc", False),
    )


def _check_kind(where: str, table: Table) -> None:
    """Checks that an interaction, and it alone, has two places."""
    kind = table.get("kind", KINDS[0])
    if kind not in KINDS:
        raise _wrong(f"{where}.kind", f"one of {', '.join(map(repr, KINDS))}", kind)
    if (kind == INTERACTION) != ("against" in table):
        expected = "the key 'against', the second place" if kind == INTERACTION else "kind = 'interaction'"
        got = "none" if kind == INTERACTION else "the key 'against' without it"
        raise ValueError(f"{where}: expected {expected}, got {got}")
    if kind == INTERACTION and table.get("sensitivity"):
        raise ValueError(
            f"{where}: expected sensitivity of a contrast of two arms, got that of an interaction"
        )


def _check_study(study: Study) -> None:
    """Checks that the parts of a study agree with each other."""
    if not study.groups:
        raise ValueError("cells: expected at least one table [[cells]], got none")
    _check_number(study)
    for group, settings in study.plain_settings():
        if not _is_text(settings.get("run")):
            known = ", ".join(map(repr, PLACES))
            raise _wrong(f"cells {group.name!r}: run", f"{known} or 'module:attribute'", settings.get("run"))
    _check_places(study)
    names = study.group_names()
    for name in names:
        if names.count(name) > 1:
            raise ValueError(f"cells: expected a name of its own for each group, got {name!r} twice")
    if study.tuning is not None:
        evaluated = {seed for group in study.groups for seed in group.seeds}
        both = sorted(evaluated & set(study.tuning.seeds))
        if both:
            raise ValueError(f"tuning.seeds: expected none that a group of cells has as well, got {both}")
        for place in study.tuned_places():
            study.tuning.tries(place)  # says so where no arm, or several, are meant
    primary = [contrast.name for contrast in study.contrasts if contrast.primary]
    if study.contrasts and len(primary) != 1:
        raise ValueError(
            f"contrasts: expected exactly one with primary = true, got {len(primary)}: {primary}"
        )
    _check_arms(study)


def _check_places(study: Study) -> None:
    """Checks that every name in `[places]` is run by a cell."""
    known = list(dict.fromkeys(str(settings["run"]) for _, settings in study.plain_settings()))
    for name in study.places:
        if name not in known:
            listed, guess = ", ".join(map(repr, known)), did_you_mean(name, known)
            raise ValueError(f"places: expected names that cells run, {listed}, got {name!r}{guess}")


def _check_number(study: Study) -> None:
    """Checks the number of cells against `MOST_CELLS`, before they are listed."""
    cells = sum(prod(map(len, group.grid.values())) * len(group.seeds) for group in study.groups)
    if study.tuning is not None:
        tries = sum(len(arm.points) for arm in study.tuning.arms) or prod(
            map(len, study.tuning.grid.values())
        )
        cells += tries * len(study.tuning.seeds)
    if cells > MOST_CELLS:
        raise ValueError(
            f"cells: expected at most {MOST_CELLS:,} of them, got {cells:,} in all grids and seeds"
        )


def _check_arms(study: Study) -> None:
    """Checks that all arms of each contrast have cells, and seeds in common."""
    tuned = () if study.tuning is None else study.tuning.keys
    plain = [(seed, settings) for group, settings in study.plain_settings() for seed in group.seeds]
    for contrast in study.contrasts:
        seeds: list[set[int]] = []
        for arm in contrast.sides:
            where = {key: value for key, value in arm.items() if key not in tuned}
            seeds.append({seed for seed, settings in plain if matches(settings, where)})
            if not seeds[-1]:
                hint = _explain_no_cell(where, [settings for _, settings in plain])
                raise ValueError(f"contrasts: {contrast.name!r}: no cell matches {arm}{hint}")
        if not set[int].intersection(*seeds):
            raise ValueError(f"contrasts: {contrast.name!r}: its arms have no seed in common")


def _explain_no_cell(where: Mapping[str, Any], plain: Sequence[Mapping[str, Any]]) -> str:
    """Returns the values that cells have for the first key whose value in `where` no cell has."""
    for key, value in where.items():
        known = list(dict.fromkeys(show(look_up(settings, key)) for settings in plain))
        if show(value) not in known:
            listed, got = ", ".join(known[:12]), show(value)
            return f": {key} is one of {listed} in them, got {got}{did_you_mean(got, known)}"
    return ": no cell has all of these values at once"


def _seeds(key: str, value: Any) -> tuple[int, ...]:
    """Returns the seeds: those of a list, or 0 to n - 1 for a number n."""
    expected = "a number of seeds >= 1, or a list of different seeds >= 0"
    if is_whole(value, 1):
        if value > MOST_CELLS:
            raise _wrong(key, f"at most {MOST_CELLS:,} seeds", value)
        return tuple(range(value))
    if not isinstance(value, list) or not value:
        raise _wrong(key, expected, value)
    seeds = cast(list[Any], value)
    if not all(isinstance(seed, int) and is_count(seed) for seed in seeds):
        raise _wrong(key, expected, seeds)
    if len(set(seeds)) < len(seeds):
        raise _wrong(key, expected, seeds)
    return tuple(seeds)


def _grid(key: str, value: Any) -> dict[str, list[Any]]:
    grid = _table(key, value)
    if not grid:
        raise _wrong(key, "at least one dotted key with a list of values", value)
    for name, values in grid.items():
        if not isinstance(values, list) or not values:
            raise _wrong(f"{key}.{name}", "a list of one or more values (the key in quotes)", values)
        listed = [json.dumps(one, sort_keys=True) for one in cast(list[Any], values)]
        if len(set(listed)) < len(listed):
            raise _wrong(f"{key}.{name}", "a list of different values", cast(Any, values))
        inside = [other for other in grid if other.startswith(f"{name}.")]
        if inside:
            raise ValueError(f"{key}: {inside[0]!r} lies inside {name!r}, which the grid sets as a whole")
    return {name: [with_short_name({name: one})[name] for one in values] for name, values in grid.items()}


def _settings(key: str, value: Any) -> dict[str, Any]:
    """Returns a table of settings; quoted keys with dots are paths."""
    table = _table(key, value)
    return with_short_name(lay_over({}, table))


def _where(key: str, value: Any) -> dict[str, Any]:
    """Returns a table of dotted keys to values that selects cells."""
    return with_short_name(_table(key, value))


def _tables(key: str, value: Any) -> list[Table]:
    if not isinstance(value, list) or not all(isinstance(entry, Mapping) for entry in cast(list[Any], value)):
        raise _wrong(key, f"tables, each headed [[{key}]]", value)
    return cast(list[Table], value)


def _table(key: str, value: Any) -> Table:
    if not isinstance(value, Mapping):
        raise _wrong(key, "a table", value)
    return cast(Table, value)


def _text(key: str, value: Any) -> str:
    if not isinstance(value, str) or not (value.strip() or key == "question"):
        raise _wrong(key, "a text", value)
    return value


def _check_keys(where: str, table: Table, known: Sequence[str], *, needed: Iterable[str] = ()) -> None:
    name = where or "a study"
    for key in table:
        if key not in known:
            raise ValueError(f"{name}: expected the keys {', '.join(known)}, got {key!r}")
    for key in needed:
        if key not in table:
            raise ValueError(f"{name}: expected the key {key!r}, got {', '.join(table) or 'none'}")


def _check_json(table: Table) -> None:
    """Checks that cell files can hold all values: no dates, no numbers that are not finite."""
    for key, value in leaves(table):
        try:
            parse_object(json.dumps({"value": value}, allow_nan=False).encode())
        except (TypeError, ValueError) as error:
            raise _wrong(
                key, "texts, finite numbers, true, false, lists and tables of them", value
            ) from error


def _wrong(key: str, expected: str, got: Any) -> ValueError:
    return ValueError(f"{key}: expected {expected}, got {show(got)}")
