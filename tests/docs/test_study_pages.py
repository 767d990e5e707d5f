"""docs/_ext/rlsf_site/study_pages.py: each report of a study is listed with its question."""

from pathlib import Path

import pytest
from rlsf_site.study_pages import make

DOCS = Path(__file__).parents[2] / "docs"


def test_each_report_is_listed_with_its_question():
    ((name, text),) = make(DOCS)
    assert name == "studies/index"
    assert "| [`negation`](../../results/negation.md) | Designs that pay in hindsight keep the sum" in text
    reports = {path.stem for path in (DOCS / "results").glob("*.md")}
    assert len(reports) >= 13
    for report in reports:
        assert f"](../../results/{report}.md)" in text
        assert f"\n../../results/{report}\n" in text


def test_a_study_without_a_question_is_named(tmp_path):
    (tmp_path / "results").mkdir()
    (tmp_path / "results" / "mine.md").write_text("# Mine\n")
    (tmp_path / "results" / "mine.toml").write_text('title = "Mine"\n')
    with pytest.raises(ValueError, match=r"docs/results/mine\.toml must have a question: add it"):
        list(make(tmp_path))
