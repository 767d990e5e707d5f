"""Certificates: which character changed the value of an answer, and the proof of it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

from rlsf_gym.certificates import Certificate, Record
from rlsf_gym.domains.constraints.automaton import Answer
from rlsf_gym.domains.constraints.puzzle import Puzzle

__all__ = ["certify", "find_fatal"]

_ROUNDING: Final = 1e-12
"""Largest part of a value that a change may be and still be rounding."""


def certify(
    puzzle: Puzzle, response: str, states: Sequence[Answer], start: int, claims: dict[str, Any]
) -> Certificate:
    """Returns the certificate of a response.

    Args:
        puzzle: The puzzle.
        response: The response, C characters.
        states: The C + 1 states before, between and behind its characters.
        start: Length of the prompt.
        claims: What it says of the scorer: `scorer`, `version`, `verifiable`, `options` and `rules`.
    """
    last = states[-1]
    return Certificate(
        **claims,
        prompt_score=states[0].value,
        score=last.verdict,
        records=tuple(_list_records(response, states, start)),
        payload=_tell(puzzle, response, states, start),
    )


def find_fatal(response: str, states: Sequence[Answer]) -> tuple[int, int] | None:
    """Returns the span of the symbol with which a response was lost, up to the character that lost it.

    None if it was not lost before its end.
    """
    if not states[-1].is_dead:
        return None
    at = _count_alive(states)
    return _find_start(response, states, at), at + 1


def _list_records(response: str, states: Sequence[Answer], start: int) -> list[Record]:
    records, values = list[Record](), [state.value for state in states]
    for at in range(min(_count_alive(states) + 1, len(response))):
        amount = _subtract(values[at + 1], values[at])
        if amount:
            begun, since = start + _find_start(response, states, at), start + at + 1
            rule = states[at + 1].rule or "progress"
            records.append(Record(begun, since, rule, since - 1, since, amount, "added", (), since))
    amount = _subtract(states[-1].verdict, values[-1])
    if amount:
        end = start + len(response)
        rule = "progress" if states[-1].verdict else "unfinished"
        records.append(Record(end, end, rule, end, end, amount, "added", (), end))
    return records


def _subtract(after: float, before: float) -> float:
    """Returns the change from one value to another, 0 where it is rounding."""
    change = after - before
    return change if abs(change) > _ROUNDING * max(after, before) else 0.0


def _count_alive(states: Sequence[Answer]) -> int:
    """Returns up to how many characters a right answer is possible."""
    if not states[-1].is_dead:
        return len(states) - 1
    return next(count for count, state in enumerate(states) if state.is_dead) - 1


def _find_start(response: str, states: Sequence[Answer], at: int) -> int:
    """Returns where the symbol begins in which a character is read."""
    while not states[at].commits(response[at]) and not states[at].fork.is_root:
        at -= 1
    return at


def _tell(puzzle: Puzzle, response: str, states: Sequence[Answer], start: int) -> dict[str, Any]:
    """Returns the payload."""
    last, alive = states[-1], _count_alive(states)
    witness = puzzle.find_witness(states[alive])
    payload: dict[str, Any] = {
        "status": "solved" if last.verdict else "dead" if last.is_dead else "unfinished",
        "alive": alive,
        "witness": response[:alive] + witness.rest,
        "fatal": None,
        "reason": None,
        "because": None,
        "core": [],
        "proof": [],
        "model": list(witness.model),
    }
    if last.verdict:
        return payload
    if not last.is_dead:
        return payload | {"reason": "unfinished", "because": _expect(puzzle, last, "the end")}
    begun = _find_start(response, states, alive)
    payload |= {"fatal": [start + begun, start + alive + 1], "reason": last.rule}
    if last.rule == "syntax":
        return payload | {"because": _expect(puzzle, last, repr(response[alive]))}
    refutation = puzzle.find_refutation(last, response, (begun, alive + 1))
    return payload | {
        "because": _explain(puzzle, last, refutation.literals, response[begun : alive + 1]),
        "core": [[start + first, start + end] for first, end in refutation.core],
        "proof": [] if last.rule == "given" else list(puzzle.prove(refutation)),
    }


def _expect(puzzle: Puzzle, state: Answer, got: str) -> str:
    return f"expected {puzzle.problem.reading.expected(state.settle().node)}, got {got}"


def _explain(puzzle: Puzzle, state: Answer, literals: Sequence[int], part: str) -> str:
    reading = puzzle.problem.reading
    if state.rule == "given":
        return reading.refuse(state.lost[0].literal)
    last = reading.say(state.lost[0].literal) if len(state.lost) == 1 else f"what begins with {part!r}"
    return "no solution has " + " and ".join([*map(reading.say, literals), last])
