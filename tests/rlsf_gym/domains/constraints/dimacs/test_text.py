"""Text of a formula: read as it stands, or refused with the line."""

import pytest

from rlsf_gym.domains.constraints.dimacs.text import read_dimacs


def test_a_formula_is_read_whatever_its_lines():
    text = "c a comment\np cnf 4 3\n1 -2 0 3\n 4 0\nc between\n-4\t-1 -1 0\r\n\n"
    formula = read_dimacs(text)
    assert (formula.clauses, formula.variables) == (((1, -2), (3, 4), (-4, -1)), 4)
    assert read_dimacs("p cnf 1 0").clauses == ()
    assert read_dimacs("p cnf 1 1\n0\n").clauses == ((),)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "text must have a line 'p cnf VARIABLES CLAUSES', got none"),
        ("c nothing\n", "text must have a line 'p cnf"),
        ("1 2 0\n", "line 1 must be 'p cnf VARIABLES CLAUSES', as no such line came before it"),
        ("p sat 2 1\n1 0\n", "line 1 must be 'p cnf VARIABLES CLAUSES', with at least one variable and once"),
        ("p cnf 2\n1 0\n", "line 1 must be"),
        ("p cnf 0 0\n", "line 1 must be"),
        ("p cnf two 1\n", "line 1 must be"),
        ("p cnf 2 1\np cnf 2 1\n1 0\n", "line 2 must be .* and once, got 'p cnf 2 1'"),
        ("p cnf 2 1\n1 3 0\n", "line 2 must hold literals from 1 to 2, or negatives, and 0, got '3'"),
        ("p cnf 2 1\n1 x 0\n", "line 2 must hold literals .* got 'x'"),
        ("p cnf 2 1\n1 \u0662 0\n", "line 2 must hold literals"),
        ("p cnf 2 1\n1 --2 0\n", "line 2 must hold literals"),
        ("p cnf 2 1\n1 " + "9" * 10_000 + " 0\n", "line 2 must hold literals"),
        ("p cnf 2 1\n1 2\n", "the last clause must end with 0, got '1 2'"),
        ("p cnf 2 2\n1 2 0\n", "clauses must be 2, as the line 'p cnf' says, got 1"),
        ("p cnf 2 1\n1 2 0\n%\n0\n", "line 3 must hold literals .* got '%'"),
    ],
)
def test_other_texts_are_refused_with_the_line(text, message):
    with pytest.raises(ValueError, match=message) as caught:
        read_dimacs(text)
    assert "\n" not in str(caught.value) and len(str(caught.value)) < 300
