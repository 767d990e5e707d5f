"""docs/leaderboard.md is what the committed cells give, to the character."""

from pathlib import Path

import pytest

from agents.commands.leaderboard import BEFORE
from agents.reports.leaderboard import leaderboard

pytestmark = pytest.mark.whole

ROOT = Path(__file__).parents[1]
RESULTS = ROOT / "docs" / "results"


def test_the_page_is_that_of_the_committed_cells():
    packed = [*sorted(RESULTS.glob("*.jsonl.xz")), *sorted((RESULTS / "submitted").glob("*.jsonl.xz"))]
    page = (ROOT / "docs" / "leaderboard.md").read_text(encoding="utf-8")
    assert leaderboard(packed, before=BEFORE) == page, "run `make leaderboard`"
