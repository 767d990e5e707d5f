"""Sample texts, film reviews and edge cases, on which scorers and reward designs are tested."""

from __future__ import annotations

from typing import Final

from rlsf_gym.domains.domain import Samples

__all__ = ["SAMPLES"]

SAMPLES: Final = Samples(
    pieces=(
        # Pieces of words, half characters, triggers of rules, whitespace and none of it.
        *(b" good", b"good", b" bad", b"ly", b" not", b" but", b" very", b" GREAT", b"awful", b" caf"),
        *(
            b"\xc3",
            b"\xa9",
            b"\xf0\x9f",
            b"\x98\x80",
            b" ",
            b"\n",
            b"!",
            b"?",
            b".",
            b"kind of",
            b" no",
            b"\xff",
        ),
        b" bad, bad bad bad bad",  # one token of several words
    ),
    prompts=("", "The film", "The film was not", "It is GREAT, but", "So good! un"),
    pairs=(
        ("The film was", " not very good, but I LOVED the ending!"),
        ("", ""),
        ("The film", ""),
        ("", "Awful."),
        ("I was so un", "happy with it"),
        (" \t\n", "\r\n  "),
        ("Ça va,", " naïve café ☕️ 😀👍🏽 e\u0301 \u200b\u2028ﬁne"),
        ("!?!", "?!?!?! ... :) :-( <br />"),
        ("zero", "\x00\x01\ufffd bad"),
        ("这部电影", "很好 очень хорошо جيد"),
        ("good " * 20, "terrible " * 40),
    ),
)
