"""What a release rests on: versions that agree, workflows that can run, archives that hold what git has."""

import re
import subprocess
import sys
import tarfile
import tomllib
import zipfile
from pathlib import Path

import pytest
import yaml

import agents
import rlsf_gym
from tests.helpers.loaded import load_file

ROOT = Path(__file__).parents[1]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
WORKFLOWS = sorted((ROOT / ".github" / "workflows").glob("*.yml"))
FORMS = sorted(path for path in (ROOT / ".github" / "ISSUE_TEMPLATE").glob("*.yml") if path.stem != "config")
KINDS = {"markdown", "textarea", "input", "dropdown", "checkboxes"}


@pytest.fixture(scope="module")
def release():
    return load_file(ROOT / ".ci" / "release.py")


def read(path):
    return yaml.safe_load((ROOT / path).read_text(encoding="utf-8"))


def steps_of(workflow):
    return [step for job in read(workflow)["jobs"].values() for step in job["steps"]]


def test_all_that_state_a_version_state_the_same(release):
    stated = {
        rlsf_gym.__version__,
        agents.__version__,
        PROJECT["version"],
        str(read("CITATION.cff")["version"]),
    }
    assert len(stated) == 1
    assert release.check_versions(tag=None) in stated


@pytest.fixture
def tree(tmp_path, monkeypatch, release):
    """A folder with the files that state a version, 1.2.0, ready to be released."""
    monkeypatch.setattr(release, "ROOT", tmp_path)
    for name, text in {
        "pyproject.toml": '[project]\nversion = "1.2.0"\nurls.Repository = "https://host.example/repo"\n',
        "rlsf_gym/__init__.py": '__version__ = "1.2.0"\n',
        "agents/__init__.py": '__version__ = "1.2.0"\n',
        "CITATION.cff": "version: 1.2.0\ndate-released: 2026-01-01\n",
        "CHANGELOG.md": "# Changelog\n\n## 1.2.0\n",
    }.items():
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(text)
    return tmp_path


def test_a_tree_that_is_ready_is_released(release, tree):
    assert release.check_versions("v1.2.0") == "1.2.0"


@pytest.mark.parametrize(
    ("name", "text", "said"),
    [
        ("agents/__init__.py", '__version__ = "1.1.0"\n', "got 1.1.0 in agents/__init__.py"),
        ("agents/__init__.py", "", "agents/__init__.py: expected one line with the version, got 0"),
        ("CITATION.cff", "version: 1.1.0\n", "got 1.1.0 in CITATION.cff"),
        ("CITATION.cff", "version: 1.2.0\n", "CITATION.cff: expected date-released"),
        ("CHANGELOG.md", "## Unreleased\n", "expected a section '## 1.2.0'"),
        ("CHANGELOG.md", "## 1.2.01\n", "expected a section '## 1.2.0'"),
        ("pyproject.toml", '[project]\nversion = "1.2.0"\n', "expected [project.urls] with Repository"),
    ],
)
def test_a_tree_that_is_not_ready_is_refused(release, tree, name, text, said):
    (tree / name).write_text(text)
    with pytest.raises(release.ReleaseError, match=re.escape(said)):
        release.check_versions("v1.2.0")


def test_another_tag_is_refused_in_one_line(release):
    script = [sys.executable, ROOT / ".ci" / "release.py", "--check", "--tag", "v99"]
    done = subprocess.run(script, capture_output=True, text=True, check=False)
    expected = f"error: tag: expected v{PROJECT['version']}, got v99\n"
    assert (done.returncode, done.stdout, done.stderr) == (1, "", expected)


TRACKED = ["README.md", "agents/__init__.py", "agents/py.typed", "rlsf_gym/py.typed", "tests/test_a.py"]
ABOUT = [f"rlsf_gym-1.2.0.dist-info/{name}" for name in ("METADATA", "WHEEL", "RECORD", "entry_points.txt")]
WHEEL = [*TRACKED[1:4], *ABOUT, "rlsf_gym-1.2.0.dist-info/licenses/LICENSE"]


def archives(folder, sdist, wheel, licence="License-Expression: MIT\n"):
    (folder / "empty").touch()
    with tarfile.open(folder / "a.tar.gz", "w:gz") as archive:
        for name in sdist:
            archive.add(folder / "empty", f"rlsf_gym-1.2.0/{name}")
    with zipfile.ZipFile(folder / "a.whl", "w") as archive:
        for name in wheel:
            archive.writestr(name, licence if name.endswith("METADATA") else "")
    return folder / "a.tar.gz", folder / "a.whl"


@pytest.mark.parametrize(
    ("sdist", "wheel", "tracked", "said"),
    [
        ([], [], [], ""),
        (["runs/a"], [], [], "a.tar.gz: holds, though git has none of it, runs/a"),
        ([], ["agents/__pycache__/a.pyc"], [], "a.whl: holds, though git has none of it, agents/__pycache__"),
        ([], ["tests/test_a.py"], [], "a.whl: holds, though git has none of it, tests/test_a.py"),
        ([], [], ["agents/assets/model"], "a.tar.gz: lacks agents/assets/model"),
        (["agents/assets/model"], [], ["agents/assets/model"], "a.whl: lacks agents/assets/model"),
    ],
)
def test_archives_hold_what_git_has(release, tmp_path, sdist, wheel, tracked, said):
    pair = archives(tmp_path, [*TRACKED, "PKG-INFO", *sdist], [*WHEEL, *wheel])
    if not said:
        return release.check_archives(*pair, TRACKED, "1.2.0")
    with pytest.raises(release.ReleaseError, match=re.escape(said)):
        release.check_archives(*pair, [*TRACKED, *tracked], "1.2.0")


def test_a_wheel_without_the_mark_of_its_types_is_refused(release, tmp_path):
    tracked = [name for name in TRACKED if name != "agents/py.typed"]
    pair = archives(tmp_path, [*tracked, "PKG-INFO"], [name for name in WHEEL if name != "agents/py.typed"])
    with pytest.raises(release.ReleaseError, match=re.escape("lacks agents/py.typed")):
        release.check_archives(*pair, tracked, "1.2.0")


def test_a_wheel_that_states_no_licence_is_refused(release, tmp_path):
    """hatchling before 1.27 leaves it out, or writes the field that the index no longer reads."""
    pair = archives(tmp_path, [*TRACKED, "PKG-INFO"], WHEEL, licence="License: MIT\n")
    with pytest.raises(release.ReleaseError, match="expected the licence as an expression"):
        release.check_archives(*pair, TRACKED, "1.2.0")


def test_what_was_built_before_is_removed_and_a_folder_of_something_else_is_refused(release, tmp_path):
    built = ("rlsf_gym-0.1.0.tar.gz", "rlsf_gym-0.1.0-py3-none-any.whl")
    for name in (*built, "mine.whl"):
        (tmp_path / name).touch()
    with pytest.raises(release.ReleaseError, match="expected a folder for sdist and wheel alone"):
        release.clear(tmp_path)
    assert {path.name for path in tmp_path.iterdir()} == {*built, "mine.whl"}
    (tmp_path / "mine.whl").unlink()
    release.clear(tmp_path)
    assert not [*tmp_path.iterdir()]
    release.clear(tmp_path / "there is none")


def test_the_readme_has_lines_for_an_environment_without_learner(release):
    blocks = release.readme_blocks()
    assert blocks and all("agents" not in block for block in blocks)


@pytest.mark.parametrize("workflow", WORKFLOWS, ids=lambda path: path.name)
def test_what_a_workflow_runs_exists(workflow):
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    commands = "\n".join(step["run"] for step in steps_of(workflow) if "run" in step)
    commands = re.sub(r"\$\{\{.*?\}\}", "*", commands)  # whatever the matrix puts there
    targets = set(re.findall(r"\bmake ([a-z][a-z-]*)", commands))
    assert [name for name in sorted(targets) if not re.search(rf"^{name}:", makefile, flags=re.M)] == []
    paths = re.findall(r"(?<![\w/])((?:\.ci|examples|tests|docs)/[\w./*-]+)", commands)
    assert [path for path in paths if "/submitted/" not in path and not any(ROOT.glob(path))] == []


@pytest.mark.parametrize("workflow", WORKFLOWS, ids=lambda path: path.name)
def test_actions_have_their_major_version(workflow):
    used = [step["uses"] for step in steps_of(workflow) if "uses" in step]
    assert used
    assert [name for name in used if not re.fullmatch(r"[\w./-]+@(v\d+|release/v\d+)", name)] == []


@pytest.mark.parametrize("workflow", WORKFLOWS, ids=lambda path: path.name)
def test_a_job_ends_by_itself_and_keeps_no_token(workflow):
    """One that hangs would hold a machine for six hours; a token that is kept is there for later steps."""
    assert read(workflow)["permissions"] == {"contents": "read"}
    assert all(0 < job["timeout-minutes"] <= 240 for job in read(workflow)["jobs"].values())
    checkouts = [step for step in steps_of(workflow) if step.get("uses", "").startswith("actions/checkout@")]
    assert checkouts and all(step["with"]["persist-credentials"] is False for step in checkouts)


def test_the_pythons_that_are_claimed_are_those_that_are_tested():
    tested = read(".github/workflows/ci.yml")["jobs"]["check"]["strategy"]["matrix"]["python"]
    stated = re.findall(r"Python :: (3\.\d+)", "\n".join(PROJECT["classifiers"]))
    assert tested == stated
    assert PROJECT["requires-python"] == f">={tested[0]}"


def test_an_adapter_is_not_taken_for_tested_where_its_trainer_is_missing():
    steps = steps_of(".github/workflows/adapters.yml")
    (command,) = (step["run"] for step in steps if "-m adapters" in step.get("run", ""))
    assert "--none-skipped" in command.split()


def test_only_what_publishes_may_ask_for_an_identity():
    """Jobs that can publish run nothing of this tree, so that no dependency of the build can."""
    jobs = read(".github/workflows/release.yml")["jobs"]
    known = {name: job for name, job in jobs.items() if job.get("permissions", {}).get("id-token") == "write"}
    assert set(known) == {"attest", "rehearse", "publish"}
    assert read(".github/workflows/release.yml")["permissions"] == {"contents": "read"}
    assert all("run" not in step for job in known.values() for step in job["steps"])
    assert [jobs[name]["environment"] for name in ("rehearse", "publish")] == ["testpypi", "pypi"]
    assert [jobs[name]["needs"] for name in ("attest", "rehearse", "publish")] == [
        "build",
        "attest",
        "attest",
    ]


@pytest.mark.parametrize("form", FORMS, ids=lambda path: path.name)
def test_a_form_asks_for_what_can_be_answered(form):
    asked = read(form)
    assert {"name", "description", "body"} <= set(asked)
    assert {field["type"] for field in asked["body"]} <= KINDS
    fields = [field for field in asked["body"] if field["type"] != "markdown"]
    identities = [field["id"] for field in fields]
    assert len(set(identities)) == len(identities)
    assert all(field["attributes"]["label"] for field in fields)
    assert any(field.get("validations", {}).get("required") for field in fields)


def test_the_citation_names_authors_as_the_project_does():
    cited = read("CITATION.cff")
    (author,) = cited["authors"]
    assert [author] == PROJECT["authors"]
    assert author["name"] in (ROOT / "LICENSE").read_text(encoding="utf-8")
    assert cited["license"] == PROJECT["license"]
    (paper,) = cited["references"]
    assert paper["url"] in (ROOT / "README.md").read_text(encoding="utf-8")
