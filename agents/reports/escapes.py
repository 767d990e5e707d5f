"""Escapes untrusted text of a study's files for pages, Markdown, LaTeX, figures and terminals.

Names, titles and settings come from files that anybody may have written. Control characters and whatever
turns the direction of writing become visible ones, what is too long is cut with a count of what is left out,
and no character has a meaning in the language that it is put into.
"""

from __future__ import annotations

import json
import re
from html import escape
from typing import Any

LONGEST_NAME = 300
"""Characters of a cell or a name."""
LONGEST_TEXT = 20_000
"""Characters of a question, a prompt or a response."""
TEX = {
    **{"\\": r"\textbackslash{}", "&": r"\&", "%": r"\%", "#": r"\#", "_": r"\_", "$": r"\$"},
    **{"{": r"\{", "}": r"\}", "~": r"\textasciitilde{}", "^": r"\textasciicircum{}"},
    **{"λ": r"$\lambda$", "γ": r"$\gamma$", "β": r"$\beta$", "Δ": r"$\Delta$", "≥": r"$\ge$", "≤": r"$\le$"},
    **{"×": r"$\times$", "\u2212": r"$-$", "\u2013": "--", "’": "'"},
}
ROOMY = 100
"""Characters from which on a text that is cut says how long it is."""
_MARKS = re.compile(
    r"[\\`*|$]"  # code, emphasis, columns, formulas
    r"|<(?=[A-Za-z/!?])|&(?=[#A-Za-z])"  # tags, comments, links; entities
    r"|\](?=[(\[:])|!(?=\[)|~(?=~)"  # links and images, which are fetched; struck out
    r"|(?<![A-Za-z0-9])_|_(?![A-Za-z0-9])"  # emphasis; not inside of a word
    r"|(?<![A-Za-z0-9])#(?=[A-Za-z0-9])|@(?=[A-Za-z0-9])"  # mentions
)
_CONTROLS = re.compile(
    "[\x00-\x1f\x7f-\x9f\xad\u061c\u200b\u200c\u200e\u200f\u2028-\u202e\u2060-\u206f\ufeff\ud800-\udfff]"
)
"""C0, DEL and C1; soft hyphen, zero-width characters (but for the joiner, which emoji need), what turns the
direction of writing or breaks lines, the byte order mark, halves of pairs."""
_NAMED = {"\n": "\u21b5", "\t": "\u21e5", "\x7f": "\u2421"}
_UNSEEN = re.compile("[\x7f-\x9f\xad\u061c\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff\ud800-\udfff]")


def shown(text: object, most: int = LONGEST_NAME) -> str:
    r"""Returns a text in which no character acts, of at most so many characters.

    Where it is cut an ellipsis says so, and how long it is where there is room for that.

    Example:
        >>> shown("a\x1b[31m\u202eb"), shown("abcdef", 4)
        ('a␛[31m‹U+202E›b', 'abc…')
    """
    whole = str(text)
    plain = _CONTROLS.sub(lambda match: _show_control(match[0]), whole[: most + 1])
    if len(plain) <= most:
        return plain
    rest = f"… ({len(whole):,} characters)" if most >= ROOMY else "…"
    return plain[: most - len(rest)] + rest


def to_html(text: object, most: int = LONGEST_NAME) -> str:
    """Returns a text for HTML, its elements and its attributes."""
    return escape(shown(text, most), quote=True)


def to_markdown(text: object, most: int = LONGEST_NAME) -> str:
    r"""Returns a text for one line of Markdown.

    Example:
        >>> to_markdown("leave_one_out < 0.5"), to_markdown("a|b <b> ![x](y) $z$")
        ('leave_one_out < 0.5', 'a\\|b \\<b> \\![x\\](y) \\$z\\$')
    """
    return _MARKS.sub(lambda match: f"\\{match[0]}", shown(text, most))


def prose_to_markdown(text: str) -> str:
    """Returns a paragraph with code between backticks for Markdown; what lies outside of it is escaped.

    Backticks that are not marks one by one in pairs are escaped as well: what is code would be in doubt.
    """
    parts = text.split("`")
    if len(parts) % 2 == 0 or "``" in text:
        return to_markdown(text, LONGEST_TEXT)
    return "`".join(part if i % 2 else to_markdown(part, LONGEST_TEXT) for i, part in enumerate(parts))


def in_prose(text: object) -> str:
    """Returns a text for a paragraph of `prose_to_markdown`, in which backticks are marks."""
    return shown(text).replace("`", "\u02cb")


def to_latex(text: object, most: int = LONGEST_NAME) -> str:
    r"""Returns a text for LaTeX.

    Example:
        >>> to_latex(r"50% of_\x{}"), to_latex("[2cm]")
        ('50\\% of\\_\\textbackslash{}x\\{\\}', '{[}2cm]')
    """
    plain = shown(text, most)
    whole = "".join(TEX.get(character, character) for character in plain)
    return f"{{{whole[0]}}}{whole[1:]}" if plain[:1] in ("[", "*") else whole  # else arguments of a \\ before


def to_json(data: Any) -> str:
    """Returns plain data as JSON: equal data, all that acts on a terminal escaped."""
    text = json.dumps(data, indent=1, ensure_ascii=False, allow_nan=False)
    return _UNSEEN.sub(lambda match: f"\\u{ord(match[0]):04x}", text)


def _show_control(character: str) -> str:
    if character in _NAMED:
        return _NAMED[character]
    code = ord(character)
    return chr(0x2400 + code) if code < 0x20 else f"\u2039U+{code:04X}\u203a"
