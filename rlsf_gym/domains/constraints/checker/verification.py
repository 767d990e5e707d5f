"""Proves a whole certificate: its head, records and payload, and the values of prefixes."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final, NamedTuple, cast

from rlsf_gym.certificates.claimed import CertificateError, Claimed, tell
from rlsf_gym.certificates.proof import Proof
from rlsf_gym.domains.constraints.checker.dimacs import Dimacs
from rlsf_gym.domains.constraints.checker.formula import is_list
from rlsf_gym.domains.constraints.checker.knights import Knights
from rlsf_gym.domains.constraints.checker.puzzle import Puzzle
from rlsf_gym.domains.constraints.checker.spelling import Spelled, Written, choices_of, spell
from rlsf_gym.domains.constraints.checker.story import Loss, Story, follow
from rlsf_gym.domains.constraints.checker.sudoku import Sudoku
from rlsf_gym.domains.constraints.checker.worlds import Counted, Tried, Worlds

__all__ = ["verify"]

_PUZZLES: Final[dict[str, Callable[[Any], Puzzle]]] = {
    "sudoku": Sudoku,
    "knights": Knights,
    "constraints": Dimacs,
}
"""Name of a scorer to what writes its puzzles down."""
_KEYS: Final = ("status", "alive", "witness", "fatal", "reason", "because", "core", "proof", "model")
_MOST: Final = {"random": 1_000_000, "solvable": 1_000}
"""Solutions up to which they are counted, by what a prefix is worth."""
_REMEMBERED: Final = 2048
_CLOSE: Final = 1e-9  # of the greater one of two values


class _Claim(NamedTuple):
    """What a payload claims, beside what follows from the answer alone."""

    core: list[Written]
    """The symbols before the fatal one that share the blame."""
    literals: tuple[int, ...]
    """Literals that these symbols assert."""


_puzzles = dict[tuple[str, str], Puzzle]()
_counted = dict[tuple[Puzzle, str], Worlds | None]()


def verify(certificate: Claimed, instance: Any, prompt: str, response: str) -> Proof:
    """Returns the proof that the formula of an instance gives exactly this certificate.

    The witness is read and its model checked clause by clause; a refutation is checked line by line, and that
    no symbol of the core and no line can be left out; values of prefixes are counted again.

    Args:
        certificate: The claimed certificate.
        instance: The puzzle.
        prompt: The prompt.
        response: The answer.

    Returns:
        The proof, with the values of prefixes.

    Raises:
        CertificateError: If something does not hold; the message names it.
    """
    puzzle = _find_puzzle(certificate.scorer, getattr(instance, "data", None))
    if prompt != puzzle.prompt:
        raise CertificateError(
            f"prompt must be {tell(puzzle.prompt)}, that of the instance, got {tell(prompt)}"
        )
    _check_head(certificate, puzzle)
    payload = certificate.payload
    if payload is None or {*payload} != {*_KEYS}:
        raise CertificateError(f"payload must hold {', '.join(_KEYS)}, but is {tell(payload)}")
    spelled = spell(puzzle, response)
    _check_witness(puzzle, payload, response)
    claim = _read_core(payload["core"], spelled, len(prompt))
    worlds = _find_worlds(puzzle, certificate.options["value"], payload, claim)
    story = follow(puzzle, response, spelled, worlds)
    _check_payload(payload, puzzle, story, (prompt, response), claim)
    if story.loss and story.loss.rule == "conflict":
        _check_core(payload["proof"], puzzle, story.loss, worlds, claim)
    _check_records(certificate, story, len(prompt))

    def tell_values(ends: Sequence[int]) -> list[float]:
        return [story.values[end] for end in ends]

    return Proof.of(certificate, values=tell_values)


def _find_puzzle(scorer: str, data: Any) -> Puzzle:
    """Returns the puzzle of an instance, written down once."""
    if scorer not in _PUZZLES:
        raise CertificateError(f"scorer must be one of {', '.join(_PUZZLES)}, but is {tell(scorer)}")
    if not isinstance(data, Mapping):
        raise CertificateError(f"instance must have data, but has {tell(data)}")
    key = scorer, repr(cast(object, data))
    if key not in _puzzles:
        made = _PUZZLES[scorer](dict(cast(Mapping[str, Any], data)))
        if len(_puzzles) >= _REMEMBERED:
            _puzzles.clear()
            _counted.clear()
        _puzzles[key] = made
    return _puzzles[key]


def _check_head(certificate: Claimed, puzzle: Puzzle) -> None:
    """Refuse what the scorer does not say of itself."""
    value = certificate.options.get("value")
    if value not in _MOST or len(certificate.options) != 1:
        raise CertificateError(
            f"options must be {{'value': 'random'}}, or 'solvable', but are {tell(certificate.options)}"
        )
    heads: tuple[tuple[str, object, object], ...] = (
        ("version", certificate.version, "1"),
        ("labels", certificate.labels, {}),
        ("rules", tuple(certificate.rules), puzzle.rules),
        ("slope", certificate.slope, 1.0),
        ("spread", tuple(certificate.spread), ()),
    )
    for name, claimed, wanted in heads:
        if claimed != wanted:
            raise CertificateError(f"{name} must be {wanted!r}, but is {tell(claimed)}")


def _check_witness(puzzle: Puzzle, payload: Any, response: str) -> None:
    """Checks that the witness is a right answer that begins as the response, with nothing to spare."""
    alive, witness, model = payload["alive"], payload["witness"], payload["model"]
    if type(alive) is not int or not 0 <= alive <= len(response):
        raise CertificateError(f"alive must be an int from 0 to {len(response)}, but is {tell(alive)}")
    if type(witness) is not str or not witness.startswith(response[:alive]):
        raise CertificateError(f"witness must begin with {tell(response[:alive])}, but is {tell(witness)}")
    spelled = spell(puzzle, witness)
    said = [one.choice for one in spelled.written]
    place = spelled.places[-1]
    if place.part:
        said += [one for one in choices_of(puzzle, place) if one.text == place.part]
    is_whole = not place.part or len(said) > len(spelled.written)
    node = said[-1].node if said else puzzle.start
    if spelled.wrong >= 0 or not is_whole or not puzzle.may_end(node):
        raise CertificateError(f"witness must be a whole answer, but is {tell(witness)}")
    if spelled.skipped and spelled.skipped[-1] >= alive:
        raise CertificateError(f"witness must have no space too many behind {alive}, but is {tell(witness)}")
    puzzle.formula.check_model(model, [*puzzle.givens, *(one.literal for one in said if one.literal)])


def _read_core(core: Any, spelled: Spelled, start: int) -> _Claim:
    """Returns the symbols of a core that stand before the fatal one; whether they are to blame is not asked.

    Raises:
        CertificateError: If it is no list of spans, of symbols that assert something, in order.
    """
    if not is_list(core) or not all(is_list(one) and [*map(type, one)] == [int, int] for one in core):
        raise CertificateError(f"core must be a list of spans [start, end], but is {tell(core)}")
    spans: list[tuple[int, int]] = [(first - start, end - start) for first, end in core[:-1]]
    symbols = {(one.start, one.end): one for one in spelled.written if one.choice.literal}
    if spans != sorted(set(spans)) or not symbols.keys() >= {*spans}:
        raise CertificateError(f"core must be spans of symbols that assert something, but is {tell(core)}")
    found = [symbols[span] for span in spans]
    return _Claim(found, tuple(one.choice.literal for one in found))


def _find_worlds(puzzle: Puzzle, value: str, payload: Any, claim: _Claim) -> Worlds:
    """Returns what is known of the solutions: all of them, or the witness and what the proof refutes."""
    key = puzzle, value
    if key not in _counted:
        solutions = puzzle.solve(_MOST[value])
        if solutions is not None and not solutions:
            raise CertificateError("instance must have a solution, but has none")
        counted = None if solutions is None else Counted(puzzle, solutions, is_chance=value == "random")
        _counted[key] = counted
    known = _counted[key]
    if known is None and value == "random":
        raise CertificateError(f"solutions must be at most {_MOST[value]} to be counted, but are more")
    return known or Tried(puzzle, payload["model"], claim.literals, payload["proof"])


def _check_payload(payload: Any, puzzle: Puzzle, story: Story, texts: tuple[str, str], claim: _Claim) -> None:
    """Checks what a payload says of the answer against what becomes of it."""
    start, response = len(texts[0]), texts[1]
    loss = story.loss
    fatal = [start + loss.start, start + loss.at + 1] if loss else None
    has_core = loss is not None and loss.rule in ("given", "conflict")
    before = [[start + one.start, start + one.end] for one in claim.core]
    wanted = {
        "status": "dead" if loss else "solved" if story.verdict else "unfinished",
        "alive": loss.at if loss else len(response),
        "fatal": fatal,
        "reason": loss.rule if loss else None if story.verdict else "unfinished",
        "because": _tell_because(puzzle, story, response, claim),
        "core": [*(before if loss and loss.rule == "conflict" else ()), fatal] if has_core else [],
    }
    if loss is None or loss.rule != "conflict":
        wanted["proof"] = []
    for key, value in wanted.items():
        if repr(payload[key]) != repr(value):  # of plain values, so that 1 is neither True nor 1.0
            raise CertificateError(f"{key} must be {tell(value)}, but is {tell(payload[key])}")


def _tell_because(puzzle: Puzzle, story: Story, response: str, claim: _Claim) -> str | None:
    """Returns why an answer is not right, in words; None for one that is."""
    loss = story.loss
    if loss is None:
        return None if story.verdict else f"expected {puzzle.expected(story.node)}, got the end"
    if loss.rule == "syntax":
        return f"expected {puzzle.expected(loss.node)}, got {response[loss.at]!r}"
    if loss.rule == "given":
        return puzzle.refuse(loss.literals[0])
    part = response[loss.start : loss.at + 1]
    last = puzzle.say(loss.literals[0]) if len(loss.literals) == 1 else f"what begins with {part!r}"
    return "no solution has " + " and ".join([*map(puzzle.say, claim.literals), last])


def _check_core(proof: Any, puzzle: Puzzle, loss: Loss, worlds: Worlds, claim: _Claim) -> None:
    """Checks that a core is refuted, and that what is left of it without any one symbol is not."""
    puzzle.formula.check_refutation([*puzzle.givens, *claim.literals], loss.literals, proof)
    parts: list[tuple[int, ...]] = [*((literal,) for literal in claim.literals), loss.literals]
    for number in range(len(parts)):
        left = worlds.start
        for part in (*parts[:number], *parts[number + 1 :]):
            left = None if left is None else worlds.narrow(left, part)
        if left is None:
            raise CertificateError(
                f"core must have no symbol that can be left out, such as number {number} of {len(parts)}"
            )


def _check_records(certificate: Claimed, story: Story, start: int) -> None:
    """Checks the records, one for each change of the value, and both scores."""
    if len(certificate.records) != len(story.changes):
        raise CertificateError(
            f"records must be {len(story.changes)}, one for each change of the value, but are "
            f"{len(certificate.records)}"
        )
    for number, (record, change) in enumerate(zip(certificate.records, story.changes, strict=True)):
        begun, end = start + change.start, start + change.end
        at = end - 1 if change.end > change.start else end
        wanted = (begun, end, change.rule, at, end, "added", (), end, -1)
        claimed = (
            *(record.char_start, record.char_end, record.rule, record.trigger_start, record.trigger_end),
            *(record.status, tuple(record.path), record.since, record.until),
        )
        amount = change.after - change.before
        if claimed != wanted or not _is_close(record.amount, amount, (change.before, change.after)):
            raise CertificateError(
                f"record {number} must be {wanted} of {amount!r}, but is {claimed} of {record.amount!r}"
            )
    for name, claimed_score, value in (
        ("prompt_score", certificate.prompt_score, story.values[0]),
        ("score", certificate.score, story.verdict),
    ):
        if not _is_close(claimed_score, value, (value,)):
            raise CertificateError(f"{name} must be {value!r}, but is {claimed_score!r}")


def _is_close(claimed: float, value: float, values: Sequence[float]) -> bool:
    return abs(claimed - value) <= _CLOSE * max(values)
