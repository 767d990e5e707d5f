"""Whatever happens to training: one line says so, and work since a checkpoint is all that is lost."""

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from agents.runs import checkpoint

pytestmark = pytest.mark.whole

pytest.importorskip("resource", reason="limits of a process are set by resource")

ROOT = Path(__file__).parents[1]
TRAIN = ROOT / "examples" / "train_sentiment.py"
ITERATIONS = 6


@pytest.fixture(scope="module")
def flags(tiny_policy):
    return [
        *("--policy", str(tiny_policy), "--tokenizer", "bytes", "--judge", "none", "--threads", "1"),
        *("--episodes", "48", "--batch-size", "8", "--minibatch-size", "4", "--response-length", "2-6"),
        *("--eval-samples", "8", "--max-prompt-tokens", "64", "--scorer", "faulty_scorer:Faulty"),
    ]


def start(*arguments, fault="none:0", folder="", packages=""):
    """Starts a training process whose scorer does something in one iteration."""
    places = [str(packages), str(ROOT / "tests" / "helpers"), str(ROOT), os.environ.get("PYTHONPATH", "")]
    path = os.pathsep.join(filter(None, places))
    environment = {**os.environ, "PYTHONPATH": path, "FAULT": fault, "FAULT_FOLDER": str(folder)}
    command = [sys.executable, str(TRAIN), *map(str, arguments), "--checkpoint-every", "2"]
    return subprocess.Popen(
        command, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True
    )


def train(*arguments, **kwargs):
    """Returns exit status and lines of stderr, those of progress left out."""
    process = start(*arguments, **kwargs)
    _, errors = process.communicate(timeout=200)
    return process.returncode, [line for line in errors.splitlines() if "episodes/s" not in line]


@pytest.fixture(scope="module")
def undisturbed(flags, tmp_path_factory):
    folder = tmp_path_factory.mktemp("runs") / "undisturbed"
    assert train(*flags, "--out", folder) == (0, [])
    assert not (folder / "run.lock").exists()
    return folder


def saved(folder):
    return json.loads((folder / "checkpoint" / "learner.json").read_text())["record"]["iteration"]


def check_end(result, status, *words):
    """Asserts that a process ended with a status and one line that has all the words."""
    assert result[0] == status, result[1]
    assert len(result[1]) == 1, result[1]
    for word in words:
        assert word in result[1][0], result[1]


def check_continued(folder, undisturbed):
    """Asserts that a run that is continued ends as if nothing had happened, to the byte."""
    assert train("--resume", folder) == (0, [])
    assert (folder / "metrics.jsonl").read_bytes() == (undisturbed / "metrics.jsonl").read_bytes()
    ours, theirs = (json.loads((run / "summary.json").read_text()) for run in (folder, undisturbed))
    assert ours["after"] == theirs["after"]
    assert {path.name for path in folder.iterdir()} == {path.name for path in undisturbed.iterdir()}


FAULTS = [  # in iteration 4: the last regular checkpoint is that of iteration 2
    ("nan:4", 1, 3, ["scorer 'faulty' must return", "got nan for "]),
    ("connection:4", 1, 3, ["error: the server is gone; raised by scorer 'faulty'", "up to iteration 3"]),
    ("terminate:4", 143, 4, ["stopped; saved up to iteration 4, continue with:"]),
    ("huge:4", 1, 2, ["error: iteration 4: loss is not finite, no step was taken: ", "up to iteration 2"]),
    ("disk:4", 1, 2, ["error: checkpoint ", "can't be written", "File too large", "an earlier one stands"]),
]


# One of each way to end is tested with every change: an explained error, a signal, a disk that is full.
QUICK = ("nan:4", "terminate:4", "disk:4")
CASES = [pytest.param(*row, id=row[0], marks=[] if row[0] in QUICK else pytest.mark.slow) for row in FAULTS]


@pytest.mark.parametrize(("fault", "status", "kept", "words"), CASES)
def test_a_fault_costs_at_most_the_work_since_a_checkpoint(flags, tmp_path, fault, status, kept, words):
    folder = tmp_path / "run"
    check_end(train(*flags, "--out", folder, fault=fault), status, f"--resume {folder}", *words)
    assert saved(folder) == kept
    left = {path.name for path in folder.iterdir()}
    assert left == {"config.json", "before.json", "metrics.jsonl", "timings.jsonl", "checkpoint"}


@pytest.mark.slow
def test_a_scorer_that_raises_loses_nothing(flags, undisturbed, tmp_path):
    folder = tmp_path / "run"
    result = train(*flags, "--out", folder, fault="raise:4")
    check_end(result, 1, "error: KeyError: 'no such model'; raised by scorer 'faulty'", "up to iteration 3")
    assert saved(folder) == 3
    check_continued(folder, undisturbed)


@pytest.mark.slow
def test_a_log_line_that_was_cut_off_by_a_full_disk(flags, undisturbed, tmp_path):
    folder = tmp_path / "run"
    result = train(*flags, "--out", folder, fault="log:4", folder=folder)
    check_end(result, 1, "metrics.jsonl can't be written: [Errno 27]", "up to iteration 2")
    assert (folder / "metrics.jsonl").read_bytes()[-1:] != b"\n"
    assert saved(folder) == 2
    check_continued(folder, undisturbed)


@pytest.mark.slow
def test_a_scorer_that_hangs(flags, tmp_path):
    folder = tmp_path / "run"
    result = train(*flags, "--out", folder, "--step-timeout", 20, fault="hang:4")
    check_end(
        result, 1, "error: env.step did not return within 20 s", "it hangs in fault_hang (", "faulty_scorer"
    )
    assert saved(folder) == 2


@pytest.mark.slow
def test_a_scorer_that_hangs_and_lets_no_other_thread_run(flags, tmp_path):
    folder = tmp_path / "run"
    status, lines = train(*flags, "--out", folder, "--step-timeout", 20, fault="hang_with_the_lock:4")
    assert status == 1
    assert any("Timeout (0:00:25)!" in line for line in lines)
    assert any("in fault_hang_with_the_lock" in line for line in lines)
    assert saved(folder) == 2


def test_a_folder_is_one_process_at_a_time(flags, tmp_path):
    folder = tmp_path / "run"
    process = start(*flags, "--out", folder, fault="hang:2")
    try:
        while not (folder / "before.json").exists():
            assert process.poll() is None
            time.sleep(0.02)
        refused = train("--resume", folder)
        check_end(refused, 1, f"{folder} is in use by process {process.pid}")
    finally:
        process.kill()
        process.communicate()
    assert (folder / "run.lock").exists()  # of a process that is dead
    assert train("--resume", folder) == (0, [])


@pytest.mark.slow
def test_prompts_that_changed(flags, tmp_path):
    prompts, folder = tmp_path / "prompts.txt", tmp_path / "run"
    prompts.write_text("The film was\n")
    status, lines = train(*flags, "--prompts", prompts, "--out", folder, fault="kill:4")
    assert status == -9, lines
    prompts.write_text("The film is\n")
    check_end(train("--resume", folder), 1, f"the prompts of {prompts} have changed", "SHA-256")
    prompts.write_text("The film was\n")
    assert train("--resume", folder) == (0, [])


@pytest.mark.slow
def test_wandb_that_is_out_of_reach(flags, undisturbed, tmp_path):
    folder, packages = tmp_path / "run", tmp_path / "packages"
    packages.mkdir()
    (packages / "wandb.py").write_text("def init(**_):\n    raise RuntimeError('connection\\nrefused')\n")
    status, lines = train(*flags, "--out", folder, "--wandb", packages=packages)
    check_end((status, lines), 0, "warning: W&B could not start: connection refused", "Training goes on")
    assert (folder / "metrics.jsonl").read_bytes() == (undisturbed / "metrics.jsonl").read_bytes()


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_during_the_imports(flags, tmp_path, number):
    process = start(*flags, "--out", tmp_path / "run")
    time.sleep(0.7)
    process.send_signal(number)
    _, errors = process.communicate(timeout=200)
    assert (process.returncode, errors) == (128 + number, "stopped\n")
    assert not (tmp_path / "run").exists()


@pytest.mark.slow
def test_a_folder_that_can_not_be_written(flags, undisturbed, tmp_path):
    """Whoever is root may write anywhere, so a file stands where a folder is needed."""
    folder = tmp_path / "run"
    shutil.copytree(undisturbed, folder)
    (folder / "summary.json").unlink()
    (folder / "after.json").unlink()
    (folder / "checkpoint.partial").write_text("in the way")
    check_end(train("--resume", folder), 1, "checkpoint.partial", "can't be written")
    checkpoint.load(folder / "checkpoint")
    (folder / "checkpoint.partial").unlink()
    check_continued(folder, undisturbed)


@pytest.mark.slow
def test_a_disk_that_can_only_be_read(undisturbed, tmp_path):
    folder = tmp_path / "run"
    shutil.copytree(undisturbed, folder)
    (folder / "summary.json").unlink()
    try:
        subprocess.run(["mount", "--bind", folder, folder], check=True, capture_output=True)
    except (OSError, subprocess.CalledProcessError):
        pytest.skip("nothing can be mounted here")
    try:
        subprocess.run(["mount", "-o", "remount,ro,bind", folder], check=True)
        check_end(train("--resume", folder), 1, "Read-only file system", "run.lock")
    finally:
        subprocess.run(["umount", folder], check=True)
    checkpoint.load(folder / "checkpoint")
