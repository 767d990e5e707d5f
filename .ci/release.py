"""Builds sdist and wheel, looks into both, and uses the wheel in an environment that holds nothing else.

    python .ci/release.py                       all of it, into dist/
    python .ci/release.py --tag v0.1.0 --check  only whether tag, versions, citation and changelog agree
    python .ci/release.py --skip learner types  what takes neither torch nor type checkers

The Python that runs it has build, hatchling and twine; the empty environment is made from the same Python.
What is installed there has the versions of `constraints.txt`.
"""

import argparse
import filecmp
import os
import re
import shutil
import subprocess
import sys
import tarfile
import tempfile
import time
import tomllib
import zipfile
from collections.abc import Collection, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
PACKAGES = ("rlsf_gym", "agents")
OUTSIDE = ROOT / "tests" / "outside"
INSTALL = ("install", "--quiet", "--disable-pip-version-check", "--constraint", str(ROOT / "constraints.txt"))
PARTS = ("core", "learner", "types")
BUILT = re.compile(r"rlsf_gym-[\w.+]+(?:\.tar\.gz|-py3-none-any\.whl)")
"""Names of sdists and wheels."""


class ReleaseError(Exception):
    """What keeps this tree from being released, in one line."""


def read_project() -> dict[str, Any]:
    """Returns the table `project` of pyproject.toml."""
    return tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]


def stated_versions() -> dict[str, str]:
    """Returns the version by the file that states it."""
    found: dict[str, str] = {"pyproject.toml": read_project()["version"]}
    for name, pattern in (
        *((f"{package}/__init__.py", r'^__version__ = "(.+)"$') for package in PACKAGES),
        ("CITATION.cff", r'^version: "?([^"\n]+)"?$'),
    ):
        stated = re.findall(pattern, (ROOT / name).read_text(encoding="utf-8"), flags=re.M)
        if len(stated) != 1:
            raise ReleaseError(f"{name}: expected one line with the version, got {len(stated)}")
        found[name] = stated[0]
    return found


def check_versions(tag: str | None) -> str:
    """Returns the version: all files that state one agree and, with a tag, the changelog has its section."""
    found = stated_versions()
    version = found["pyproject.toml"]
    others = [f"{stated} in {name}" for name, stated in found.items() if stated != version]
    if others:
        raise ReleaseError(f"version: expected {version} as in pyproject.toml, got {', '.join(others)}")
    if tag is not None:
        if tag != f"v{version}":
            raise ReleaseError(f"tag: expected v{version}, got {tag}")
        changes = (ROOT / "CHANGELOG.md").read_text(encoding="utf-8")
        if not re.search(rf"^## {re.escape(version)}\b", changes, flags=re.M):
            raise ReleaseError(
                f"CHANGELOG.md: expected a section '## {version}', got none; rename Unreleased"
            )
        if "Repository" not in read_project().get("urls", {}):
            raise ReleaseError(
                "pyproject.toml: expected [project.urls] with Repository, got none; say where the project is"
            )
        citation = (ROOT / "CITATION.cff").read_text(encoding="utf-8")
        if not re.search(r"^date-released: ", citation, flags=re.M):
            raise ReleaseError("CITATION.cff: expected date-released, got none; add the day of the release")
    return version


def compare_names(archive: str, found: Collection[str], expected: Collection[str]) -> None:
    """Raises ReleaseError unless an archive holds exactly the files that it should."""
    lacking, stray = sorted(set(expected) - set(found)), sorted(set(found) - set(expected))
    if lacking or stray:
        told = [f"{what} {', '.join(names[:5])}{' ...' * (len(names) > 5)}" for what, names in
                (("lacks", lacking), ("holds, though git has none of it,", stray)) if names]  # fmt: skip
        raise ReleaseError(f"{archive}: {'; '.join(told)}")


def check_archives(sdist: Path, wheel: Path, tracked: Sequence[str], version: str) -> None:
    """Checks that the sdist is what git has, and the wheel the two packages of it with their metadata."""
    with tarfile.open(sdist) as archive:
        names = {member.name.partition("/")[2] for member in archive if member.isfile()}
    compare_names(sdist.name, names, {*tracked, "PKG-INFO"})
    own = {name for name in tracked if name.startswith(tuple(f"{package}/" for package in PACKAGES))}
    about = f"rlsf_gym-{version}.dist-info/"
    meta = {
        f"{about}{name}" for name in ("METADATA", "WHEEL", "RECORD", "entry_points.txt", "licenses/LICENSE")
    }
    with zipfile.ZipFile(wheel) as archive:
        compare_names(wheel.name, archive.namelist(), own | meta)
        metadata = archive.read(f"{about}METADATA").decode("utf-8")
    if f"License-Expression: {read_project()['license']}\n" not in metadata:
        raise ReleaseError(f"{wheel.name}: expected the licence as an expression in METADATA, got none")
    typed = {f"{package}/py.typed" for package in PACKAGES}
    compare_names(f"{wheel.name}, of py.typed,", typed & own, typed)


def run(*command: str | Path, cwd: Path | None = None, expected: int = 0) -> str:
    """Returns what a command prints; its output is shown where it ends otherwise than expected."""
    clean = {key: value for key, value in os.environ.items() if not key.startswith("PYTHON")}
    done = subprocess.run(
        list(map(str, command)),
        cwd=cwd,
        env={**clean, "OMP_NUM_THREADS": "1"},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        encoding="utf-8",
        errors="replace",
        check=False,
    )
    if done.returncode != expected:
        print(done.stdout, file=sys.stderr)
        shown = " ".join(Path(str(part)).name for part in command).partition("\n")[0]
        raise ReleaseError(f"{shown}: expected exit status {expected}, got {done.returncode}")
    return done.stdout


@contextmanager
def step(name: str) -> Iterator[None]:
    """Prints the name of a step once it is done, with its seconds."""
    started = time.perf_counter()
    yield
    print(f"{time.perf_counter() - started:6.1f} s  {name}", flush=True)


def clear(out: Path) -> None:
    """Removes what was built into a folder before; ReleaseError if it holds anything else."""
    found = sorted(out.iterdir()) if out.is_dir() else []
    strange = [path.name for path in found if not BUILT.fullmatch(path.name) or not path.is_file()]
    if strange:
        raise ReleaseError(f"--out: expected a folder for sdist and wheel alone, got one with {strange[0]!r}")
    for path in found:
        path.unlink()


def build(out: Path, scratch: Path) -> tuple[Path, Path]:
    """Returns sdist and wheel; the wheel is built from the sdist, and is the tree's own to the byte."""
    clear(out)
    builder = (sys.executable, "-m", "build", "--no-isolation", "--outdir")
    run(*builder, out, ROOT)
    (sdist,), (wheel,) = out.glob("*.tar.gz"), out.glob("*.whl")
    run(*builder, scratch / "direct", "--wheel", ROOT)
    (direct,) = (scratch / "direct").glob("*.whl")
    if direct.name != wheel.name or not filecmp.cmp(direct, wheel, shallow=False):
        raise ReleaseError(f"{wheel.name}: expected the same bytes from the sdist as from the tree")
    return sdist, wheel


class EmptyEnvironment:
    """An environment that holds the wheel and what it asks for, and a folder that holds nothing.

    Args:
        scratch: Folder that both are made in.
        wheel: The wheel.
    """

    def __init__(self, scratch: Path, wheel: Path) -> None:
        self.wheel, self.folder = wheel, scratch / "empty"
        self.bin = scratch / "venv" / ("Scripts" if os.name == "nt" else "bin")
        self.folder.mkdir()
        run(sys.executable, "-m", "venv", scratch / "venv")

    def install(self, *extras: str, beside: Sequence[str] = ()) -> None:
        """Installs the wheel with extras, and other distributions beside it."""
        wanted = f"{self.wheel}[{','.join(extras)}]" if extras else str(self.wheel)
        run(self.bin / "python", "-m", "pip", *INSTALL, wanted, *beside)

    def run(self, script: str, *arguments: str | Path, expected: int = 0) -> str:
        """Returns what a script of the environment prints, run in the empty folder."""
        return run(self.bin / script, *arguments, cwd=self.folder, expected=expected)


def readme_blocks() -> list[str]:
    """Returns the Python of the README that needs no learner."""
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    blocks = re.findall(r"^```python\n(.*?)^```", text, flags=re.M | re.S)
    return [block for block in blocks if "import gymnasium" in block and "agents" not in block]


def use_core(empty: EmptyEnvironment) -> None:
    """Uses what the wheel has without an extra: no torch, the README's lines, every command's help."""
    with step("the wheel alone imports, and torch is not there"):
        empty.install()
        empty.run(
            "python", "-c", "import rlsf_gym, agents, importlib.util as u; assert not u.find_spec('torch')"
        )
    with step("the README's lines and two of a user's scripts run"):
        blocks = readme_blocks()
        if not blocks:
            raise ReleaseError("README.md: expected a block of Python that makes an environment, got none")
        for block in blocks:
            empty.run("python", "-c", block)
        empty.run("python", OUTSIDE / "environments.py")
        (empty.folder / "written").mkdir()
        empty.run("python", OUTSIDE / "other_tools.py", empty.folder / "written")
    scripts = read_project()["scripts"]
    with step(f"{len(scripts)} commands say what they do"):
        for script in scripts:
            if not empty.run(script, "--help").startswith(f"usage: {script} "):
                raise ReleaseError(f"{script} --help: expected its usage")
    with step("what needs an extra names it"):
        if "pip install 'rlsf-gym[agents]'" not in empty.run("rlsf-train", "--episodes", "32", expected=1):
            raise ReleaseError("rlsf-train: expected the name of the missing extra")


def use_learner(empty: EmptyEnvironment) -> None:
    """Trains with the wheel and its extra `agents`, in a folder that holds nothing."""
    with step("the wheel with [agents] is installed"):
        empty.install("agents")
    with step("rlsf-train --episodes 32"):
        empty.run("rlsf-train", "--episodes", "32", "--out", "run")
        if not (empty.folder / "run" / "checkpoint").is_dir():
            raise ReleaseError("rlsf-train: expected a checkpoint in its folder")
    with step("a user's script with learners runs"):
        empty.run("python", OUTSIDE / "learners.py", empty.folder)


def check_types(empty: EmptyEnvironment) -> None:
    """Checks a user's scripts strictly with both type checkers, against what is installed."""
    files = sorted(path.name for path in OUTSIDE.glob("*.py"))
    for path in OUTSIDE.iterdir():
        if path.is_file():
            shutil.copy(path, empty.folder)
    with step("the wheel with [agents], mypy and pyright are installed"):
        empty.install("agents", beside=("mypy", "pyright"))
    with step(f"mypy --strict: {', '.join(files)}"):
        empty.run("mypy", "--strict", *files)
    with step(f"pyright, strict: {', '.join(files)}"):
        empty.run("pyright", "--project", empty.folder, "--pythonpath", empty.bin / "python", *files)


def release(out: Path, parts: Collection[str], version: str) -> None:
    """Builds, looks into what was built, and uses it.

    Args:
        out: Folder for sdist and wheel; those that it held are removed.
        parts: Which of `PARTS` are done.
        version: The version that they must have.
    """
    tracked = run("git", "-C", ROOT, "ls-files").splitlines()
    with tempfile.TemporaryDirectory() as name:
        scratch = Path(name)
        with step("sdist and wheel are built, the same wheel from both"):
            sdist, wheel = build(out, scratch)
        with step("they hold what git has, and nothing else"):
            check_archives(sdist, wheel, tracked, version)
        with step("twine check --strict"):
            run(sys.executable, "-m", "twine", "check", "--strict", sdist, wheel)
        empty = EmptyEnvironment(scratch, wheel)
        for part, use in zip(PARTS, (use_core, use_learner, check_types), strict=True):
            if part in parts:
                use(empty)


def main() -> int:
    """Returns 0, or 1 and the reason in one line."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--tag", help="the tag that is released: v and the version")
    parser.add_argument("--check", action="store_true", help="check the versions, and build nothing")
    parser.add_argument("--out", type=Path, default=ROOT / "dist", help="folder for sdist and wheel")
    parser.add_argument("--skip", nargs="*", default=[], choices=PARTS, help="parts that are left out")
    arguments = parser.parse_args()
    try:
        version = check_versions(arguments.tag)
        if not arguments.check:
            release(arguments.out.resolve(), [part for part in PARTS if part not in arguments.skip], version)
    except ReleaseError as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
