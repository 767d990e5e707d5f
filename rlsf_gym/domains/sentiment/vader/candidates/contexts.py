"""Valences that words get at the end of a text, by what stands there."""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from typing import Final

import numpy as np
import numpy.typing as npt

from rlsf_gym.domains.sentiment.vader.candidates.classes import WordClasses, Words, describe_before
from rlsf_gym.domains.sentiment.vader.rules import last_value, word_changes
from rlsf_gym.domains.sentiment.vader.stream import Case
from rlsf_gym.domains.sentiment.vader.words import CAPITALS, PHRASES, Word

__all__ = ["Contexts", "count_mixed"]

FloatArray = npt.NDArray[np.float64]

MAX_CONTEXTS: Final = 8_192  # of 2 kB each

# Of phrases: the words before the last one, and the whole.
_BEGINNINGS: Final = frozenset(" ".join(words[:count]) for words in PHRASES for count in range(1, len(words)))
_WHOLE: Final = frozenset(map(" ".join, PHRASES))
# Words that trigger nothing by themselves, but with the one that follows; "at" does in "at least".
_LEADING: Final = _BEGINNINGS | {"at"}


class Contexts:
    """Valences of all classes of words behind the last three words of a text, worked out once for each.

    What rules see of most words is nothing, so that most texts end in the same few contexts.

    Args:
        classes: the classes, which may become more.
    """

    def __init__(self, classes: WordClasses) -> None:
        self._classes = classes
        self._numbers: dict[Hashable, int] = {}
        self._words: list[tuple[Words, Case]] = []
        self._valences: list[FloatArray] = []

    def forget(self) -> None:
        """Forget all contexts if they are many."""
        if len(self._numbers) > MAX_CONTEXTS:
            self._numbers.clear()
            self._words.clear()
            self._valences.clear()

    def number(self, words: Sequence[Word], case: Case) -> int:
        """Number of the context at the end of some words."""
        last = words[-3:]
        key: Hashable = case, *[word.base is None for word in last]
        if any(word.signs & ~CAPITALS for word in last) or (last and last[-1].lower in _LEADING):
            phrases = _find_phrases([word.lower for word in last])
            key = case, *map(describe_before, last), phrases
        number = self._numbers.get(key)
        if number is None:
            number = self._numbers[key] = len(self._words)
            self._words.append((tuple(last), case))
            self._valences.append(np.zeros(0))
        return number

    def valences(self, number: int) -> FloatArray:
        """Sum of the valences of each class of words in a context, float64 (C,).

        It holds where the words do not change any that are there, and no "but" is among them or before.
        """
        known = self._valences[number]
        missing = self._classes.members[len(known) :]
        if missing:
            before, case = self._words[number]
            more = [_add_up(before, words, case) for words in missing]
            known = self._valences[number] = np.concatenate([known, more])
        return known


def count_mixed(words: Words, case: Case) -> bool:
    """Whether some words of a text are in capitals and some are not, with more words behind it."""
    if case is Case.MIXED:
        return True
    is_upper = {word.upper for word in words}
    if case is not Case.EMPTY:
        is_upper.add(case is Case.UPPER)
    return len(is_upper) == 2


def _add_up(before: Words, words: Words, case: Case) -> float:
    together = before + words
    mixed = count_mixed(words, case)
    places = range(len(before), len(together))
    return sum(last_value(word_changes(together, at, mixed)) for at in places)


def _find_phrases(lowers: list[str]) -> Hashable:
    """The phrases that end with the last words or the one before, and those that a next word may end."""
    spans = [lowers[-1:], lowers[-2:], lowers[-3:], lowers[:-1][-2:]]
    joined = [" ".join(span) for span in spans]
    return *(text if text in _BEGINNINGS or text in _WHOLE else "" for text in joined), len(lowers)
