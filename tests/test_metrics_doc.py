"""docs/metrics.md: each key of a real run has its line, and no line is without a key."""

import json
import re
from pathlib import Path

import pytest
import torch

from agents.stats.measures import MEASURES

pytestmark = pytest.mark.whole

DOCUMENT = Path(__file__).parents[1] / "docs" / "metrics.md"
OPTIONAL = {
    "metrics.jsonl": {"env/judge_order", "env/solved", "loss/good_set"},
    "timings.jsonl": set() if torch.cuda.is_available() else {"peak_cuda_mb"},
    "summary.json": {"judge_order", "reward", "solved"},
}
"""Keys that a run on this machine, of this domain, one judge and told of candidates, does not write."""


def documented(section):
    """Returns the keys of a section's table, in order."""
    text = DOCUMENT.read_text(encoding="utf-8").partition(f"\n## {section}\n")[2].partition("\n## ")[0]
    cells = [line.split("|")[1] for line in text.splitlines() if line.startswith("| `")]
    return [key for cell in cells for key in re.findall(r"`([^`]+)`", cell)]


def keys_of(value):
    """Returns all keys of a JSON object, those of objects in it included."""
    own = set(value)
    return own.union(*(keys_of(inner) for inner in value.values() if isinstance(inner, dict)))


@pytest.mark.parametrize("name", ["metrics.jsonl", "timings.jsonl", "summary.json"])
def test_keys_and_lines_are_the_same(tiny_run, name):
    text = (tiny_run / name).read_text(encoding="utf-8")
    rows = [json.loads(text)] if name == "summary.json" else [json.loads(line) for line in text.splitlines()]
    found, lines = set().union(*map(keys_of, rows)), documented(name)
    assert len(lines) == len(set(lines))
    assert found - set(lines) == set()
    assert set(lines) - found == OPTIONAL.get(name, set())


def test_each_measure_has_its_lines():
    logged = {row.log_key for row in MEASURES.values() if row.log_key}
    assert logged - set(documented("metrics.jsonl")) == set()
    evaluated = {row.key for row in MEASURES.values() if row.is_evaluated and not row.is_costly}
    assert evaluated - set(documented("summary.json")) == set()


def test_each_line_says_something():
    rows = [line for line in DOCUMENT.read_text(encoding="utf-8").splitlines() if line.startswith("| `")]
    assert all(len(row.replace(r"\|", "").split("|")) == 5 for row in rows)
    assert all(row.split("|")[2].strip() for row in rows)
