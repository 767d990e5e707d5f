"""Draws the people of a puzzle with what they say, what was answered of them, and what contradicts it."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from rlsf_gym.domains.board import Board, Cell
from rlsf_gym.domains.constraints.knights_and_knaves.statements import (
    KINDS,
    NAMES,
    check_statements,
    tell_statement,
)
from rlsf_gym.domains.constraints.knights_and_knaves.truth import find_contradicting

__all__ = ["draw_board"]

_CLAIM = re.compile(rf"([{NAMES}]) *is a *(kni|kna)")
_HEADS = ("", "says", "answer")


class _Claim(NamedTuple):
    """What an answer says of a person."""

    is_knight: bool
    at: int
    """Where the kind stands."""


def draw_board(
    data: Mapping[str, Any], start: int, response: str, payload: Mapping[str, Any]
) -> Board | None:
    """Returns a row for each person, None if the data is no puzzle of knights and knaves.

    The statements that clash with the claims of the core are a smallest set: without any of them, there is
    a solution that agrees with these claims.

    Args:
        data: Of the instance, `{"statements": [...]}`.
        start: Length of the prompt.
        response: The answer.
        payload: Verdict on it, with `fatal`, `core` and `witness`.

    Example:
        >>> told = {"fatal": [50, 53], "reason": "conflict", "core": [[50, 53]], "witness": None}
        >>> puzzle = {"statements": [["is", "B", "knave"], ["same", "A", "B"]]}
        >>> draw_board(puzzle, 43, "A is a knave.", told).told
        'A is a knave contradicts what B says'
    """
    statements: Any = data.get("statements")
    try:
        check_statements(statements)
    except ValueError:
        return None
    claims, right = _read(response), _read(payload.get("witness") or "")
    fatal: Sequence[int] = payload.get("fatal") or (0, 0)
    blamed = _find_names(claims, [*(payload.get("core") or []), fatal], start)
    clashing = _find_clashing(statements, claims, blamed) if payload.get("reason") == "conflict" else ""
    lost = fatal[0] - start if fatal[1] else len(response)
    rows = tuple(
        (
            Cell(name),
            Cell(tell_statement(said), mark="clash" if name in clashing else ""),
            _draw(claims.get(name), right.get(name), lost, name in blamed),
        )
        for name, said in zip(NAMES, statements, strict=False)
    )
    return Board(rows, _tell(claims, blamed, clashing), _HEADS)


def _read(text: str) -> dict[str, _Claim]:
    """Returns the first claim about each person."""
    found = dict[str, _Claim]()
    for claim in _CLAIM.finditer(text):
        found.setdefault(claim[1], _Claim(claim[2] == "kni", claim.start(2)))
    return found


def _find_names(claims: Mapping[str, _Claim], spans: Sequence[Sequence[int]], start: int) -> list[str]:
    """Returns whom the claims in these spans are about, in the order of their names."""
    return sorted(
        name for name, claim in claims.items() if any(first <= start + claim.at < end for first, end in spans)
    )


def _find_clashing(statements: Sequence[Any], claims: Mapping[str, _Claim], blamed: Sequence[str]) -> str:
    known = {NAMES.index(name): claims[name].is_knight for name in blamed}
    if not known or max(known) >= len(statements):
        return ""
    return "".join(NAMES[speaker] for speaker in find_contradicting(statements, known))


def _draw(claim: _Claim | None, right: _Claim | None, lost: int, is_blamed: bool) -> Cell:
    wanted = "" if right is None else KINDS[not right.is_knight]
    if claim is None:
        return Cell("", wanted)
    text = KINDS[not claim.is_knight]
    mark = "fatal" if is_blamed and claim.at == lost else "core" if is_blamed else ""
    return Cell(text, "" if wanted == text else wanted, mark or ("gone" if claim.at > lost else ""))


def _tell(claims: Mapping[str, _Claim], blamed: Sequence[str], clashing: str) -> str:
    if not clashing:
        return ""
    said = " and ".join(f"{name} is a {KINDS[not claims[name].is_knight]}" for name in blamed)
    *others, last = clashing
    who = f"{', '.join(others)} and {last} say" if others else f"{last} says"
    return f"{said} {'contradict' if blamed[1:] else 'contradicts'} what {who}"
