"""Optional packages: given where they are installed, explained in one line where they are not."""

import json
import sys

import pytest

from agents.extras import import_extra

MISSING, FOLDER = "no_such_module", "boards_of_old"


def test_what_is_installed_is_given():
    assert import_extra("json", "this needs", package="json", extra="none") is json


def test_what_is_missing_is_explained():
    with pytest.raises(ImportError) as caught:
        import_extra(MISSING, "this needs", package="none-such", extra="some")
    assert str(caught.value) == (
        "this needs the package 'none-such', which could not be imported (No module named "
        "'no_such_module'); install it with: pip install 'rlsf-gym[some]'"
    )


def test_a_folder_of_that_name_is_not_the_package(tmp_path, monkeypatch):
    """As examples/speed/accelerate is, or the folder that Weights & Biases writes."""
    (tmp_path / FOLDER).mkdir()
    monkeypatch.syspath_prepend(str(tmp_path))
    monkeypatch.delitem(sys.modules, FOLDER, raising=False)
    with pytest.raises(ImportError, match=r"'boards_of_old' is a folder here, .*; install it with: pip"):
        import_extra(FOLDER, "this needs", package="boards", extra="boards")
