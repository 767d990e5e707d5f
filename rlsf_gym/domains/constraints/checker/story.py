"""What becomes of an answer, character by character: what it is worth, and where and why it is lost."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

from rlsf_gym.domains.constraints.checker.puzzle import Choice, Puzzle
from rlsf_gym.domains.constraints.checker.spelling import Place, Spelled, choices_of
from rlsf_gym.domains.constraints.checker.worlds import Worlds, mean

__all__ = ["Change", "Loss", "Story", "follow", "settle"]

_SAME = 1e-12  # values that differ by less, as a share of the greater one, are one


class Loss(NamedTuple):
    """How an answer is lost before its end."""

    start: int
    """Where the fatal symbol begins."""
    at: int
    """The character that loses it."""
    rule: str
    literals: tuple[int, ...]
    """What the symbol asserts, or those that begin so; none of one that is no symbol."""
    node: Any
    """Where the answer stood before the symbol."""


class Change(NamedTuple):
    """A change of the value by a character, or by the end."""

    start: int
    """Where the symbol begins that the character is read in."""
    end: int
    """Behind the character."""
    rule: str
    before: float
    after: float


class Story(NamedTuple):
    """What becomes of an answer of N characters."""

    values: list[float]
    """Worth of the prefixes, N + 1 of them."""
    changes: list[Change]
    loss: Loss | None
    node: Any
    """Where the answer stands at its end, behind a symbol that is complete."""
    verdict: float


def follow(puzzle: Puzzle, answer: str, spelled: Spelled, worlds: Worlds) -> Story:
    """Returns what becomes of an answer that is spelled so."""
    left, done = worlds.start, 0
    values, changes = [worlds.chance(puzzle.start, left)], list[Change]()
    for at in range(len(answer)):
        place = None if at == spelled.wrong else spelled.places[at + 1]
        if place is not None and place[1:] == spelled.places[at][1:]:  # a space that changes nothing
            values.append(values[-1])
            continue
        count = len(spelled.written) if place is None else place.done
        loss: Loss | None = None
        begun = spelled.places[at].node
        for symbol in spelled.written[done:count]:
            loss, left = _narrow(worlds, left, [symbol.choice], (symbol.start, at, begun))
            if loss:
                break
            begun = symbol.choice.node
        if loss is None and place is None:
            loss = _misspell(spelled, at)
        elif loss is None and place is not None and place.part:
            loss, _ = _narrow(worlds, left, choices_of(puzzle, place), (place.start, at, place.node))
        done = count
        value = 0.0 if loss or place is None else _value(puzzle, place, worlds, left)
        start = loss.start if loss else spelled.places[at + 1].start
        changes += _change(start, at + 1, loss.rule if loss else "progress", (values[-1], value))
        values.append(value)
        if loss:
            values += [0.0] * (len(answer) - at - 1)
            return Story(values, changes, loss, loss.node, 0.0)
    node, left = settle(puzzle, spelled, worlds, left)
    is_right = left is not None and puzzle.may_end(node)
    end, rule = len(answer), "progress" if is_right else "unfinished"
    changes += _change(end, end, rule, (values[-1], float(is_right)))
    return Story(values, changes, None, node, float(is_right))


def settle(puzzle: Puzzle, spelled: Spelled, worlds: Worlds, left: Any) -> tuple[Any, Any]:
    """Returns where an answer stands that ends here, and what is left then; None where it is in a symbol."""
    place = spelled.places[-1]
    if not place.part:
        return place.node, left
    for one in choices_of(puzzle, place):
        if one.text == place.part and one.is_given:
            rest = worlds.narrow(left, [one.literal])
            return (place.node if rest is None else one.node), rest
    return place.node, None


def _narrow(
    worlds: Worlds, left: Any, choices: Sequence[Choice], where: tuple[int, int, Any]
) -> tuple[Loss | None, Any]:
    """Returns the loss of an answer that goes on with one of some symbols, or what is left of it."""
    drawn = [one.literal for one in choices if one.is_given]
    start, at, node = where
    if not drawn:
        return Loss(start, at, "given", (choices[0].literal,), node), left
    rest = worlds.narrow(left, drawn)
    if rest is None:
        return Loss(start, at, "conflict", tuple(drawn), node), left
    return None, rest


def _misspell(spelled: Spelled, at: int) -> Loss:
    """Returns the loss of an answer by a character that fits nothing."""
    place = spelled.places[at]
    if len(spelled.written) > place.done:  # the symbol before it is complete by it
        return Loss(at, at, "syntax", (), spelled.written[-1].choice.node)
    return Loss(place.start if place.part else at, at, "syntax", (), place.node)


def _value(puzzle: Puzzle, place: Place, worlds: Worlds, left: Any) -> float:
    """Returns what an answer is worth at a place, in a symbol the mean over those that begin so."""
    if not place.part or not worlds.is_chance:
        return worlds.chance(place.node, left)
    found = list[float]()
    for one in choices_of(puzzle, place):
        if one.is_given:
            rest = worlds.narrow(left, [one.literal])
            found.append(0.0 if rest is None else worlds.chance(one.node, rest))
    return mean(found)


def _change(start: int, end: int, rule: str, values: tuple[float, float]) -> list[Change]:
    before, after = values
    return [Change(start, end, rule, before, after)] if abs(after - before) > _SAME * max(values) else []
