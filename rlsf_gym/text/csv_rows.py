"""Parses CSV strictly, by RFC 4180.

Python's `csv` cuts or joins rows without a word: a row may have more or fewer fields than the header, a
quote may stay open to the end of the file, text may follow a closing quote; and its limit for the length of a
field belongs to the whole process. Here

1. each row has as many fields as the first;
2. a field that begins with a quote ends with one, inside of it quotes are doubled, and only a separator or
   the end of the row follows; in other fields a quote is a character like others;
3. rows end with LF, CRLF or CR; a row without a character is skipped;
4. a field may have any length, and time is linear in the text.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import NamedTuple

__all__ = ["CsvError", "Row", "read_rows"]

_LINE_END = re.compile(r"\r\n?|\n")


class CsvError(ValueError):
    """Text is not valid CSV; the message begins with the line number."""


class Row(NamedTuple):
    """Row of CSV: its fields, and the number of its first line."""

    line: int
    """Number of the line in which the row begins, from 1."""
    fields: list[str]
    """Values of the fields, without the quotes around them."""


def read_rows(text: str, separator: str = ",") -> Iterator[Row]:
    r"""Yields the rows of a text, the header among them.

    Args:
        text: Text of the file.
        separator: The character between fields.

    Raises:
        CsvError: If the rows have different numbers of fields, or a quote is not closed properly. The
            message begins with the line.

    Example:
        >>> [row.fields for row in read_rows('id,prompt\n1,"a ""b"", c"\n')]
        [['id', 'prompt'], ['1', 'a "b", c']]
    """
    place, line, width = 0, 1, 0
    while place < len(text):
        ending = _LINE_END.search(text, place)
        plain = text[place : ending.start() if ending else len(text)]
        if '"' in plain:
            row, end = _read_quoted(text, place, separator, line)
        else:
            row, end = Row(line, plain.split(separator)), place + len(plain)
        ending = _LINE_END.match(text, end)
        following = ending.end() if ending else end
        line += _count_lines(text, place, following)
        place = following
        if not plain:
            continue
        width = width or len(row.fields)
        if len(row.fields) != width:
            raise CsvError(
                f"line {row.line}: has {len(row.fields)} fields where the header has {width}: "
                "put double quotes around a text that holds the separator"
            )
        yield row


def _read_quoted(text: str, place: int, separator: str, line: int) -> tuple[Row, int]:
    """Returns the row with quoted fields that begins at an offset, and the offset of its end."""
    plain = re.compile(rf"[^{re.escape(separator)}\r\n]*+")
    fields: list[str] = []
    start = place
    while True:
        if text.startswith('"', place):
            close = _find_closing_quote(text, place + 1)
            if close < 0:
                opened = line + _count_lines(text, start, place)
                raise CsvError(f"line {opened}: a double quote is opened and never closed")
            fields.append(text[place + 1 : close].replace('""', '"'))
            place = close + 1
            if place < len(text) and text[place] not in (separator, "\r", "\n"):
                here = line + _count_lines(text, start, place)
                raise CsvError(
                    f"line {here}: {text[place]!r} follows a closing quote "
                    f"in the row of line {line}: double the quotes inside of a text"
                )
        else:
            match = plain.match(text, place)
            assert match is not None
            fields.append(match[0])
            place = match.end()
        if not text.startswith(separator, place):
            return Row(line, fields), place
        place += 1


def _find_closing_quote(text: str, place: int) -> int:
    """Returns the offset of the closing quote of a field whose content begins at an offset, -1 if missing."""
    close = text.find('"', place)
    while close >= 0 and text.startswith('"', close + 1):
        close = text.find('"', close + 2)
    return close


def _count_lines(text: str, start: int, end: int) -> int:
    """Returns the number of line ends in a part of a text."""
    return sum(1 for _ in _LINE_END.finditer(text, start, end))
