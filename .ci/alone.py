"""Runs the tests of one package, each once: from a copy that holds that package alone, where that can be.

    python .ci/alone.py rlsf_gym --without agents torch transformers

The copy has the package, its tests and `tests/helpers`, and nothing else of this repository. What stands
behind `--without` can't be imported there, by the tests or by processes that they start, as if it were not
installed. Tests that were skipped there are run here afterwards, where everything can be imported.
"""

import argparse
import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent

# Python imports a sitecustomize that it finds on its path before anything else, in child processes too.
BLOCKER = """
import sys

class _Absent:
    names = frozenset({names!r})

    @classmethod
    def find_spec(cls, name, path=None, target=None):
        if name.partition(".")[0] in cls.names:
            raise ModuleNotFoundError(f"No module named {{name!r}} (kept out of this copy)", name=name)
        return None

sys.meta_path.insert(0, _Absent)
"""

# Writes down which tests were skipped; the workers of xdist report theirs to the process that writes.
RECORDER = """
from pathlib import Path

skipped = {}

def pytest_collectreport(report):
    if report.skipped:
        skipped[report.nodeid] = None

pytest_runtest_logreport = pytest_collectreport

def pytest_sessionfinish(session):
    if not hasattr(session.config, "workerinput"):
        Path("skipped.txt").write_text("".join(f"{name}\\n" for name in skipped), encoding="utf-8")
"""


def make_copy(package: str, without: list[str], folder: Path) -> None:
    """Lays the package, its tests, the project file, the import blocker and the recorder into `folder`."""
    ignore = shutil.ignore_patterns("__pycache__")
    shutil.copytree(ROOT / package, folder / package, ignore=ignore)
    for tests in (package, "helpers"):
        shutil.copytree(ROOT / "tests" / tests, folder / "tests" / tests, ignore=ignore)
    shutil.copy(ROOT / "pyproject.toml", folder)
    (folder / "sitecustomize.py").write_text(BLOCKER.format(names=without), encoding="utf-8")
    (folder / "recorder.py").write_text(RECORDER, encoding="utf-8")


def run_tests(folder: Path, *arguments: str, **environment: str) -> int:
    """Returns pytest's exit status; each of its processes, one per core, has one thread."""
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "-n", "auto", *arguments]
    environment = {**os.environ, "OMP_NUM_THREADS": "1", **environment}
    return subprocess.run(command, cwd=folder, env=environment, check=False).returncode


def main() -> int:
    """Returns pytest's exit status, of the copy or, where all is well there, of the tests skipped there."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("package", choices=["rlsf_gym", "agents"])
    parser.add_argument(
        "--without", nargs="*", default=[], metavar="MODULE", help="what must not be importable"
    )
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        make_copy(arguments.package, arguments.without, folder)
        status = run_tests(folder, "-p", "recorder", "tests", PYTHONPATH=str(folder))
        skipped = folder / "skipped.txt"
        if status != 0 or not skipped.read_text(encoding="utf-8"):
            return status
        return run_tests(ROOT, f"@{skipped}")


if __name__ == "__main__":
    sys.exit(main())
