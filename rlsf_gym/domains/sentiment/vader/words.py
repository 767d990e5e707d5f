"""Features of words that VADER's rules use, looked up once per spelling.

The lexicon, the emoji table and every constant come from the `vaderSentiment` package.
"""

from dataclasses import dataclass, replace
from functools import cache
from importlib.metadata import version
from string import punctuation
from typing import Any, Final, TypeVar

from vaderSentiment.vaderSentiment import BOOSTER_DICT, NEGATE, SPECIAL_CASES, SentimentIntensityAnalyzer

from rlsf_gym.domains.sentiment.vader.long import LONGEST

MAX_CACHED_WORDS: Final = 65_536  # of at most LONGEST characters: 80 MB, if all of them are so long
LEXICON_VERSION: Final = version("vaderSentiment")

# Signs of what a word may trigger: a rule has nothing to do where the sign it needs is not near.
NO, CAPITALS, BOOST, NEGATION, PHRASE, LEAST = (1 << k for k in range(6))

PHRASES: Final = tuple(phrase.split() for phrase in (*SPECIAL_CASES, *BOOSTER_DICT) if " " in phrase)
# A phrase cannot be there without its longest word, mostly its rarest: a cheap sign that the rules must look.
_PHRASE_KEYS = frozenset(min(words, key=lambda word: (-len(word), word)) for words in PHRASES)
_PHRASE_OPENERS = frozenset(word for words in PHRASES for word in words[:-1])
_PHRASE_CLOSERS = frozenset(word for words in PHRASES for word in words[1:])
PHRASE_WORDS: Final = _PHRASE_OPENERS | _PHRASE_CLOSERS
_NEGATIONS = frozenset(NEGATE)
# Words that the rules for other words ask for by name, or that have a part of their own in them.
_TRACED = frozenset(
    [*BOOSTER_DICT, *_NEGATIONS, *PHRASE_WORDS, "no", "so", "this", "doubt", "least", "at", "or", "nor"]
)
_TRACES: dict[tuple[str, bool, float | bool | None, bool], int] = {}


@cache
def load_lexicon() -> tuple[dict[str, float], dict[str, str]]:
    """Valence by lower-cased word, and description by emoji, as the library reads them."""
    analyzer: Any = SentimentIntensityAnalyzer()
    return analyzer.lexicon, analyzer.emojis


@dataclass(frozen=True, slots=True)
class Word:
    """Features of a whitespace-separated token that the rules use.

    Attributes:
        text: the token without outer punctuation (with it, where at most two characters would remain).
        lower: `text` in lower case.
        lead: number of punctuation characters stripped on the left.
        base: the lexicon's valence, None for a word outside the lexicon.
        boost: what the word adds to a following positive word, 0 for all but boosters and dampeners.
        scored: the word can have a valence: it is in the lexicon and no booster.
        upper: the word is written in capitals.
        negates: the word is a negation.
        signs: of the rules that the word may trigger.
        contrasts: the word is "but".
        awaits: the next two words may change the word's own valence.
        answers: the word may be what such a word waits for.
        stirs: the word may change a valence, its own or another's, without being near or waited for.
        trace: number of all that the rules for one of the next words may see of the word.
    """

    text: str
    lower: str
    lead: int
    base: float | None
    boost: float
    scored: bool
    upper: bool
    negates: bool
    signs: int
    contrasts: bool
    awaits: bool
    answers: bool
    stirs: bool
    trace: int


AnyWord = TypeVar("AnyWord", bound=Word)


def read_word(token: str) -> Word:
    """The word in a whitespace-free token."""
    text = token.strip(punctuation)
    lead = len(token) - len(token.lstrip(punctuation))
    if len(text) <= 2:  # probably an emoticon
        text, lead = token, 0
    lower = text.lower()
    base = load_lexicon()[0].get(lower)
    boost = BOOSTER_DICT.get(lower, 0.0)
    upper = text.isupper()
    negates = lower in _NEGATIONS or "n't" in lower
    signs = (
        NO * (lower == "no")
        | CAPITALS * upper
        | BOOST * (boost != 0.0)
        | NEGATION * (negates or lower in ("so", "this"))
        | PHRASE * (lower in _PHRASE_KEYS)
        | LEAST * (lower == "least")
    )
    return Word(
        text=text,
        lower=lower,
        lead=lead,
        base=base,
        boost=boost,
        scored=base is not None and boost == 0.0,
        upper=upper,
        negates=negates,
        signs=signs,
        contrasts=lower == "but",
        awaits=_awaits(lower, base),
        answers=_answers(lower, base),
        stirs=_stirs(lower, base, upper),
        trace=_trace(lower, base, upper),
    )


def with_base(word: AnyWord, valence: float) -> AnyWord:
    """Copy of a word with another valence from the lexicon; with 0, as if the lexicon did not have it."""
    base = valence or None
    return replace(
        word,
        base=base,
        scored=base is not None and word.boost == 0.0,
        awaits=_awaits(word.lower, base),
        answers=_answers(word.lower, base),
        stirs=_stirs(word.lower, base, word.upper),
        trace=_trace(word.lower, base, word.upper),
    )


def is_rule_word(lower: str) -> bool:
    """Whether a lower-cased word triggers a rule of VADER's, which a valence would prevent."""
    return lower in BOOSTER_DICT or lower in _NEGATIONS or "n't" in lower or lower in ("no", "but", "least")


def _awaits(lower: str, base: float | None) -> bool:
    return base is not None and (lower == "no" or lower in _PHRASE_OPENERS)


def _answers(lower: str, base: float | None) -> bool:
    return base is not None or lower in _PHRASE_CLOSERS


def _stirs(lower: str, base: float | None, upper: bool) -> bool:
    return upper or lower == "but" or base is not None


def _trace(lower: str, base: float | None, upper: bool) -> int:
    awaits = _awaits(lower, base)
    seen = (
        lower if lower in _TRACED else "",
        "n't" in lower,
        base if awaits else base is None,
        upper and (awaits or lower in BOOSTER_DICT),
    )
    return _TRACES.setdefault(seen, len(_TRACES))


class Vocabulary(dict[str, Word]):
    """Cache of words by token, cleared as a whole when it is full.

    Tokens of more than `LONGEST` characters are read each time.
    """

    def __missing__(self, token: str) -> Word:
        """Read a token that has not been seen."""
        if len(token) > LONGEST:
            return self.read(token)
        if len(self) >= MAX_CACHED_WORDS:
            self.clear()
        word = self[token] = self.read(token)
        return word

    def read(self, token: str) -> Word:
        """The word in a token that has not been seen."""
        return read_word(token)


VOCABULARY: Final = Vocabulary()
