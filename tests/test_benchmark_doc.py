"""docs/benchmark.md: its example is a study that can answer, and does, in an empty folder."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from agents.reports import check_answers
from agents.reports.report import open_report
from agents.studies.read import read_study
from agents.studies.training_checks import NEEDED

pytestmark = pytest.mark.whole

ROOT = Path(__file__).parents[1]
PAGE = (ROOT / "docs" / "benchmark.md").read_text(encoding="utf-8")
SMALL = (
    ("episodes = 512", "episodes = 32"),
    ("eval_episodes = 256", "eval_episodes = 8"),
    ("seeds = 4", "seeds = 2"),
)


@pytest.fixture
def folder(tmp_path):
    """A folder with the two files of the page, as they are printed there."""
    toml, python = (
        re.search(rf"```{kind}\n(.*?{word}.*?)```", PAGE.partition("## A study file")[2], re.DOTALL)[1]
        for kind, word in (("toml", "My design"), ("python", "first_token"))
    )
    (tmp_path / "mine.toml").write_text(toml, encoding="utf-8")
    (tmp_path / "my_design.py").write_text(python, encoding="utf-8")
    return tmp_path


def test_the_example_can_answer(folder):
    study = read_study(folder / "mine.toml")
    check_answers(study)
    assert len(study.main_cells()) == 12  # three designs, four seeds


def test_what_has_no_default_is_said():
    said = re.search(r"has to say (.*?): these have no default", PAGE, re.DOTALL)[1]
    assert (
        re.findall(r"`(\w+)`", said) == ["agent", "policy", "env", "episodes", "eval_episodes"] == [*NEEDED]
    )


def test_without_its_goal_it_is_refused_before_the_first_cell(folder):
    text = (folder / "mine.toml").read_text(encoding="utf-8")
    (folder / "mine.toml").write_text(re.sub(r"\[goal\].*?\n\n", "", text, flags=re.DOTALL), encoding="utf-8")
    with pytest.raises(ValueError, match=r"needs a goal, and the study has none; add \[goal\]"):
        check_answers(read_study(folder / "mine.toml"))


def run(folder, *arguments):
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    command = [sys.executable, "-m", "agents", *arguments]
    return subprocess.run(command, capture_output=True, text=True, cwd=folder, env=environment)


@pytest.mark.slow
def test_it_runs_and_answers(folder):
    """At a small size: a sixteenth of its episodes, two seeds; then with a goal changed afterwards."""
    text = (folder / "mine.toml").read_text(encoding="utf-8")
    for whole, part in SMALL:
        assert whole in text
        text = text.replace(whole, part)
    (folder / "mine.toml").write_text(text, encoding="utf-8")
    done = run(folder, "study", "mine.toml")
    assert done.returncode == 0, done.stderr
    told = run(folder, "report", "mine")
    assert told.returncode == 0 and re.search(r"first_token|No difference shown", told.stdout), told.stderr
    report, _ = open_report(folder / "runs" / "studies" / "mine")
    assert report.numbers["plan"]["standing"] == "fixed"
    plan = folder / "runs" / "studies" / "mine" / "study.toml"
    plan.write_text(text.replace("share = 0.8", "share = 0.7"), encoding="utf-8")
    told = run(folder, "report", "mine")
    assert "The plan was changed after cells had run (6 in all): the goal, after 6 cells." in told.stdout
