"""agents/studies/run.py and the executors: each cell once, with equal bytes, whatever happens meanwhile."""

import hashlib
import json
import os
import signal
import subprocess
import sys
import time
from concurrent.futures import Future
from dataclasses import replace
from pathlib import Path

import pytest

from agents.runs.file_lock import is_locked, try_lock
from agents.studies.executors import ProcessExecutor
from agents.studies.files import StudyFolder, pack, read_cell, read_results, to_line, unpack
from agents.studies.fingerprint import fingerprint
from agents.studies.plan import Cell, Study
from agents.studies.run import Job, Place, run_cell, run_cells

ROOT = Path(__file__).parents[3]
CELLS = '''
"""Cells that take no time, fail, or wait for a file."""
import os, pathlib, time

def square(settings, seed):
    with open(settings["log"], "a") as log:
        log.write(f"{seed}\\n")
    yield {"record": "square", "value": seed * seed / 3.0, "threads": os.environ.get("OMP_NUM_THREADS")}

def diverge(settings, seed):
    yield {"record": "iteration", "episodes": 1}
    raise FloatingPointError("loss is not finite")

def break_down(settings, seed):
    print("what it had to say", flush=True)
    raise KeyError("no such thing")
    yield

def pretend(settings, seed):
    yield {"record": "end"}

def dawdle(settings, seed):
    yield from square(settings, seed)
    time.sleep(0.05)

def wait(settings, seed):
    folder = pathlib.Path(settings["folder"])
    (folder / f"{seed}.pid").write_text(str(os.getpid()))
    while not (folder / "go").exists():
        time.sleep(0.05)
    yield {"record": "square", "value": seed}
'''


class Here:
    """An executor that runs each call at once, in this process."""

    slots = 1

    def submit(self, function, argument):
        future = Future()
        future.set_result(function(argument))
        return future

    def close(self):
        pass


@pytest.fixture
def place(tmp_path):
    (tmp_path / "study_test_cells.py").write_text(CELLS)
    return Place("study", StudyFolder(tmp_path / "out"), Here(), (str(tmp_path),))


def cell_of(name, seed=0, **settings):
    return Cell("main", seed, {"run": f"study_test_cells:{name}", **settings}, label=name)


def squares(tmp_path, number=3):
    return [cell_of("square", seed, log=str(tmp_path / "log")) for seed in range(number)]


def test_a_cell_leaves_its_settings_its_records_and_its_end(place, tmp_path):
    (cell,) = squares(tmp_path, 1)
    summary = run_cells(place, [cell])
    assert (summary.done, summary.errors, summary.left) == (1, {}, [])
    lines = place.folder.find(cell).read_bytes().splitlines(keepends=True)
    first, record, end = map(json.loads, lines)
    assert first["record"] == "cell" and first["settings"] == cell.settings and first["seed"] == 0
    assert first["settings_sha256"] == cell.settings_sha256 and first["study"] == "study"
    assert "torch" in first["versions"] and not any("time" in key or "seconds" in key for key in first)
    assert record["record"] == "square" and record["value"] == 0.0
    told = hashlib.sha256(lines[0] + lines[1] + b'{"reason": null, "status": "done"}').hexdigest()
    assert end == {"record": "end", "status": "done", "reason": None, "sha256": told}
    (timing,) = place.folder.read_timings()
    assert timing["id"] == cell.id and timing["seconds"] >= 0


def test_a_place_hands_its_plan_to_each_cell(place, tmp_path):
    (cell,) = squares(tmp_path, 1)
    plan = fingerprint(Study("s", "t"))
    assert run_cells(replace(place, plan=plan), [cell]).done == 1
    assert read_cell(place.folder.find(cell)).header["plan"] == plan


def test_settings_are_kept_to_the_last_digit(place, tmp_path):
    cell = cell_of("square", log=str(tmp_path / "log"), rate=0.1234567890123)
    run_cells(place, [cell])
    assert read_cell(place.folder.find(cell)).settings["rate"] == 0.1234567890123


def test_a_finished_cell_is_not_run_again(place, tmp_path):
    cells = squares(tmp_path)
    assert run_cells(place, cells[:2]).done == 2
    assert run_cells(place, cells).done == 3
    assert (tmp_path / "log").read_text().split() == ["0", "1", "2"]


def test_numbers_that_left_the_finite_are_a_result(place):
    cell = cell_of("diverge")
    assert run_cells(place, [cell]).done == 1
    result = read_cell(place.folder.find(cell))
    assert (result.status, result.reason) == ("failed", "loss is not finite")
    assert len(result.iterations) == 1


@pytest.mark.parametrize(
    ("name", "reason"),
    [
        ("break_down", "KeyError: 'no such thing'"),
        ("pretend", "ValueError: record: expected none of"),
        ("absent", "AttributeError"),
    ],
)
def test_what_goes_wrong_is_no_result_and_the_others_go_on(place, tmp_path, name, reason):
    wrong, *rest = cell_of(name), *squares(tmp_path, 2)
    summary = run_cells(place, [wrong, *rest])
    assert summary.done == 2 and list(summary.errors) == [wrong.id]
    assert summary.errors[wrong.id].startswith(reason)
    assert place.folder.find(wrong) is None
    assert place.folder.log(wrong).exists()


def test_no_cell_is_begun_after_the_time_limit(place, tmp_path):
    cells = squares(tmp_path)
    summary = run_cells(place, cells, seconds=0.0)
    assert summary.done == 0 and summary.left == cells


def test_a_cell_in_other_hands_is_left_alone(place, tmp_path):
    (cell,) = squares(tmp_path, 1)
    place.folder.create()
    with try_lock(place.folder.lock(cell)) as mine:
        assert mine and is_locked(place.folder.lock(cell))
        assert run_cell(Job("study", cell, str(place.folder.path), place.import_paths)).status == "busy"
    assert not is_locked(place.folder.lock(cell))
    assert not (tmp_path / "log").exists()


def test_a_line_by_hand():
    line = to_line({"a": 1 / 3, "b": float("nan"), "c": [1e-9 / 3], "d": 12345678})
    assert line == b'{"a": 0.333333, "b": null, "c": [3.33333e-10], "d": 12345678}\n'


def test_a_packed_study_holds_what_the_folder_holds(place, tmp_path):
    cells = squares(tmp_path)
    run_cells(place, cells)
    packs = [tmp_path / "one.jsonl.xz", tmp_path / "two.jsonl.xz"]
    packed = [
        pack(place.folder, order, path) for order, path in zip((cells, cells[::-1]), packs, strict=True)
    ]
    assert packed == [3, 3]
    assert packs[0].read_bytes() == packs[1].read_bytes()
    assert read_results(packs[0]) == read_results(place.folder.path)
    other = StudyFolder(tmp_path / "other")
    other.create()
    assert unpack(packs[0], other) == 3 and unpack(packs[0], other) == 0
    for cell in cells:
        assert other.find(cell).read_bytes() == place.folder.find(cell).read_bytes()


def test_a_damaged_cell_is_named(place, tmp_path):
    (cell,) = squares(tmp_path, 1)
    run_cells(place, [cell])
    path = place.folder.find(cell)
    path.write_bytes(path.read_bytes()[:-30])
    with pytest.raises(ValueError, match=rf"{cell.id}.*remove it"):
        read_results(place.folder.path)


@pytest.mark.whole
def test_processes_of_their_own_give_equal_bytes_with_one_thread(place, tmp_path, monkeypatch):
    cells = squares(tmp_path)
    monkeypatch.setenv("OMP_NUM_THREADS", "1")
    run_cells(place, cells)
    apart = StudyFolder(tmp_path / "apart")
    wrong = cell_of("break_down")
    with ProcessExecutor(2) as executor:
        summary = run_cells(Place("study", apart, executor, place.import_paths), [*cells, wrong])
    assert summary.done == 3 and list(summary.errors) == [wrong.id]
    for cell in cells:
        assert apart.find(cell).read_bytes() == place.folder.find(cell).read_bytes()
        assert not apart.log(cell).exists()
    said = apart.log(wrong).read_text()
    assert said.startswith("what it had to say") and "Traceback" in said


RUNNER = """
import sys
from agents.studies.executors import ProcessExecutor
from agents.studies.files import StudyFolder
from agents.studies.plan import Cell
from agents.studies.run import Place, run_cells
if __name__ == "__main__":
    base = sys.argv[1]
    settings = {"run": "study_test_cells:wait", "folder": base}
    with ProcessExecutor(2) as executor:
        place = Place("study", StudyFolder(base + "/out"), executor, (base,))
        run_cells(place, [Cell("main", seed, settings) for seed in range(2)])
"""


TWO = """
import sys
from pathlib import Path
from concurrent.futures import Future
from agents.studies.files import StudyFolder
from agents.studies.plan import Cell
from agents.studies.run import Place, run_cells

class Here:
    slots = 1
    def submit(self, function, argument):
        future = Future()
        future.set_result(function(argument))
        return future

base = sys.argv[1]
print(flush=True)  # ready
sys.stdin.readline()
settings = {"run": "study_test_cells:dawdle", "log": base + "/log"}
cells = [Cell("main", seed, settings) for seed in range(20)]
summary = run_cells(Place("study", StudyFolder(base + "/out"), Here(), (base,)), cells)
print(summary.done, summary.errors)
"""


@pytest.mark.whole
def test_two_runners_at_once_share_the_cells(place, tmp_path):
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "text": True, "cwd": ROOT}
    command = [sys.executable, "-c", TWO, str(tmp_path)]
    runners = [subprocess.Popen(command, **pipes) for _ in range(2)]
    for runner in runners:
        runner.stdout.readline()
    for runner in runners:
        runner.stdin.write("\n")
        runner.stdin.flush()
    assert [runner.communicate()[0] for runner in runners] == ["20 {}\n", "20 {}\n"]
    done = sorted(map(int, (tmp_path / "log").read_text().split()))
    assert done == list(range(20))  # each once
    assert len(read_results(place.folder.path)) == 20
    assert len({row["id"] for row in place.folder.read_timings()}) == 20
    assert not list(place.folder.locks.iterdir())


def wait_for(holds, seconds=120.0):
    until = time.monotonic() + seconds
    while not holds():
        assert time.monotonic() < until, "waited in vain"
        time.sleep(0.05)


def is_alive(process):
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    return "zombie" not in Path(f"/proc/{process}/status").read_text()


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="reads /proc")
def test_a_study_that_was_killed_goes_on_with_no_cell_lost_or_done_twice(place, tmp_path):
    script = tmp_path / "runner.py"
    script.write_text(RUNNER)
    pids = [tmp_path / f"{seed}.pid" for seed in range(2)]
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    runner = subprocess.Popen([sys.executable, str(script), str(tmp_path)], env=environment)
    wait_for(lambda: all(pid.exists() and pid.read_text() for pid in pids))
    runner.send_signal(signal.SIGKILL)
    runner.wait()
    workers = [int(pid.read_text()) for pid in pids]
    wait_for(lambda: not any(is_alive(worker) for worker in workers), 30.0)  # they end with who started them
    cells = [
        Cell("main", seed, {"run": "study_test_cells:wait", "folder": str(tmp_path)}) for seed in range(2)
    ]
    assert all(place.folder.find(cell) is None for cell in cells)
    (tmp_path / "go").touch()
    assert run_cells(place, cells).done == 2
    assert [result.records("square")[0]["value"] for result in read_results(place.folder.path)] == [0, 1]


TOY = f"""
import sys
sys.path.insert(0, {str(ROOT / "tests" / "agents")!r})
import gymnasium
from conftest import ToyVectorEnv
gymnasium.register("StudyToyApart-v0", vector_entry_point=ToyVectorEnv)
"""
TRAINER = """
import sys
from agents.studies.executors import ProcessExecutor
from agents.studies.files import StudyFolder
from agents.studies.plan import Cell
from agents.studies.run import Place, run_cells
if __name__ == "__main__":
    base, out, jobs = sys.argv[1:]
    settings = {
        "run": "agents.study_training:train", "agent": "ppo", "policy": base + "/policy",
        "env": "study_toy:StudyToyApart-v0", "episodes": 64, "eval_episodes": 8, "samples": 1,
        "config": {"batch_size": 8, "minibatch_size": 8},
    }
    with ProcessExecutor(int(jobs)) as executor:
        place = Place("study", StudyFolder(base + "/" + out), executor, (base,))
        assert run_cells(place, [Cell("main", seed, settings) for seed in range(4)]).done == 4
"""


@pytest.mark.slow
def test_training_that_was_killed_leaves_the_bytes_of_one_left_alone(make_policy, tmp_path):
    make_policy().save_pretrained(tmp_path / "policy")
    (tmp_path / "study_toy.py").write_text(TOY)
    script = tmp_path / "trainer.py"
    script.write_text(TRAINER)

    def start(out, jobs):
        environment = {**os.environ, "PYTHONPATH": str(ROOT)}
        command = [sys.executable, str(script), str(tmp_path), out, str(jobs)]
        return subprocess.Popen(command, env=environment)

    alone, disturbed = tmp_path / "alone" / "cells", tmp_path / "disturbed" / "cells"
    assert start("alone", 1).wait() == 0
    killed = start("disturbed", 2)
    wait_for(lambda: list(disturbed.glob("*.jsonl")))
    killed.kill()
    killed.wait()
    assert len(list(disturbed.glob("*.jsonl"))) < 4
    assert start("disturbed", 2).wait() == 0
    names = sorted(path.name for path in alone.iterdir())
    assert len(names) == 4 and sorted(path.name for path in disturbed.iterdir()) == names
    for name in names:
        assert (disturbed / name).read_bytes() == (alone / name).read_bytes()
        assert len(read_cell(alone / name).iterations) == 8


def test_a_worker_that_dies_is_named():
    with ProcessExecutor(1) as executor:
        error = executor.submit(os._exit, 7).exception()
    assert "status 7" in str(error)


@pytest.mark.slow
def test_two_workers_of_ray_give_the_same_bytes(place, tmp_path, monkeypatch):
    pytest.importorskip("ray")
    from agents.studies.executors import RayExecutor

    cells = squares(tmp_path)
    monkeypatch.setenv("OMP_NUM_THREADS", "1")
    run_cells(place, cells)
    apart = StudyFolder(tmp_path / "apart")
    with RayExecutor(2) as executor:
        assert run_cells(Place("study", apart, executor, place.import_paths), cells).done == 3
    for cell in cells:
        assert apart.find(cell).read_bytes() == place.folder.find(cell).read_bytes()
