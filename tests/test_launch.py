"""Training under `accelerate launch`: two processes write what one writes, and end together."""

import json
import os
import re
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
TRAIN = ROOT / "examples" / "train_sentiment.py"
CONFIG = ROOT / "examples" / "speed" / "accelerate" / "two_cpu_processes.yaml"
ITERATIONS = 6

pytestmark = [pytest.mark.slow, pytest.mark.timeout(400)]
pytest.importorskip("accelerate")


@pytest.fixture(scope="module")
def flags(tiny_policy):
    return [
        *("--policy", str(tiny_policy), "--tokenizer", "bytes", "--judge", "none", "--threads", "1"),
        *("--episodes", "48", "--batch-size", "8", "--minibatch-size", "4", "--response-length", "2-6"),
        *("--eval-samples", "8", "--max-prompt-tokens", "64", "--scorer", "faulty_scorer:Faulty"),
    ]


def start(*arguments, processes=2, script=TRAIN, config=CONFIG, **variables):
    """Starts a script; in two processes with the launcher and a configuration file."""
    places = [str(ROOT / "tests" / "helpers"), str(ROOT), os.environ.get("PYTHONPATH", "")]
    environment = {
        **os.environ,
        "PYTHONPATH": os.pathsep.join(filter(None, places)),
        "OMP_NUM_THREADS": "1",
        **variables,
    }
    command = [sys.executable]
    if processes == 2:
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            port = str(free.getsockname()[1])
        launcher = ["-m", "accelerate.commands.launch", "--config_file", str(config)]
        command += [*launcher, "--num_machines", "1", "--num_processes", "2"]
        command += ["--main_process_ip", "127.0.0.1", "--main_process_port", port]
    command += [str(script), *map(str, arguments)]
    return subprocess.Popen(
        command, env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )


def train(*arguments, **kwargs):
    """Returns exit status, output and the lines of both processes that say something about the run."""
    process = start(*arguments, "--checkpoint-every", "2", **kwargs)
    output, errors = process.communicate(timeout=300)
    return process.returncode, output, [line for line in errors.splitlines() if line.startswith(WORDS)]


WORDS = ("error: ", "stopped", "note: ", "warning: ")


@pytest.fixture(scope="module")
def alone(flags, tmp_path_factory):
    folder = tmp_path_factory.mktemp("runs") / "alone"
    status, _, lines = train(*flags, "--out", folder, processes=1)
    assert (status, lines) == (0, [])
    return folder


def rows(folder):
    return [json.loads(line) for line in (folder / "metrics.jsonl").read_text().splitlines()]


def saved(folder):
    return json.loads((folder / "checkpoint" / "learner.json").read_text())["record"]["iteration"]


def check_same(folder, alone):
    """Asserts that a run left the files and, to rounding, the numbers of another."""
    assert {path.name for path in folder.iterdir()} == {path.name for path in alone.iterdir()}
    ours, theirs = rows(folder), rows(alone)
    assert len(ours) == len(theirs) == ITERATIONS
    for row, expected in zip(ours, theirs, strict=True):
        row = {key: value for key, value in row.items() if "explained_variance" not in key}
        assert row == pytest.approx({key: expected[key] for key in row}, rel=1e-4, abs=1e-5)
    pair = [json.loads((run / "summary.json").read_text()) for run in (folder, alone)]
    for moment in ("before", "after"):
        numbers = [{k: v for k, v in summary[moment].items() if v is not None} for summary in pair]
        assert numbers[0] == pytest.approx(numbers[1], rel=1e-4, abs=1e-5)
    assert pair[0]["episodes"] == pair[1]["episodes"]


def test_two_processes_write_what_one_writes(flags, alone, tmp_path):
    status, output, lines = train(*flags, "--out", tmp_path / "run")
    assert (status, lines) == (0, [])
    assert output.count("48 episodes") == 1
    check_same(tmp_path / "run", alone)
    status, output, _ = train("--resume", tmp_path / "run")
    assert (status, output.count("is finished already")) == (0, 1)
    assert train(*flags, "--out", tmp_path / "again")[0] == 0
    metrics = [(tmp_path / name / "metrics.jsonl").read_bytes() for name in ("run", "again")]
    assert metrics[0] == metrics[1]


@pytest.mark.parametrize("first", [1, 2])
def test_a_run_goes_on_in_more_or_fewer_processes(flags, alone, tmp_path, first):
    folder = tmp_path / "run"
    status, _, lines = train(*flags, "--out", folder, processes=first, FAULT="terminate:4", FAULT_RANK="0")
    assert status != 0
    assert [line for line in lines if line.startswith("stopped; saved up to iteration 4")] == lines
    assert len(lines) == 1
    status, _, lines = train("--resume", folder, processes=3 - first)
    assert (status, lines) == (0, [])
    check_same(folder, alone)


def test_a_scorer_that_raises_in_one_process_ends_both(flags, alone, tmp_path):
    folder = tmp_path / "run"
    status, _, lines = train(*flags, "--out", folder, FAULT="raise:4", FAULT_RANK="1")
    assert status == 1
    assert len(lines) == 2
    (cause,) = [line for line in lines if "lost the others" not in line]
    (lost,) = [line for line in lines if "lost the others" in line]
    assert cause == "error: KeyError: 'no such model'; raised by scorer 'faulty'"
    assert "saved up to iteration 3, continue with: " in lost
    assert saved(folder) == 3
    status, _, lines = train("--resume", folder)
    assert (status, lines) == (0, [])
    check_same(folder, alone)


def test_a_process_that_hangs_is_not_waited_for(flags, tmp_path):
    folder = tmp_path / "run"
    begun = time.monotonic()
    status, _, lines = train(*flags, "--out", folder, "--process-timeout", 20, FAULT="hang:4", FAULT_RANK="1")
    assert status == 1
    assert ["process 0 of 2 lost the others" in line for line in lines] == [True]
    assert saved(folder) == 3
    assert time.monotonic() - begun < 150


def test_fsdp_goes_as_far_as_the_page_says():
    script = ROOT / "examples" / "speed" / "fsdp_step.py"
    config = CONFIG.with_name("fsdp.yaml")
    process = start(script=script, config=config)
    output, errors = process.communicate(timeout=300)
    assert process.returncode == 0, errors
    found = re.search(r"this process: (\d+) of (\d+); same responses: True", output)
    assert found is not None, output
    part, whole = map(int, found.groups())
    assert part == pytest.approx(whole / 2, rel=0.01)
    assert float(output.split("apart by ")[1]) < 1e-6


def test_a_launcher_that_is_stopped_stops_both_at_one_iteration(flags, tmp_path):
    folder = tmp_path / "run"
    many = [word if word != "48" else "4800" for word in flags]
    process = start(*many, "--out", folder)
    while process.poll() is None and not (folder / "metrics.jsonl").exists():
        time.sleep(0.01)
    process.send_signal(signal.SIGTERM)
    _, errors = process.communicate(timeout=200)
    assert process.returncode != 0
    assert errors.count("stopped; saved up to iteration ") == 1
    assert "lost the others" not in errors
    assert saved(folder) == len(rows(folder))
    assert not (folder / "run.lock").exists()
