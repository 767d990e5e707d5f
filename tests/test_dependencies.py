"""pyproject.toml: imports are declared, in the right set, and lower bounds are those that are tested."""

import ast
import re
import sys
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
EXTRAS = PROJECT["optional-dependencies"]
OWN = {"rlsf_gym", "agents", "examples", "tests", "rlsf_site"}
LATER = {"annotationlib"}  # modules of the standard library of Python 3.14
DISTRIBUTIONS = {
    "PIL": "pillow",
    "docutils": "sphinx",
    "pysat": "python-sat",
    "sklearn": "scikit-learn",
    "yaml": "pyyaml",
}
"""Of modules that bear another name than what brings them; Sphinx is made of docutils."""
BOUND = re.compile(r"([A-Za-z0-9-]+)>=([\d.]+(?:dev\d+)?)(?:,<[\d.]+)?(?:; .+)?")
CORE = {"gymnasium", "numpy", "tokenizers", "vadersentiment"}
LOADERS = {"import_module", "import_extra", "_import_extra", "import_base", "import_package"}
TRAINERS = {
    "rlsf_gym/integrations/openenv.py": {"starlette"},
    "rlsf_gym/integrations/skyrl.py": {"skyrl-gym"},
    "rlsf_gym/commands/serve.py": {"uvicorn"},
    "tests/rlsf_gym/integrations/test_openenv.py": {"websockets"},
    "tests/rlsf_gym/integrations/test_skyrl.py": {"skyrl", "skyrl-gym"},
    "tests/rlsf_gym/integrations/test_verl.py": {"hydra", "omegaconf", "verl"},
    "tests/rlsf_gym/integrations/test_verl_trainer.py": {"transfer-queue", "verl"},
}
"""What adapters import of their trainers, which users bring; the tests marked `adapters` install them."""


def normal(name):
    return DISTRIBUTIONS.get(name, name).lower().replace("_", "-")


def requirements(*extras):
    """Returns the distributions of the core and of extras, normalised, with their lower bounds."""
    lines = [*PROJECT["dependencies"], *(line for extra in extras for line in EXTRAS[extra])]
    bounds = {}
    for line in lines:
        if line.startswith("rlsf-gym["):
            bounds |= requirements(*line.removeprefix("rlsf-gym[").removesuffix("]").split(","))
            continue
        name, bound = BOUND.fullmatch(line).groups()
        assert bounds.setdefault(normal(name), bound) == bound, f"{name} has two bounds"
    return bounds


def modules_of(node):
    """Returns the top-level modules that a statement or call names."""
    if isinstance(node, ast.Import):
        return {alias.name.partition(".")[0] for alias in node.names}
    if isinstance(node, ast.ImportFrom) and node.level == 0:
        return {node.module.partition(".")[0]}
    if isinstance(node, ast.Call) and node.args and isinstance(node.args[0], ast.Constant):
        called = getattr(node.func, "attr", getattr(node.func, "id", ""))
        if called in LOADERS and isinstance(node.args[0].value, str):
            return {node.args[0].value.partition(".")[0]}
    return set()


def runs_at_import(tree):
    """Yields the nodes that run when the module is imported: none inside a function."""
    waiting = list(tree.body)
    while waiting:
        node = waiting.pop()
        yield node
        if not isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda):
            waiting += ast.iter_child_nodes(node)


def third_party(path, *, lazy):
    """Returns the distributions that a file imports, of others; without `lazy` those of its import alone."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    nodes = ast.walk(tree) if lazy else runs_at_import(tree)
    found = set().union(*(modules_of(node) for node in nodes))
    beside = {other.stem for other in (*path.parent.glob("*.py"), *(ROOT / "examples").glob("*"))}
    beside |= {other.stem for other in (ROOT / "tests").glob("*.py")}
    return {normal(name) for name in found - set(sys.stdlib_module_names) - LATER - OWN - beside}


def files_in(folder):
    files = sorted((ROOT / folder).rglob("*.py"))
    assert files
    return files


def undeclared(folder, declared, *, lazy):
    return {
        path.relative_to(ROOT).as_posix(): sorted(missing)
        for path in files_in(folder)
        if (missing := third_party(path, lazy=lazy) - set(declared) - trainers_of(path))
    }


def trainers_of(path):
    return TRAINERS.get(path.relative_to(ROOT).as_posix(), set())


def test_rlsf_gym_imports_with_the_core_alone():
    assert undeclared("rlsf_gym", requirements(), lazy=False) == {}


def test_agents_imports_with_its_extra_alone():
    assert undeclared("agents", requirements("agents"), lazy=False) == {}


@pytest.mark.parametrize("folder", ["rlsf_gym", "agents"])
def test_what_the_packages_import_later_is_an_extra_for_users(folder):
    assert undeclared(folder, requirements("all"), lazy=True) == {}


@pytest.mark.parametrize("name", TRAINERS)
def test_trainers_are_imported_by_their_adapters_alone(name):
    assert third_party(ROOT / name, lazy=True) >= TRAINERS[name]
    assert not TRAINERS[name] & set(requirements("all", "workshop", "dev"))


def test_what_examples_import_is_declared():
    assert undeclared("examples", requirements("all", "workshop"), lazy=True) == {}


@pytest.mark.parametrize("folder", ["tests", ".ci"])
def test_what_tests_import_is_declared(folder):
    assert undeclared(folder, requirements("all", "workshop", "docs", "dev"), lazy=True) == {}


def test_what_the_site_imports_is_declared():
    assert undeclared("docs", requirements("all", "docs"), lazy=True) == {}


@pytest.mark.parametrize(
    ("source", "lazy", "expected"),
    [
        ("import numpy.linalg", False, {"numpy"}),
        ("try:\n    from PIL import Image\nexcept ImportError: pass", False, {"pillow"}),
        ("def draw():\n    import matplotlib", False, set()),
        ("def draw():\n    import matplotlib", True, {"matplotlib"}),
        ("from . import near\nimport json, rlsf_gym.envs", True, set()),
        ("import_extra('wandb', 'wandb needs')", True, {"wandb"}),
    ],
)
def test_imports_are_found(tmp_path, monkeypatch, source, lazy, expected):
    monkeypatch.setattr(sys.modules[__name__], "ROOT", tmp_path)
    path = tmp_path / "module.py"
    path.write_text(source)
    assert third_party(path, lazy=lazy) == expected


def test_lower_bounds_are_those_that_make_lowest_installs():
    lines = (ROOT / ".ci" / "lowest.txt").read_text(encoding="utf-8").splitlines()
    lowest = dict(line.split("==") for line in lines if not line.startswith("#"))
    assert {normal(name): version for name, version in lowest.items()} == requirements(
        "all", "workshop", "docs", "dev"
    )


def test_what_builds_the_wheel_has_the_bound_that_is_tested():
    build = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["build-system"]["requires"]
    assert build == [line for line in EXTRAS["dev"] if line.startswith("hatchling")]


def test_what_continuous_integration_installs_is_at_least_the_lower_bound():
    lines = (ROOT / "constraints.txt").read_text(encoding="utf-8").splitlines()
    pinned = dict(line.split("==") for line in lines if not line.startswith("#"))
    bounds = requirements("all", "workshop", "docs", "dev")
    assert {normal(name) for name in pinned} == set(bounds)
    for name, version in pinned.items():
        assert numbers_of(version) >= numbers_of(bounds[normal(name)]), name


def numbers_of(version):
    return [int(part) for part in re.findall(r"\d+", version)]


def test_the_page_on_installation_lists_every_extra():
    lines = (ROOT / "docs" / "install.md").read_text(encoding="utf-8").splitlines()
    start = lines.index("| extra | brings | for |") + 2
    rows = lines[start : lines.index("", start)]
    listed = {name for row in rows for name in re.findall("`([a-z0-9]+)`", row.split("|")[1])}
    assert listed == set(EXTRAS)
    for row in rows:
        name, brings = (cell.strip().strip("`") for cell in row.split("|")[1:3])
        if name in EXTRAS and name not in ("all", "dev"):
            assert {part.strip() for part in brings.split(",")} == set(requirements(name)) - set(CORE)
