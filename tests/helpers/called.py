"""Commands called in the process of the test."""


def call_main(capsys, main, *arguments):
    """Returns exit status, stdout and the lines of stderr of a command's main."""
    try:
        status = main([str(argument) for argument in arguments])
    except SystemExit as ended:
        status = ended.code
    captured = capsys.readouterr()
    return status, captured.out, captured.err.splitlines()
