"""A study says how the intervals of its report are made; the committed ones keep what they had."""

import subprocess
import sys
from pathlib import Path

import pytest

from agents.reports.methods import methods_markdown
from agents.reports.numbers import analyse
from agents.stats.contrasts import speed_up
from agents.stats.intervals import bootstrap_interval
from agents.studies.files import read_results

PERCENTILE = '[statistics]\ninterval = "percentile"\n'


@pytest.fixture
def analysed(tmp_path, load_beside):
    """Returns a function: what the study file says more -> its numbers, for areas of a skew."""
    synthetic, numbers = load_beside("synthetic_study"), load_beside("test_numbers")

    def truth(cell):
        if numbers.is_best_of(cell):
            return {"records": synthetic.attainable_records(0.0, 1.0)}
        after = {"score": 0.8, "judge": [0.5, 0.51, 0.53, 0.9][cell.seed]}
        return {"score": synthetic.ramp(numbers.times(cell)), "after": after}

    def made(more):
        folder = tmp_path / ("percentile" if more else "bca")
        toml = numbers.STUDY.replace("[goal]", f"{more}[goal]")
        study, _ = synthetic.write_study(folder, toml, truth)
        return analyse(read_results(folder), study)

    return made


@pytest.mark.parametrize(("more", "method"), [("", "bca"), (PERCENTILE, "percentile")])
def test_every_interval_is_made_as_the_study_says(analysed, more, method):
    numbers = analysed(more)
    arm = next(one for one in numbers["arms"] if one["name"] == "terminal")
    found = arm["summary"]["judge"]
    wanted = bootstrap_interval([0.5, 0.51, 0.53, 0.9], method=method)
    assert (found["low"], found["high"]) == pytest.approx(wanted[1:], rel=1e-5)
    (main,) = [one for one in numbers["contrasts"] if one["name"] == "lambda 1"]
    times = [937.5, 1125.0, 1312.5, 1500.0]
    wanted = speed_up(times, times, horizon=2000.0, method=method)
    assert main["speed_up"]["low"] == pytest.approx(wanted.low, rel=1e-5)


def test_the_methods_say_which(analysed):
    bca, percentile = analysed(""), analysed(PERCENTILE)
    assert bca["interval"] == "bca" and "interval" not in percentile
    assert "95% bias-corrected and accelerated bootstrap intervals (BCa; Efron 1987" in methods_markdown(bca)
    assert "Intervals are 95% percentile bootstrap intervals over seeds (2,000" in methods_markdown(
        percentile
    )
    one, other = (
        next(arm for arm in numbers["arms"] if arm["name"] == "terminal")["summary"]["judge"]
        for numbers in (bca, percentile)
    )
    assert one["value"] == other["value"] and one["high"] > other["high"]  # the skew is to the right


BLOCKED = """
import sys
for name in ("scipy", "jinja2", "matplotlib", "PIL"):
    sys.modules[name] = None  # as if it were not installed
import agents, agents.learners.ppo, agents.rollouts.evaluation, agents.studies.run, agents.studies.training
import agents.__main__
from agents.reports import check_answers, write_report
from agents.studies.read import parse_study
cells = [{"group": "g", "seeds": 2, "grid": {"a": [1, 2]}}]
check_answers(parse_study("s", {"defaults": {"run": "elsewhere:measure"}, "cells": cells}))
try:
    write_report(sys.argv[1], sys.argv[2])
except ImportError as error:
    print(error)
"""


def test_without_the_extra_all_imports_and_the_report_names_it(tmp_path, load_beside):
    synthetic = load_beside("synthetic_study")
    end = {"record": "end", "status": "done", "reason": None}
    toml = '[defaults]\nrun = "elsewhere:measure"\n[[cells]]\ngroup = "game"\nseeds = 2\n'
    synthetic.write_study(
        tmp_path / "s", toml, lambda cell: {"records": [{"record": "game", "cosine": cell.seed}, end]}
    )
    root = Path(__file__).parents[3]
    done = subprocess.run(
        [sys.executable, "-c", BLOCKED, str(tmp_path / "s"), str(tmp_path / "out")],
        capture_output=True, text=True, check=True, cwd=root,
    )  # fmt: skip
    assert "bootstrap intervals need the package 'scipy'" in done.stdout
    assert "pip install 'rlsf-gym[report]'" in done.stdout
