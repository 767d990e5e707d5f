"""What a study adds to its report: found where it is said to lie, and refused in one line."""

import sys

import pytest

from agents.reports import Additions, load_additions
from agents.reports.additions import combine, with_measures
from agents.stats.measures import MEASURES, Measure

MODULE = """
from agents.reports import Additions
from agents.stats.measures import Measure
ADDITIONS = Additions(measures=[Measure("luck", "luck")], rule_colours={"base": ("#000000", "#ffffff")})
OTHER = Additions()
WRONG = 3
"""


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """A folder on the path with a module, and a package that imports its neighbour."""
    (tmp_path / "own_additions.py").write_text(MODULE)
    package = tmp_path / "own_package"
    package.mkdir()
    (package / "__init__.py").write_text("from .inner import ADDITIONS\n")
    (package / "inner.py").write_text(MODULE)
    monkeypatch.syspath_prepend(str(tmp_path))
    yield tmp_path
    for name in ("own_additions", "own_package", "own_package.inner", "lacking"):
        sys.modules.pop(name, None)


@pytest.mark.parametrize("name", ["own_additions", "own_package", "own_additions:ADDITIONS"])
def test_a_module_is_found_by_its_name(folder, name):
    assert [row.key for row in load_additions(name).measures] == ["luck"]


@pytest.mark.parametrize("name", ["own_additions.py", "own_package"])
def test_a_file_and_a_folder_are_found_by_their_path(folder, name):
    assert [row.key for row in load_additions(str(folder / name)).measures] == ["luck"]


@pytest.mark.parametrize(
    ("name", "message"),
    [
        (
            "nowhere.at_all",
            "--sections: expected a module, a .py file or a folder.* found none of nowhere.at_all",
        ),
        ("nowhere.py", "--sections: expected a .py file, found none at nowhere.py"),
        ("own_additions:WRONG", "expected WRONG to be agents.reports.Additions, got int"),
        ("own_additions:MISSING", "expected MISSING to be agents.reports.Additions, got nothing"),
    ],
)
def test_what_is_none_is_said_in_one_line(folder, name, message):
    with pytest.raises(ValueError, match=message) as error:
        load_additions(name)
    assert "\n" not in str(error.value)


def test_a_module_that_lacks_something_itself_says_so(folder):
    (folder / "lacking.py").write_text("import not_installed_anywhere\n")
    with pytest.raises(ModuleNotFoundError, match="not_installed_anywhere"):
        load_additions("lacking")


def test_of_two_for_one_key_the_later_counts():
    first = Additions(measures=[Measure("luck", "first")], rule_colours={"a": ("1", "2")})
    second = Additions(measures=[Measure("luck", "second"), Measure("judge", "a judge")])
    both = combine([first, second])
    table = with_measures(both)
    assert table["luck"].label == "second" and table["judge"].label == "a judge"
    assert list(table) == [*MEASURES, "luck"] and both.rule_colours == {"a": ("1", "2")}
