"""docs/results: the committed cells give the committed tables, to the character."""

from pathlib import Path

import pytest

pytestmark = pytest.mark.whole

ROOT = Path(__file__).parents[3]
RESULTS = ROOT / "docs" / "results"
PACKED = sorted(RESULTS.glob("*.jsonl.xz"))


def test_there_are_results():
    assert {path.name for path in PACKED} >= {"tier0.jsonl.xz", "tiny.jsonl.xz"}


@pytest.mark.parametrize("path", PACKED, ids=lambda path: path.name)
def test_the_report_of_committed_cells_is_the_committed_one(path):
    from agents.reports import load_additions
    from agents.reports import report as general

    added = load_additions(str(ROOT / "examples" / "studies" / "sections"))
    made, _ = general.open_report(path, additions=[added])
    name = path.name.removesuffix(".jsonl.xz")
    assert general.tables_markdown(made) == (RESULTS / f"{name}.md").read_text(encoding="utf-8")
