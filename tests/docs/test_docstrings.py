"""docs/_ext/rlsf_site/docstrings.py: docstrings are taken apart as they were written."""

import pytest
from rlsf_site import docstrings

TEXT = """Adds numbers,
of any kind.

More on it.

Args:
    first: One number,
        or `None`: nothing.
    **others: The rest.

Returns:
    The sum: a float.

Raises:
    ValueError: If it is not a number.
"""
HEADED = """One.

## Arguments
Before.

| name | meaning |
| --- | --- |
| `a` | x in [0, 1], abs(x) \\| y |

## Info
Other.
"""


def test_the_summary_is_the_first_paragraph_on_one_line():
    assert docstrings.summary(TEXT) == "Adds numbers, of any kind."


def test_prose_ends_where_a_section_or_a_heading_begins():
    assert docstrings.prose(TEXT) == "Adds numbers,\nof any kind.\n\nMore on it."
    assert docstrings.prose(HEADED) == "One."


def test_arguments_end_with_their_section():
    assert docstrings.arguments(TEXT) == {
        "first": "One number, or `None`: nothing.",
        "**others": "The rest.",
    }


def test_tables_are_found_under_their_heading():
    assert set(docstrings.headings(HEADED)) == {"Arguments", "Info"}
    assert docstrings.rows(docstrings.headings(HEADED)["Arguments"])[0][0] == "`a`"


def test_what_is_missing_is_said():
    with pytest.raises(ValueError, match="a table was expected in"):
        docstrings.rows(docstrings.headings(HEADED)["Info"])
    with pytest.raises(ValueError, match="must have a docstring"):
        docstrings.clean(lambda: None)


def test_examples_become_code():
    text = "Example:\n    >>> x = [1](y)\n    >>> x\n    2\n\nMore."
    assert docstrings.with_fences(text) == ("Example:\n```python\n>>> x = [1](y)\n>>> x\n2\n```\n\nMore.")
