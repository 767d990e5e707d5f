"""What docs/knowledge.md says of its example."""

import math
import re
from pathlib import Path

import pytest

from rlsf_gym.scorers import KnowledgeScorer, VaderScorer

pytest.importorskip("networkx")

PAGE = (Path(__file__).parents[1] / "docs" / "knowledge.md").read_text(encoding="utf-8")


def total(scorer, text):
    score = scorer.score([text])[0]
    return score * math.sqrt(15 / (1 - score * score))


def test_the_example_file_is_worth_what_the_page_says(tmp_path):
    path = tmp_path / "graph.toml"
    path.write_text(re.search("```toml\n(.*?)```", PAGE, re.DOTALL)[1], encoding="utf-8")
    scorer = KnowledgeScorer(path)
    said = {"a long career": 0.5, "the pacing is long": -1.4, "a riveting film": 2.9, "a murder": 0.0}
    assert {text: round(total(scorer, text), 9) for text in said} == said
    assert total(VaderScorer(), "a murder") == pytest.approx(-3.7)


def test_the_example_certificate_is_the_scorers():
    text, expected = re.search(r'certify\("", "(.*?)"\).*?\n(\{.*?\})\n', PAGE, re.DOTALL).groups()
    assert str(KnowledgeScorer().certify("", text).as_records()[0]) == expected


def test_the_sizes_of_the_bundled_graph_are_the_pages():
    concepts = KnowledgeScorer().graph.file.concepts
    entries = sum(len(concept.polarity) for concept in concepts.values())
    assert f"{len(concepts)} concepts" in PAGE
    assert f"{entries:,} entries" in PAGE
