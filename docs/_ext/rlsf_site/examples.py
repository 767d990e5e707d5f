"""Examples that are run while the site is built, so that what they print is what they print."""

from __future__ import annotations

import contextlib
import io
import warnings
from typing import Any

from rlsf_site.markdown import fence

TABLE = """\
for token, paid in zip(ids, info["token_rewards"]):
    print(f"{tokenizer.decode([token])!r:>12} {paid:+.4f}")
"""


def run(code: str, names: dict[str, Any] | None = None) -> str:
    """Returns what a program prints.

    Args:
        code: The program.
        names: Holds the names of the program afterwards, where it is given.

    Raises:
        RuntimeError: If it fails, warns, or prints nothing.
    """
    printed = io.StringIO()
    try:
        with contextlib.redirect_stdout(printed), warnings.catch_warnings():
            warnings.simplefilter("error")
            exec(compile(code, "<example>", "exec"), {} if names is None else names)
    except Exception as error:
        raise RuntimeError(f"{type(error).__name__}: {error}, in the example\n{code}") from error
    if not printed.getvalue().strip():
        raise RuntimeError(f"nothing is printed by the example\n{code}")
    return printed.getvalue()


def show(code: str) -> str:
    """Returns a program and what it prints, in Markdown."""
    return f"{fence(code, 'python')}\n\nIt prints:\n\n{fence(run(code))}"
