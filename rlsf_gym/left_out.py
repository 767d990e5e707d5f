"""Counts what is left out of a set of prompts, by the reason for it."""

from __future__ import annotations

__all__ = ["LeftOut"]

_SHOWN = 60  # characters of an example


class LeftOut:
    """Counts texts that are left out by their reasons, and keeps the first text of each.

    Example:
        >>> left_out = LeftOut()
        >>> left_out.add("of more than 4 tokens", "It was a film that")
        >>> left_out.add("of more than 4 tokens", "As soon as it was")
        >>> str(left_out)
        "2 of more than 4 tokens, such as 'It was a film that'"
    """

    def __init__(self) -> None:
        self._counts: dict[str, int] = {}
        self._examples: dict[str, str] = {}

    @property
    def total(self) -> int:
        """Number of texts that were left out."""
        return sum(self._counts.values())

    def add(self, reason: str, text: str, becomes: str | None = None) -> None:
        """Counts a text.

        Args:
            reason: How the text is described behind the number, such as "of more than 16 tokens".
            text: The text.
            becomes: What was made of it, where that is the reason.
        """
        self._counts[reason] = self._counts.get(reason, 0) + 1
        if reason not in self._examples:
            turned = "" if becomes is None else f", which becomes {_shorten(becomes)}"
            self._examples[reason] = f", such as {_shorten(text)}{turned}" if text.strip() else ""

    def __str__(self) -> str:
        """Returns the reasons in one line, the most frequent first."""
        reasons = sorted(self._counts, key=lambda reason: -self._counts[reason])
        return "; ".join(f"{self._counts[reason]:,} {reason}{self._examples[reason]}" for reason in reasons)


def _shorten(text: str) -> str:
    return repr(text if len(text) <= _SHOWN else f"{text[:_SHOWN]}...")
