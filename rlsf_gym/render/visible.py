"""Makes what a page can't show, or must not act on, visible: control characters, and bytes of no text."""

from __future__ import annotations

import re

__all__ = ["END", "show_controls", "show_piece", "show_token"]

END = "\u220e"
"""Stands for a token without bytes."""
_NAMED = {"\n": "\u21b5", "\t": "\u21e5", "\x7f": "\u2421"}
# C0, DEL and C1; soft hyphen, fillers and zero-width characters, everything that turns the direction of
# writing or breaks lines, the byte order mark, tags, which hide a text in another one. A joiner stays between
# two characters that are no ASCII, as it makes one emoji of several; elsewhere nobody would see it.
_CONTROLS = re.compile(
    "[\x00-\x1f\x7f-\x9f\xad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180f\u200b\u200c\u200e\u200f"
    "\u2028-\u202e\u2060-\u206f\u3164\ufeff\uffa0\ufff9-\ufffb\ud800-\udfff\U000e0000-\U000e007f]"
    "|(?<![^\x00-\x7f])\u200d|\u200d(?![^\x00-\x7f])"
)


def show_controls(text: str) -> str:
    r"""Returns the text with a visible character in place of each that would act rather than show.

    >>> show_controls("red\x1b[31m\n")
    'red␛[31m↵'
    """
    return _CONTROLS.sub(lambda match: _show_control(match[0]), text)


def show_piece(piece: bytes, text: str) -> str:
    """Returns the text that is shown for a token which completed `text`: its bytes if `text` is empty."""
    if text:
        return show_controls(text)
    return f"\u2039{piece.hex(' ')}\u203a" if piece else END


def show_token(piece: bytes) -> str:
    r"""Returns the text that is shown for a token by itself: its bytes if they are no whole characters.

    >>> show_token(b" good"), show_token(b"\xc3")
    (' good', '‹c3›')
    """
    try:
        return show_piece(piece, piece.decode())
    except UnicodeDecodeError:
        return show_piece(piece, "")


def _show_control(character: str) -> str:
    if character in _NAMED:
        return _NAMED[character]
    code = ord(character)
    return chr(0x2400 + code) if code < 0x20 else f"\u2039U+{code:04X}\u203a"
