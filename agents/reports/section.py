"""A section of a report: what every kind of study hands over, and the page, the files and the tables take."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from agents.reports.look import Picture
from agents.reports.tables import Table


@dataclass(frozen=True)
class Section:
    """A title, and below it text, figures and tables, in this order."""

    title: str
    html: str = ""
    """The text, as HTML: whatever comes from cells or study files is escaped."""
    figures: Sequence[Picture] = ()
    tables: Sequence[Table] = ()
    numbers: Mapping[str, Any] = field(default_factory=dict[str, Any])
    """Every number that it shows; goes into numbers.json under the title."""
