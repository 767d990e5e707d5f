"""Runs a Markdown page as it is printed: its blocks in order, what they print held to what stands beneath.

    python -m tests.helpers.printed_page docs/how_to/vectorise.md           runs it, and says what differs
    python -m tests.helpers.printed_page docs/how_to/vectorise.md --write   puts what it printed into the page

Blocks of Python are run in one process per page, so that they share their names; blocks of bash in a shell.
A block under a line that ends with "Save as `NAME`:" is a file, and is written under that name. A block of
`text` that follows is what was printed: `...` stands for whatever was left out, and behind the line
`<!-- numbers differ -->` each number stands for any number, as those of training do on another processor.
All other blocks are not run, nor are commands that install.
"""

from __future__ import annotations

import argparse
import json
import os
import re
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

ROOT = Path(__file__).parents[2]
RUN = ("python", "bash")
INSTALLS = ("pip install", "python -m venv", "source ", "git clone", "cd rlsf-gym")
FREE = "<!-- numbers differ -->"

_FENCE = re.compile(r"^```(\w*)\n(.*?)^```$", re.M | re.S)
_FILE = re.compile(r"[Ss]ave as `([\w./-]+)`:$")
_ANY_NUMBER = r"[-+\u2212]?\d+(?:,\d{3})*(?:\.\d+)?(?:e[-+]?\d+)?"
_NUMBER = re.compile(_ANY_NUMBER)
_CHILD = """
import contextlib, io, json, sys
sys.path.insert(0, "")
names = {"__name__": "__main__"}
for line in sys.stdin:
    told = io.StringIO()
    code, place = json.loads(line)
    with contextlib.redirect_stdout(told):
        exec(compile(code, place, "exec"), names)
    sys.__stdout__.write(json.dumps(told.getvalue()) + "\\n")
    sys.__stdout__.flush()
"""


@dataclass(frozen=True)
class Block:
    """A block that is run or saved, with what is printed beneath it."""

    kind: str
    """python, bash, or file."""
    code: str
    line: int
    name: str = ""
    """Name of the file."""
    expected: str | None = None
    free: bool = False
    """Whether numbers of what is expected may be any."""
    span: tuple[int, int] = (0, 0)
    """Where in the page it stands."""


class DiffersError(AssertionError):
    """What a block printed is not what stands beneath it."""


def read_blocks(text: str) -> list[Block]:
    """Returns the blocks of a page that are run or saved, in order."""
    found: list[Block] = []
    end = 0
    for fence in _FENCE.finditer(text):
        kind, body = fence.groups()
        before, line = text[end : fence.start()].strip(), text.count("\n", 0, fence.start()) + 1
        file = _FILE.search(before)
        if file:
            found.append(Block("file", body, line, file[1]))
        elif kind in RUN:
            found.append(Block(kind, body, line))
        elif kind == "text" and found and before in ("", FREE):
            found[-1] = replace(found[-1], expected=body, free=before == FREE, span=fence.span(2))
        end = fence.end()
    return found


def matches(printed: str, expected: str, *, free: bool = False) -> bool:
    """Returns whether what was printed is what was expected, `...` and free numbers aside."""
    pattern = ".*?".join(_pattern(part, free) for part in _clean(expected).split("..."))
    return re.fullmatch(pattern, _clean(printed), re.S) is not None


def _pattern(part: str, free: bool) -> str:
    if not free:
        return re.escape(part)
    texts = [r"\s+".join(map(re.escape, re.split(r"\s+", text))) for text in _NUMBER.split(part)]
    return rf"\s*{_ANY_NUMBER}".join(texts)


def _clean(text: str) -> str:
    return "\n".join(line.rstrip() for line in text.splitlines()).strip("\n")


def make_small(block: Block, small: Sequence[tuple[str, str]]) -> Block:
    """Returns a block with its long training made short."""
    code = block.code
    for whole, part in small:
        code = code.replace(whole, part)
    return replace(block, code=code)


def run_page(
    page: Path, folder: Path, *, small: Sequence[tuple[str, str]] = ()
) -> Iterator[tuple[Block, str]]:
    """Runs the blocks of a page in a folder; yields each one that prints, with what it printed.

    Args:
        page: The page.
        folder: Where its blocks run: an empty folder.
        small: Texts in its code, and what is run in the place of each. From the first block on that one of
            them is in, nothing is expected any more.

    Raises:
        RuntimeError: If a block fails.
        ValueError: If one of the texts is in no block.
    """
    blocks = read_blocks(page.read_text(encoding="utf-8"))
    unused = [whole for whole, _ in small if not any(whole in block.code for block in blocks)]
    if unused:
        raise ValueError(f"{page}: expected each text that is replaced to stand in it, got {unused}")
    as_printed = True
    with _python(folder) as run_python:
        for block in blocks:
            smaller = make_small(block, small)
            as_printed = as_printed and smaller.code == block.code
            printed = _run(smaller, page, folder, run_python)
            if printed is not None:
                yield (block if as_printed else replace(block, expected=None)), printed


def _run(block: Block, page: Path, folder: Path, run_python) -> str | None:
    place = f"{page}, line {block.line}"
    if block.kind == "file":
        (folder / block.name).parent.mkdir(parents=True, exist_ok=True)
        (folder / block.name).write_text(block.code, encoding="utf-8")
        return None
    if block.kind == "python":
        return run_python(block.code, place)
    code = "\n".join(line for line in block.code.splitlines() if not line.startswith(INSTALLS))
    if not code.strip():
        return None
    command = ["bash", "-e", "-o", "pipefail", "-c", code]
    done = subprocess.run(command, cwd=folder, env=environment(), capture_output=True, text=True, check=False)
    if done.returncode:
        raise RuntimeError(f"{place}: exit status {done.returncode}\n{done.stdout}\n{done.stderr[-3000:]}")
    return done.stdout


def environment() -> dict[str, str]:
    """Returns the variables of blocks: commands of this Python, this checkout, no network, one thread."""
    return {
        **os.environ,
        "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}",
        "PYTHONPATH": str(ROOT),
        "HF_HUB_OFFLINE": "1",
        "OMP_NUM_THREADS": "1",
    }


@contextmanager
def _python(folder: Path):
    """Yields a function that runs a block of Python behind those before it, and returns what it printed."""
    with tempfile.TemporaryFile("w+", encoding="utf-8") as errors:
        command = [sys.executable, "-c", _CHILD]
        child = subprocess.Popen(
            command, cwd=folder, env=environment(), text=True,
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=errors,
        )  # fmt: skip

        def run(code: str, place: str) -> str:
            assert child.stdin is not None and child.stdout is not None
            child.stdin.write(json.dumps([code, place]) + "\n")
            child.stdin.flush()
            answer = child.stdout.readline()
            if not answer:
                errors.seek(0)
                raise RuntimeError(f"{place}\n{errors.read()[-3000:]}")
            return json.loads(answer)

        try:
            yield run
        finally:
            child.communicate()


def check_page(page: Path, folder: Path, *, small: Sequence[tuple[str, str]] = ()) -> int:
    """Runs a page and compares all that is printed beneath its blocks; returns how many outputs it compared.

    Raises:
        DiffersError: If a block prints something else.
        RuntimeError: If a block fails.
    """
    compared = 0
    for block, printed in run_page(page, folder, small=small):
        if block.expected is None:
            continue
        compared += 1
        if not matches(printed, block.expected, free=block.free):
            raise DiffersError(f"{page}, line {block.line}: expected\n{block.expected}\ngot\n{printed}")
    return compared


def make_folder(path: Path) -> Path:
    """Returns a folder with nothing in it but what pages say that they find in a checkout."""
    path.mkdir(parents=True, exist_ok=True)
    for name in ("docs", "examples"):
        (path / name).symlink_to(ROOT / name)
    return path


def main() -> int:
    """Runs a page at its full size; writes what it printed, or says what differs."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("page", type=Path)
    parser.add_argument("--write", action="store_true")
    parser.add_argument("--folder", type=Path)
    options = parser.parse_args()
    text, page = options.page.read_text(encoding="utf-8"), options.page.resolve()
    pieces, end, differing = [], 0, 0
    with tempfile.TemporaryDirectory() as scratch:
        folder = options.folder or make_folder(Path(scratch) / "checkout")
        folder.mkdir(parents=True, exist_ok=True)
        for block, printed in run_page(page, folder):
            if block.expected is None or matches(printed, block.expected, free=block.free):
                continue
            differing += 1
            sys.stdout.write(f"{options.page}, line {block.line}: printed\n{printed}\n")
            pieces += [text[end : block.span[0]], _clean(printed) + "\n"]
            end = block.span[1]
    if options.write:
        options.page.write_text("".join([*pieces, text[end:]]), encoding="utf-8")
    sys.stdout.write(f"{differing} differ\n")
    return 0 if options.write or not differing else 1


if __name__ == "__main__":
    sys.exit(main())
