"""Rows of numbers are checked, and messages say which one is wrong."""

import math

import pytest

from agents.stats import checks as rows


def test_rows_are_floats():
    assert rows.as_rows("values", [1, 2]).tolist() == [1.0, 2.0]
    assert rows.as_known_rows("values", [1, math.inf]).tolist() == [1.0, math.inf]
    assert [group.tolist() for group in rows.as_groups("groups", [[1], [2, 3]])] == [[1.0], [2.0, 3.0]]


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (lambda: rows.as_rows("values", 3.0), r"values must be one or more .* got shape \(\)"),
        (lambda: rows.as_rows("values", [[1.0]]), r"got shape \(1, 1\)"),
        (
            lambda: rows.as_known_rows("values", [1.0, math.nan]),
            "values must hold no NaN, got one at position 1",
        ),
        (lambda: rows.as_finite_rows("values", [-math.inf]), "values must be finite, got -inf at position 0"),
        (lambda: rows.as_finite_rows("values", [math.nan]), "values must be finite, got nan at position 0"),
        (lambda: rows.as_groups("groups", []), "groups must hold at least one group"),
        (lambda: rows.as_groups("groups", [[1.0], []]), r"groups\[1\] must be one or more"),
        (lambda: rows.as_pairs([1.0, 2.0], [1.0], what="seeds"), "got 2 and 1 seeds"),
    ],
)
def test_wrong_rows_are_named(call, words):
    with pytest.raises(ValueError, match=words) as error:
        call()
    assert "\n" not in str(error.value)
