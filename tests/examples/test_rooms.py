"""The rooms of examples: every file has its line in the README, and quickstart can be copied file by file."""

import ast
import re
import subprocess
import sys
from pathlib import Path

import pytest

EXAMPLES = Path(__file__).parents[2] / "examples"
ROOMS = ("quickstart", "integrations", "measurements", "speed", "workshop", "studies")
LISTED = re.compile(r"^- `([\w.-]+?)/?`: \S", re.MULTILINE)
QUICKSTART = sorted(path.name for path in (EXAMPLES / "quickstart").glob("[!_]*.py"))


def test_every_file_of_a_room_has_one_line_in_the_readme():
    sections = (EXAMPLES / "README.md").read_text(encoding="utf-8").split("\n## ")[1:]
    listed = {text.partition("/")[0].removeprefix("["): set(LISTED.findall(text)) for text in sections}
    assert listed == {
        room: {path.name for path in (EXAMPLES / room).iterdir() if path.name[0] not in "_."}
        for room in ROOMS
    }


@pytest.mark.parametrize("name", QUICKSTART)
def test_a_file_of_quickstart_is_short_and_imports_installed_packages_alone(name):
    source = (EXAMPLES / "quickstart" / name).read_text(encoding="utf-8")
    assert source.count("\n") < 110
    assert f"python examples/quickstart/{name}" in ast.get_docstring(ast.parse(source))
    beside = {path.stem for path in EXAMPLES.rglob("*.py")} | {"examples"}
    nodes = list(ast.walk(ast.parse(source)))
    named = [alias.name for node in nodes if isinstance(node, ast.Import) for alias in node.names]
    named += [node.module or "" for node in nodes if isinstance(node, ast.ImportFrom)]
    assert {module.partition(".")[0] for module in named} & beside == set()


def test_wrong_arguments_of_the_laboratory_are_told_in_one_line():
    """All of its commands have the parser that the packages' commands have."""
    paths = [path for room in ROOMS[1:] for path in (EXAMPLES / room).rglob("*.py")]
    sources = {path.name: path.read_text(encoding="utf-8") for path in paths}
    assert [name for name, source in sources.items() if "argparse.ArgumentParser" in source] == []
    command = [sys.executable, str(EXAMPLES / "speed" / "soak.py"), "--minuts", "3"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout, done.stderr.count("\n")) == (2, "", 1)
    assert done.stderr.startswith("error: unrecognized arguments: --minuts (did you mean --minutes?)")


def test_a_copied_file_runs_elsewhere(tmp_path):
    """From a folder of its own, of which Python knows nothing but installed packages."""
    copy = tmp_path / "mine.py"
    copy.write_bytes((EXAMPLES / "quickstart" / "word_credit.py").read_bytes())
    command = [sys.executable, str(copy), "It is", " fun."]
    done = subprocess.run(command, capture_output=True, text=True, cwd=tmp_path, check=False)
    assert done.returncode == 0, done.stderr
    heads, row = done.stdout.splitlines()
    # VADER: "fun" is worth 2.3, and 2.3 / sqrt(2.3^2 + 15) = 0.5106.
    assert heads.split() == ["terminal", "potential", "shapley", "rule_certificate"]
    assert row.split() == ["+0.511", "+0.511", "+0.511", "+0.511", "fun."]
