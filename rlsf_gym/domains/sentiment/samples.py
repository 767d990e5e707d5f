"""Sample texts, film reviews and edge cases, on which scorers and reward designs are tested."""

from __future__ import annotations

from typing import Final

from rlsf_gym.domains.domain import Example, Samples

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
    examples=(
        Example("Negation, then a but", "The film was", " not very good, but I loved the ending!"),
        Example("Capitals", "I watched this one Sunday", " and it was GREAT fun, though the sound was bad."),
        Example(
            "An idiom",
            "The soundtrack relies on",
            " a badass guitar: to die for, the kiss of death to silence.",
        ),
        Example("Emoji", "As a sequel, it", " made me 😀 for an hour and 😭 at the end ❤️"),
        Example(
            "No and least",
            "The script was written by",
            " people with no talent, in the least funny year of their life.",
        ),
        Example(
            "Boosters and dampeners",
            "The lead actress has",
            " an extremely moving, somewhat sad and barely happy scene.",
        ),
        Example(
            "A late turn",
            "The director's earlier work had",
            " charm, wit and love, BUT this is a stupid, boring mess!!!",
        ),
        Example("A sign near zero", "Set in a small coastal town,", " it is good and it is bad."),
        Example(
            "Long and thin (for the scorer knowledge)",
            "After two hours the",
            " plot felt long and thin, the jokes fresh.",
        ),
        Example(
            "Markup, controls and directions",
            "I saw <b>",
            "good</b>\t<script>alert(1)</script> \u202enot bad\u202c &amp; fine",
        ),
    ),
)
