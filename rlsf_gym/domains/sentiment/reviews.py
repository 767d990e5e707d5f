"""Film reviews: the bundled openings, the columns that hold reviews, and removal of their mark-up."""

from __future__ import annotations

import re
from importlib import resources
from typing import Final

__all__ = ["COLUMNS", "clean", "read_bundled"]

COLUMNS: Final = ("text", "review")
"""Names of the columns of tables that hold reviews."""

_BREAK = re.compile(r"<\s*+(?:/\s*+)?br\s*+(?:/\s*+)?>", re.IGNORECASE)  # possessive: linear in the text


def clean(review: str) -> str:
    r"""Returns the review with a newline for each run of line-break tags.

    Example:
        >>> clean("Good.<br /><br />But long.")
        'Good.\nBut long.'
    """
    lines = map(str.strip, _BREAK.split(review))
    return "\n".join(line for line in lines if line)


def read_bundled() -> list[str]:
    """Returns the bundled prompts: openings of reviews that the scorers are neutral to."""
    asset = resources.files("rlsf_gym.domains.sentiment") / "assets" / "prompts.txt"
    return [line for line in asset.read_text(encoding="utf-8").split("\n") if line.strip()]
