"""The wheel alone, in an empty folder: its commands do their work, or name the extra that is missing."""

import os
import subprocess
import sys
import sysconfig
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
MODELS = {"torch", "transformers", "safetensors"}
DRAWING = {"matplotlib", "scipy", "jinja2"}
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
ABSENT = """
import sys

class Absent:
    @classmethod
    def find_spec(cls, name, path=None, target=None):
        if name.partition(".")[0] in {names!r}:
            raise ModuleNotFoundError(f"No module named {{name!r}}", name=name)
        return None

sys.meta_path.insert(0, Absent)
"""

pytestmark = [pytest.mark.slow, pytest.mark.timeout(900)]


@pytest.fixture(scope="module")
def scripts(tmp_path_factory):
    """The folder of the scripts of an environment that has the wheel, beside what is installed here."""
    pytest.importorskip("hatchling")
    folder = tmp_path_factory.mktemp("wheel")
    pip = [sys.executable, "-m", "pip", "--disable-pip-version-check"]
    build = [*pip, "wheel", "--quiet", "--no-deps", "--no-build-isolation", "--wheel-dir", folder, ROOT]
    subprocess.run(build, check=True, timeout=300)
    (wheel,) = folder.glob("*.whl")
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", folder / "venv"], check=True)
    bin_folder = folder / "venv" / ("Scripts" if os.name == "nt" else "bin")
    python = bin_folder / "python"
    install = [*pip, "--python", python, "install", "--quiet", "--no-deps", "--no-index", wheel]
    subprocess.run(install, check=True, timeout=300)
    (site,) = (folder / "venv").rglob("site-packages")
    # What the wheel needs; an editable install of this project there is not followed from a .pth file.
    shared = [path for path in sys.path if path.endswith("site-packages")]
    (site / "shared.pth").write_text("\n".join([*shared, sysconfig.get_paths()["purelib"]]) + "\n")
    return bin_folder


@pytest.fixture
def run(scripts, tmp_path):
    """Returns a function: script, arguments, packages that are absent -> what it did in an empty folder."""
    (tmp_path / "empty").mkdir()

    def call(script, *arguments, absent=()):
        environment = {key: value for key, value in os.environ.items() if key != "PYTHONPATH"}
        if absent:
            (tmp_path / "sitecustomize.py").write_text(ABSENT.format(names=set(absent)))
            environment["PYTHONPATH"] = str(tmp_path)
        return subprocess.run(
            [scripts / script, *map(str, arguments)],
            capture_output=True,
            text=True,
            cwd=tmp_path / "empty",
            env={**environment, "OMP_NUM_THREADS": "1"},
            timeout=600,
        )

    return call


def test_the_commands_work_in_an_empty_folder(run):
    trained = run("rlsf-train", "--episodes", 256, "--out", "runs/first", "--threads", 1)
    assert trained.returncode == 0, trained.stderr
    assert "256 episodes" in trained.stdout and "runs/first/samples.html" in trained.stdout
    studied = run("rlsf-study", "tiny-quick", "--limit-seconds", 60, "--jobs", 2)
    assert studied.returncode == 0, studied.stderr
    assert "time is over" in studied.stderr or "cells are done" in studied.stderr
    reported = run("rlsf-report", "tiny-quick")
    assert reported.returncode == 0, reported.stderr
    # How many pairs of runs a minute is enough for, and so which sentence is said of them, is the machine's.
    assert {"potential", "terminal"} <= set(reported.stdout.splitlines()[0].replace(",", "").split())
    assert "report: runs/studies/tiny-quick/report/report.html" in reported.stdout
    viewed = run("rlsf-view", "runs/first/samples.jsonl")
    assert viewed.returncode == 0, viewed.stderr
    assert viewed.stdout == "page: runs/first/samples.html (48 responses)\n"
    shown = run("rlsf-show", "runs/first")
    assert shown.returncode == 0 and "finished: 256 episodes in 2 iterations" in shown.stdout
    explored = run("rlsf-explore", "--out", "page.html")
    assert explored.returncode == 0, explored.stderr
    checked = run("rlsf-check", "vader")
    assert (checked.returncode, checked.stdout) == (0, "scorer vader: every promise is kept\n")


@pytest.mark.parametrize(
    ("script", "arguments", "absent", "extra"),
    [
        ("rlsf-train", ["--episodes", 256], MODELS, "agents"),
        ("rlsf-study", ["tiny-quick"], MODELS, "agents"),
        ("rlsf-report", [ROOT / "docs" / "results" / "tiny-quick.jsonl.xz"], DRAWING, "report"),
    ],
)
def test_without_its_extra_each_names_it_in_one_line(run, script, arguments, absent, extra):
    done = run(script, *arguments, absent=absent)
    assert (done.returncode, done.stdout, done.stderr.count("\n")) == (1, "", 1), done.stderr
    assert done.stderr.startswith("error: ")
    assert f"pip install 'rlsf-gym[{extra}]'" in done.stderr


def test_what_needs_no_extra_works_without_any(run, tmp_path):
    rollouts = tmp_path / "empty" / "rollouts.jsonl"
    rollouts.write_text('{"tokens": [" 4", "."], "rewards": [1.0, 0]}\n')
    absent = MODELS | DRAWING
    for script, *arguments in (
        ("rlsf-view", "rollouts.jsonl"),
        ("rlsf-check", "vader"),
        ("rlsf-explore", "--out", "page.html"),
        ("rlsf-audit", "rlsf_gym:rlsf_gym/Sentiment-v0", "--fail-on", "never"),
        *((script, "--help") for script in PROJECT["scripts"]),
    ):
        done = run(script, *arguments, absent=absent)
        assert (done.returncode, done.stderr) == (0, ""), (script, done.stderr)
