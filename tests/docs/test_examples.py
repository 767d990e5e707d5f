"""docs/_ext/rlsf_site/examples.py: examples of the site print what they print, or fail."""

import pytest
from rlsf_site.examples import run, show


def test_what_is_printed_is_returned_with_the_names():
    names = {}
    assert run("x = 3\nprint(x * 17)", names) == "51\n"
    assert names["x"] == 3
    assert show("print('`a`')") == "```python\nprint('`a`')\n```\n\nIt prints:\n\n```text\n`a`\n```"


@pytest.mark.parametrize(
    ("code", "message"),
    [
        ("1 / 0", "ZeroDivisionError: division by zero, in the example"),
        ("x = 1", "nothing is printed by the example"),
        ("import warnings\nwarnings.warn('old')\nprint(1)", "UserWarning: old"),
    ],
)
def test_what_fails_warns_or_is_silent_is_no_example(code, message):
    with pytest.raises(RuntimeError, match=message):
        run(code)
