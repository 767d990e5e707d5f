"""The section of a report on records of kinds that nothing is known of: their numbers, point by point."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from agents.reports.escapes import LONGEST_TEXT, shown, to_html
from agents.reports.factors import text_of, unique_names
from agents.reports.section import Section
from agents.reports.tables import Table, interval
from agents.runs.strict_json import is_number
from agents.stats.intervals import mean_interval
from agents.studies.files import CellResult
from agents.studies.plan import Study
from agents.studies.records import is_text
from agents.studies.settings import leaves, look_up

MOST_ROWS = 200
"""Most rows of the table; the caption gives the number of further ones."""
LONGEST_POINT, LONGEST_LABEL = 100, 40
"""Characters of what sets a point apart, and of a text that says of which sort a record is."""
MOST_LABELS = 24
"""Sorts that a field tells apart; a text of which there are more is no label."""
TITLE = "Other records"

Facts = dict[str, Any]


def records_section(results: Sequence[CellResult], study: Study, kinds: Sequence[str]) -> Section:
    """Returns the section of some kinds of records: the mean of each field that holds numbers.

    A cell counts by the mean over its records of one sort, which short texts in them tell apart. All other
    fields that hold no numbers are named.

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
    """Returns the kinds of records, the number of each, and the fields that the table leaves out."""
    told: list[str] = []
    for kind in kinds:
        records = [record for result in results for record in result.records(kind)]
        fields = dict.fromkeys(key for record in records for key in record if key != "record")
        told_apart = _labels(records)
        others = [
            key
            for key in fields
            if key not in told_apart and not any(is_number(record.get(key)) for record in records)
        ]
        left = f" (no numbers: {', '.join(others)})" if others else ""
        told.append(f"{kind}, {len(records)} in all{left}")
    return (
        "<p>Records of kinds that this report has no section for; whoever has one names its module with "
        f"--sections. {to_html('; '.join(told), LONGEST_TEXT)}.</p>"
    )


def _describe(results: Sequence[CellResult], study: Study, kind: str) -> Iterator[Facts]:
    """Yields each field of a kind with its mean over cells, point by point of the settings and its labels."""
    cells = [result for result in results if result.records(kind)]
    points: dict[str, list[CellResult]] = {}
    for cell in cells:
        points.setdefault(text_of(cell.settings), []).append(cell)
    labels = _labels([record for cell in cells for record in cell.records(kind)])
    for name, members in zip(_names(study, list(points.values())), points.values(), strict=True):
        groups: dict[tuple[str, ...], list[dict[str, float]]] = {}
        for cell in members:
            for group, records in _grouped(cell.records(kind), labels).items():
                groups.setdefault(group, []).append(_means(records))
        for group, means in groups.items():
            point = " ".join([shown(name, LONGEST_POINT), *group])
            for field in dict.fromkeys(key for one in means for key in one):
                values = [one[field] for one in means if field in one]
                mean = mean_interval(values, method=study.interval)
                yield {"kind": kind, "point": point, "field": field, **mean._asdict(), "n": len(values)}


def _labels(records: Sequence[Mapping[str, Any]]) -> list[str]:
    """Returns the fields that say of which sort a record is: short texts, of which there are few."""
    fields = dict.fromkeys(key for record in records for key in record if key != "record")
    found: list[str] = []
    for key in fields:
        values = [record[key] for record in records if key in record]
        short = all(is_text(value) and len(value) <= LONGEST_LABEL for value in values)
        if short and len(set(values)) <= MOST_LABELS:
            found.append(key)
    return found


def _grouped(
    records: Sequence[Mapping[str, Any]], labels: Sequence[str]
) -> dict[tuple[str, ...], list[Mapping[str, Any]]]:
    """Returns records by what their labels say."""
    groups: dict[tuple[str, ...], list[Mapping[str, Any]]] = {}
    for record in records:
        said = tuple(f"{key}={record[key]}" for key in labels if key in record)
        groups.setdefault(said, []).append(record)
    return groups


def _means(records: Sequence[Mapping[str, Any]]) -> dict[str, float]:
    """Returns the mean of each field of some records, over those in which it holds a number."""
    values: dict[str, list[float]] = {}
    for record in records:
        for key, value in record.items():
            if is_number(value):
                values.setdefault(key, []).append(float(value))
    return {key: sum(found) / len(found) for key, found in values.items()}


def _names(study: Study, points: Sequence[Sequence[CellResult]]) -> list[str]:
    """Returns a short label of each point: its settings that differ from those of the others."""
    settings = [members[0].settings for members in points]
    keys = dict.fromkeys(key for one in settings for key, _ in leaves(one))
    varied = [key for key in keys if len({text_of(look_up(one, key)) for one in settings}) > 1]
    return unique_names(
        [{key: look_up(one, key) for key in varied} for one in settings], varied, study.defaults
    )
