"""Spelling: which symbols an answer is made of, and what its spaces do."""

import pytest

from rlsf_gym.domains.constraints.checker.spelling import spell
from tests.helpers.small_puzzle import SmallPuzzle

# A number, " is ", a mark; then the end.
NUMBERS = {"1": (1, "is"), "12": (2, "is"), "123": (3, "is"), "-": (-1, "is")}
PUZZLE = SmallPuzzle({0: NUMBERS, "is": {" is ": (0, "mark")}, "mark": {".": (0, 3)}, 3: {"end": True}}, [])
# Numbers with spaces between them, and nothing that begins with one.
ROW = SmallPuzzle({0: {"1": (1, 0), "12": (2, 0), "end": True}}, [])


def read(puzzle, answer):
    spelled = spell(puzzle, answer)
    return [answer[one.start : one.end] for one in spelled.written], spelled.skipped, spelled.wrong


@pytest.mark.parametrize(
    ("answer", "symbols", "skipped", "wrong"),
    [
        ("1 is .", ["1", " is ", "."], [], -1),
        ("12 is .", ["12", " is ", "."], [], -1),
        ("  -   is   . ", ["-", "   is ", "."], [0, 1, 4, 5, 9, 10, 12], -1),
        ("1", [], [], -1),  # it might go on
        ("-", ["-"], [], -1),
        ("12 i", ["12"], [], -1),
        ("1is", ["1"], [], 1),
        ("1 2", ["1"], [], 2),
        ("1  i s", ["1"], [2], 4),
        ("124", ["12"], [], 2),
        ("3", [], [], 0),
        ("1 is .x", ["1", " is ", "."], [], 6),
        ("", [], [], -1),
        ("\u00a01", [], [], 0),
    ],
)
def test_symbols_of_an_answer(answer, symbols, skipped, wrong):
    assert read(PUZZLE, answer) == (symbols, skipped, wrong)


@pytest.mark.parametrize(
    ("answer", "symbols", "skipped", "wrong"),
    [
        ("11 1212", ["1", "1", "12", "12"], [2], -1),
        ("1  12 1", ["1", "12"], [1, 2, 5], -1),
        ("122", ["12"], [], 2),
        ("1 2", ["1"], [1], 2),
    ],
)
def test_spaces_end_a_symbol_where_none_begins_with_one(answer, symbols, skipped, wrong):
    assert read(ROW, answer) == (symbols, skipped, wrong)


def test_places_say_which_symbol_a_character_is_read_in():
    spelled = spell(ROW, "1 112")
    told = [(place.start, place.done, place.part) for place in spelled.places]
    #                 before,   "1",        " " ends it, "1",        "1" ends it, "2"
    assert told == [(0, 0, ""), (0, 0, "1"), (0, 1, ""), (2, 1, "1"), (3, 2, "1"), (3, 3, "")]


def test_spelling_takes_linear_time():
    assert len(spell(ROW, "1 " * 50_000).written) == 50_000
    assert len(spell(PUZZLE, " " * 100_000).skipped) == 100_000
