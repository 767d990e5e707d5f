"""Proves a whole certificate of Countdown: its scores, records and payload, and the values of prefixes."""

from collections.abc import Sequence
from functools import partial
from typing import Any, Final, cast

from rlsf_gym.certificates.claimed import CertificateError, Claimed, PlainRecord, tell
from rlsf_gym.certificates.proof import Proof
from rlsf_gym.domains.countdown.checker.evaluation import is_right_in_steps, is_right_infix
from rlsf_gym.domains.countdown.checker.infix import Infix
from rlsf_gym.domains.countdown.checker.places import Form
from rlsf_gym.domains.countdown.checker.puzzle import Puzzle, read_puzzle
from rlsf_gym.domains.countdown.checker.rationals import whole
from rlsf_gym.domains.countdown.checker.reading import Reading, read
from rlsf_gym.domains.countdown.checker.recount import Goal
from rlsf_gym.domains.countdown.checker.steps import Steps

__all__ = ["verify"]

_TOLERANCE: Final = 1e-9  # largest error of a score or an amount
_CHANGE: Final = 1e-12  # smallest change of a value that has a record


def verify(certificate: Claimed, instance: Any, prompt: str, response: str) -> Proof:
    """Returns the proof that a response is worth what its certificate says, after each of its characters.

    Args:
        certificate: The claimed certificate.
        instance: Instance of the episode, whose data are the numbers and the target.
        prompt: The prompt.
        response: The response.

    Returns:
        The proof, with the values of all prefixes.

    Raises:
        CertificateError: If a score, a record or a part of the payload is wrong; the message names it.
    """
    prompt, response = str.__str__(prompt), str.__str__(response)  # of subclasses, what they hold
    puzzle = read_puzzle(certificate, instance, prompt)
    reading = read(_find_form(puzzle), response)
    values = [chance if puzzle.is_graded else float(chance > 0.0) for chance in reading.chances]
    score = float(reading.is_right)
    for name, claimed, value in (
        ("prompt_score", certificate.prompt_score, values[0]),
        ("score", certificate.score, score),
    ):
        if not abs(value - claimed) <= _TOLERANCE:
            raise CertificateError(f"{name} must be {value!r}, as a recount says, but is {claimed!r}")
    _match(certificate.records, _list_entries(reading, values, len(prompt), len(response)))
    _check_payload(certificate.payload, puzzle, reading, len(prompt), response)
    return Proof.of(certificate, values=partial(_tell_values, values))


def _tell_values(values: Sequence[float], ends: Sequence[int]) -> list[float]:
    """Returns the values of prefixes; behind the character that lost the answer, they are 0."""
    return [values[end] if end < len(values) else 0.0 for end in ends]


def _find_form(puzzle: Puzzle) -> Form:
    left, goal = tuple(sorted(map(whole, puzzle.numbers))), Goal(whole(puzzle.target), puzzle.uses_all)
    if puzzle.form == "steps":
        return Steps.of(left, goal)
    return Infix.of(left, goal, puzzle.is_graded)


def _list_entries(reading: Reading, values: Sequence[float], border: int, length: int) -> list[PlainRecord]:
    """Returns the records that the values of a response's prefixes entitle to.

    Args:
        reading: What was read of the response.
        values: Values of the prefixes, up to the one that loses it.
        border: Length of the prompt.
        length: Length of the response.
    """
    entries = list[PlainRecord]()
    lost = "" if reading.loss is None else reading.loss.reason
    for at, start in enumerate(reading.starts):
        amount = values[at + 1] - values[at]
        if abs(amount) > _CHANGE:
            rule = "progress" if values[at + 1] else lost
            begin, end = border + at, border + at + 1
            entries.append(PlainRecord(border + start, end, rule, begin, end, amount, "added", (), end, -1))
    last, rest = border + length, float(reading.is_right) - (0.0 if lost else values[-1])
    if abs(rest) > _CHANGE:
        rule = "progress" if reading.is_right else "unfinished"
        entries.append(PlainRecord(last, last, rule, last, last, rest, "added", (), last, -1))
    return entries


def _match(records: Sequence[Any], entries: Sequence[PlainRecord]) -> None:
    """Refuses records that are not these, in order."""
    for number, entry in enumerate(entries):
        if number == len(records):
            raise CertificateError(f"record {number} must be {tell(tuple(entry))}, but is not there")
        record = records[number]
        for name, value in zip(PlainRecord._fields, entry, strict=True):
            claimed = getattr(record, name)
            is_right = abs(claimed - value) <= _TOLERANCE if name == "amount" else claimed == value
            if not is_right:
                raise CertificateError(
                    f"{name} of record {number} must be {tell(value)}, but is {tell(claimed)}"
                )
    if len(records) > len(entries):
        raise CertificateError(f"record {len(entries)} must not be there: nothing changes any more")


def _check_payload(claimed: Any, puzzle: Puzzle, reading: Reading, border: int, response: str) -> None:
    """Refuses a payload that is not the proof of what became of a response."""
    expected = _tell_payload(puzzle, reading, border, len(response))
    payload = dict[str, Any](claimed or {})
    for key in {**payload, **expected, "witness": None}:
        if key not in payload or not (key in expected or key == "witness"):
            names = ", ".join(("witness", *expected))
            raise CertificateError(f"payload must hold {names}, but holds {', '.join(payload) or None}")
    for key, value in expected.items():
        if not _is_same(payload[key], value):
            raise CertificateError(f"{key} of payload must be {tell(value)}, but is {tell(payload[key])}")
    _check_witness(payload["witness"], puzzle, response[: expected["alive"]], reading)


def _tell_payload(puzzle: Puzzle, reading: Reading, border: int, length: int) -> dict[str, Any]:
    """Returns what the payload must hold but for the witness, of which there may be several."""
    loss = reading.loss
    told = {"status": "solved", "alive": length, "fatal": None, "reason": None, "because": None}
    if loss is not None:
        fatal = None if loss.at < 0 else [border + loss.start, border + loss.at + 1]
        told |= {"status": "dead", "alive": max(loss.at, 0), "fatal": fatal}
        told |= {"reason": loss.reason, "because": loss.because}
    elif not reading.is_right:
        because = f"the answer ends before {puzzle.target} is reached"
        told |= {"status": "unfinished", "reason": "unfinished", "because": because}
    return {**told, "left": [*reading.left], "exhausted": 0 if loss is None else loss.exhausted}


def _is_same(claimed: Any, value: Any) -> bool:
    """Returns whether a claim is a value, and of the same type: 1 is neither 1.0 nor True."""
    if type(claimed) is not type(value) or claimed != value:
        return False
    return type(value) is not list or [*map(type, claimed)] == [*map(type, cast(list[Any], value))]


def _check_witness(witness: Any, puzzle: Puzzle, opening: str, reading: Reading) -> None:
    """Refuses a witness that is not right, or not an end of what was still alive of the response."""
    if not reading.chances[0]:
        if witness is not None:
            raise CertificateError(f"witness must be None where nothing is right, but is {tell(witness)}")
        return
    if type(witness) is not str or not witness.startswith(opening):
        raise CertificateError(f"witness must begin with {tell(opening)}, but is {tell(witness)}")
    if reading.is_right and witness != opening:
        raise CertificateError(f"witness must be the response, which is right, but is {tell(witness)}")
    is_right = is_right_in_steps if puzzle.form == "steps" else is_right_infix
    if not is_right(witness, puzzle.numbers, puzzle.target, uses_all=puzzle.uses_all):
        raise CertificateError(f"witness must be a right answer, but is {tell(witness)}")
