"""Standard output of a command: no result is lost for a character, and nothing is said of a closed pipe."""

import os
import subprocess
import sys

import pytest

RUN = """
import sys
from rlsf_gym.flags.output import run_main

def write(argv):
    for line in argv:
        sys.stdout.write(line * 10_000 if line == "long" else line)
    return 1

def fail(argv):
    raise BrokenPipeError("of a worker")

sys.exit(run_main(fail if sys.argv[1] == "fail" else write, sys.argv[1:]))
"""


def start(*arguments, **environment):
    """Returns a process that runs a command in this checkout."""
    return subprocess.Popen(
        [sys.executable, "-c", RUN, *arguments],
        stdout=subprocess.PIPE, stderr=subprocess.PIPE,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path), **environment},
    )  # fmt: skip


@pytest.mark.parametrize(
    ("encoding", "written"), [("cp1252", b"caf\xe9 \\u21b5"), ("utf-8", "café ↵".encode())]
)
def test_what_the_encoding_lacks_is_escaped(encoding, written):
    process = start("café ↵", PYTHONIOENCODING=encoding, PYTHONUTF8="1")
    assert process.communicate() == (written, b"")
    assert process.returncode == 1


@pytest.mark.skipif(os.name == "nt", reason="Windows does not say that a pipe is closed")
def test_a_reader_that_leaves_early_ends_the_command_without_a_word():
    process = start("long")
    process.stdout.close()
    with process.stderr as errors:
        assert errors.read() == b""
    assert process.wait() == 141


def test_another_broken_pipe_is_a_failure():
    errors = start("fail").communicate()[1]
    assert errors.endswith(b"BrokenPipeError: of a worker\n")
