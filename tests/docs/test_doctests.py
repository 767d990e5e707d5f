"""docs/_ext/rlsf_site: the examples in its docstrings hold."""

import doctest
import importlib
import pkgutil

import pytest
import rlsf_site

MODULES = [info.name for info in pkgutil.iter_modules(rlsf_site.__path__)]


@pytest.mark.parametrize("name", MODULES)
def test_examples_hold(name):
    assert doctest.testmod(importlib.import_module(f"rlsf_site.{name}")).failed == 0


def test_there_are_some():
    finder = doctest.DocTestFinder()
    count = sum(
        bool(test.examples)
        for name in MODULES
        for test in finder.find(importlib.import_module(f"rlsf_site.{name}"))
    )
    assert count >= 8
