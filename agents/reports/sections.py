"""Sections of a report after those of training runs: one for each other kind of record.

A kind that a study has brought a section for (`agents.reports.additions`) gets that one; all others are shown
as what they are, in one table.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from agents.reports.records import records_section
from agents.reports.section import Section
from agents.studies.files import CellResult
from agents.studies.plan import Study
from agents.studies.records import SHAPES

SectionFunction = Callable[[Sequence[CellResult], Study], Section]


def other_sections(
    results: Sequence[CellResult], study: Study, table: Mapping[str, SectionFunction] | None = None
) -> list[Section]:
    """Returns the sections for the kinds of records that are there, in the order of the table.

    Args:
        results: All finished cells.
        study: What was planned.
        table: Kind of record to function, of what the study has brought.
    """
    known = table or {}
    present = dict.fromkeys(record["record"] for result in results for record in result.body)
    functions = dict.fromkeys(function for kind, function in known.items() if kind in present)
    rest = [kind for kind in present if kind not in known and kind not in SHAPES]
    sections = [function(results, study) for function in functions]
    return [*sections, records_section(results, study, rest)] if rest else sections
