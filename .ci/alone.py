"""Runs the tests of one package from a copy that holds that package alone.

    python .ci/alone.py rlsf_gym --without agents torch transformers

The copy has the package and its tests and nothing else of this repository. What stands behind `--without`
can't be imported there, by the tests or by processes that they start, as if it were not installed.
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


def make_copy(package: str, without: list[str], folder: Path) -> None:
    """Lays the package, its tests, the project file and the import blocker into `folder`."""
    ignore = shutil.ignore_patterns("__pycache__")
    shutil.copytree(ROOT / package, folder / package, ignore=ignore)
    shutil.copytree(ROOT / "tests" / package, folder / "tests" / package, ignore=ignore)
    shutil.copy(ROOT / "pyproject.toml", folder)
    (folder / "sitecustomize.py").write_text(BLOCKER.format(names=without), encoding="utf-8")


def main() -> int:
    """Returns pytest's exit status."""
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
        command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "-n", "auto", "tests"]
        environment = os.environ | {"PYTHONPATH": str(folder)}
        return subprocess.run(command, cwd=folder, env=environment, check=False).returncode


if __name__ == "__main__":
    sys.exit(main())
