"""A run that is killed at any moment and continued leaves the same bytes as one that was left alone."""

import json
import random
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

TRAIN = Path(__file__).parents[1] / "examples" / "train_sentiment.py"


@pytest.fixture(scope="module")
def flags(tiny_policy):
    return [
        *("--policy", str(tiny_policy), "--tokenizer", "bytes", "--judge", "none", "--threads", "1"),
        *("--episodes", "320", "--batch-size", "8", "--minibatch-size", "4", "--response-length", "2-6"),
        *("--eval-samples", "8", "--max-prompt-tokens", "64"),
    ]


@pytest.fixture(scope="module")
def undisturbed(flags, tmp_path_factory):
    folder = tmp_path_factory.mktemp("runs") / "undisturbed"
    done = subprocess.run(
        [sys.executable, str(TRAIN), *flags, "--out", str(folder)],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return folder


def start(arguments):
    return subprocess.Popen(
        [sys.executable, str(TRAIN), *arguments, "--checkpoint-every", "2"],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
    )


def lines(folder):
    path = folder / "metrics.jsonl"
    return path.read_bytes().count(b"\n") if path.exists() else 0


def end_within(process, folder, moment, number=signal.SIGKILL):
    """Sends the signal at a random time after line number `moment + 1` was written."""
    while process.poll() is None and lines(folder) <= moment:
        time.sleep(0.005)
    time.sleep(random.random() * 0.05)
    process.send_signal(number)
    _, errors = process.communicate()
    return process.returncode, errors


def finish(folder):
    process = start(["--resume", str(folder)])
    _, errors = process.communicate()
    assert process.returncode == 0, errors


def assert_equal(folder, undisturbed):
    assert (folder / "metrics.jsonl").read_bytes() == (undisturbed / "metrics.jsonl").read_bytes()
    ours, theirs = (json.loads((run / "summary.json").read_text()) for run in (folder, undisturbed))
    for key in ("before", "after", "episodes"):
        assert ours[key] == theirs[key]


def test_killed_once_and_continued(flags, undisturbed, tmp_path):
    folder = tmp_path / "run"
    status, _ = end_within(start([*flags, "--out", str(folder)]), folder, moment=random.randrange(30))
    assert status == -signal.SIGKILL
    assert lines(folder) < 40
    finish(folder)
    assert_equal(folder, undisturbed)


def test_stopped_by_ctrl_c_and_continued(flags, undisturbed, tmp_path):
    folder = tmp_path / "run"
    process = start([*flags, "--out", str(folder)])
    status, errors = end_within(process, folder, random.randrange(30), signal.SIGINT)
    assert status == 130, errors
    assert f"--resume {folder}" in errors
    assert "Traceback" not in errors
    finish(folder)
    assert_equal(folder, undisturbed)


@pytest.mark.slow
def test_killed_ten_times_and_continued(flags, undisturbed, tmp_path):
    folder = tmp_path / "run"
    arguments = [*flags, "--out", str(folder)]
    for _ in range(10):
        if (folder / "summary.json").exists():
            break
        process = start(arguments)
        # Anywhere between the start of the process and a few iterations later.
        time.sleep(random.random() * 2)
        end_within(process, folder, moment=min(lines(folder) + random.randrange(-2, 4), 38))
        if (folder / "config.json").exists():
            arguments = ["--resume", str(folder)]
    finish(folder)
    assert_equal(folder, undisturbed)
