"""Text that is shown: in one line, and without a character that acts."""

import pytest

from agents.runs.printable import one_line, printable, shown


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("a\nb", r"a\nb"),
        ("\x1b[2J", r"\x1b[2J"),
        ("\u202eb", r"\u202eb"),
        ("caf\u00e9", "caf\u00e9"),
    ],
)
def test_characters_that_act_become_escapes(text, expected):
    assert printable(text) == expected


def test_what_is_long_is_cut():
    assert shown("x" * 201) == "x" * 197 + "..."
    assert shown("x" * 200) == "x" * 200


def test_an_error_is_told_in_one_line_of_so_many_characters():
    error = ValueError("no such\n\n   file:\ta.txt ")
    assert one_line(error) == "no such file: a.txt"
    assert one_line(error, 7) == "no such"
