"""Base classes of libraries that may be missing."""

import pytest

from rlsf_gym.integrations.bases import import_base, import_package, import_present
from tests.helpers.recorded import recorded

INNER, OUTER = ("trainer.inner:Base", "trainer==1.0"), ("trainer.outer:Base", "trainer==1.0")
MISSING = ("no_such_trainer.inner:Base", "no-such-trainer==1.0")
HALF = ("half_a_trainer:Base", "half-a-trainer==1.0")


def test_what_is_installed_is_inherited_from():
    with recorded({"trainer.inner": {"Base": dict}}):
        assert import_base(*INNER) is dict


def test_what_is_missing_is_said_when_it_is_used():
    class Adapter(import_base(*MISSING)):
        pass

    with pytest.raises(
        ImportError, match=r"^Adapter needs no_such_trainer: pip install no-such-trainer==1.0$"
    ):
        Adapter(1, two=2)


def test_another_release_of_a_trainer_is_an_error_at_once():
    with recorded({"trainer.inner": {}}):
        with pytest.raises(AttributeError, match="Base"):
            import_base(*INNER)
        with pytest.raises(ModuleNotFoundError, match="outer"):
            import_base(*OUTER)


def test_a_trainer_that_lacks_a_package_of_its_own_is_not_taken_for_missing(tmp_path, monkeypatch):
    (tmp_path / "half_a_trainer.py").write_text("import no_such_package")
    monkeypatch.syspath_prepend(tmp_path)
    with pytest.raises(ModuleNotFoundError, match="no_such_package"):
        import_base(*HALF)


def test_what_may_be_missing_is_none():
    assert import_present(MISSING[0]) is None
    with recorded({"trainer.inner": {"Base": dict}}):
        assert import_present(INNER[0]) is dict
        with pytest.raises(ModuleNotFoundError, match="outer"):
            import_present(OUTER[0])


def test_a_package_that_is_missing_is_named():
    said = r"serve needs no_such_trainer \(No module .*\): pip install no-such-trainer==1.0"
    with pytest.raises(ImportError, match=said):
        import_package(MISSING[0].partition(":")[0], "serve", MISSING[1])
