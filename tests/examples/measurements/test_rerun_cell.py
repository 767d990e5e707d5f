"""rerun_cell.py: which cell is taken, what is run of it, and what is said to differ."""

import pytest

from agents.studies.cells import CellResult
from examples.measurements.rerun_cell import begin, differences, main, pick

pytestmark = pytest.mark.whole

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
    with pytest.raises(ValueError, match=r"a: config.lr_schedule: expected 'constant', got 'linear'"):
        next(begin(cell("a", 0, config={"lr_schedule": "linear"}), {}, 4))


def test_differences_are_told_number_by_number():
    was = [
        {"record": "evaluation", "when": "before", "summary": {"score": 0.5, "kl": 1e-7}},
        {"record": "iteration", "iteration": 1, "env/score": 0.25},
    ]
    same = [was[0], {**was[1], "env/score": 0.2500000001}]  # six digits are kept
    assert differences(was, same) == []
    other = [{**was[0], "summary": {"score": 0.5, "kl": 2e-7}}, {**was[1], "env/score": 0.3}]
    assert differences(was, other) == [
        "evaluation before: kl: 1e-07 was committed, 2e-07 is what comes now",
        "iteration 1: env/score: 0.25 was committed, 0.3 is what comes now",
    ]


@pytest.mark.slow
def test_a_committed_cell_is_run_again(capsys):
    status = main(["candidates", "--iterations", "1"])
    last = capsys.readouterr().out.splitlines()[-1]
    said = "are equal to the bit" if status == 0 else "differ"
    assert last.endswith(f"the evaluation before training and 1 iterations {said}")


def test_what_is_no_study_is_one_line(capsys):
    assert main(["gone"]) == 1
    (line,) = capsys.readouterr().out.splitlines()
    assert line.startswith("error: expected the folder, file or name of a study")
