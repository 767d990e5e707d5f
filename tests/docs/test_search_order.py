"""docs/_static/search_order.js: it has every score that the search reads, and Sphinx is given it."""

import re
from pathlib import Path

import pytest

DOCS = Path(__file__).parents[2] / "docs"
ORDER = (DOCS / "_static" / "search_order.js").read_text(encoding="utf-8")


def test_every_score_that_the_search_reads_is_there():
    sphinx = pytest.importorskip("sphinx")
    tools = Path(sphinx.__file__).parent / "themes" / "basic" / "static" / "searchtools.js"
    read = set(re.findall(r"Scorer\.(\w+)", tools.read_text(encoding="utf-8"))) - {"score"}
    assert set(re.findall(r"^  (\w+):", ORDER, flags=re.M)) == read


def test_a_heading_stands_before_a_name_of_the_api():
    scores = {name: int(value) for name, value in re.findall(r"^  (\w+): (\d+),", ORDER, flags=re.M)}
    prio = max(int(value) for value in re.findall(r"\d: (-?\d+)", ORDER))
    assert scores["objPartialMatch"] + prio < scores["term"] < scores["objNameMatch"] + prio < scores["title"]


def test_sphinx_is_given_it():
    assert '"_static" / "search_order.js"' in (DOCS / "conf.py").read_text(encoding="utf-8")
