"""docs/_ext/rlsf_site/docstring_markup.py: Markdown of docstrings becomes reStructuredText."""

import pytest
from rlsf_site.docstring_markup import convert, process, skip


@pytest.mark.parametrize(
    ("markdown", "expected"),
    [
        ("Takes `x`, not `y`.", "Takes ``x``, not ``y``."),
        ("`Env`s of n`x`", "``Env``\\ s of n\\ ``x``"),
        ("over `two\nlines`", "over ``two lines``"),
        ("T * V and a|b, name_ but not r_t", "T \\* V and a\\|b, name\\_ but not r_t"),
        ("see [this page](https://a.org/b_)", "see `this page <https://a.org/b_>`__"),
        ("## Action Space\nText.", ".. rubric:: Action Space\n\nText."),
        ("* v0: first", "- v0: first"),
        (">>> x_ = `1` | 2\nNone", ">>> x_ = `1` | 2\nNone"),
        (
            "Returns:\n    The observation, and `info`: more.",
            "Returns:\n    The\n    observation, and ``info``: more.",
        ),
        ("Returns:\n    float64: the sum.", "Returns:\n    float64: the sum."),
    ],
)
def test_it_says_the_same(markdown, expected):
    assert convert(markdown) == expected


def test_a_table_keeps_its_cells():
    assert convert("| key | meaning |\n| --- | --- |\n| `a` | b |").split("\n") == [
        "",
        ".. list-table::",
        "   :header-rows: 1",
        "",
        "   * - key",
        "     - meaning",
        "   * - ``a``",
        "     - b",
        "",
    ]


@pytest.mark.parametrize("what", ["attribute", "data", "property"])
def test_the_words_before_a_colon_are_not_taken_for_a_type(what):
    """By napoleon, which reads the docstring next."""
    google = pytest.importorskip("sphinx.ext.napoleon.docstring").GoogleDocstring
    lines = ["A function in place of an object: it takes `metrics`.", "", "More."]
    process(None, what, "x", None, None, lines)
    read = "\n".join(google(lines, what=what, name="x").lines())
    assert read.strip() == "A function in place of an object: it takes ``metrics``.\n\nMore."
    plain = ["Takes `x`: more."]
    process(None, "function", "x", None, None, plain)
    assert plain == ["Takes ``x``: more."]


def test_fields_that_nobody_documented_are_left_out():
    class Field:
        """Alias for field number 3"""

    assert skip(None, "class", "x", Field, False, None) is True
    assert skip(None, "class", "x", pytest, False, None) is None
