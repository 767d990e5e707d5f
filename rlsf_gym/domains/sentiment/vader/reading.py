"""Reads a text into a stream: words with their offsets, and the sums of prefixes on the way."""

import re
from bisect import bisect_left, bisect_right
from collections.abc import Sequence
from typing import NamedTuple

from rlsf_gym.domains.sentiment.vader.emoji import Span, SpelledText
from rlsf_gym.domains.sentiment.vader.long import LONGEST, GrowingToken
from rlsf_gym.domains.sentiment.vader.stream import Stream, emphasize, measure_emphasis
from rlsf_gym.domains.sentiment.vader.words import Vocabulary, Word

_MARK = re.compile("[!?]")


class Border(NamedTuple):
    """Border between prompt and response in a text.

    Attributes:
        prompt_end: length of the prompt.
        length: length of the text.
        shared: number of words that the prompt has too.
        cut_end: end of the word that the response makes of the prompt's last one; 0 where it stays the same.
    """

    prompt_end: int
    length: int
    shared: int
    cut_end: int


class Reading(NamedTuple):
    """Reading of a text: its words, offsets, and the sums at the stops.

    Attributes:
        spelled: the text.
        stream: all of its words, with their valences.
        tokens: the tokens that contain the words.
        ends: of the tokens, offsets into the spelled text.
        sums: for each stop the sum of the valences up to there, with punctuation.
    """

    spelled: SpelledText
    stream: Stream
    tokens: list[str]
    ends: list[int]
    sums: list[float]

    def span(self, at: int) -> Span:
        """Span of word `at` in the raw text."""
        spelled, stream, tokens, ends, _ = self
        word = stream.words[at]
        first = ends[at] - len(tokens[at]) + word.lead
        if spelled.origins is None:  # mostly so
            return first, first + len(word.text)
        return spelled.raw_span(first, first + len(word.text))

    def border(self, prompt_end: int, length: int) -> Border:
        """Border of a prompt of `prompt_end` characters in a text of `length` characters."""
        stop = prompt_end if self.spelled.ends is None else self.spelled.ends[prompt_end]
        shared = bisect_right(self.ends, stop)
        if shared == len(self.ends) or self.ends[shared] - len(self.tokens[shared]) >= stop:
            return Border(prompt_end, length, shared, 0)
        cut_end = self.span(shared)[1]
        if cut_end <= prompt_end:  # only punctuation has come to the word
            return Border(prompt_end, length, shared + 1, 0)
        return Border(prompt_end, length, shared, cut_end)


def read(spelled: SpelledText, stream: Stream, vocabulary: Vocabulary, stops: Sequence[int] = ()) -> Reading:
    """The reading of a text, in one pass.

    Args:
        spelled: the text.
        stream: an empty stream, which gets the words.
        vocabulary: where the words come from.
        stops: offsets into the spelled text in non-decreasing order. A word that a stop cuts counts as the
            word it is so far.
    """
    return read_batch([spelled], [stream], vocabulary, [stops])[0]


def read_batch(
    spelled: Sequence[SpelledText],
    streams: Sequence[Stream],
    vocabulary: Vocabulary,
    stops: Sequence[Sequence[int]],
) -> list[Reading]:
    """The readings of B texts, as `read` gives them.

    All texts take one step before the first one takes the next: that spares a tenth of the time, as a step's
    instructions are at hand then.
    """
    tokens = [one.text.split() for one in spelled]
    words = [list(map(vocabulary.__getitem__, mine)) for mine in tokens]
    ends = [find_ends(one.text, mine) for one, mine in zip(spelled, tokens, strict=True)]
    readings = [Reading(*row, []) for row in zip(spelled, streams, tokens, ends, strict=True)]
    sums = [
        _sum_up(reading, mine, vocabulary, until)
        for reading, mine, until in zip(readings, words, stops, strict=True)
    ]
    for reading, plain, until in zip(readings, sums, stops, strict=True):
        reading.sums.extend(_emphasized(plain, reading.spelled.text, until))
    return readings


def find_ends(text: str, tokens: Sequence[str]) -> list[int]:
    """Offset of the end of each token of a text."""
    end = len(text) - len(text.lstrip()) - 1
    ends = [end := end + 1 + len(token) for token in tokens]  # right where one character stands between two
    if end != len(text.rstrip()):
        end = 0
        ends = [end := text.find(token, end) + len(token) for token in tokens]
    return ends


def _sum_up(
    reading: Reading, words: Sequence[Word], vocabulary: Vocabulary, stops: Sequence[int]
) -> list[float]:
    """Sums at stops before punctuation; the stream of the reading gets the words."""
    ends = reading.ends
    if not set(ends).issuperset(stops):  # seldom so: words come whole, and stay
        return _read_cut(reading, words, vocabulary, stops)
    sums: list[float] = []
    total = 0.0
    for at, after in reading.stream.extend(words):
        sums += [total] * (bisect_left(stops, ends[at], len(sums)) - len(sums))
        total = after
    return sums + [total] * (len(stops) - len(sums))


def _read_cut(
    reading: Reading, words: Sequence[Word], vocabulary: Vocabulary, stops: Sequence[int]
) -> list[float]:
    """Sums at stops, some of which cut a word: the part is pushed, and popped again."""
    text, stream = reading.spelled.text, reading.stream
    ends = [*reading.ends, len(text) + 1]  # the last one is never reached
    starts = [end - len(token) for end, token in zip(ends, [*reading.tokens, ""], strict=True)]
    sums: list[float] = []
    total, at = 0.0, 0
    cut: Word | None = None  # the word that the last stop cuts
    growing = GrowingToken(text, 0)
    for stop in stops:
        if cut is not None and ends[at] <= stop:
            stream.pop()
            cut = None
        while ends[at] <= stop:
            total = stream.push(words[at])
            at += 1
        start = starts[at]
        if start < stop:
            if stop - start <= LONGEST:
                word = vocabulary[text[start:stop]]
            else:
                growing = growing if growing.start == start else GrowingToken(text, start)
                word = vocabulary[growing.grow(stop)]
            if word is not cut:
                total, cut = _replace(stream, cut, word), word
        sums.append(total)
    if cut is not None:
        stream.pop()
    stream.extend(words[at:])
    return sums


def _replace(stream: Stream, cut: Word | None, word: Word) -> float:
    """Push a cut word in place of its shorter part, and return the sum."""
    if cut is not None:
        stream.pop()
    return stream.push(word)


def _emphasized(sums: list[float], text: str, stops: Sequence[int]) -> list[float]:
    """The sums with the punctuation of `text[:stop]`."""
    if "!" not in text and "?" not in text:
        return sums
    emphasized: list[float] = []
    counts = {"!": 0, "?": 0}
    emphasis = 0.0
    for mark in _MARK.finditer(text):
        reached = bisect_right(stops, mark.start(), len(emphasized))
        emphasized += [emphasize(total, emphasis) for total in sums[len(emphasized) : reached]]
        counts[mark[0]] += 1
        emphasis = measure_emphasis(counts["!"], counts["?"])
    return emphasized + [emphasize(total, emphasis) for total in sums[len(emphasized) :]]
