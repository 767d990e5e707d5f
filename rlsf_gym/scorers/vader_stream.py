"""The automaton that keeps VADER's valences while words come and go at the end of a text."""

from collections.abc import Iterable
from heapq import heappop, heappush
from math import sqrt

from rlsf_gym.scorers.vader_rules import word_valence
from rlsf_gym.scorers.vader_words import Word

EXCLAMATION, MAX_EXCLAMATIONS = 0.292, 4
QUESTION, MANY_QUESTIONS, MAX_QUESTIONS = 0.18, 0.24, 4  # each of two or three; each of four
ALPHA = 15.0  # of the normalisation
BEFORE_BUT, AFTER_BUT = 0.5, 1.5

# Below this the running sum may have another sign than sum() of the list has. As the sign decides on the
# punctuation, sum() is asked then: it has to be rounded as in the library.
_DOUBTFUL = 1e-9


def measure_emphasis(exclamations: int, questions: int) -> float:
    """What so many ! and ? add to the absolute value of the sum."""
    per_question = 0.0 if questions < 2 else QUESTION if questions < 4 else MANY_QUESTIONS
    counted = min(exclamations, MAX_EXCLAMATIONS) * EXCLAMATION
    return counted + min(questions, MAX_QUESTIONS) * per_question


def emphasize(total: float, emphasis: float) -> float:
    """The sum, moved away from zero; a sum of zero has no side to move to."""
    return total + emphasis if total > 0 else total - emphasis if total < 0 else 0.0


def normalize(total: float) -> float:
    """h(S) = S / sqrt(S^2 + 15).

    It never leaves [-1, 1], as the root of x * x is x to the bit: the library's clipping has nothing to do.
    """
    return total / sqrt(total * total + ALPHA)


class _FirstEqual:
    """Finds the first position that holds a value, for a list that grows, shrinks and changes.

    A heap of positions per value; a position that has since got another value is dropped when it surfaces, so
    that every operation costs O(log n), amortised.
    """

    def __init__(self) -> None:
        self._positions: dict[float, list[int]] = {}

    def note(self, value: float, position: int) -> None:
        """The list holds `value` at `position` from now on."""
        heappush(self._positions.setdefault(value, []), position)

    def find(self, values: list[float], value: float) -> int:
        """The first position of `value`, which has to be in the list."""
        heap = self._positions[value]
        while heap[0] >= len(values) or values[heap[0]] != value:
            heappop(heap)
        return heap[0]


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
        valences: one per word, before the "but" rule.
        mixed: some words are in capitals and some are not.
        but: position of the first "but", None without one.
    """

    def __init__(self, quirk: bool = True, words: Iterable[Word] = ()) -> None:
        self.words: list[Word] = []
        self.valences: list[float] = []
        self.mixed = False
        self.but: int | None = None
        self._quirk = quirk
        self._uppers = 0
        self._alert = -1  # a word at a position up to this one may change words before it
        self._totals = [0.0]  # of the settled words, one more than these
        self._scaled: list[float] = []  # after the "but" rule; kept only while there is a "but"
        self._targets: dict[int, int] = {}  # position whose "but" step scaled -> position that it scaled
        self._equals = _FirstEqual()
        for word in words:
            self.push(word)

    @property
    def scaled(self) -> list[float]:
        """The valences after the "but" rule."""
        return self.valences if self.but is None else self._scaled

    def push(self, word: Word) -> float:
        """Add a word and return the sum."""
        words = self.words
        at = len(words)
        words.append(word)
        if word.upper:
            self._uppers += 1
        is_answer = word.answers and at <= self._alert
        if is_answer or word.contrasts or (self._uppers and not self.mixed):
            self._react(word, at)
        if word.awaits:
            self._alert = max(self._alert, at + 2)
        if word.scored:
            self.valences.append(word_valence(words, at, self.mixed))
            self._settle()
            return self._totals[-1]
        total = self._totals[-1]
        self._totals.append(total)
        self.valences.append(0.0)
        if self.but is not None:
            self._scaled.append(0.0)
        return total

    def pop(self) -> Word:
        """Take the last word away and return it."""
        word = self.words.pop()
        at = len(self.words)
        is_awaited = any(before.awaits for before in self.words[-2:])
        if self.but is None and not (word.upper or is_awaited or self._uppers == at):
            self.valences.pop()  # the common case: no word before changes
            self._totals.pop()
            return word
        self._unsettle(at)
        self.valences.pop()
        if word.upper:
            self._uppers -= 1
        if self.but == at:
            self._unsettle(0)
            self.but = None
        self._revise(at, self._uppers)
        self._settle()
        return word

    def exact_total(self) -> float:
        """Sum of the valences before punctuation, to the bit what `sum` of the list gives."""
        return float(sum(self.scaled))

    def _react(self, word: Word, at: int) -> None:
        """Do to the words before `at` what the arrival of `word` there does to them."""
        if self.but is None and word.contrasts:
            self._unsettle(0)
            self.but = at
        self._revise(at, self._uppers - word.upper)
        self._settle()

    def _revise(self, at: int, earlier_uppers: int) -> None:
        """Bring the valences of the words before `at` up to date with what stands from `at` on."""
        words = self.words
        mixed = 0 < self._uppers < len(words)
        waiting = [i for i in range(max(0, at - 2), at) if words[i].awaits]
        first = waiting[0] if waiting else at
        if mixed != self.mixed and earlier_uppers:  # without words in capitals, the flag changes nothing
            first = 0
        self.mixed = mixed
        self._alert = waiting[-1] + 2 if waiting else -1
        if first < at:
            self._unsettle(first)
            self.valences[first:at] = [word_valence(words, i, mixed) for i in range(first, at)]

    def _settle(self) -> None:
        """Take the words that are not in the sum yet through the "but" rule into the sum."""
        for at in range(len(self._totals) - 1, len(self.valences)):
            value = self.valences[at]
            if self.but is not None:
                self._scaled.append(value)
                if value:
                    value = self._scale(at, value, self.but)
            total = self._totals[-1] + value
            if value and -_DOUBTFUL < total < _DOUBTFUL:
                total = float(sum(self.scaled[: at + 1]))
            self._totals.append(total)

    def _scale(self, at: int, value: float, but: int) -> float:
        """Do the "but" step of word `at`, and return what it adds to the sum."""
        target = at
        if self._quirk:
            self._equals.note(value, at)
            target = self._equals.find(self._scaled, value)
        value *= BEFORE_BUT if target < but else AFTER_BUT
        self._targets[at] = target
        self._put(target, value)
        return value

    def _unsettle(self, first: int) -> None:
        """Take the words from `first` on out of the sum, and undo their "but" steps, the last one first."""
        while len(self._scaled) > first:
            at = len(self._scaled) - 1
            if at in self._targets:
                self._put(self._targets.pop(at), self.valences[at])
            self._scaled.pop()
        del self._totals[first + 1 :]

    def _put(self, at: int, value: float) -> None:
        self._scaled[at] = value
        if self._quirk:
            self._equals.note(value, at)
