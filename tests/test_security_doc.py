"""SECURITY.md: its bounds are those of the code, and the tests that it names exist."""

import re
from pathlib import Path

from agents.runs import checkpoint, strict_json, xz_files
from agents.studies import read as study
from rlsf_gym.domains.sentiment.checker import knowledge
from rlsf_gym.domains.sentiment.knowledge import file as knowledge_file
from rlsf_gym.render import json_lines, samples_file
from rlsf_gym.text import text_files

ROOT = Path(__file__).parents[1]
MEBI = 1 << 20


def read_rows(title):
    lines = (ROOT / "SECURITY.md").read_text(encoding="utf-8").splitlines()
    start = lines.index(title) + 2
    return [
        [cell.strip() for cell in line.strip("|").split("|")]
        for line in lines[start : lines.index("", start)]
    ]


def test_the_tests_that_it_names_are_there():
    named = {
        name
        for *_, tests in read_rows("| what | how it is opened | what holds it |")
        for name in re.findall("`([^`]+)`", tests)
    }
    assert len(named) >= 8
    assert [name for name in sorted(named) if not (ROOT / name).exists()] == []


def test_bounds_are_those_of_the_code():
    assert dict(read_rows("| what | at most |")) == {
        "a packed study, unpacked": (
            f"{xz_files.LARGEST // MEBI} MiB, and {xz_files.GREATEST_RATIO} times its packed size from "
            f"{xz_files.FREE // MEBI} MiB on"
        ),
        "a line of JSON, of a run or a study": (
            f"{strict_json.LONGEST_LINE // MEBI} MiB, tables and lists {strict_json.DEEPEST} deep"
        ),
        "tokens and rewards, JSONL": (
            f"{json_lines.LONGEST // MEBI} MiB in a line; a page shows {samples_file.MOST_RESPONSES:,} "
            f"responses or {samples_file.MOST_TOKENS:,} tokens, `--responses` more"
        ),
        "a study file": (
            f"{study.LARGEST_FILE // MEBI} MiB, {study.MOST_CELLS:,} cells, "
            f"{study.MOST_DOTS:,} dots in a line"
        ),
        "a checkpoint's record": f"{checkpoint.LARGEST_RECORD // MEBI} MiB",
        "a graph of domain knowledge": (
            f"{knowledge_file.MAX_BYTES // MEBI} MiB, {knowledge._MOST_DOTS:,} dots in a line"
        ),
        "prompts, a file of text": f"{text_files.LARGEST >> 30} GiB",
    }
    assert knowledge._MAX_BYTES == knowledge_file.MAX_BYTES
    assert knowledge._MOST_DOTS == knowledge_file._MOST_DOTS
