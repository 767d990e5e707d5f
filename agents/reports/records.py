"""The section of a report on records of kinds that nothing is known of: their numbers, point by point."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from agents.reports.escapes import LONGEST_TEXT, to_html
from agents.reports.factors import text_of, unique_names
from agents.reports.section import Section
from agents.reports.tables import Table, interval
from agents.runs.strict_json import is_number
from agents.stats.intervals import bootstrap_interval
from agents.studies.files import CellResult
from agents.studies.plan import Study
from agents.studies.settings import leaves, look_up

MOST_ROWS = 200
"""Of the table; the caption says how many more there are."""
TITLE = "Other records"

Facts = dict[str, Any]


def records_section(results: Sequence[CellResult], study: Study, kinds: Sequence[str]) -> Section:
    """Returns the section of some kinds of records: the mean of each field that holds numbers.

    A cell counts by the mean over its records. Fields that hold no numbers are named.

    Args:
        results: All finished cells.
        study: What was planned; says how intervals are made.
        kinds: Those that are shown, in order.
    """
    found = [one for kind in kinds for one in _describe(results, study, kind)]
    rows = [(one["kind"], one["point"], one["field"], str(one["n"]), interval(one)) for one in found]
    caption = "Mean of each number over cells, a cell being the mean of its records, with 95% intervals"
    if len(rows) > MOST_ROWS:
        caption += f"; the first {MOST_ROWS} of {len(rows)} rows, the others are in numbers.json"
    head = ("record", "settings", "number", "cells", "mean")
    table = Table("records", caption, head, tuple(rows[:MOST_ROWS]), words=frozenset({0, 1, 2}))
    return Section(TITLE, _text(results, kinds), (), [table] if rows else (), {"records": found})


def _text(results: Sequence[CellResult], kinds: Sequence[str]) -> str:
    """Returns which kinds there are, how many records of each, and which fields the table leaves out."""
    told: list[str] = []
    for kind in kinds:
        records = [record for result in results for record in result.records(kind)]
        fields = dict.fromkeys(key for record in records for key in record if key != "record")
        others = [key for key in fields if not any(is_number(record.get(key)) for record in records)]
        left = f" (no numbers: {', '.join(others)})" if others else ""
        told.append(f"{kind}, {len(records)} in all{left}")
    return (
        "<p>Records of kinds that this report has no section for; whoever has one names its module with "
        f"--sections. {to_html('; '.join(told), LONGEST_TEXT)}.</p>"
    )


def _describe(results: Sequence[CellResult], study: Study, kind: str) -> Iterator[Facts]:
    """Yields each field of a kind, point by point of the settings, with its mean over cells."""
    cells = [result for result in results if result.records(kind)]
    points: dict[str, list[CellResult]] = {}
    for cell in cells:
        points.setdefault(text_of(cell.settings), []).append(cell)
    for name, members in zip(_names(study, list(points.values())), points.values(), strict=True):
        means = [_means(cell.records(kind)) for cell in members]
        for field in dict.fromkeys(key for one in means for key in one):
            values = [one[field] for one in means if field in one]
            mean = bootstrap_interval(values, method=study.interval)
            yield {"kind": kind, "point": name, "field": field, **mean._asdict(), "n": len(values)}


def _means(records: Sequence[Mapping[str, Any]]) -> dict[str, float]:
    """Returns the mean of each field of some records, over those in which it holds a number."""
    values: dict[str, list[float]] = {}
    for record in records:
        for key, value in record.items():
            if is_number(value):
                values.setdefault(key, []).append(float(value))
    return {key: sum(found) / len(found) for key, found in values.items()}


def _names(study: Study, points: Sequence[Sequence[CellResult]]) -> list[str]:
    """Returns what sets the settings of each point apart from the others', in short."""
    settings = [members[0].settings for members in points]
    keys = dict.fromkeys(key for one in settings for key, _ in leaves(one))
    varied = [key for key in keys if len({text_of(look_up(one, key)) for one in settings}) > 1]
    return unique_names(
        [{key: look_up(one, key) for key in varied} for one in settings], varied, study.defaults
    )
