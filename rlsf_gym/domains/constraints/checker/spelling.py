"""Reads an answer into symbols, character by character, whatever they assert."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

from rlsf_gym.domains.constraints.checker.puzzle import Choice, Puzzle

__all__ = ["Place", "Spelled", "Written", "choices_of", "spell"]


class Written(NamedTuple):
    """A symbol of an answer that is complete."""

    start: int
    end: int
    """Behind its last character."""
    choice: Choice


class Place(NamedTuple):
    """What the characters of an answer up to one are, that one included."""

    start: int
    """Where the symbol begins that the last character was read in."""
    done: int
    """How many symbols are complete."""
    node: Any
    """Where the answer stood, or stands, between two symbols."""
    part: str = ""
    """What there is of a symbol that is not complete, or might go on."""


class Spelled(NamedTuple):
    """An answer, as far as it is well spelled."""

    places: list[Place]
    """Place before each character and behind the last one that was read, N + 1 of them."""
    written: list[Written]
    """The symbols that are complete."""
    skipped: list[int]
    """Offsets of spaces that stand between symbols, or twice where one of them has one."""
    wrong: int
    """Offset of the first character that fits nothing, -1 without any."""


def spell(puzzle: Puzzle, answer: str) -> Spelled:
    """Returns the symbols of an answer; a symbol is the longest one that its characters begin.

    Takes time in the number of characters times the symbols that may stand at one place.
    """
    spelled = Spelled([Place(0, 0, puzzle.start)], [], [], -1)
    for offset, character in enumerate(answer):
        place = _read(puzzle, spelled, offset, character)
        if place is None:
            return spelled._replace(wrong=offset)
        spelled.places.append(place)
    return spelled


def choices_of(puzzle: Puzzle, place: Place) -> Sequence[Choice]:
    """Returns the symbols that what there is of one may become, those that the prompt refuses among them."""
    return [one for one in puzzle.choices(place.node) if one.text.startswith(place.part)]


def _read(puzzle: Puzzle, spelled: Spelled, offset: int, character: str) -> Place | None:
    """Returns the place behind one more character; None where it fits nothing."""
    place = spelled.places[-1]
    choices, more = puzzle.choices(place.node), place.part + character
    going_on = [one for one in choices if one.text.startswith(more)]
    start = place.start if place.part else offset
    if len(going_on) == 1 and going_on[0].text == more:
        return _complete(spelled, start, offset + 1, going_on[0])
    if going_on:
        return Place(start, place.done, place.node, more)
    whole = [one for one in choices if one.text == place.part]
    if character == " " and place.part in ("", " ") and not whole:
        spelled.skipped.append(offset)
        return place._replace(start=start)
    if not whole:
        return None
    after = puzzle.choices(whole[0].node)
    takes = character != " " or any(one.text.startswith(" ") for one in after)
    behind = _complete(spelled, start, offset, whole[0])
    if not takes:
        spelled.skipped.append(offset)
        return behind
    spelled.places.append(behind)
    found = _read(puzzle, spelled, offset, character)
    spelled.places.pop()
    return found


def _complete(spelled: Spelled, start: int, end: int, choice: Choice) -> Place:
    spelled.written.append(Written(start, end, choice))
    return Place(start, len(spelled.written), choice.node)
