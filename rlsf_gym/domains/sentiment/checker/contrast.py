"""Keeps the records and valences of words on which the rules have had their say, up to a "but" and beyond."""

from collections.abc import Sequence

from rlsf_gym.domains.sentiment.checker.but_rule import DOUBTFUL, ButRule
from rlsf_gym.domains.sentiment.checker.lifetimes import Entry
from rlsf_gym.domains.sentiment.checker.words import Run


class Concord:
    """Records and valences of the words that have some, in a text without a "but".

    Args:
        words: for each such word of the prompt, its records.
        values: their valences.
        total: the sum of these.

    Attributes:
        words: the records of each such word so far.
        values: their valences.
    """

    def __init__(self, words: Sequence[Sequence[Entry]], values: Sequence[float], total: float) -> None:
        self.words = [*words]
        self.values = [*values]
        self._total = total

    def add(self, entries: Sequence[Entry], value: float) -> None:
        """Have a word arrive, with its records and valence."""
        self.words.append(entries)
        self.values.append(value)
        self._total += value

    def total(self, *, is_sign_asked: bool) -> float:
        """Sum of the valences; one near zero is added up as the library does, where its sign is asked for."""
        return _add_up(self.values, self._total, is_sign_asked)


class Contrast:
    """Records and valences of the words that have some, in a text with a "but".

    What the rules before this one claim of a word stays as it is, so that a word's only record to end is that
    of the "but".

    Args:
        quirk: the rule is the library's loop, not its documentation.
        words: for each word before the "but" with records, these.
        values: their valences.
        but: where the "but" starts and ends.
    """

    def __init__(
        self, quirk: bool, words: Sequence[Sequence[Entry]], values: Sequence[float], but: Run
    ) -> None:
        self._words = [*map(list, words), []]  # the "but" itself has no valence
        self._raw = [*values, 0.0]
        self._rule = ButRule(quirk)
        self._at = len(values)
        self._but = but
        self._replay(0, but[1])

    @property
    def words(self) -> Sequence[Sequence[Entry]]:
        """The records of each word so far."""
        return self._words

    @property
    def values(self) -> Sequence[float]:
        """The valence of each word after the rule."""
        return self._rule.values

    def add(self, entries: Sequence[Entry], value: float) -> None:
        """Have a word arrive, with its records before this rule and the valence that they leave."""
        self._words.append([*entries])
        self._raw.append(value)
        self._replay(len(self._raw) - 1, entries[0].char_end)

    def total(self, *, is_sign_asked: bool) -> float:
        """Sum of the valences; one near zero is added up as the library does, where its sign is asked for."""
        return _add_up(self.values, self._rule.total, is_sign_asked)

    def _replay(self, first: int, end: int) -> None:
        for at in self._rule.replay(self._raw, first, self._at):
            if self._words[at]:
                self._rescale(self._words[at], self._rule.values[at] - self._raw[at], end)

    def _rescale(self, entries: list[Entry], amount: float, end: int) -> None:
        """Have the rule change a word's valence by so much, from the word on that ends at `end`."""
        last = entries[-1]
        fresh = Entry(*last[:2], "but", *self._but, amount, "added", (), end, -1)
        if last.rule == "but":  # each but the last of these has ended already
            if amount and last.until == -1 and last.is_same(fresh):
                return
            if last.until == -1:
                entries[-1] = last._replace(status="passing", until=end)
        if amount:
            entries.append(fresh)


def _add_up(values: Sequence[float], total: float, is_sign_asked: bool) -> float:
    return float(sum(values)) if is_sign_asked and abs(total) < DOUBTFUL else total
