"""Cells of tables: numbers, intervals, and what a language would make of them."""

import pytest

from agents.reports.tables import Table, interval, number, table_to_latex, table_to_markdown
from agents.reports.training_tables import speed_up_text


def test_one_run_has_no_interval():

    found = {"value": 2.0, "low": 2.0, "high": 2.0, "n": 1, "none_reached": False, "bound": None}
    assert interval(found, 1) == "2.0" and speed_up_text(found) == "2.00×"


@pytest.mark.parametrize(
    ("value", "text"), [(0.5, "0.50"), (0.001, "0.00"), (-0.001, "0.00"), (-2.0, "−2.00")]
)
def test_numbers_have_a_real_minus_and_no_negative_zero(value, text):
    assert number(value, 2) == text


def test_a_table_is_the_same_in_every_language():
    table = Table("t", "A & B", ("name", "n"), (("a_b|c", "−1.0"), ("<b>", "2.0")), frozenset({1}))
    assert table_to_markdown(table).splitlines() == [
        "**A & B**",
        "",
        "| name | n |",
        "| --- | ---: |",
        r"| a_b\|c | −1.0 |",
        r"| **\<b>** | 2.0 |",
    ]
    latex = table_to_latex(table)
    assert r"\caption{A \& B}" in latex and r"a\_b|c & $-$1.0 \\" in latex and r"\textbf{<b>} & 2.0" in latex


def test_a_row_of_another_width_is_refused():
    with pytest.raises(ValueError, match="table t: expected 2 cells in each row"):
        Table("t", "", ("a", "b"), (("one",),))
