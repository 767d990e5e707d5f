"""Makefile: training installs what training needs, the tests all the rest, and neither what is there."""

import os
import shutil
import subprocess
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
TRAINING, ALL = ".[agents,report,render,knowledge,constraints]", ".[all,workshop,docs,dev]"

pytestmark = pytest.mark.skipif(shutil.which("make") is None, reason="make is not installed")


@pytest.fixture
def installs(tmp_path):
    """Returns a function of a target and of the stamps in a folder, to what making it would install."""

    def plan(target, *stamps):
        shutil.copy(ROOT / "Makefile", tmp_path)
        for number, name in enumerate(("pyproject.toml", "constraints.txt", *(f".venv/{s}" for s in stamps))):
            (tmp_path / name).parent.mkdir(exist_ok=True)
            (tmp_path / name).touch()
            os.utime(tmp_path / name, (1000 + number, 1000 + number))
        done = subprocess.run(
            ["make", "-n", target], cwd=tmp_path, capture_output=True, text=True, check=True
        )
        return [line.split("'")[1] for line in done.stdout.splitlines() if "pip install" in line]

    return plan


@pytest.mark.parametrize("target", ["train", "compare", "benchmark", "report", "leaderboard", "explore"])
@pytest.mark.parametrize(
    ("stamps", "expected"), [((), [TRAINING]), ((".train",), []), ((".train", ".ready"), [])]
)
def test_training_needs_no_more_than_its_own(installs, target, stamps, expected):
    assert installs(target, *stamps) == expected


@pytest.mark.parametrize("target", ["test", "check", "docs"])
@pytest.mark.parametrize(
    ("stamps", "expected"),
    [((), [TRAINING, ALL]), ((".train",), [ALL]), ((".train", ".ready"), []), ((".ready", ".train"), [ALL])],
)
def test_the_tests_need_all(installs, target, stamps, expected):
    """With a training set that is newer than all, after pyproject.toml changed, all is brought up to date."""
    assert installs(target, *stamps) == expected


def test_check_runs_each_test_once_and_with_it_all_that_test_runs():
    """`alone` runs those of the packages, `both` all others; what `test` leaves out beside is a mark."""
    commands = {
        target: subprocess.run(
            ["make", "-n", "-o", ".venv/.ready", target], cwd=ROOT, capture_output=True, text=True, check=True
        ).stdout.splitlines()
        for target in ("test", "check")
    }
    (quick,) = (line for line in commands["test"] if "pytest" in line)
    assert quick.endswith('-n auto -m "not slow and not whole and not adapters" tests')
    runs = [line for line in commands["check"] if "pytest" in line or "alone.py" in line]
    assert [line.partition(" ")[2].removeprefix(".venv/bin/python ") for line in runs] == [
        "-m pytest -q --doctest-modules rlsf_gym agents",
        ".ci/alone.py rlsf_gym --without agents torch transformers",
        ".ci/alone.py agents --without rlsf_gym",
        "-m pytest -q -n auto --ignore=tests/rlsf_gym --ignore=tests/agents tests",
    ]
    options = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["tool"]["pytest"][
        "ini_options"
    ]
    assert "-m 'not slow and not adapters'" in options["addopts"]


def test_lowest_has_an_environment_of_its_own_with_exactly_the_bounds(installs):
    assert installs("lowest", ".train", ".ready") == [ALL]
    text = (ROOT / "Makefile").read_text(encoding="utf-8")
    assert (
        f"$(LOWEST)/bin/python -m pip install --quiet --constraint .ci/lowest.txt --editable '{ALL}'" in text
    )
    (tests,) = (line for line in text.splitlines() if "$(LOWEST)/bin/python -m pytest" in line)
    assert {"tests/rlsf_gym", "tests/agents", "tests/docs"} <= set(tests.split())
    assert "make lowest" in (ROOT / ".github" / "workflows" / "ci.yml").read_text(encoding="utf-8")


@pytest.mark.parametrize(
    ("arguments", "study", "report"),
    [
        ("", "tiny-quick", "tiny-quick"),
        ("tiny --jobs 2", "tiny --jobs 2", "tiny"),
        ("--limit-seconds 60", "tiny-quick --limit-seconds 60", "tiny-quick"),
    ],
)
def test_benchmark_reports_the_study_that_it_runs(arguments, study, report):
    command = ["make", "-n", "-o", ".venv/.train", "benchmark", f"ARGS={arguments}"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True)
    run = [" ".join(line.split()[3:]) for line in done.stdout.splitlines() if " -m agents " in line]
    assert run == [f"study {study}", f"report {report}"]
