"""docs/results: the committed cells give the committed tables, to the character."""

from pathlib import Path

import pytest

RESULTS = Path(__file__).parents[1] / "docs" / "results"
PACKED = sorted(RESULTS.glob("*.jsonl.xz"))


def test_there_are_results():
    assert {path.name for path in PACKED} >= {"tier0.jsonl.xz", "tiny.jsonl.xz"}


@pytest.mark.parametrize("path", PACKED, ids=lambda path: path.name)
def test_the_report_of_committed_cells_is_the_committed_one(path):
    import report

    study, results = report.read(path)
    made = report.make(results, study)
    name = path.name.removesuffix(".jsonl.xz")
    assert report.tables_markdown(made) == (RESULTS / f"{name}.md").read_text(encoding="utf-8")
