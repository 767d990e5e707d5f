"""The rewards that audits are tried on, as modules that a reward's own process finds."""

import sys
from pathlib import Path

import pytest

REWARDS = Path(__file__).parent / "rewards"


@pytest.fixture(autouse=True)
def rewards(monkeypatch):
    """Lets `faulty:NAME` and `sound:NAME` be found here and in the processes of rewards."""
    monkeypatch.setattr(sys, "path", [*sys.path, str(REWARDS)])
    return REWARDS


@pytest.fixture
def write(tmp_path, monkeypatch):
    """Returns a function that writes a module of rewards, found as `mine`."""

    def write_module(text):
        (tmp_path / "mine.py").write_text(text, encoding="utf-8")
        monkeypatch.setattr(sys, "path", [*sys.path, str(tmp_path)])
        return tmp_path

    return write_module
