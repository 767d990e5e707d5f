"""Numbers in prose are those of the reports: each marker of the pages, and the rules by hand."""

import re
from pathlib import Path

import pytest

from examples.measurements.prose_markers import malformed, markers_of, unmarked
from examples.measurements.prose_numbers import check, main, numbers_of, tell, written

pytestmark = pytest.mark.whole

ROOT = Path(__file__).parents[1]
PAGES = [*ROOT.glob("*.md"), *ROOT.glob("docs/*.md")]
MARKED = [page for page in PAGES if markers_of(page.read_text(encoding="utf-8"))]
UNHELD = {
    "README.md": {},
    "docs/environments.md": {"ranges of a scorer and of a judge": ["[-1, 1]", "[0, 1]"]},
    "docs/knowledge.md": {
        "examples/measurements/knowledge_gain.py": [
            *("[+0.031, +0.065]", "[+0.046, +0.071]", "[+0.093, +0.134]", "[+0.096, +0.107]"),
            *("[+0.103, +0.113]", "[+0.027, +0.044]", "[+0.053, +0.062]", "[+0.027, +0.042]"),
            "[+0.052, +0.058]",
        ],
    },
    "docs/agents.md": {
        "examples/measurements/rising.py": [
            *("[+0.728, +0.793]", "[+0.712, +0.770]", "[+0.663, +0.753]", "[+0.633, +0.634]"),
        ],
    },
    "docs/measured.md": {
        "make compare": [
            *("[+0.030, +0.067]", "[+0.005, +0.034]", "[+0.5, +2.1]", "[+0.113, +0.172]", "[-688, -389]"),
        ],
    },
    "docs/sentiment.md": {
        "rlsf-train --boundary open": ["[-0.013, +0.023]", "[-0.001, +0.060]", "[+69, +266]"],
    },
    "docs/results.md": {},
    "docs/results_sudoku.md": {
        "cells of docs/results/reasoning-sudoku.md": [
            *("[0.527, 0.602]", "[0.763, 0.844]", "[0.801, 0.844]"),
        ],
    },
    "docs/results_countdown.md": {
        "cells of docs/results/reasoning-countdown.md": [
            *("[0.766, 0.805]", "[0.148, 0.186]", "[0.168, 0.242]"),
        ],
    },
    "docs/results_knights.md": {},
    "docs/results_sentiment.md": {
        "lengths, limits and counts, set in bold": [
            *("16", "32", "64", "15", "8", "16", "16", "32", "64", "16", "64"),
        ],
        "cells of docs/results/negation.md": ["[0.009, 0.062]", "[0.021, 0.065]", "[0.014, 0.070]"],
        "cells of docs/results/candidates.md": [
            *("[7.99, 9.17]", "[1.89, 2.63]", "[0.294, 0.408]", "[0.101, 0.165]", "[0.180, 0.278]"),
            *("[0.051, 0.093]", "[0.080, 0.149]", "[0.008, 0.084]", "[0.697, 0.717]", "[0.822, 0.841]"),
            *("[0.746, 0.774]", "[0.858, 0.868]", "[0.443, 0.537]", "[0.390, 0.503]", "[0.566, 0.605]"),
        ],
    },
    "docs/results_law.md": {
        "the word game, in docs/results/tier0.md": [
            *("[0.99, 1.07]", "[0.34, 0.82]", "[1.16, 1.24]", "[0.32, 0.68]", "[1.78, 1.90]"),
            *("[-0.12, 0.22]", "[0.99, 1.04]", "[-0.05, 0.27]", "[1.06, 1.12]", "[0.02, 0.32]"),
            *("[1.27, 1.33]", "-0.19 [-0.31, -0.07]", "[1.00, 1.00]", "[0.00, 0.00]"),
        ],
    },
}
"""Page to what its intervals and bold numbers are from that have no marker, and these."""
FASTER = {"value": 8.589, "low": 8.02, "high": 9.0, "n": 10, "bound": None, "none_reached": False}
NUMBERS = {
    "contrasts": [
        {
            **{"name": "all: against one", "measure": "episodes_to_goal", "speed_up": FASTER, "n": 10},
            **{"differences": {"judge": {"value": -0.019, "low": -0.042, "high": -0.0021, "n": 10}}},
            **{"p": 0.0002, "p_adjusted": None},
        },
        {
            **{"name": "bound", "measure": "episodes_to_goal", "n": 10, "p": 0.5, "p_adjusted": 0.75},
            **{"speed_up": {**FASTER, "bound": "lower"}, "differences": {}},
        },
        {
            **{"name": "none", "measure": "episodes_to_goal", "n": 10, "p": 1.0, "p_adjusted": 1.0},
            **{"speed_up": {**FASTER, "value": 1.0, "none_reached": True}, "differences": {}},
        },
    ],
    "arms": [
        {
            **{"name": "one", "runs": [1, 2, 3, 4], "planned": 10},
            "summary": {
                "episodes_to_goal": {"value": 1201.4, "low": 898.0, "high": 1409.0, "n": 4, "reached": 3},
                "score": {"value": 0.5, "low": 0.25, "high": 0.75, "n": 4},
            },
        }
    ],
    "sensitivity": [
        {
            "name": "bound",
            "rows": [
                {"share": 0.5, "max_kl": 10.0, "speed_ups": {"tokens_to_goal": {**FASTER, "bound": "upper"}}},
                {"share": 0.5, "max_kl": None, "speed_ups": {"tokens_to_goal": FASTER}},
            ],
        }
    ],
    "sections": {"Game": {"rows": [{"gap": 1234.5678}]}},
}


def wrong(text):
    return check(text, lambda study: NUMBERS)


@pytest.mark.parametrize("page", MARKED, ids=lambda page: str(page.relative_to(ROOT)))
def test_the_numbers_of_a_page_are_those_of_the_reports(page):
    assert check(page.read_text(encoding="utf-8"), numbers_of) == []


def test_no_page_has_a_comment_that_is_no_marker():
    texts = {str(page.relative_to(ROOT)): page.read_text(encoding="utf-8") for page in PAGES}
    assert {page: lines for page, text in texts.items() if (lines := malformed(text))} == {}


@pytest.mark.parametrize("page", UNHELD, ids=str)
def test_numbers_in_bold_and_intervals_have_a_marker(page):
    """Those of studies, that is: `UNHELD` lists all others, and nothing that is not there any more."""
    found = [one.text for one in unmarked((ROOT / page).read_text(encoding="utf-8"))]
    assert sorted(found) == sorted(text for texts in UNHELD[page].values() for text in texts)


CELLS = [(page, source) for page, texts in UNHELD.items() for source in texts if source.startswith("cells")]


@pytest.mark.parametrize(("page", "source"), CELLS, ids=str)
def test_cells_of_tables_are_repeated_as_they_are(page, source):
    """What is no number of a report, but of a table that a study adds to it: mean and interval."""
    name = source.removeprefix("cells of ")
    tables, prose = ((ROOT / one).read_text(encoding="utf-8") for one in (name, page))
    for text in UNHELD[page][source]:
        (mean,) = re.findall(rf"\(?(\S+) {re.escape(text)}", re.sub(r"\s+", " ", prose))
        assert f"{mean.lstrip('(')} {text}" in tables


def test_pages_of_results_are_marked():
    assert {"README.md", "docs/results_sentiment.md"} <= {str(page.relative_to(ROOT)) for page in MARKED}


@pytest.mark.parametrize(
    ("name", "field", "digits", "text"),
    [
        ("all: against one", "effect", None, "8.59 [8.02, 9.00]"),
        ("all: against one", "effect", 1, "8.6 [8.0, 9.0]"),
        ("all: against one", "effect.value", 0, "9"),
        ("all: against one", "effect.interval", 1, "[8.0, 9.0]"),
        ("all: against one", "episodes_to_goal.low", None, "8.02"),
        ("all: against one", "judge", None, "-0.019 [-0.042, -0.002]"),
        ("all: against one", "p", None, "< 0.001"),
        ("bound", "holm", 2, "0.75"),
        ("bound", "n", None, "10"),
        ("bound", "under 0.5 10 tokens_to_goal", None, "8.59 [8.02, 9.00]"),
        ("bound", "under 0.5 any tokens_to_goal", 1, "8.6 [8.0, 9.0]"),
        ("one", "episodes_to_goal", None, "1,201 [898, 1,409]"),
        ("one", "score.value", None, "0.500"),
        ("one", "reached", None, "3 of 4"),
        ("one", "runs", None, "4 of 10"),
        ("numbers", "sections/Game/rows/0/gap", 1, "1,234.6"),
    ],
)
def test_what_a_marker_stands_for(name, field, digits, text):
    assert tell(NUMBERS, name, field, digits).text == text


@pytest.mark.parametrize(
    ("name", "field", "message"),
    [
        (
            "two",
            "effect",
            "expected 'numbers', or a contrast or arm of all: against one; bound; none; one, got 'two'",
        ),
        ("bound", "judge", "expected a measure that it has, .*got 'judge'"),
        (
            "none",
            "effect",
            "expected a contrast in which some run reached the goal, got one in which none did",
        ),
        ("none", "effect.low", "in which some run reached the goal"),
        ("none", "episodes_to_goal.value", "in which some run reached the goal"),
        ("numbers", "contrasts/2/speed_up/value", "in which some run reached the goal"),
        ("bound", "effect.middle", "with value, low, high, interval behind a point"),
        ("bound", "under 0.7 any tokens_to_goal", "expected 'under SHARE LIMIT MEASURE' of its table"),
        ("numbers", "sections/Gone", "expected a path in numbers.json, got 'sections/Gone'"),
        ("numbers", "contrasts/0/name", "expected a number, got 'all: against one'"),
    ],
)
def test_a_marker_of_nothing_is_named(name, field, message):
    with pytest.raises(ValueError, match=message) as error:
        tell(NUMBERS, name, field)
    assert "\n" not in str(error.value)


GOOD = "needs **8.6 [8.0,\n9.0]**<!-- s :: all: against\none :: effect :: 1 --> times"


def test_text_holds_across_lines_and_emphasis():
    assert wrong(GOOD) == []
    assert wrong("a judge −0.019<!-- s :: all: against one :: judge.value -->.") == []


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (GOOD.replace("8.6", "8.7"), "line 2: expected '8.6 [8.0, 9.0]', got "),
        (GOOD.replace("**8.6", "**18.6"), "line 2: expected '8.6 [8.0, 9.0]'"),
        ("0.019<!-- s :: all: against one :: judge.value -->", "line 1: expected '-0.019'"),
        (GOOD.replace("needs", "needs at least"), "expected no bound before it"),
        ("x\n8.6<!-- s :: bound :: effect.value :: 1 -->", "line 2: 8.6: expected 'at least ' before it"),
        ("at most 8.6<!-- s :: bound :: effect.value :: 1 -->", "expected 'at least ' before it"),
        ("1,201<!-- s :: one :: episodes_to_goal.value -->", "expected 'at least ' before it"),
        ("8.6<!-- s :: numbers :: contrasts/1/speed_up/value :: 1 -->", "expected 'at least ' before it"),
        ("x8.59<!-- s :: all: against one :: effect.value -->", "line 1: expected '8.59', got 'x8.59'"),
        ("v8.59<!-- s :: all: against one :: effect.value -->", "line 1: expected '8.59', got 'v8.59'"),
        ("3<!-- s :: gone :: effect -->", "line 1: expected 'numbers', or a contrast or arm"),
        (
            "a\n9<!-- s : one : reached -->",
            "line 2: expected a marker <!-- STUDY :: NAME :: FIELD --> or one",
        ),
    ],
)
def test_what_does_not_hold_is_said(text, message):
    (line,) = wrong(text)
    assert message in line


def test_a_bound_that_is_called_one_holds():
    assert wrong("at least **8.6**<!-- s :: bound :: effect.value :: 1 -->") == []
    assert wrong("≥ 8.59 [8.02, 9.00]<!-- s :: bound :: effect -->") == []


def test_numbers_are_written_where_markers_ask():
    text = "**0 [0, 0]**<!-- s :: all: against one :: effect :: 1 --> and p 0.9<!-- s :: bound :: p -->"
    text += " or 0 of 0<!-- s :: one :: reached -->"
    done, said = written(text, lambda study: NUMBERS)
    assert done.startswith("**8.6 [8.0, 9.0]**<!--") and "and p 0.500<!--" in done and "or 3 of 4<!--" in done
    assert said == [] and wrong(done) == [] and written(done, lambda study: NUMBERS) == (done, [])


def test_what_can_not_be_written_is_a_line_each():
    text = (
        "nothing<!-- s :: bound :: p --> 1<!-- s :: gone :: p -->\n[word]<!-- s :: bound :: p --> x8<!-- s "
    )
    text += ":: bound :: p --> 2<!-- s::bound::p --> 3<!-- s :: none :: effect -->"
    _, said = written(text, lambda study: NUMBERS)
    assert [line.partition(", got")[0] for line in said] == [
        "line 2: expected a marker <!-- STUDY :: NAME :: FIELD --> or one with :: DIGITS at its end",
        "line 1: expected a number before the marker",
        "line 1: expected 'numbers', or a contrast or arm of all: against one; bound; none; one",
        "line 2: expected a number before the marker",
        "line 2: expected a number before the marker",
        "line 2: expected a contrast in which some run reached the goal",
    ]


def test_the_command_says_what_does_not_hold(tmp_path, capsys):
    page = tmp_path / "page.md"
    page.write_text(
        "9.9<!-- tiny-quick :: Token-level against the scalar standard :: effect.value -->", "utf-8"
    )
    assert main([str(page)]) == 1 and "expected '1.31'" in capsys.readouterr().out
    assert main([str(page), "--write"]) == 0 and page.read_text("utf-8").startswith("1.31<!--")
    page.write_text("9<!-- gone :: numbers :: x -->", "utf-8")
    assert main([str(page)]) == 1 and "expected a committed study of candidates" in capsys.readouterr().out


def test_the_command_writes_all_pages_or_none(tmp_path, capsys):
    good, bad = tmp_path / "good.md", tmp_path / "bad.md"
    text = "9.9<!-- tiny-quick :: Token-level against the scalar standard :: effect.value -->"
    good.write_text(text, "utf-8")
    bad.write_text("9<!-- gone :: numbers :: x --> and word<!-- tiny-quick :: numbers :: x -->", "utf-8")
    assert main([str(good), str(bad), "--write"]) == 1 and good.read_text("utf-8") == text
    one, other, last = capsys.readouterr().out.splitlines()
    assert one.startswith(f"{bad}: line 1: expected a committed study of candidates")
    assert other.startswith(f"{bad}: line 1: expected a number before the marker, got")
    assert last == "nothing was written"
