"""agents/runs/file_lock.py: who holds a lock, and what becomes of its file."""

import errno
import subprocess
import sys
from pathlib import Path

import pytest

from agents.runs import file_lock
from agents.runs.file_lock import is_locked, try_lock

ROOT = Path(__file__).parents[3]
HOLD = "import pathlib, sys, time\nfrom agents.runs.file_lock import try_lock\n" + (
    "with try_lock(pathlib.Path(sys.argv[1])) as mine:\n    print(mine, flush=True)\n    time.sleep(600)\n"
)


def test_a_lock_ends_with_the_process_that_holds_it(tmp_path):
    path = tmp_path / "one.lock"
    command = [sys.executable, "-c", HOLD, str(path)]
    holder = subprocess.Popen(command, stdout=subprocess.PIPE, text=True, cwd=ROOT)
    assert holder.stdout is not None and holder.stdout.readline() == "True\n"
    with try_lock(path) as mine:
        assert not mine
    assert is_locked(path)
    holder.kill()
    holder.communicate()
    assert path.exists() and not is_locked(path)  # what it left behind blocks nobody
    with try_lock(path) as mine:
        assert mine
    assert not path.exists()


def test_a_file_that_its_holder_removes_meanwhile_is_made_again(tmp_path, monkeypatch):
    path, take = tmp_path / "one.lock", file_lock._take
    taken = []

    def take_late(file):
        take(file)
        taken.append(file.name)
        if len(taken) == 1:
            path.unlink()  # as its last holder does, between this process's opening and its lock

    monkeypatch.setattr(file_lock, "_take", take_late)
    with try_lock(path) as mine:
        assert mine and path.exists() and len(taken) == 2


def test_a_file_system_without_locks_is_an_error_and_no_other_process(tmp_path, monkeypatch):
    def refuse(file):
        raise OSError(errno.ENOLCK, "No locks available")

    monkeypatch.setattr(file_lock, "_take", refuse)
    with pytest.raises(OSError, match="No locks available"), try_lock(tmp_path / "one.lock"):
        pass
