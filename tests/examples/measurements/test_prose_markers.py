"""Markers in Markdown: code is no prose, slips are found, and so are numbers that lack one."""

import pytest

from examples.measurements.prose_markers import malformed, markers_of, unmarked, without_code

MARKER = "<!-- s :: one :: effect -->"


@pytest.mark.parametrize(
    "code",
    [
        f"`8.6{MARKER}`",
        f"``a ` 8.6{MARKER}``",
        f"```text\n8{MARKER}\n```\n",
        f"~~~\n8{MARKER}\n```\n8{MARKER}\n~~~\n",
        f"````\n```\n8{MARKER}\n````\n",
        f"a\n\n    8{MARKER}\n\n    8{MARKER}\n",
        f"a\n\n\t8{MARKER}\n",
        f"- a\n\n      8{MARKER}\n",
        f"`a\n8{MARKER}` is code",
    ],
)
def test_a_marker_in_code_is_an_example(code):
    assert markers_of(code) == [] and malformed(code.replace("::", ":")) == []
    assert len(markers_of(f"{code}\n\n9{MARKER}\n")) == 1


@pytest.mark.parametrize(
    "prose",
    [
        f"`a` 8.6{MARKER} `b`",
        f"`a\nb` 8.6{MARKER} `c`",
        f"a\n    8{MARKER} goes on in its paragraph",
        f"- a\n\n  8{MARKER} of the item\n",
        f"1. a\n\n    8{MARKER} of the item\n",
        f"- a\n  - b\n\n    8{MARKER} of the inner one\n",
        f"- one ` alone\n- 8{MARKER} and ` another\n",
        f"| one ` alone |\n| 8{MARKER} and ` another |\n",
    ],
)
def test_a_marker_in_prose_is_one(prose):
    (one,) = markers_of(prose)
    assert (one.study, one.name, one.field, one.digits) == ("s", "one", "effect", None)
    assert prose[one.start :].startswith(MARKER) and malformed(prose) == []


def test_code_keeps_the_place_of_what_follows():
    page = "a `b` c\n~~~\nd\n~~~\ne\n"
    assert without_code(page) == "a     c\n   \n \n   \ne\n"


@pytest.mark.parametrize(
    "slip",
    [
        *("<!--s :: A :: effect-->", "<!--s::A::effect-->", "<!-- s :: A -->", "<!-- s : A : effect -->"),
        *("<!-- s :: A :: effect :: x :: 1 -->", "<!-- s :: A :: effect ->", "<! -- s :: A :: effect -->"),
        *("<!-- two words :: A :: effect -->", "<!-- a note -->", "<!-- s :: A :: effect"),
    ],
)
def test_a_slip_is_said(slip):
    assert markers_of(f"8.6{slip}") == []
    line, *_ = malformed(f"a\n8.6{slip}")
    assert line.startswith("line 2: expected a marker <!-- STUDY :: NAME :: FIELD --> or one with :: DIGITS")
    assert len(markers_of(f"8.6{slip} 9{MARKER}") + malformed(f"8.6{slip} 9{MARKER}")) <= 4


@pytest.mark.parametrize(
    ("page", "found"),
    [
        ("**8.6**", ["8.6"]),
        ("**8.6 times fewer [8.0,\n9.0]**", ["8.6", "[8.0, 9.0]"]),
        (f"**8.6 [8.0, 9.0]{MARKER} times**", []),
        (f"**8.6**{MARKER} **times [8.0, 9.0]**{MARKER}", []),
        (f"**8.6{MARKER} of 10 [8.0, 9.0]**", ["10 [8.0, 9.0]"]),
        ("**10 of 12 runs** and 3 more", ["10 of 12"]),
        ("**4x4**, **pass@64**, **v2**, **T0** and **words**", []),
        ("a difference of −0.3 [−0.4, -0.2]", ["[−0.4, -0.2]"]),
        (f"1,201 [898, 1,409]{MARKER} and [1](a.md), [2, 3, 4]", []),
        ("`**8** [1, 2]` is code", []),
        ("**80%** and **−3**", ["80", "−3"]),
        ("**a**\n\n8 and **b**", []),
    ],
)
def test_numbers_that_lack_a_marker(page, found):
    assert [one.text for one in unmarked(page)] == found


def test_the_line_of_a_number_that_lacks_a_marker():
    assert unmarked("a\n\nb **8**\n[1, 2]") == [(3, "8"), (4, "[1, 2]")]
