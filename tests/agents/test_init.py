"""Names of the package are imported when they are asked for, and what is missing is named with its extra."""

import tomllib
from pathlib import Path

import pytest

import agents

EXTRAS = tomllib.loads((Path(__file__).parents[2] / "pyproject.toml").read_text(encoding="utf-8"))["project"][
    "optional-dependencies"
]


def without(monkeypatch, package):
    """Has every import that the package does end as it does where another package is missing."""

    def import_module(name):
        raise ModuleNotFoundError(f"No module named {package!r}", name=package)

    monkeypatch.setattr(agents, "import_module", import_module)


@pytest.mark.parametrize("package", [line.split(">=")[0] for line in EXTRAS["agents"]])
def test_a_missing_package_is_named_with_its_extra(monkeypatch, package):
    without(monkeypatch, package)
    with pytest.raises(ImportError) as error:
        agents.__getattr__("TokenPPO")
    assert str(error.value) == (
        f"agents.TokenPPO needs the package '{package}', which is not installed; "
        "install it with: pip install 'rlsf-gym[agents]'"
    )


def test_a_missing_package_of_others_is_their_own_error(monkeypatch):
    without(monkeypatch, "my_package")
    with pytest.raises(ModuleNotFoundError, match=r"^No module named 'my_package'$"):
        agents.__getattr__("evaluate")


def test_an_unknown_name_is_no_attribute():
    with pytest.raises(AttributeError, match="module 'agents' has no attribute 'Nothing'"):
        agents.__getattr__("Nothing")
