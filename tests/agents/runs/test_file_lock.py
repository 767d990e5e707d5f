"""agents/runs/file_lock.py: who holds a lock, and what becomes of its file."""

import errno
import os
import subprocess
import sys
from pathlib import Path

import filelock
import pytest

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
    path, lock = tmp_path / "one.lock", filelock.lock_descriptor
    taken = []

    def lock_late(descriptor, **kwargs):
        taken.append(descriptor)
        if len(taken) == 1:
            path.unlink()  # as its last holder does, between this process's opening and its lock
        return lock(descriptor, **kwargs)

    monkeypatch.setattr(filelock, "lock_descriptor", lock_late)
    with try_lock(path) as mine:
        assert mine and path.exists() and len(taken) == 2


def test_a_file_system_without_locks_is_an_error_and_no_other_process(tmp_path, monkeypatch):
    def refuse(descriptor, operation):
        raise OSError(errno.ENOLCK, "No locks available")

    monkeypatch.setattr("fcntl.flock", refuse)
    with pytest.raises(OSError, match="No locks available"), try_lock(tmp_path / "one.lock"):
        pass


def test_the_note_is_there_while_the_lock_is_held(tmp_path):
    path = tmp_path / "one.lock"
    path.write_text("of a process that was killed")
    with try_lock(path, note="123") as mine:
        assert mine and path.read_text() == "123"
        assert is_locked(path) and path.read_text() == "123"  # a contender changes nothing
    assert not path.exists()


@pytest.mark.parametrize("kind", ["link", "second name", "pipe", "folder"])
def test_what_is_no_file_of_its_own_is_refused_and_left_as_it_is(tmp_path, kind):
    path, other = tmp_path / "one.lock", tmp_path / "other"
    other.write_text("precious")
    make = {
        "link": lambda: path.symlink_to(other), "second name": lambda: path.hardlink_to(other),
        "pipe": lambda: os.mkfifo(path), "folder": path.mkdir,
    }  # fmt: skip
    make[kind]()
    with pytest.raises(OSError), try_lock(path, note="123"):
        pass
    assert os.path.lexists(path) and other.read_text() == "precious"


def test_no_folder_is_made_for_a_lock(tmp_path):
    with pytest.raises(FileNotFoundError), try_lock(tmp_path / "gone" / "one.lock"):
        pass
    assert not (tmp_path / "gone").exists()
