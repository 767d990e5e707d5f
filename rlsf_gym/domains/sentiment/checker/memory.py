"""Remembers what the rules claim of a word, by all that they can hear of the words around it.

Both memories are the checker's own and bounded. They are keyed by everything that their values depend on, and
hold strings, numbers and tuples alone: what is claimed of a text, true or forged, is neither asked for nor
kept here, and nobody can change a value that was handed out.
"""

from collections.abc import Iterable, Sequence
from functools import lru_cache
from typing import Final, NamedTuple

from vaderSentiment.vaderSentiment import BOOSTER_DICT, NEGATE, SPECIAL_CASES

from rlsf_gym.domains.sentiment.checker.rules import list_claims
from rlsf_gym.domains.sentiment.checker.words import (
    Token,
    load_tables,
    read_premise,
    read_token,
    spell,
)

_REMEMBERED = 16_384
# Runs up to this length are remembered.
_SHORT = 32


def _words_of(phrases: Iterable[str]) -> set[str]:
    return {word for phrase in phrases for word in phrase.split()}


# All words that a rule compares with: any other one is as good as silent, unless it has "n't" in it.
_AUDIBLE = frozenset(
    _words_of((*NEGATE, *BOOSTER_DICT, *SPECIAL_CASES))
    | {*("so", "this", "never", "without", "doubt"), *("no", "or", "nor"), *("least", "at", "very")}
    | {"kind", "of"}
)
# What stands for words that the rules can't tell apart; neither is in the lexicon, or a word of a rule.
SILENT: Final = "\0"
_NEGATING = "n't"


class Word(NamedTuple):
    """Word of a run of characters, as the rules see it.

    Attributes:
        low: the word in lower case.
        first: where it starts in the run.
        last: where it ends in the run.
        is_upper: whether it is in capitals.
        voice: the word as far as the rules can tell it from others; of bounded length.
        value: its valence in the lexicon; 0 without one, as no word there has a valence of 0.
        is_plain: it has no valence, is not in capitals, and is no "but".
    """

    low: str
    first: int
    last: int
    is_upper: bool
    voice: str
    value: float
    is_plain: bool


class Change(NamedTuple):
    """Change of a word's valence by a rule; `first` and `last` are the words that trigger it, from it on."""

    rule: str
    first: int
    last: int
    amount: float


class Outcome(NamedTuple):
    """Changes of a word's valence, in the order of the rules, and the valence that comes of them."""

    changes: tuple[Change, ...]
    value: float


def read_word(run: str) -> Word:
    """The word of a run of characters; a short one comes from memory."""
    return _read_word(run) if len(run) <= _SHORT else _read_word.__wrapped__(run)


@lru_cache(maxsize=_REMEMBERED)
def _read_word(run: str) -> Word:
    text, low, first, last, _ = read_token(spell(run), (0, len(run)))
    value = load_tables()[0].get(low, 0.0)
    voice = _NEGATING if "n't" in low else SILENT
    if value or low in _AUDIBLE:
        voice = text
    is_upper = text.isupper()
    is_plain = not value and not is_upper and low != "but"
    return Word(low, first, last, is_upper, voice, value, is_plain)


@lru_cache(maxsize=_REMEMBERED)
def recall_outcome(voices: tuple[str, ...], at: int, mixed: bool) -> Outcome:
    """What the rules make of a word that has a valence, before the "but" rule.

    Args:
        voices: of the word, of up to three words before it, and of up to two behind it.
        at: position of the word among them.
        mixed: some words of the text are in capitals and some are not.
    """
    tokens = [Token(voice, voice.lower(), 0, 0, False) for voice in voices]
    premises = [read_premise(tokens, near) for near in range(len(tokens))]
    changes: list[Change] = []
    value = 0.0
    for claim in list_claims(tokens, premises, at, mixed):
        if claim.value != value:
            changes.append(Change(claim.rule, claim.first - at, claim.last - at, claim.value - value))
        value = claim.value
    return Outcome(tuple(changes), value)


def hear(voices: Sequence[str], at: int, end: int, mixed: bool) -> Outcome:
    """What the rules make of the word at a position, in a text that ends before another one."""
    first = max(0, at - 3)
    return recall_outcome(tuple(voices[first : min(at + 3, end)]), at - first, mixed)
