"""Scores the prefixes of a response, by the rules and by the lexicon alone."""

import re
from bisect import bisect_left
from collections.abc import Callable, Mapping, Sequence
from typing import NamedTuple, cast

from vaderSentiment.vaderSentiment import BOOSTER_DICT

from rlsf_gym.domains.sentiment.checker.certify import Rules, squash
from rlsf_gym.domains.sentiment.checker.marks import weigh_queries
from rlsf_gym.domains.sentiment.checker.stream import Valuation
from rlsf_gym.domains.sentiment.checker.words import (
    CutWord,
    Run,
    Spelling,
    Token,
    load_tables,
    longest_known,
    read_token,
)

_SPACE = re.compile(r"\s")


class Reading(NamedTuple):
    """Response to a prompt, with its prefixes scored by the rules.

    Attributes:
        prompt: the prompt.
        response: the response.
        rules: the rules.
        totals: by number of words, the sum of their valences, where it is known.
        spelling: prompt + response as the rules see them.
        runs: runs of characters that are not white space in it.
    """

    prompt: str
    response: str
    rules: Rules
    totals: Mapping[int, float]
    spelling: Spelling
    runs: Sequence[Run]

    def closed_ends(self, char_ends: Sequence[int]) -> list[int]:
        """Number of characters of the response in closed words after each token.

        Those before the last white space among the characters that are certain, and all with the last token.

        Args:
            char_ends: how many characters are certain after each token, ascending.
        """
        if not char_ends:
            return []
        spaces = [space.start() for space in _SPACE.finditer(self.response)]
        closed: list[int] = []
        number, border = 0, 0
        for end in char_ends[:-1]:
            while number < len(spaces) and spaces[number] < end:
                border = spaces[number]
                number += 1
            closed.append(border)
        return [*closed, len(self.response)]

    def units(self) -> list[tuple[int, int]]:
        """The words of the response, runs of what is not white space, as spans of prompt + response."""
        start = len(self.prompt)
        return [(start + word.start(), start + word.end()) for word in re.finditer(r"\S+", self.response)]

    def unit_sums(self, ends: Sequence[int], worth: Callable[[float], float]) -> list[float]:
        """Sums of the lexicon's word values over the prompt and each prefix of the response.

        Args:
            ends: lengths of the prefixes in characters, ascending.
            worth: value of a word by its valence on the scale of scores; 0 for boosters and most words.
        """
        reader = _PrefixReader(self.spelling, self.runs, longest_known())
        sums: list[float] = []
        total = 0.0
        for end in ends:
            words, cut = reader.read(len(self.prompt) + end)
            total += sum(worth(_read_value(word)) for word in words)
            sums.append(total + (worth(_read_value(cut)) if cut else 0.0))
        return sums

    def prefix_scores(self, ends: Sequence[int]) -> list[float]:
        """Scores of the prompt and each prefix of the response, by the rules alone.

        Where a prefix ends between words, the sum of their valences is known; where it cuts one, the rules
        are applied to the text that is left.

        Args:
            ends: lengths of the prefixes in characters, ascending.
        """
        known = self._known_scores([len(self.prompt) + end for end in ends])
        if None not in known:
            return cast(list[float], known)
        left = [end for end, found in zip(ends, known, strict=True) if found is None]
        replayed = iter(self._replay(left))
        return [squash(next(replayed)) if found is None else found for found in known]

    def _known_scores(self, raws: Sequence[int]) -> list[float | None]:
        """Scores of so many raw characters each, None where they cut a word.

        Args:
            raws: numbers of raw characters, ascending.
        """
        spelled, origins = self.spelling
        marks, beyond = _Marks(spelled), len(spelled) + 1
        places = raws if isinstance(origins, range) else [bisect_left(origins, raw) for raw in raws]
        starts, stops = ([*[run[side] for run in self.runs], beyond] for side in (0, 1))
        scores: list[float | None] = []
        number = 0  # of whole words
        last, score = 0.0, 0.0
        for place in places:
            while stops[number] <= place:
                number += 1
            total = None if starts[number] < place else self.totals.get(number)
            if total is not None and marks.any:
                total = marks.emphasize(total, place)
            if total is not None and total != last:  # few words have a valence
                last, score = total, squash(total)
            scores.append(None if total is None else score)
        return scores

    def _replay(self, ends: Sequence[int]) -> list[float]:
        """The sums of the valences with their punctuation, each text read on from the one before."""
        knowledge = self.rules.knowledge
        longest = max(longest_known(), knowledge.longest if knowledge else 0)
        reader = _PrefixReader(self.spelling, self.runs, longest)
        growth, marks = Valuation(*self.rules), _Marks(self.spelling.text)
        is_cut = False
        sums: list[float] = []
        for end in ends:
            words, cut = reader.read(len(self.prompt) + end)
            arriving = [*words, *([cut] if cut else [])]
            if is_cut and arriving:
                growth.replace(arriving.pop(0))
            if arriving:
                growth.add(arriving)
            is_cut = cut is not None
            total = growth.sure_total() if marks.any else growth.running_total()
            sums.append(marks.emphasize(total, reader.stop))
        return sums


class _Marks:
    """The ! and ? of a spelled text.

    Args:
        spelled: the text.

    Attributes:
        any: whether there is any, so that the sign of a sum decides on punctuation.
    """

    def __init__(self, spelled: str) -> None:
        self._bangs, self._queries = _find_all("!", spelled), _find_all("?", spelled)
        self.any = bool(self._bangs or self._queries)

    def emphasize(self, total: float, stop: int) -> float:
        """Sum of the valences of the first `stop` characters, with their punctuation."""
        if not self.any:
            return total
        bangs, queries = bisect_left(self._bangs, stop), bisect_left(self._queries, stop)
        marks = min(bangs, 4) * 0.292 + min(queries, 4) * weigh_queries(queries)
        return total + ((total > 0) - (total < 0)) * marks


class _PrefixReader:
    """Reader of prefixes of a text, each longer than the one before; no character is read twice.

    Args:
        spelling: the text as the rules see it.
        runs: its runs of characters that are not white space.
        longest: length of the longest word that the rules know.

    Attributes:
        stop: how many characters of the spelled text have been read.
    """

    def __init__(self, spelling: Spelling, runs: Sequence[Run], longest: int) -> None:
        self._spelling = spelling
        self._longest = longest
        self._runs = runs
        self._next = 0  # number of the first word that is not whole yet
        self.stop = 0
        self._cut: CutWord | None = None

    def read(self, raw: int) -> tuple[list[Token], Token | None]:
        """Words that have become whole with the first `raw` characters, and the one that is cut, if any."""
        self.stop = stop = bisect_left(self._spelling.raws, raw)
        words: list[Token] = []
        while self._next < len(self._runs) and self._runs[self._next][1] <= stop:
            words.append(read_token(self._spelling, self._runs[self._next]))
            self._next += 1
            self._cut = None
        start = self._runs[self._next][0] if self._next < len(self._runs) else stop
        if start >= stop:
            return words, None
        self._cut = self._cut or CutWord(self._spelling, start, self._longest)
        return words, self._cut.read(stop)


def _find_all(mark: str, spelled: str) -> list[int]:
    return [at for at, character in enumerate(spelled) if character == mark] if mark in spelled else []


def _read_value(word: Token) -> float:
    """Value of a word in the lexicon, on the scale of scores: 0 of boosters and most words."""
    return 0.0 if word.low in BOOSTER_DICT else load_tables()[0].get(word.low, 0.0) / 4
