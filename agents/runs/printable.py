r"""Makes untrusted text safe to print: one line, with control characters escaped.

Control characters, escape sequences, line ends and what turns the direction of writing become escapes as
Python writes them; what is long is cut.
"""

from __future__ import annotations

LONGEST = 200
"""Most characters of a value that are shown."""


def printable(text: str) -> str:
    r"""Returns the text in one line, with control characters escaped.

    Example:
        >>> print(printable("a\x1b[31mb\nc\u202ed"))
        a\x1b[31mb\nc\u202ed
    """
    return "".join(map(_escape, text))


def shown(value: object) -> str:
    """Returns a value as text: printable, and no longer than `LONGEST` characters.

    Example:
        >>> shown(0.5), len(shown("x" * 1_000_000))
        ('0.5', 200)
    """
    text = printable(str(value)[: LONGEST + 1])
    return text if len(text) <= LONGEST else f"{text[: LONGEST - 3]}..."


def one_line(message: object, most: int | None = None) -> str:
    r"""Returns the text of an error or a message in one line.

    Args:
        message: The error, or its text.
        most: Most characters of the line; None: no limit.

    Example:
        >>> one_line(ValueError("no such\n  file"))
        'no such file'
        >>> print(one_line(ValueError("no \x1b[31mfile")))
        no \x1b[31mfile
    """
    return printable(" ".join(str(message).split()))[:most]


def _escape(character: str) -> str:
    return character if character.isprintable() else character.encode("unicode_escape").decode("ascii")
