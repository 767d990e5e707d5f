"""What every command writes of an error."""

from rlsf_gym.flags.parser import print_error


def test_an_error_is_one_line_that_acts_on_no_terminal(capsys):
    print_error(ValueError("no such\n  file \x1b[31m"))
    print_error(MemoryError())
    assert capsys.readouterr().err == "error: no such file \\x1b[31m\nerror: MemoryError\n"
