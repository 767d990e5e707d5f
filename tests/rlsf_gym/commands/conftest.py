"""How commands are called here."""

from functools import partial

import pytest

from tests.helpers.called import call_main


@pytest.fixture
def run_main(capsys):
    """Returns a function: a command's main, arguments -> (exit status, stdout, lines of stderr)."""
    return partial(call_main, capsys)
