"""The VADER scorer: the library's scores, those of all prefixes, and the rules behind them.

It does not detect irony, word senses or syntax, and knows about a third of the words that readers find
charged: a high score is not a good text.
"""

from collections.abc import Sequence
from importlib.metadata import version
from typing import Final, Literal, get_args

import numpy as np
import numpy.typing as npt

from rlsf_gym.certificate import Certificate
from rlsf_gym.scorers.vader_certify import certify
from rlsf_gym.scorers.vader_stream import Stream, emphasize, normalize
from rlsf_gym.scorers.vader_text import spell
from rlsf_gym.scorers.vader_words import VOCABULARY

FloatArray = npt.NDArray[np.float64]
IntArray = npt.NDArray[np.int64]

ButRule = Literal["library", "documented"]


class VaderScorer:
    """Scores text by the rules of VADER 3.3.2, as a stream.

    Args:
        but: what a "but" does. "library" (default) gives the library's scores: it halves the words before the
            first "but" and raises those after it by half, but finds each word by the first one whose valence
            is equal, so that it may scale another one, and one twice. "documented" scales each word itself.

    Raises:
        ValueError: `but` is neither.
    """

    name: Final = "vader"
    bounded: Final = True
    verifiable: Final = True

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
        return normalize(np.array([self._sum(text) for text in texts], dtype=np.float64))

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
        if "!" in spelled.text or "?" in spelled.text:
            sums = _emphasized(sums, spelled.text, stops)
        return normalize(np.array(sums, dtype=np.float64))

    def certify(self, prompt: str, response: str) -> Certificate:
        """The records that make up the scores of `prompt` and of `prompt + response`.

        Returns:
            A certificate whose `check(prompt, response)` proves it from the texts.
        """
        return certify(prompt, response, but=self.but)

    @property
    def version(self) -> str:
        """Version of the library whose lexicon and constants are used."""
        return version("vaderSentiment")

    @property
    def _quirk(self) -> bool:
        return self.but == "library"

    def _read(self, text: str) -> Stream:
        return Stream(self._quirk, [VOCABULARY[token] for token in text.split()])

    def _sum(self, text: str) -> float:
        spelled = spell(text).text
        return emphasize(self._read(spelled).exact_total(), spelled.count("!"), spelled.count("?"))

    def _prefix_sums(self, text: str, stops: list[int]) -> list[float]:
        """Sums of the valences of `text[:stop]` for each stop, before punctuation."""
        stream = Stream(self._quirk)
        total = 0.0
        sums: list[float] = []
        read = start = 0  # what is in the stream; where its last word starts, if that can still grow
        for stop in stops:
            if stop > read:
                if start < read:
                    if text[read].isspace():
                        start = read
                    else:
                        stream.pop()
                tokens = text[start:stop].split()
                for token in tokens:
                    total = stream.push(VOCABULARY[token])
                read = start = stop
                if tokens and not text[stop - 1].isspace():
                    start -= len(tokens[-1])
            sums.append(total)
        return sums


def _emphasized(sums: list[float], text: str, stops: list[int]) -> list[float]:
    """The sums with the punctuation of `text[:stop]`."""
    emphasized: list[float] = []
    read = exclamations = questions = 0
    for total, stop in zip(sums, stops, strict=True):
        exclamations += text.count("!", read, stop)
        questions += text.count("?", read, stop)
        read = stop
        emphasized.append(emphasize(total, exclamations, questions))
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
