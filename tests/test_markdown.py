"""Prose in Markdown is at most 100 columns wide, so that a diff of it can be read."""

from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
PAGES = [*ROOT.glob("*.md"), *ROOT.glob("docs/*.md"), *ROOT.glob("examples/*.md")]


def long_lines(text: str) -> list[int]:
    """Returns the numbers of lines above 100 columns that could be broken: no code, no rows of tables."""
    found, code = [], False
    for number, line in enumerate(text.splitlines(), start=1):
        if line.lstrip().startswith("```"):
            code = not code
        can_be_broken = not code and not line.lstrip().startswith("|") and not is_one_span(line)
        if can_be_broken and len(line) > 100:
            found.append(number)
    return found


def is_one_span(line: str) -> bool:
    """Whether a line is one code span, with at most a full stop behind it."""
    return line.startswith("`") and line.rstrip(".,:").endswith("`") and line.count("`") == 2


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_lines_can_be_read_in_a_diff(page):
    assert long_lines(page.read_text(encoding="utf-8")) == []


def test_long_lines_are_found():
    prose, cell = "word " * 21, "| " + "word " * 21 + "|"
    assert long_lines(f"short\n{prose}\n{cell}\n```\n{prose}\n```\n{prose}") == [2, 7]
    assert long_lines("`" + "python " * 15 + "x.py`.") == []


@pytest.mark.parametrize("package", ["rlsf_gym", "agents"])
def test_each_room_is_in_the_table_of_contents(package):
    contents = (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8").split("## What is where")[1]
    of_package = contents.split(f"`{package}`", 1)[1].split("\n\n", 2)[1]
    rooms = {path.parent.name for path in (ROOT / package).glob("*/__init__.py")}
    named = {
        name.strip("`/") for row in of_package.splitlines()[2:] for name in row.split("|")[1].split(", ")
    }
    assert rooms <= {name.strip(" `/") for name in named}, rooms
    assert all((ROOT / package / name.strip(" `/")).exists() for name in named), named
