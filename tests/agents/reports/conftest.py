"""What tests of reports share: the modules beside them, by name."""

from __future__ import annotations

import importlib
from collections.abc import Callable, Iterator
from pathlib import Path
from types import ModuleType

import pytest


@pytest.fixture
def load_beside() -> Iterator[Callable[[str], ModuleType]]:
    """Returns a function: name of a module of this folder -> the module."""
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(str(Path(__file__).parent))
        yield importlib.import_module


@pytest.fixture
def known(load_beside: Callable[[str], ModuleType]) -> ModuleType:
    """Returns the module of the study whose runs' times are known."""
    return load_beside("test_numbers")
