import time

import pytest

from rlsf_gym.domains.constraints.reading import Symbol, fork_of, read_symbols, spell_rest
from tests.helpers.literals import LiteralReading, Words


def spans(reading, text):
    read, node, is_whole = read_symbols(reading, text)
    return [text[one.start : one.end] for one in read], node, is_whole


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("1,12,-3", (["1", ",", "12", ",", "-3"], ((), True), True)),
        (" 12 , 1", (["12", ",", "1"], ((3,), True), True)),  # spaces between symbols say nothing
        ("1 2", (["1"], ((2, 3), True), False)),  # a space ends a number
        ("1", (["1"], ((2, 3), True), True)),  # which may have gone on
        ("12", (["12"], ((1, 3), True), True)),  # the longest that fits
        ("1,-", (["1", ","], ((2, 3), False), False)),
        ("1,-x", (["1", ","], ((2, 3), False), False)),
        ("1,1", (["1", ",", ], ((2, 3), False), False)),  # each number once: this is a part of 12
        ("", ([], ((1, 2, 3), False), True)),
        ("\u00b9", ([], ((1, 2, 3), False), False)),
    ],
)  # fmt: skip
def test_the_longest_symbol_that_fits_is_read(text, expected):
    assert spans(LiteralReading((1, 2, 3)), text) == expected


def test_a_symbol_that_begins_with_a_space_needs_one_and_takes_more():
    reading = Words(["A", "B"], [" is "], ["x"])
    assert spans(reading, "A is x") == (["A", " is ", "x"], 3, True)
    assert spans(reading, "  A   is   x  ") == (["A", "   is ", "x"], 3, True)
    assert spans(reading, "Ais x") == (["A"], 1, False)
    assert spans(reading, "A ") == (["A"], 1, False)


def test_a_separator_may_be_a_space():
    reading = Words(["1", "12"], [" "], ["3"])
    assert spans(reading, "1 3") == (["1", " ", "3"], 3, True)
    assert spans(reading, "12   3") == (["12", " ", "3"], 3, True)
    assert spans(reading, "13") == (["1"], 1, False)


def test_the_rest_of_an_answer_asserts_what_holds():
    reading = LiteralReading((1, 2, 3))
    assert spell_rest(reading, reading.start, frozenset({2})) == ("-1,12,-3", 5)
    assert spell_rest(reading, reading.start) == ("1,12,3", 5)
    assert spell_rest(reading, ((), True)) == ("", 0)


def test_symbols_are_told_apart():
    with pytest.raises(ValueError, match="at least one character"):
        fork_of((Symbol("", 1, 0),))
    with pytest.raises(ValueError, match="told apart by their texts"):
        fork_of((Symbol("a", 1, 0), Symbol("a", 2, 0)))


def test_long_texts_are_read_in_linear_time():
    started = time.process_time()
    for text in ("1" * 100_000, " " * 100_000, "1," + " " * 100_000 + "12", "\u0661" * 100_000):
        read_symbols(LiteralReading((1, 2, 3)), text)
    assert time.process_time() - started < 1.0
