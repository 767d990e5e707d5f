"""Certificates of answers: what each character did to the value, and what proves it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

from rlsf_gym.certificates import Certificate, Record
from rlsf_gym.certificates.record import make_record
from rlsf_gym.domains.countdown.arithmetic import order
from rlsf_gym.domains.countdown.places import Lost, Place
from rlsf_gym.instance import Instance

__all__ = ["RULES", "VERSION", "certify"]

RULES: Final = ("progress", "syntax", "number", "arithmetic", "target", "unfinished")
"""What a value is made of: progress while the answer is right so far, and the kinds of error."""
VERSION: Final = "1"
_SAME: Final = 1e-12  # between values of symbols that are forced: rounding


def certify(
    instance: Instance, response: str, states: Sequence[Place], options: Mapping[str, str], verifiable: bool
) -> Certificate:
    """Returns the certificate of an answer.

    Args:
        instance: The puzzle.
        response: The answer, of C characters.
        states: The states before, between and behind its characters, C + 1 of them.
        options: What the scorer was asked to do.
        verifiable: Whether a checker can prove it.
    """
    last = states[-1]
    records = _write_records(len(instance.prompt), response, states)
    assert instance.data is not None
    return Certificate(
        "countdown",
        VERSION,
        verifiable,
        options,
        states[0].value,
        last.verdict,
        tuple(records),
        rules=RULES,
        payload=_tell(instance, response, states),
    )


def _write_records(offset: int, response: str, states: Sequence[Place]) -> list[Record]:
    """Returns a record of each character at which the value changes, and of what the end changes."""
    records: list[Record] = []
    state, value, rule = states[0], states[0].value, "progress"
    for end, after in enumerate(states[1:], start=offset + 1):
        if state.is_dead:
            break
        gain = after.value - value
        if abs(gain) > _SAME:
            if isinstance(after, Lost):
                width, rule = after.width, after.rule
            elif response[end - offset - 1] == " ":  # it ended a number
                width = len(state.letters) + 1
            else:
                width = len(after.letters) or 1
            records.append(make_record((end - width, end, rule, end - 1, end, gain, "added", (), end, -1)))
        state, value = after, after.value
    gain = state.verdict - value
    if abs(gain) > _SAME:
        rule, end = "progress" if gain > 0.0 else "unfinished", offset + len(response)
        records.append(make_record((end, end, rule, end, end, gain, "added", (), end, -1)))
    return records


def _tell(instance: Instance, response: str, states: Sequence[Place]) -> dict[str, Any]:
    """Returns the payload: a witness, and why a lost answer is lost."""
    last = states[-1]
    if isinstance(last, Lost):
        return _tell_lost(instance, response, states, last)
    assert instance.data is not None
    is_right = last.verdict > 0.0
    return {
        "status": "solved" if is_right else "unfinished",
        "alive": len(response),
        "witness": response if is_right else response + last.completion,
        "fatal": None,
        "reason": None if is_right else "unfinished",
        "because": None if is_right else f"the answer ends before {instance.data['target']} is reached",
        "left": order(last.left),
        "exhausted": 0,
    }


def _tell_lost(instance: Instance, response: str, states: Sequence[Place], lost: Lost) -> dict[str, Any]:
    at = states.index(lost) - 1
    is_begun = at >= 0  # otherwise the puzzle has no solution
    end = len(instance.prompt) + at + 1
    return {
        "status": "dead",
        "alive": max(at, 0),
        "witness": response[:at] + states[at].completion if is_begun else None,
        "fatal": [end - lost.width, end] if is_begun else None,
        "reason": lost.rule,
        "because": lost.because or _explain(instance, response[: at + 1], lost),
        "left": order(lost.left),
        "exhausted": lost.ways,
    }


def _explain(instance: Instance, written: str, lost: Lost) -> str:
    """Returns why no way leads from an answer so far to the target."""
    assert instance.data is not None
    target = instance.data["target"]
    done = written.replace(" ", "") if lost.done is None else lost.done
    after = f"after {done} " if written else ""
    if not lost.left:
        return f"{after}no number is left to reach {target}"
    return f"{after}no way leads from {', '.join(order(lost.left))} to {target}"
