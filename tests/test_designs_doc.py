"""docs/designs.md says of every design what it declares, and shows it."""

import re
from pathlib import Path

import pytest

from rlsf_gym.designs import DESIGNS

ROOT = Path(__file__).parents[1]
TEXT = (ROOT / "docs" / "designs.md").read_text(encoding="utf-8")
ROWS = {
    cells[0]: cells[1:]
    for cells in re.findall(
        r"^\| \[`(\w+)`\]\(#\w+\) \| ([^|]+) \| ([^|]+) \| ([^|]+) \|.*$", TEXT, re.MULTILINE
    )
}


@pytest.mark.parametrize("name", DESIGNS)
def test_the_flags_are_those_that_are_declared(name):
    if name == "mixed":
        assert ROWS[name] == ("as its part", "yes", "as its part")
        return
    design = DESIGNS[name]
    flags = [flag.split(",")[0] == "yes" for flag in ROWS[name]]
    assert flags == [design.causal, design.conserving, design.bounded]


@pytest.mark.parametrize("name", DESIGNS)
def test_every_design_has_a_paragraph_a_picture_and_its_uses(name):
    section = TEXT.split(f"\n### {name}\n")[1].split("\n### ")[0]
    assert "$r_t" in section or "$r_{T'}" in section or "The rewards of" in section
    assert f"](designs/{name}.png)" in section
    assert "**When**" in section
    assert "**When not**" in section
    assert (ROOT / "docs" / "designs" / f"{name}.png").is_file()


def test_no_design_is_listed_that_is_not_there():
    assert set(ROWS) == set(DESIGNS)


def test_each_design_has_its_line_in_the_short_table():
    table = TEXT.partition("| design | token reward |\n")[2].partition("\n\n")[0]
    named = [
        name for row in table.splitlines() for name in re.findall(r"\[`(\w+)`\]\(#\1\)", row.split("|")[1])
    ]
    assert sorted(named) == sorted(DESIGNS)
