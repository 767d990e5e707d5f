"""Reads responses in which the rules have their last say on each word when it arrives, as in most.

There is no graph, no "but" is in the prompt, no word is spelled from an emoji, none makes capitals rare that
were not, and none but a "but" changes what is claimed of a word before it. Any other response is read by
`stream`, which looks at all words again that a word may change.
"""

from collections.abc import Sequence
from itertools import takewhile
from operator import attrgetter
from typing import Any, NamedTuple

from rlsf_gym.domains.sentiment.checker.contrast import Concord, Contrast
from rlsf_gym.domains.sentiment.checker.lifetimes import Entry
from rlsf_gym.domains.sentiment.checker.memory import SILENT, Outcome, Word, hear, read_word
from rlsf_gym.domains.sentiment.checker.rules import LOOKS_BEHIND
from rlsf_gym.domains.sentiment.checker.words import Run, Spelling

# Makes records without the function between that named tuples have, as there are many of them.
_TUPLE: Any = tuple
# So many words of a prompt are all that a response can hear, once its last one is taken away.
_HEARD = 6
# A word can change what is claimed of one that is so far before it.
_REACH = 2


class Ending(NamedTuple):
    """A prompt as a response finds it.

    Attributes:
        words: for each of its words with records, these.
        values: the valences of these words.
        total: their sum.
        size: number of its words.
        capitals: number of those in capitals.
        voices: the last ones, as the rules hear them.
        spans: where these start and end.
        waiting: those of them that words behind them may change, with what the rules made of them so far.
        can_go: whether nothing rests on the last one, so that another one may take its place.
    """

    words: tuple[tuple[Entry, ...], ...]
    values: tuple[float, ...]
    total: float
    size: int
    capitals: int
    voices: tuple[str, ...]
    spans: tuple[Run, ...]
    waiting: tuple[tuple[int, Outcome], ...]
    can_go: bool


class Read(NamedTuple):
    """A text that begins with a prompt, less its punctuation.

    Attributes:
        lines: the records of its words, word by word.
        values: the valences of its words; those that are 0 may be left out.
        totals: by number of words, from those of the prompt on, the sum of their valences.
    """

    lines: Sequence[Sequence[Entry]]
    values: Sequence[float]
    totals: dict[int, float]


_NOTHING = Ending((), (), 0.0, 0, 0, (), (), (), can_go=False)


def read_prompt(spelling: Spelling, runs: Sequence[Run]) -> Read | None:
    """A prompt, None where its words are not settled.

    Args:
        spelling: the prompt as the rules see it.
        runs: its runs of characters that are not white space.
    """
    words = [read_word(spelling.text[start:stop]) for start, stop in runs]
    if not isinstance(spelling.raws, range) or any(word.low == "but" for word in words):
        return None
    return _Text(_NOTHING, words, runs, "kept").read(quirk=False, has_marks=False)


def find_ending(
    spelling: Spelling, runs: Sequence[Run], lines: Sequence[Sequence[Entry]], values: Sequence[float]
) -> Ending | None:
    """The end of a prompt, None where its words are not settled.

    Args:
        spelling: the prompt as the rules see it.
        runs: its runs of characters that are not white space.
        lines: for each of its words, its records.
        values: for each of its words, its valence.
    """
    if not isinstance(spelling.raws, range):
        return None
    words = [read_word(spelling.text[start:stop]) for start, stop in runs]
    if any(word.low == "but" for word in words):
        return None
    capitals = sum(word.is_upper for word in words)
    last, mixed = words[-_HEARD:], 0 < capitals < len(words)
    voices = tuple(word.voice for word in last)
    waiting = [
        (at, hear(voices, at, len(voices), mixed))
        for at, word in enumerate(last)
        if word.value and word.low in LOOKS_BEHIND and len(last) - at <= _REACH + 1
    ]
    return Ending(
        tuple(tuple(line) for line in lines if line),
        tuple(value for line, value in zip(lines, values, strict=True) if line),
        float(sum(values)),
        len(words),
        capitals,
        voices,
        tuple(_place(word, run[0]) for word, run in zip(last, runs[-_HEARD:], strict=True)),
        tuple(waiting),
        bool(last) and last[-1].voice == SILENT and not last[-1].is_upper,
    )


def read_settled(
    ending: Ending, spelling: Spelling, later: Sequence[Run], *, quirk: bool, goes_on: bool, has_marks: bool
) -> Read | None:
    """A response to a prompt, None where its words are not settled.

    Args:
        ending: the end of the prompt.
        spelling: prompt + response as the rules see them.
        later: runs of characters that are not white space in the response.
        quirk: the "but" rule is the library's loop, not its documentation.
        goes_on: the first of these is the prompt's last one, which may have become longer.
        has_marks: the sign of a sum may decide on punctuation.
    """
    if not isinstance(spelling.raws, range):
        return None
    if goes_on:
        start, stop = later[0]
        if _place(read_word(spelling.text[start:stop]), start) == ending.spans[-1]:
            later = later[1:]
        elif ending.can_go:
            ending = _take_last(ending)
        else:
            return None
    words = [read_word(spelling.text[start:stop]) for start, stop in later]
    return _Text(ending, words, later, "added").read(quirk=quirk, has_marks=has_marks)


def _take_last(ending: Ending) -> Ending:
    return ending._replace(size=ending.size - 1, voices=ending.voices[:-1], spans=ending.spans[:-1])


class _Text:
    """A prompt and the words of a response to it.

    Args:
        ending: the end of the prompt.
        words: the words of the response.
        runs: the runs of characters that hold them.
        status: of what begins with them.
    """

    def __init__(self, ending: Ending, words: Sequence[Word], runs: Sequence[Run], status: str) -> None:
        self._ending = ending
        self._words = words
        self._runs = runs
        self._status = status
        self._border = len(ending.voices)
        self._voices = [*ending.voices, *[word.voice for word in words]]
        self._mixed = ending.capitals > 0

    def _leaves_prompt(self) -> bool:
        """Whether what is claimed of the words of the prompt stays as it is."""
        return all(self._is_final(at, outcome, self._border) for at, outcome in self._ending.waiting)

    def _begins_to_mix(self) -> bool:
        """Whether capitals begin to count behind a word that is in capitals and has a valence."""
        ending = self._ending
        if ending.capitals < ending.size:
            return False
        first = takewhile(_is_upper, self._words)
        return bool(ending.words or ending.waiting) or any(word.value for word in first)

    def read(self, *, quirk: bool, has_marks: bool) -> Read | None:
        """The records and sums, None where a word changes what is claimed of one before it."""
        if self._begins_to_mix() or not self._leaves_prompt():
            return None
        ending = self._ending
        lines: Concord | Contrast = Concord(ending.words, ending.values, ending.total)
        total, sums = ending.total, list[float]()
        for number, word in enumerate(self._words):
            if word.is_plain:
                continue
            self._mixed = self._mixed or word.is_upper  # the first one leaves those before it as they are
            at = self._border + number
            if word.value:
                outcome = hear(self._voices, at, at + 1, self._mixed)
                if word.low in LOOKS_BEHIND and not self._is_final(at, outcome, at + 1):
                    return None
                if outcome.changes:
                    lines.add(self._write(outcome, at), outcome.value)
            elif word.low == "but" and isinstance(lines, Concord):
                lines = Contrast(quirk, lines.words, lines.values, self._span(at))
            sums += [total] * (number + 1 - len(sums))
            total = lines.total(is_sign_asked=has_marks)
        sums += [total] * (len(self._words) + 1 - len(sums))
        return Read(lines.words, lines.values, dict(enumerate(sums, ending.size)))

    def _is_final(self, at: int, outcome: Outcome, border: int) -> bool:
        """Whether the words from a place on leave a word before them as it is."""
        ends = range(border + 1, min(at + _REACH + 1, len(self._voices)) + 1)
        return all(hear(self._voices, at, end, self._mixed) == outcome for end in ends)

    def _write(self, outcome: Outcome, at: int) -> list[Entry]:
        """The records of a word of the response."""
        start, end = self._span(at)
        entries: list[Entry] = []
        for rule, first, last, amount in outcome.changes:
            place = start, end
            if first or last:
                place = self._span(at + first)[0], self._span(at + last)[1]
            fields = start, end, rule, *place, amount, self._status, (), end, -1
            entries.append(_TUPLE.__new__(Entry, fields))
        return entries

    def _span(self, at: int) -> Run:
        """Where a word starts and ends."""
        number = at - self._border
        return self._ending.spans[at] if number < 0 else _place(self._words[number], self._runs[number][0])


_is_upper = attrgetter("is_upper")


def _place(word: Word, start: int) -> Run:
    """Where a word starts and ends, whose run starts at a place."""
    return start + word.first, start + word.last
