"""What would act on a page or a terminal is shown, and so are bytes that are no text."""

import pytest

from rlsf_gym.render.visible import show_controls, show_piece, show_token


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("\x1b[31m", "\u241b[31m"),
        ("a\nb\tc\r\x00", "a\u21b5b\u21e5c\u240d\u2400"),
        ("\x7f\x9b", "\u2421\u2039U+009B\u203a"),
        ("\u202egood", "\u2039U+202E\u203agood"),
        ("\u200b\ufeff", "\u2039U+200B\u203a\u2039U+FEFF\u203a"),
        ("a\u200db", "a\u2039U+200D\u203ab"),
        ("\u200d", "\u2039U+200D\u203a"),
        ("ok\U000e0069\u3164", "ok\u2039U+E0069\u203a\u2039U+3164\u203a"),
        ("\U0001f469\u200d\U0001f467 caf\u00e9", "\U0001f469\u200d\U0001f467 caf\u00e9"),
    ],
)
def test_control_characters_are_shown(text, shown):
    assert show_controls(text) == shown
    assert show_controls(shown) == shown


@pytest.mark.parametrize(
    ("piece", "shown"),
    [
        (b" good", " good"),
        (b"", "\u220e"),
        (b"\xe2\x98", "\u2039e2 98\u203a"),
        (b"a\xc3", "\u203961 c3\u203a"),
        (b"\x1b[0m", "\u241b[0m"),
    ],
)
def test_a_token_by_itself(piece, shown):
    assert show_token(piece) == shown


def test_a_token_in_its_place():
    assert show_piece(b"\x98\x83", "\u2603") == "\u2603"
    assert show_piece(b"\x98", "") == "\u203998\u203a"
