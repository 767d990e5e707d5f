"""docs/_ext/rlsf_site/api_pages.py and api_names.py: no public name is missing, and each is told once."""

import ast
import re
from collections import Counter
from pathlib import Path

import pytest
from rlsf_site.api_names import COMMAND_LINES, names
from rlsf_site.api_pages import make

ROOT = Path(__file__).parents[2]
pytestmark = pytest.mark.whole


@pytest.fixture(scope="module")
def pages():
    return dict(make(ROOT / "docs"))


def exported():
    """Yields the names in each `__all__` that is written in a module, read without importing it."""
    for path in [*ROOT.glob("rlsf_gym/**/*.py"), *ROOT.glob("agents/**/*.py")]:
        parts = path.relative_to(ROOT).with_suffix("").parts
        module = ".".join(parts[:-1] if parts[-1] == "__init__" else parts)
        if any(part in COMMAND_LINES for part in parts[:2]) or parts[-1] == "__main__":
            continue
        for node in ast.parse(path.read_text(encoding="utf-8")).body:
            if isinstance(node, ast.Assign) and ast.unparse(node.targets[0]) == "__all__":
                for name in ast.literal_eval(node.value):
                    yield module, name


def test_no_exported_name_is_missing(pages):
    found = {(name.module, name.name) for name in names()}
    assert set(exported()) <= found
    assert ("rlsf_gym", "ResponseEnv") in found
    assert ("agents", "TokenPPO") in found


def test_each_name_is_told_or_mentioned_on_a_page(pages):
    text = "\n".join(pages.values())
    told = Counter(re.findall(r"^\.\. (?:auto|py:)\w+:: (\S+)$", text, flags=re.M))
    assert set(told.values()) == {1}
    for name in names():
        if name.home == name.dotted:
            assert name.dotted in told
        else:
            assert f"`{name.name} <{name.home}>`" in text
            assert name.home in told, name


def test_functions_of_agents_that_no_list_exports_are_told(pages):
    assert ".. autofunction:: agents.maths.returns.entropy_share" in pages["api/agents.maths"]
    assert "autofunction:: agents.maths.returns._" not in pages["api/agents.maths"]


def test_what_several_modules_export_is_told_where_users_import_it(pages):
    assert ".. autoclass:: rlsf_gym.Design\n" in pages["api/rlsf_gym"]
    assert "{py:class}`Design <rlsf_gym.Design>`" in pages["api/rlsf_gym.designs"]
    assert ".. autodata:: rlsf_gym.designs.DESIGNS\n" in pages["api/rlsf_gym.designs"]
    assert "{py:data}`DESIGNS <rlsf_gym.designs.DESIGNS>`" in pages["api/rlsf_gym"]


def test_names_of_a_module_are_listed_before_they_are_told(pages):
    text = pages["api/rlsf_gym.contract"]
    assert text.index("{py:exc}`ContractError <rlsf_gym.contract.ContractError>`") < text.index(".. auto")


def test_every_room_is_in_the_list(pages):
    listed = pages["api/index"]
    for page in pages:
        if page != "api/index":
            assert f"({page.removeprefix('api/')}.md)" in listed
