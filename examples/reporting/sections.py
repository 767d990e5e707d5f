"""Which sections a report has: those of runs that train, and one for each other kind of record.

A study whose cells write records of a kind of their own gets a section by one entry in `SECTIONS`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from agents.studies import records as study_records
from agents.studies.files import CellResult
from agents.studies.plan import Study
from reporting import game_section as game
from reporting import gradient_section as gradients
from reporting import negation_section as negation
from reporting.section import Section

SHAPES = {**study_records.SHAPES, **game.SHAPES, **gradients.SHAPES, **negation.SHAPES}
"""Kind of record to what its fields are, for all that a report reads."""
SectionFunction = Callable[[Sequence[CellResult], Study], Section]
SECTIONS: dict[str, SectionFunction] = {
    **dict.fromkeys(game.KINDS, game.game_section),
    negation.KIND: negation.negation_section,
    gradients.KIND: gradients.gradient_section,
}
"""Kind of record to the function that makes a section of a study with such records."""


def other_sections(
    results: Sequence[CellResult], study: Study, table: Mapping[str, SectionFunction] = SECTIONS
) -> list[Section]:
    """Returns the sections for the kinds of records that are there, in the order of the table.

    Args:
        results: All finished cells.
        study: What was planned.
        table: Kind of record to function.
    """
    present = {record["record"] for result in results for record in result.body}
    functions = dict.fromkeys(function for kind, function in table.items() if kind in present)
    return [function(results, study) for function in functions]
