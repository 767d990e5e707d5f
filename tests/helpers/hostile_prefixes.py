"""Beginnings of texts in which every rule of VADER's has something to do."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from random import Random

_TEXT = """
good bad great love horrible awful greatest best loved sux ok, nice, film. good! bad?! no. film a I uncertain
not never so this very really isn't don't without doubt hardly extremely slightly barely only less just enough
kind of sort the shit bomb ass yeah right to die for beating heart kiss death bus stop at least LEAST
no nor or but BUT GREAT NOT VERY but NO Kind OF The THE SHIT
wonder lov hap un x :) :( :-D ;D 8) lol ( " ' - ! ? ! 😀 🙂 ♥ é
"""
WORDS = tuple(_TEXT.split())
"""Words, and pieces of words, that rules look for or are led astray by."""
SPACES = (" ", " ", " ", " ", "  ", "\n", "\t", "\u3000", "")
ENDS = (" ", "\n", "!", "?", "...", "\u00a0", ":", "(", "'", " (", "!?!?")


def write_prefixes(seed: int, count: int, more: Sequence[str] = ()) -> Iterator[tuple[str, str]]:
    """Yields prompts and beginnings of responses, drawn from the words and some more."""
    random = Random(seed)
    words = (*WORDS, *more)
    for _ in range(count):
        chosen = [random.choice(words) for _ in range(random.randrange(10))]
        if random.random() < 0.2:
            chosen = [word.upper() for word in chosen]
        text = "".join(random.choice(SPACES) + word for word in chosen)
        text += random.choice(ENDS) if random.random() < 0.3 else ""
        text = text.lstrip() if random.random() < 0.15 else text
        text = text[: random.randrange(len(text) + 1)] if random.random() < 0.4 else text
        cut = random.randrange(len(text) + 1)
        yield text[:cut], text[cut:]
