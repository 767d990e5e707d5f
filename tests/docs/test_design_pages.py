"""docs/_ext/rlsf_site/design_pages.py: a page for each design, true to the table and to docs/designs.md."""

from pathlib import Path

import pytest
from rlsf_site import design_pages
from rlsf_site.design_pages import (
    argument_table,
    declared,
    example,
    in_short,
    make,
    make_page,
    section,
    servers,
    split_section,
)

from rlsf_gym import DESIGNS

DOCS = Path(__file__).parents[2] / "docs"
TOLD = (DOCS / "designs.md").read_text(encoding="utf-8")


def test_each_design_has_a_page_and_a_line_in_the_list(monkeypatch):
    monkeypatch.setattr(design_pages, "example", lambda design: "")
    pages = dict(make(DOCS))
    listed = pages.pop("designs/index")
    assert list(pages) == [f"designs/{name}" for name in DESIGNS]
    for name in DESIGNS:
        assert f"| [`{name}`]({name}.md) | {in_short(TOLD, name)} |" in listed
        assert f"](../../designs/{name}.png)" in pages[f"designs/{name}"]
        assert f"](../../designs.md#{name})" in pages[f"designs/{name}"]


def test_the_page_says_what_the_design_says():
    text = make_page("potential", TOLD)
    assert text.startswith(
        "# potential\n\nA [reward design](../../designs.md#potential) that pays the utility of the prefix "
        "after the token less that before it.\n\n$r_t = \\Phi(s_t) - \\Phi(s_{t-1})$.\n\nIn it, $x$ is"
    )
    assert "Returns differences of the prefix utility" in text.split("## In the code")[1]
    assert "| causal | yes |" in text
    assert "| texts scored | T: every prefix |" in text
    assert "reward 0.7032" in text.split("It prints:")[1]


def test_what_is_declared_is_told_as_it_is():
    told = {name: here for name, here, _ in declared(DESIGNS["unsat_core"])}
    assert (told["causal"], told["conserving"], told["bounded"]) == ("no", "yes", "yes")
    assert told["needs"] == "`core`"
    assert told["rests on"] == "the units that the scorer blames together"


def test_scorers_are_those_that_serve():
    shipped = {
        "`sentiment`": "none",
        "`countdown`": "none",
        "`sudoku`": "`sudoku`",
        "`knights`": "`knights`",
        "`constraints`": "`constraints`",
    }
    served = dict(servers(DESIGNS["unsat_core"]))  # other tests may have registered domains of their own
    assert {name: served[name] for name in shipped} == shipped
    assert dict(servers(DESIGNS["attention"]))["`sentiment`"] == "`transformer`"


def test_every_argument_has_a_meaning():
    for name in DESIGNS:
        rows = [row for row in argument_table(DESIGNS[name]).splitlines() if row.startswith("| `")]
        assert all(row.strip("| ").split(" | ")[-1] for row in rows), name
    assert "| `beta` | `0.8` |" in argument_table(DESIGNS["mixed"])
    assert argument_table(DESIGNS["terminal"]) == "It takes none."


def test_a_design_that_needs_a_model_has_no_example():
    assert "`gradient`" in example(DESIGNS["gradient"])
    assert "```" not in example(DESIGNS["gradient"])


def test_a_design_that_nobody_explains_is_no_page():
    with pytest.raises(ValueError, match="must have a section '### newest'"):
        section(TOLD, "newest")
    with pytest.raises(ValueError, match=r"a picture designs/NAME\.png was expected"):
        split_section("r_t = 0, without a picture.")
    with pytest.raises(ValueError, match="must have a row of its own for 'newest'"):
        in_short(TOLD, "newest")
