"""Valences that words get at the end of a text, by what stands there."""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from typing import Final

import numpy as np
import numpy.typing as npt

from rlsf_gym.domains.sentiment.vader.candidates.classes import WordClasses, Words, describe_before
from rlsf_gym.domains.sentiment.vader.rules import last_value, word_changes
from rlsf_gym.domains.sentiment.vader.stream import EMPTY, MIXED, UPPER
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
    """Valences of all classes of words behind the last words of a text, worked out once for each.

    What rules see of most words is nothing, so that most texts end in the same few contexts. They are the
    last three words, and five where one of the last two waits for the next one.

    Args:
        classes: the classes, which may become more.
    """

    def __init__(self, classes: WordClasses) -> None:
        self._classes = classes
        self._by_traces: dict[Hashable, int] = {}
        self._numbers: dict[Hashable, int] = {}
        self._words: list[tuple[Words, int]] = []
        self._valences: list[FloatArray] = []

    def forget(self) -> None:
        """Forget all contexts if they are many."""
        if len(self._by_traces) > MAX_CONTEXTS:
            self._by_traces.clear()
            self._numbers.clear()
            self._words.clear()
            self._valences.clear()

    def number(self, words: Sequence[Word], case: int) -> int:
        """Number of the context at the end of some words."""
        if len(words) < 3 or words[-1].awaits or words[-2].awaits:
            last = words[-5:]
            traces = case, *[word.trace for word in last]
        else:
            last = words[-3:]
            first, second, third = last
            traces = case, first.trace, second.trace, third.trace
        number = self._by_traces.get(traces)
        if number is None:
            number = self._by_traces[traces] = self._find(tuple(last), case)
        return number

    def valences(self, number: int) -> FloatArray:
        """What each class of words adds to the sum in a context, float64 (C,).

        It holds where no "but" is among the words or before, and no capitals get their emphasis by them, and
        is 0 for words of which it hangs on more of the text.
        """
        known = self._valences[number]
        if len(known) < len(self._classes):
            before, case = self._words[number]
            rows = zip(self._classes.members, self._classes.hangs_on_text, strict=True)
            missing = list(rows)[len(known) :]
            more = [0.0 if is_asked else _add_up(before, words, case) for words, is_asked in missing]
            known = self._valences[number] = np.concatenate([known, more])
        return known

    def is_awaited(self, number: int) -> bool:
        """Whether one of the last words in a context waits for what may be a next one."""
        return _are_awaited(self._words[number][0])

    def _find(self, last: Words, case: int) -> int:
        last = last if _are_awaited(last) else last[-3:]
        near = last[-3:]
        key: Hashable = case, *[word.base is None for word in near]
        if any(word.signs & ~CAPITALS for word in near) or (near and near[-1].lower in _LEADING):
            phrases = _find_phrases([word.lower for word in near])
            key = case, *map(describe_before, near), phrases
        if len(last) > 3 or (last and _are_awaited(last)):
            key = case, *[word.trace for word in last]
        number = self._numbers.setdefault(key, len(self._words))
        if number == len(self._words):
            self._words.append((last, case))
            self._valences.append(np.zeros(0))
        return number


def _are_awaited(words: Words) -> bool:
    """Whether the last words wait for what may be a next one."""
    last = [word.lower for word in words[-2:]]
    is_no = words[-1:] != () and words[-1].awaits and last[-1] == "no"
    return is_no or any(
        word.awaits and " ".join(last[at:]) in _BEGINNINGS for at, word in enumerate(words[-2:])
    )


def count_mixed(words: Words, case: int) -> bool:
    """Whether some words of a text are in capitals and some are not, with more words behind it."""
    if case == MIXED:
        return True
    is_upper = {word.upper for word in words}
    if case != EMPTY:
        is_upper.add(case == UPPER)
    return len(is_upper) == 2


def _add_up(before: Words, words: Words, case: int) -> float:
    """What words add to the sum: their valences, and what they change of those that wait for them."""
    together = before + words
    mixed = count_mixed(words, case)
    start = len(before)
    total = sum(last_value(word_changes(together, at, mixed)) for at in range(start, len(together)))
    for at in range(max(0, start - 2), start):
        if before[at].awaits:
            after = last_value(word_changes(together, at, mixed))
            total += after - last_value(word_changes(before, at, mixed))  # mostly 0, to the bit
    return total


def _find_phrases(lowers: list[str]) -> Hashable:
    """The phrases that end with the last words or the one before, and those that a next word may end."""
    spans = [lowers[-1:], lowers[-2:], lowers[-3:], lowers[:-1][-2:]]
    joined = [" ".join(span) for span in spans]
    return *(text if text in _BEGINNINGS or text in _WHOLE else "" for text in joined), len(lowers)
