"""Proof that a verdict is backed by, as far as a page shows it: ways that were tried, or lines of DRUP."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple, cast

from rlsf_gym.render.visible import show_controls

__all__ = ["MOST_LINES", "ToldProof", "tell_proof"]

MOST_LINES = 200
"""Lines of a proof that a page shows."""
_LONGEST = 200
"""Characters of a line, or of the numbers that are left, that a page shows."""


class ToldProof(NamedTuple):
    """Proof in words, control characters made visible."""

    summary: str
    """What kind of proof it is, and how long, in one line."""
    lines: tuple[str, ...] = ()
    """Its first lines; none where the summary says all."""
    omitted: int = 0
    """Number of further lines."""


def tell_proof(payload: Mapping[str, Any]) -> ToldProof | None:
    """Returns the proof of a lost answer in words, None where the payload has none.

    A search that went through all ways is told by `exhausted`, their number, and `left`, what they begin
    with; a refutation by `proof`, lines of DRUP, of which there are none where unit propagation is enough.

    Args:
        payload: As in `info["certificate_payload"]`, a verdict.

    Example:
        >>> tell_proof({"status": "dead", "exhausted": 16, "left": ["5", "7", "11"]}).summary
        'all 16 ways to go on with 5, 7, 11 were tried, and none is right'
        >>> tell_proof({"status": "dead", "reason": "conflict", "proof": ["-3 0", "0"]}).summary
        'proof: 2 lines for a checker, in the format DRUP'
        >>> tell_proof({"status": "solved", "proof": []}) is None
        True
    """
    if payload.get("status") != "dead":
        return None
    ways, left = payload.get("exhausted"), _texts(payload.get("left"))
    if type(ways) is int and ways > 0 and left:
        return ToldProof(_tell_search(ways, _cut(", ".join(left))))
    lines = _texts(payload.get("proof"))
    if lines:
        noun = "line" if len(lines) == 1 else "lines"
        shown = tuple(map(_cut, lines[:MOST_LINES]))
        return ToldProof(
            f"proof: {len(lines):,} {noun} for a checker, in the format DRUP", shown, len(lines) - len(shown)
        )
    if lines is None or payload.get("reason") != "conflict":
        return None
    return ToldProof(
        "proof: what stands forces the rest, step by step, into a contradiction (unit propagation)"
    )


def _tell_search(ways: int, left: str) -> str:
    if ways == 1:
        return f"the only way to go on with {left} was tried, and it is not right"
    return f"all {ways:,} ways to go on with {left} were tried, and none is right"


def _texts(value: Any) -> list[str] | None:
    """Returns a list of texts, None for anything else."""
    found = cast("list[Any]", value) if isinstance(value, list) else None
    return None if found is None or not all(isinstance(one, str) for one in found) else found


def _cut(text: str) -> str:
    shown = show_controls(text[:_LONGEST])
    return f"{shown}\u2026" if len(text) > _LONGEST else shown
