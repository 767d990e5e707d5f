"""Classes of words that do the same to a score as the last ones of a text."""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from typing import Final

from rlsf_gym.domains.sentiment.vader.words import PHRASE_WORDS, Vocabulary, Word, load_lexicon

__all__ = ["CAPITALS", "NOTHING", "PLAIN", "WordClasses", "describe_before"]

Words = tuple[Word, ...]

# Numbers of classes: a word that says nothing, in small letters and in capitals, and no word at all.
PLAIN, CAPITALS, NOTHING = range(3)

# Words that rules know by name: wherever they stand, and as the last one.
_NAMED_BEFORE: Final = frozenset(
    ("no", "so", "this", "never", "without", "doubt", "least", "at", "very", "or", "nor")
)
_NAMED_LAST: Final = PHRASE_WORDS | {"no", "but"}


def describe_before(word: Word) -> Hashable:
    """What the rules for one of the next three words may see of a word, but for phrases."""
    is_named = word.lower in _NAMED_BEFORE
    return (
        word.lower if is_named else "",
        word.boost,
        word.upper and word.boost != 0.0,
        word.negates,
        (word.base is None),
    )


class WordClasses:
    """Classes of words, and of runs of words, that do the same to a score as the last ones of a text.

    Args:
        vocabulary: where the words come from.

    Attributes:
        vocabulary: the same.
        members: of each class one run of words.
        hangs_on_text: for each class, whether what it does hangs on more of the text than the last words.
        plain: a word that says nothing, in small letters.
    """

    def __init__(self, vocabulary: Vocabulary) -> None:
        self.members: list[Words] = []
        self.hangs_on_text: list[bool] = []
        self.vocabulary = vocabulary
        self._numbers: dict[Hashable, int] = {}
        self.plain = vocabulary.read("zqzqzq")
        for words in ((self.plain,), (vocabulary.read("ZQZQZQ"),), ()):
            self.number(words)
        self._add_lexicon()

    def __len__(self) -> int:
        return len(self.members)

    def number(self, words: Words) -> int:
        """Number of the class of some words."""
        words = self._shorten(words)
        key: list[Hashable] = [self.describe_inside(word) for word in words[:-1]]
        key += [self.describe(word) for word in words[-1:]]
        number = self._numbers.setdefault(tuple(key), len(self.members))
        if number == len(self.members):
            self.members.append(words)
            self.hangs_on_text.append(any(self.describe_more(word) is not None for word in words))
        return number

    def is_plain(self, word: Word) -> bool:
        """Whether a word in small letters does nothing to the words around it."""
        return self.describe_inside(word) == self.describe_inside(self.plain)

    def describe(self, word: Word) -> Hashable:
        """What there is to the last word of a text."""
        is_named = (word.stirs or word.answers) and word.lower in _NAMED_LAST
        return word.base, word.upper, word.lower if is_named else "", self.describe_more(word)

    def describe_more(self, word: Word) -> Hashable:
        """What else there is to a word, which has to be asked for in each text; None for nothing."""
        return None

    def active(self) -> set[str]:
        """Lower-cased words that do something at the end of a text."""
        return {"but", *load_lexicon()[0], *PHRASE_WORDS}

    def describe_inside(self, word: Word) -> Hashable:
        """What there is to a word that others follow."""
        phrase = word.lower if word.lower in PHRASE_WORDS else ""
        return self.describe(word), describe_before(word), phrase

    def _shorten(self, words: Words) -> Words:
        """The words without plain ones at the end, which do nothing but say that not all is in capitals."""
        while len(words) > 1 and self.is_plain(words[-1]) and not all(word.upper for word in words[:-1]):
            words = words[:-1]
        return words

    def _add_lexicon(self) -> None:
        """Find a class for each valence, so that few are left to be found later."""
        known: set[float] = set()
        for lower, valence in load_lexicon()[0].items():
            if valence not in known and lower.isalpha() and lower not in _NAMED_LAST:
                known.add(valence)
                for token in (lower, lower.upper()):
                    self.number((self.vocabulary.read(token),))


def as_words(tokens: Sequence[str], vocabulary: Vocabulary) -> Words:
    """The words in some tokens, which are not kept in the vocabulary's cache."""
    return tuple(map(vocabulary.read, tokens))
