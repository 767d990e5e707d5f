"""Incremental VADER: valences and their sum while words are pushed and popped at the end of a text."""

from bisect import bisect_left
from collections.abc import Hashable, Iterable, Iterator, Sequence
from math import isfinite, sqrt
from typing import NamedTuple

from rlsf_gym.domains.sentiment.vader.but_rule import Scaling
from rlsf_gym.domains.sentiment.vader.rules import Changes, Premise, last_value, word_changes
from rlsf_gym.domains.sentiment.vader.words import Word

EXCLAMATION, MAX_EXCLAMATIONS = 0.292, 4
QUESTION, MANY_QUESTIONS, MAX_QUESTIONS = 0.18, 0.24, 4  # each of two or three; each of four
ALPHA = 15.0  # of the normalisation

# Below this the running sum may have another sign than sum() of the list has. As the sign decides on the
# punctuation, sum() is asked then: it has to be rounded as in the library.
_DOUBTFUL = 1e-9
COMPENSATES = sum([1e16, 1.0, -1e16]) == 1.0


def measure_emphasis(exclamations: int, questions: int) -> float:
    """Amount that these numbers of ! and ? add to the absolute value of the sum."""
    per_question = 0.0 if questions < 2 else QUESTION if questions < 4 else MANY_QUESTIONS
    counted = min(exclamations, MAX_EXCLAMATIONS) * EXCLAMATION
    return counted + min(questions, MAX_QUESTIONS) * per_question


def emphasize(total: float, emphasis: float) -> float:
    """Sum after punctuation, which moves it away from zero; a sum of zero stays."""
    return total + emphasis if total > 0 else total - emphasis if total < 0 else 0.0


def normalize(total: float) -> float:
    """h(S) = S / sqrt(S^2 + 15).

    It never leaves [-1, 1], as the root of x * x is x to the bit: the library's clipping has nothing to do.
    """
    return total / sqrt(total * total + ALPHA)


def score_slope(start: float, end: float) -> float:
    """Mean slope of h(S) = S / sqrt(S^2 + 15) between two sums, without cancellation.

    For sums of one sign, with A and B the two roots,
    (h(end) - h(start)) / (end - start) = 15 (start + end) / (A B (start B + end A)).
    """
    root, other = sqrt(start * start + ALPHA), sqrt(end * end + ALPHA)
    if start * end > 0:
        return ALPHA * (start + end) / (root * other * (end * root + start * other))
    if start == end:
        return ALPHA / root**3
    return (end / other - start / root) / (end - start)


def _is_loud(word: Word) -> bool:
    """Whether a word in capitals adds emphasis to a valence where not all words are in capitals."""
    return word.scored or word.boost != 0.0


# What a word was before another one arrived: position of that one, position of the word, what the rules had
# made of it before the "but" rule, its valence after that, and why it had one that is not the lexicon's.
# A plain tuple, as these are made wherever a text is read.
Past = tuple[int, int, Changes, float, Premise | None]

# Which words of a text are in capitals: some, none, none as there are none, all. Plain numbers, as they are
# keys of what is looked up for each word.
MIXED, LOWER, EMPTY, UPPER = range(4)

# A number of words, and the sum with the word behind them: it stays until another one stirs it.
Step = tuple[int, float]


class Outlook(NamedTuple):
    """What a next word meets at the end of a stream, beside the words.

    Attributes:
        total: the sum of the valences.
        case: which words are in capitals: MIXED, LOWER, EMPTY or UPPER.
        waits: one of the last two words may wait for the next one.
        is_loud: a word in capitals has its emphasis once another one is in small letters.
        halving: values that a next word has halved, as there is a "but"; None without one.
        scored: number of words that are scored.
        is_calm: the outlook stays the same behind a word that does not stir.
        near: what else there is near the end that decides on what a next word does.
    """

    total: float
    case: int
    waits: bool
    is_loud: bool
    halving: frozenset[float] | None
    scored: int
    is_calm: bool
    near: Hashable = None


class _Sums:
    """Cache of `sum` over the beginnings of a list of valences, each value added once.

    From Python 3.12 on it makes up for what is rounded away (Neumaier 1974), and so does this, to the bit.
    """

    def __init__(self) -> None:
        self._states = [(0.0, 0.0)]  # of the first k valences: the sum, and what rounding took from it

    def forget(self, start: int) -> None:
        """Invalidate the sums from value number `start` on."""
        del self._states[start + 1 :]

    def sum(self, values: Sequence[float], count: int) -> float:
        """The sum of the first `count` values."""
        states = self._states
        total, missing = states[-1]
        for value in values[len(states) - 1 : count]:
            larger, smaller = (total, value) if abs(total) >= abs(value) else (value, total)
            total, missing = total + value, missing + (larger - (total + value) + smaller)
            states.append((total, missing))
        total, missing = states[count]
        return total + missing if COMPENSATES and missing and isfinite(missing) else total


class Stream:
    """Words pushed and popped one by one; their valences and the sum are right at any moment.

    A push costs O(1), or O(log n) after a "but". It costs O(n) where it flips a flag of the whole text: the
    first word not in capitals, or the first "but". A pop costs what its push did. As the rules look two words
    ahead, a push settles the last two words again if one of them waits for words to come.

    Args:
        quirk: scale as the library does after a "but". For each word in turn it scales not that word but the
            first one whose valence equals it. False scales each word itself, as its documentation says.
        words: words to push.

    Attributes:
        words: the words.
        mixed: some words are in capitals and some are not.
        but: position of the first "but", None without one.
        history: of the words that are there, those that later ones may have changed, each as it was before,
            in the order of arrival. Of several entries for a word and an arrival, the first one counts; not
            every entry is a change.
    """

    def __init__(self, quirk: bool = True, words: Iterable[Word] = ()) -> None:
        self.words: list[Word] = []
        self.mixed = False
        self.but: int | None = None
        self.history: list[Past] = []
        self._quirk = quirk
        self._uppers = 0
        self._louds = 0
        self._alert = -1  # a word at a position up to this one may change words before it
        # One per word that is scored; all others count zero.
        self._places: list[int] = []  # positions
        self._changes: list[Changes] = []  # what the rules made of it, before the "but" rule
        self._valences: list[float] = []  # after that
        self._totals = [0.0]  # of those that are settled, one more than these
        self._sums: _Sums | None = None  # of as many as were asked for
        self._scaling: Scaling | None = None  # while there is a "but"
        for word in words:
            self.push(word)

    @property
    def valences(self) -> list[float]:
        """For each word its valence, before the "but" rule."""
        return self._spread(self._valences)

    @property
    def scaled(self) -> list[float]:
        """For each word its valence after the "but" rule."""
        return self._spread(self._values)

    def scored(self, first: int = 0) -> Iterator[tuple[int, Changes, float]]:
        """Position, changes before the "but" rule and valence after it of each word that is scored.

        Args:
            first: position of the word to begin with.
        """
        if not first:
            return zip(self._places, self._changes, self._values, strict=True)
        start = bisect_left(self._places, first)
        return zip(self._places[start:], self._changes[start:], self._values[start:], strict=True)

    def push(self, word: Word) -> float:
        """Add a word and return the sum."""
        words = self.words
        at = len(words)
        words.append(word)
        if not word.stirs and at > self._alert and (self.mixed or not self._uppers):
            return self._totals[-1]  # nothing happens
        if word.upper:
            self._uppers += 1
        mixed = 0 < self._uppers <= at
        is_answer = at <= self._alert and word.answers
        if is_answer or word.contrasts or (mixed != self.mixed and self._louds):
            self._react(word, at)
        self.mixed = mixed
        if word.upper and _is_loud(word):
            self._louds += 1
        if not word.scored:
            return self._totals[-1]
        if word.awaits:
            self._alert = at + 2
        changes = word_changes(words, at, mixed)
        value = last_value(changes)
        self._places.append(at)
        self._changes.append(changes)
        self._valences.append(value)
        return self._add(value)

    def extend(self, words: Sequence[Word]) -> list[Step]:
        """Add words and return the steps that the sum takes on the way."""
        there = self.words
        steps: list[Step] = []
        added, is_calm = 0, False
        for at, word in enumerate(words):
            if word.stirs or not is_calm:
                there += words[added:at]
                steps.append((at, self.push(word)))
                added = at + 1
                # A word that stirs nothing need only be there, where nothing waits for what comes.
                is_calm = len(there) > self._alert and (self.mixed or not self._uppers)
        there += words[added:]
        return steps

    def pop(self) -> Word:
        """Take the last word away and return it."""
        history = self.history
        known = self._count_before(self._arrival) if history else 0
        word = self._take()
        if history:
            del history[known:]
        return word

    def premise(self, at: int) -> Premise | None:
        """Premise of word `at` if its valence is not the lexicon's, else None."""
        return None

    def _take(self) -> Word:
        words = self.words
        word = words.pop()
        at = len(words)
        if word.upper:
            self._uppers -= 1
            self._louds -= _is_loud(word)
        if word.scored:
            self._places.pop()
            self._drop(len(self._places))
            self._changes.pop()
            self._valences.pop()
        mixed = 0 < self._uppers < at
        is_awaited = any(before.awaits for before in words[-2:])
        if is_awaited or self.but == at or (mixed != self.mixed and self._louds):
            if self.but == at:
                self._unsettle(0)
                self.but = self._scaling = None
            self._revise(at)
            self._settle()
        self.mixed = mixed
        return word

    def outlook(self) -> Outlook:
        """What a next word meets."""
        count = len(self.words)
        case = MIXED if self.mixed else UPPER if self._uppers else LOWER if count else EMPTY
        waits = count <= self._alert
        return Outlook(
            total=self._totals[-1],
            case=case,
            waits=waits,
            is_loud=case == UPPER and self._louds > 0,
            halving=None if self._scaling is None else self._scaling.halving(),
            scored=len(self._places),
            is_calm=not waits and case in (MIXED, LOWER),
        )

    def list_words(self) -> tuple[Word, ...]:
        """The words as the vocabulary has them."""
        return tuple(self.words)

    def exact_total(self) -> float:
        """Sum of the valences before punctuation, to the bit what `sum` of the list gives."""
        return float(sum(self._values))

    @property
    def _values(self) -> list[float]:
        return self._valences if self._scaling is None else self._scaling.values

    @property
    def _arrival(self) -> int:
        """Position of the word that arrived last."""
        return len(self.words) - 1

    def _count_before(self, arrival: int) -> int:
        """Number of entries of the history that are older than an arrival."""
        known = len(self.history)
        while known and self.history[known - 1][0] >= arrival:
            known -= 1
        return known

    def _note(self, number: int) -> None:
        """Keep the state of scored word `number` in the history, as it may change."""
        if self._sums is not None:
            self._sums.forget(number)
        at = self._places[number]
        past = (self._arrival, at, self._changes[number], self._values[number], self.premise(at))
        self.history.append(past)

    def _spread(self, values: list[float]) -> list[float]:
        spread = [0.0] * len(self.words)
        for place, value in zip(self._places, values, strict=True):
            spread[place] = value
        return spread

    def _react(self, word: Word, at: int) -> None:
        """Update the words before `at` for the arrival of `word` there."""
        if self.but is None and word.contrasts:
            self._unsettle(0)
            self.but, self._scaling = at, Scaling(len(self._places), self._quirk, self._note)
        self._revise(at)
        self._settle()

    def _revise(self, at: int) -> None:
        """Bring the valences of the words before `at` up to date with what stands from `at` on."""
        words = self.words
        mixed = 0 < self._uppers < len(words)
        waiting = [i for i in range(max(0, at - 2), at) if words[i].awaits]
        first = waiting[0] if waiting else at
        if mixed != self.mixed and self._louds:  # without loud words, the flag changes nothing
            first = 0
        self._alert = waiting[-1] + 2 if waiting else -1
        if first < at:
            start = bisect_left(self._places, first)
            self._unsettle(start)
            self._changes[start:] = [word_changes(words, i, mixed) for i in self._places[start:]]
            self._valences[start:] = map(last_value, self._changes[start:])

    def _settle(self) -> None:
        """Take the words that are not in the sum yet through the "but" rule into the sum."""
        for value in self._valences[len(self._totals) - 1 :]:
            self._add(value)

    def _add(self, value: float) -> float:
        """Take the next word's valence through the "but" rule into the sum, and return the sum."""
        if self._scaling is not None:
            value = self._scaling.add(value)
        total = self._totals[-1] + value
        if value and -_DOUBTFUL < total < _DOUBTFUL:
            self._sums = self._sums or _Sums()
            total = self._sums.sum(self._values, len(self._totals))
        self._totals.append(total)
        return total

    def _unsettle(self, start: int) -> None:
        """Take the scored words from number `start` on out of the sum, as they may change."""
        for number in range(start, len(self._totals) - 1):
            self._note(number)
        self._drop(start)

    def _drop(self, start: int) -> None:
        if self._sums is not None:
            self._sums.forget(start)
        if self._scaling is not None:
            self._scaling.drop(start, self._valences)
        del self._totals[start + 1 :]
