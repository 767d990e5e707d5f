"""A run that is killed at any moment and continued leaves the same bytes as one that was left alone."""

import json
import random
import signal
import subprocess
import sys
import time
from collections import Counter
from pathlib import Path

import pytest

pytestmark = pytest.mark.whole

TRAIN = Path(__file__).parents[2] / "examples" / "train_sentiment.py"
ITERATIONS = 40


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


def names(folder):
    """Returns the files of a run, but for half of a figure that was being written."""
    return {path.name for path in folder.iterdir() if path.suffix != ".new"}


def wait_for(process, folder, moment):
    """Waits until a process is at something, and a while longer, or has ended."""

    def there(name):
        return (folder / name).exists()

    last = min(lines(folder) + random.randrange(4), ITERATIONS - 2)
    come = {
        "starting": lambda: True,
        "first evaluation": lambda: there("config.json"),
        "training": lambda: lines(folder) > last,
        "saving": lambda: there("checkpoint.partial"),
        "last evaluation": lambda: lines(folder) == ITERATIONS,
        "writing results": lambda: there("after.json"),
    }[moment]
    while process.poll() is None and not come():
        time.sleep(0.0005)
    longest = {"starting": 4.0, "saving": 0.004, "writing results": 0.3}.get(moment, 0.05)
    time.sleep(random.random() * longest)


MOMENTS = (
    "starting",
    "first evaluation",
    "training",
    "saving",
    "saving",
    "last evaluation",
    "writing results",
)


@pytest.mark.slow
@pytest.mark.timeout(3_600)
def test_killed_many_times_and_continued(flags, undisturbed, tmp_path, request, capsys):
    """As many kills as `--kills` says, over as many runs as that takes; each ends as the undisturbed one."""
    kills, seen, runs = request.config.getoption("kills"), Counter(), 0
    while seen.total() < kills:
        folder = tmp_path / f"run-{runs}"
        arguments, runs = [*flags, "--out", str(folder)], runs + 1
        for _ in range(10):
            if seen.total() == kills or (folder / "summary.json").exists():
                break
            process = start(arguments)
            moment = random.choice(MOMENTS)
            wait_for(process, folder, moment)
            process.kill()
            _, errors = process.communicate()
            assert process.returncode in (0, -signal.SIGKILL), errors
            seen[moment] += process.returncode == -signal.SIGKILL
            if (folder / "config.json").exists():
                arguments = ["--resume", str(folder)]
        if arguments[0] == "--resume":
            finish(folder)
            assert_equal(folder, undisturbed)
            assert names(folder) == names(undisturbed)
    with capsys.disabled():
        sys.stdout.write(f"\n{seen.total()} kills over {runs} runs: {dict(seen)}\n")
