"""rerun_cell.py: which cell is taken, what is run of it, and what is said to differ."""

import subprocess
from pathlib import Path
from types import SimpleNamespace

import pytest

from agents.studies.cells import CellResult
from examples.measurements.rerun_cell import begin, beginning, differences, main, pick

pytestmark = pytest.mark.whole

ROOT = Path(__file__).parents[3]
MODULE = "examples.measurements.rerun_cell"
DONE = {"record": "end", "status": "done", "reason": None}


def cell(name, seed, *, phase="main", status="done", **settings):
    header = {"id": name, "seed": seed, "phase": phase, "settings": {"run": "train", **settings}}
    rows = ({"record": "iteration", "episodes": 8},)
    return CellResult(header, (*rows, {**DONE, "status": status}))


def test_the_first_cell_of_the_smallest_seed_is_taken():
    cells = [
        cell("b", 1),
        cell("c", 0),
        cell("a", 2),
        cell("t", 0, phase="tuning"),
        cell("f", 0, status="failed"),
    ]
    assert pick(cells).id == "c"
    with pytest.raises(ValueError, match="expected a main cell that trained, found none"):
        pick(cells[3:])


def test_a_beginning_is_the_cell_with_fewer_episodes(monkeypatch):
    seen = {}

    def run(settings, seed):
        seen.update(settings, seed=seed)
        yield {"record": "iteration"}

    monkeypatch.setattr("examples.measurements.rerun_cell.load_function", lambda name, places: run)
    long = cell(
        "a", 3, episodes=512, most_episodes=999, stop_at={"score": 1}, config={"lr_schedule": "constant"}
    )
    assert list(begin(long, {}, 4)) == [{"record": "iteration"}]
    assert seen == {"run": "train", "episodes": 32, "config": {"lr_schedule": "constant"}, "seed": 3}
    with pytest.raises(ValueError, match=r"^config.lr_schedule: expected 'constant', got 'linear': "):
        next(begin(cell("a", 0, config={"lr_schedule": "linear"}), {}, 4))


BEFORE = {"record": "evaluation", "when": "before", "summary": {"score": 0.5, "kl": 1e-7}}
FIRST = {"record": "iteration", "iteration": 1, "env/score": 0.25}
SECOND = {"record": "iteration", "iteration": 2, "env/score": 0.25}
AFTER = {"record": "evaluation", "when": "after", "summary": {"score": 0.9}}


def test_differences_are_told_number_by_number():
    was = [BEFORE, FIRST]
    assert differences(was, [BEFORE, {**FIRST, "env/score": 0.2500000001}]) == []  # six digits are kept
    other = [{**BEFORE, "summary": {"score": 0.5, "kl": 2e-7}}, {**FIRST, "env/score": 0.3}]
    assert differences(was, other) == [
        ("evaluation before: kl: 1e-07 was committed, 2e-07 is what comes now", False),  # both are rounding
        ("iteration 1: env/score: 0.25 was committed, 0.3 is what comes now", True),
    ]
    with pytest.raises(ValueError, match="expected 2 records of its beginning, got 1"):
        differences(was, was[:1])


@pytest.mark.parametrize(
    ("was", "now", "large"),
    [
        (0.5, 0.50049, False),  # a thousandth of it is 0.0005
        (0.5, 0.5006, True),
        (-0.5, -0.5006, True),
        (0.1, 0.9, True),
        (0.0, 9e-6, False),
        (0.0, 2e-5, True),
        (0.5, None, True),
        (None, 0.5, True),
        (True, False, True),
        ("a", "b", True),
    ],
)
def test_what_is_a_large_difference(was, now, large):
    (found,) = differences([{**FIRST, "x": was}], [{**FIRST, "x": now}])
    assert found.large is large


def test_from_the_second_iteration_on_all_differences_are_small_and_so_is_a_new_number():
    found = differences([BEFORE, FIRST, SECOND], [BEFORE, {**FIRST, "new": 1}, {**SECOND, "env/score": 0.9}])
    assert [one.large for one in found] == [False, False]
    (gone,) = differences([{**FIRST, "old": 1}], [FIRST])
    assert gone.large  # it was committed, and nothing of today can be held against it


def test_a_beginning_ends_before_what_follows():
    samples = {"record": "samples", "when": "before", "samples": []}

    def run():
        yield from (BEFORE, samples, FIRST, SECOND)
        raise AssertionError("more was asked for")

    assert list(beginning(run(), 2)) == [BEFORE, FIRST, SECOND]
    assert list(beginning([BEFORE, FIRST, AFTER, SECOND], 4)) == [BEFORE, FIRST]


@pytest.fixture
def rerun(monkeypatch, tmp_path, capsys):
    """Returns a function: what comes anew, or the error of the run -> exit status and lines."""
    result = cell("a", 0, config={"lr_schedule": "constant"})
    whole = (BEFORE, {**FIRST, "episodes": 8}, {**SECOND, "episodes": 16}, AFTER, DONE)
    committed = CellResult(result.header, whole)
    monkeypatch.setattr(f"{MODULE}.find", lambda name: tmp_path / name)
    monkeypatch.setattr(f"{MODULE}.read", lambda place: (SimpleNamespace(places={}), [committed]))

    def run(settings, seed):
        yield from (BEFORE, {**FIRST, "episodes": 8, "env/score": settings["score"]}, {**whole[2]})

    def rerun(score=0.25, schedule="constant", places=None):
        settings = {"run": "mine:run", "score": score, "config": {"lr_schedule": schedule}}
        result.header["settings"].clear()
        result.header["settings"].update(settings)
        if places is None:
            monkeypatch.setattr(f"{MODULE}.load_function", lambda name, places: run)
        status = main(["a"])
        return status, capsys.readouterr().out.splitlines()

    return rerun


TOLD = "a: the evaluation before training and 2 iterations"


def test_the_status_says_how_far_it_differs(rerun):
    assert rerun() == (0, [f"{TOLD} are equal to the bit"])
    line = "iteration 1: env/score: 0.25 was committed, {} is what comes now"
    assert rerun(0.2501) == (1, [line.format(0.2501), f"{TOLD} differ by little, as on another processor"])
    said = f"{TOLD} differ, 1 numbers by more than a thousandth from the start"
    assert rerun(0.9) == (2, [line.format(0.9), said])


def test_a_schedule_that_depends_on_the_length_is_one_line(rerun):
    status, (line,) = rerun(schedule="linear")
    assert status == 2
    assert line == (
        "error: a: can't be compared: config.lr_schedule: expected 'constant', got 'linear': a shorter run "
        "differs"
    )


@pytest.mark.parametrize(
    ("error", "told"),
    [
        (ModuleNotFoundError("No module named 'mine'"), "ModuleNotFoundError: No module named 'mine'"),
        (
            AttributeError("module 'mine' has no\nattribute 'run'"),
            "AttributeError: module 'mine' has no attribute",
        ),
        (FloatingPointError("loss is nan"), "FloatingPointError: loss is nan"),
        (ValueError("settings: got 'x'"), "settings: got 'x'"),
    ],
)
def test_a_run_that_fails_is_one_line(rerun, monkeypatch, error, told):
    def fail(name, places):
        raise error

    monkeypatch.setattr(f"{MODULE}.load_function", fail)
    status, (line,) = rerun(places={})
    assert status == 2 and line.startswith(f"error: a: can't be compared: {told}")


@pytest.mark.slow
def test_a_committed_cell_is_run_again(capsys):
    status = main(["candidates", "--iterations", "1"])
    last = capsys.readouterr().out.splitlines()[-1]
    said = "are equal to the bit" if status == 0 else "differ by little, as on another processor"
    assert last.endswith(f"the evaluation before training and 1 iterations {said}")


def test_what_is_no_study_is_one_line(capsys):
    assert main(["gone"]) == 2
    (line,) = capsys.readouterr().out.splitlines()
    assert line.startswith("error: expected the folder, file or name of a study")


@pytest.mark.parametrize(
    ("statuses", "job", "said"),
    [
        ("0 0", 0, []),
        ("1 0", 0, ["::warning file=docs/results/submitted/a.jsonl.xz::"]),
        ("2 1", 1, ["::error file=docs/results/submitted/a.", "::warning file=docs/results/submitted/b."]),
        ("0 137", 1, ["::error file=docs/results/submitted/b.jsonl.xz::"]),
    ],
)
def test_the_job_fails_where_a_study_could_not_be_compared(tmp_path, statuses, job, said):
    """The job's own lines, with a `make` that does nothing and a Python that ends as it is told."""
    lines = (ROOT / ".github" / "workflows" / "ci.yml").read_text(encoding="utf-8").splitlines()
    start = next(i for i, line in enumerate(lines) if "shopt -s nullglob" in line)
    end = next(i for i in range(start, len(lines)) if not lines[i].startswith("          "))
    for name in ("a", "b"):
        (tmp_path / "docs/results/submitted").mkdir(parents=True, exist_ok=True)
        (tmp_path / f"docs/results/submitted/{name}.jsonl.xz").touch()
    for name, text in (
        ("make", ""),
        (".venv/bin/python", "read -r s rest < left; echo $rest > left; exit $s"),
    ):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(f"#!/bin/bash\n{text}\n", encoding="utf-8")
        (tmp_path / name).chmod(0o755)
    (tmp_path / "left").write_text(f"{statuses}\n", encoding="utf-8")
    done = subprocess.run(
        ["bash", "-e", "-o", "pipefail", "-c", "\n".join(lines[start:end])],
        cwd=tmp_path,
        env={"PATH": f"{tmp_path}:/usr/bin:/bin"},
        capture_output=True,
        text=True,
        check=False,
    )
    told = done.stdout.splitlines()
    assert (done.returncode, done.stderr) == (job, "") and len(told) == len(said)
    assert all(line.startswith(start) for line, start in zip(told, said, strict=True))
