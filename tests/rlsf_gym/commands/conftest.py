"""How commands are called here."""

import pytest


@pytest.fixture
def call_main(capsys):
    """Returns a function: a command's main, arguments -> (exit status, stdout, lines of stderr)."""

    def run(main, *arguments):
        try:
            status = main([str(argument) for argument in arguments])
        except SystemExit as ended:
            status = ended.code
        captured = capsys.readouterr()
        return status, captured.out, captured.err.splitlines()

    return run
