"""The VADER scorer: the library's scores, those of all prefixes, and the rules behind them.

It does not detect irony, word senses or syntax, and knows about a third of the words that readers find
charged: a high score is not a good text.
"""

import re
from collections.abc import Sequence
from typing import Literal, get_args

import numpy as np
import numpy.typing as npt

from rlsf_gym.certificate import Certificate
from rlsf_gym.scorers.vader_certify import certify
from rlsf_gym.scorers.vader_stream import ALPHA, Stream, emphasize, measure_emphasis, normalize
from rlsf_gym.scorers.vader_text import spell
from rlsf_gym.scorers.vader_words import LEXICON_VERSION, VOCABULARY

FloatArray = npt.NDArray[np.float64]
IntArray = npt.NDArray[np.int64]

ButRule = Literal["library", "documented"]

_MARK = re.compile("[!?]")


class VaderScorer:
    """Scores text by the rules of VADER 3.3.2, as a stream.

    Args:
        but: what a "but" does. "library" (default) gives the library's scores: it halves the words before the
            first "but" and raises those after it by half, but finds each word by the first one whose valence
            is equal, so that it may scale another one, and one twice. "documented" scales each word itself.

    Raises:
        ValueError: `but` is neither.
    """

    name = "vader"
    bounded = True
    verifiable = True

    def __init__(self, but: ButRule = "library") -> None:
        if but not in get_args(ButRule):
            raise ValueError(f"but must be one of {', '.join(get_args(ButRule))}, but is {but!r}")
        self.but: ButRule = but

    def __repr__(self) -> str:
        return f"VaderScorer(but={self.but!r})"

    def score(self, texts: Sequence[str]) -> FloatArray:
        """The compound scores, without the library's rounding to four digits.

        Args:
            texts: any strings.

        Returns:
            (N,) float64, in [-1, 1]; 0 for a text without words.
        """
        return np.array([normalize(self._sum(text)) for text in texts], dtype=np.float64)

    def valences(self, text: str) -> list[float]:
        """The valence of each word after all rules but punctuation, as the library adds them up."""
        return self._read(spell(text).text).scaled

    def prefix_scores(self, prompt: str, response: str, char_ends: IntArray) -> FloatArray:
        """Scores of `prompt + response[:end]` for each end, in one pass over the text.

        Args:
            prompt: the text before the response.
            response: the text whose prefixes are scored.
            char_ends: (K,) int64, offsets into `response` in non-decreasing order. A word that is cut counts
                as the word it is so far.

        Returns:
            (K,) float64, each what `score` says of that text up to 1e-12.

        Raises:
            ValueError: `char_ends` has another shape, decreases, or leaves the response.
        """
        spelled = spell(prompt + response)
        stops = spelled.stops(len(prompt), _checked_ends(char_ends, len(response)))
        sums = self._prefix_sums(spelled.text, stops)
        if _MARK.search(spelled.text):
            sums = _emphasized(sums, spelled.text, stops)
        totals = np.array(sums, dtype=np.float64)
        return totals / np.sqrt(totals * totals + ALPHA)  # `normalize`, for many at once

    def certify(self, prompt: str, response: str) -> Certificate:
        """The records that make up the scores of `prompt` and of `prompt + response`.

        Returns:
            A certificate whose `check(prompt, response)` proves it from the texts.
        """
        return certify(prompt, response, but=self.but)

    @property
    def version(self) -> str:
        """Version of the library whose lexicon and constants are used."""
        return LEXICON_VERSION

    @property
    def _quirk(self) -> bool:
        return self.but == "library"

    def _read(self, text: str) -> Stream:
        return Stream(self._quirk, [VOCABULARY[token] for token in text.split()])

    def _sum(self, text: str) -> float:
        spelled = spell(text).text
        emphasis = measure_emphasis(spelled.count("!"), spelled.count("?"))
        return emphasize(self._read(spelled).exact_total(), emphasis)

    def _prefix_sums(self, text: str, stops: list[int]) -> list[float]:
        """Sums of the valences of `text[:stop]` for each stop, before punctuation."""
        stream = Stream(self._quirk)
        tokens = iter(text.split())
        token = next(tokens, "")
        first = text.find(token)  # of the token that is to be read next, with its end
        last = first + len(token)
        total, read, is_cut = 0.0, 0, False
        sums: list[float] = []
        for stop in stops:
            if is_cut and stop > read:
                stream.pop()
                is_cut = False
            while token and last <= stop:
                total = stream.push(VOCABULARY[token])
                token = next(tokens, "")
                first = text.find(token, last)
                last = first + len(token)
            if token and first < stop and stop > read:
                total = stream.push(VOCABULARY[text[first:stop]])
                is_cut = True
            read = stop
            sums.append(total)
        return sums


def _emphasized(sums: list[float], text: str, stops: list[int]) -> list[float]:
    """The sums with the punctuation of `text[:stop]`."""
    emphasized: list[float] = []
    marks = (match.start() for match in _MARK.finditer(text))
    mark = next(marks, len(text))
    read = exclamations = questions = 0
    emphasis = 0.0
    for total, stop in zip(sums, stops, strict=True):
        if mark < stop:
            exclamations += text.count("!", read, stop)
            questions += text.count("?", read, stop)
            emphasis = measure_emphasis(exclamations, questions)
            read = stop
            mark = next((at for at in marks if at >= stop), len(text))
        emphasized.append(emphasize(total, emphasis))
    return emphasized


def _checked_ends(char_ends: IntArray, length: int) -> list[int]:
    ends = np.asarray(char_ends)
    if ends.ndim != 1 or (ends.dtype.kind not in "iu" and ends.size):
        raise ValueError(
            "char_ends must be a one-dimensional array of integers, "
            f"but has shape {ends.shape} and dtype {ends.dtype}"
        )
    offsets: list[int] = ends.tolist()
    if offsets and (offsets[0] < 0 or offsets[-1] > length or offsets != sorted(offsets)):
        raise ValueError(
            f"char_ends must not decrease and must lie in [0, {length}], the response's length, "
            f"but is {offsets}"
        )
    return offsets
