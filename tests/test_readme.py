"""The front page: 800 words at most, and each block and table on it is as it says."""

import re
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
PAGE = (ROOT / "README.md").read_text(encoding="utf-8")
BLOCKS = re.findall(r"```python\n(.*?)```\n\n```text\n(.*?)```", PAGE, re.DOTALL)
"""Blocks of Python, each with what is printed under it."""


def test_it_has_at_most_800_words():
    """Everything counted, comments behind numbers included, as `wc -w` does."""
    assert len(PAGE.split()) <= 800


def test_each_block_of_python_is_about_ten_lines_and_shows_what_it_prints():
    assert len(BLOCKS) == len(re.findall("```python", PAGE)) == 2
    assert all(len([line for line in block.splitlines() if line]) <= 11 for block, _ in BLOCKS)


def test_the_environment_prints_what_stands_under_it(capsys):
    block, printed = BLOCKS[0]
    exec(block, {})
    assert capsys.readouterr().out == printed


@pytest.mark.whole
def test_the_learner_learns_what_stands_under_it(capsys, tmp_path, monkeypatch):
    """To rounding in the first iteration; other processors and libraries drift apart later."""
    torch = pytest.importorskip("torch")
    monkeypatch.chdir(tmp_path)
    threads = torch.get_num_threads()
    block, printed = BLOCKS[1]
    exec(block, {})
    said = [float(number) for number in capsys.readouterr().out.split()]
    shown = [float(number) for number in printed.split()]
    assert len(said) == len(shown) == 16 and torch.get_num_threads() == threads
    assert said[0] == pytest.approx(shown[0], abs=0.011)
    assert min(*said[-4:], *shown[-4:]) > 0.8
    assert (tmp_path / "positive" / "policy" / "model.safetensors").is_file()


def test_the_table_of_extras_is_that_of_the_project():
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    rows = PAGE.partition("| extra | for |\n| --- | --- |\n")[2].partition("\n\n")[0].splitlines()
    listed = [name for row in rows for name in re.findall("`([a-z0-9]+)`", row.split("|")[1])]
    assert sorted(listed) == sorted(project["optional-dependencies"])


def test_both_commands_come_before_the_python():
    """And the puzzles are named as `make train` takes them."""
    commands = PAGE.partition("```python")[0]
    assert "\nmake train " in commands and "\nmake test " in commands
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    puzzles = set(project["entry-points"]["agents.presets"]) - {"default", "sentiment"}
    assert puzzles == {"countdown", "sudoku", "knights"}
    assert "make train DOMAIN=countdown` (or `sudoku`, `knights`)" in commands


def test_each_tutorial_is_linked():
    pages = sorted(f"docs/tutorials/{path.name}" for path in (ROOT / "docs" / "tutorials").glob("*.md"))
    assert sorted(re.findall(r"\]\((docs/tutorials/[^)]+)\)", PAGE)) == pages


def test_each_domain_has_a_number_and_its_figure():
    for study in ("candidates", "reasoning-sudoku", "reasoning-countdown", "reasoning-knights"):
        assert f"]<!-- {study} ::" in PAGE, study
        assert f"](docs/results/{study}-learning.png)" in PAGE, study
