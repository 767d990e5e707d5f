"""VADER scorer: the library's scores, those of all prefixes, and certificates of the rules behind them.

It does not detect irony, word senses or syntax, and knows about a third of the words that readers find
charged: a high score is not a good text.
"""

from bisect import bisect_right
from collections.abc import Iterable, Mapping, Sequence
from itertools import accumulate
from operator import add
from typing import Any, Literal, get_args

import numpy as np
import numpy.typing as npt

from rlsf_gym.certificates.certificate import Certificate
from rlsf_gym.certificates.series import Series
from rlsf_gym.domains.sentiment.vader.candidates.classes import WordClasses
from rlsf_gym.domains.sentiment.vader.candidates.scoring import CandidateScoring
from rlsf_gym.domains.sentiment.vader.certify import (
    Account,
    account_for,
    account_for_prompt,
    list_records,
    mean_slope,
)
from rlsf_gym.domains.sentiment.vader.emoji import spell
from rlsf_gym.domains.sentiment.vader.growing import GrowingText
from rlsf_gym.domains.sentiment.vader.long import GrowingToken
from rlsf_gym.domains.sentiment.vader.reading import Reading, read, read_batch
from rlsf_gym.domains.sentiment.vader.rules import RULES, SPREAD, Premise
from rlsf_gym.domains.sentiment.vader.stream import ALPHA, Stream, emphasize, measure_emphasis, normalize
from rlsf_gym.domains.sentiment.vader.words import LEXICON_VERSION, VOCABULARY, Vocabulary, Word
from rlsf_gym.remembered import Remembered
from rlsf_gym.scorers.protocol import Assessment, Candidates
from rlsf_gym.text.following import Following

FloatArray = npt.NDArray[np.float64]
IntArray = npt.NDArray[np.int64]

ButRule = Literal["library", "documented"]

_NO_ENDS: IntArray = np.zeros(0, np.int64)


class VaderScorer:
    """Scores text by the rules of VADER 3.3.2, as a stream.

    Args:
        but: what a "but" does. "library" (default) gives the library's scores: it halves the words before the
            first "but" and raises those after it by half, but finds each word by the first one whose valence
            is equal, so that it may scale another one, and one twice. "documented" scales each word itself.

    Raises:
        ValueError: If `but` is neither.
    """

    name = "vader"
    bounded = True
    verifiable = True
    rules: tuple[str, ...] = RULES

    def __init__(self, but: ButRule = "library") -> None:
        if but not in get_args(ButRule):
            raise ValueError(f"but must be one of {', '.join(get_args(ButRule))}, but is {but!r}")
        self.but: ButRule = but
        self._accounts = Remembered[Account](measure_account)
        self._series: Series | None = None  # begun with the first text
        self._candidates: CandidateScoring | None = None  # made when they are asked for

    def __repr__(self) -> str:
        return f"VaderScorer(but={self.but!r})"

    def __getstate__(self) -> dict[str, Any]:
        """State without the tables for candidates, which belong to vocabularies of this process."""
        return {**self.__dict__, "_candidates": None}

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

    def lexicon_scores(self, text: str) -> FloatArray:
        """Scores of each word by the lexicon alone: its valence divided by 4, in [-1, 1].

        Returns:
            (K,) float64, one for each of the text's K words; 0 for boosters and words outside the lexicon.
        """
        return np.array([_lexicon_score(VOCABULARY[token]) for token in spell(text).text.split()])

    def lexicon_prefixes(self, text: str, char_ends: IntArray) -> tuple[FloatArray, IntArray, FloatArray]:
        """Lexicon scores of the words of `text[:end]` for each end, in one pass over the text.

        Args:
            text: any string.
            char_ends: (N,) int64, offsets into it in non-decreasing order.

        Returns:
            `lexicon_scores` of the text, (K,) float64; the number of these words that are whole at each end,
            (N,) int64; and the score of the word that the end cuts, (N,) float64, 0 without one.
        """
        spelled = spell(text)
        tokens = spelled.text.split()
        last = 0
        ends = [last := spelled.text.find(token, last) + len(token) for token in tokens]
        stops = spelled.stops(0, _checked_ends(char_ends, len(text)))
        counts: list[int] = [bisect_right(ends, stop) for stop in stops]
        cut = np.zeros(len(stops))
        growing = GrowingToken(spelled.text, 0)
        for number, (stop, at) in enumerate(zip(stops, counts, strict=True)):
            start = ends[at] - len(tokens[at]) if at < len(ends) else stop
            if start < stop:
                growing = growing if growing.start == start else GrowingToken(spelled.text, start)
                cut[number] = _lexicon_score(VOCABULARY[growing.grow(stop)])
        whole = np.array([_lexicon_score(VOCABULARY[token]) for token in tokens], np.float64)
        return whole, np.array(counts, np.int64), cut

    def prefix_scores(self, prompt: str, response: str, char_ends: IntArray) -> FloatArray:
        """Scores of `prompt + response[:end]` for each end, in one pass over the text.

        Args:
            prompt: the text before the response.
            response: the text whose prefixes are scored.
            char_ends: (K,) int64, offsets into `response` in non-decreasing order. A word that is cut counts
                as the word it is so far.

        Returns:
            (K,) float64, each equal to `score` of that text up to 1e-12.

        Raises:
            ValueError: If `char_ends` has another shape, decreases, or leaves the response.
        """
        return _normalize_all(self._read_prefixes([prompt], [response], [char_ends])[0].sums)

    def certify(self, prompt: str, response: str) -> Certificate:
        """Certificate with the records that make up the scores of `prompt` and of `prompt + response`.

        Returns:
            A certificate whose `check(prompt, response)` proves it from the texts.
        """
        readings = self._read_prefixes([prompt], [response], [_NO_ENDS])
        return self._certify([prompt], [response], readings)[0]

    def assess_batch(
        self, prompts: Sequence[str], responses: Sequence[str], char_ends: Sequence[IntArray]
    ) -> list[Assessment]:
        """Certificates and prefix scores of each pair; each response and each prompt is read once.

        Args:
            prompts: B prompts.
            responses: B responses.
            char_ends: B arrays of offsets into the responses, as for `prefix_scores`.
        """
        readings = self._read_prefixes(prompts, responses, char_ends)
        certificates = self._certify(prompts, responses, readings)
        scores = _normalize_all([total for reading in readings for total in reading.sums])
        lasts = list(accumulate(len(reading.sums) for reading in readings))
        parts = [scores[first:last] for first, last in zip([0, *lasts], lasts, strict=False)]
        return list(map(Assessment, certificates, parts))

    def open_stream(self, prompt: str) -> GrowingText:
        """Stream that scores a prompt and the text appended to it, piece by piece, by `extend(text)`."""
        growing = GrowingText(self._open(), self._vocabulary)
        growing.extend(prompt)
        return growing

    def candidates(self, prompt: str, response: str, char_ends: IntArray, following: Following) -> Candidates:
        """Scores of `prompt + response[:end]` with each of V next tokens behind it, for each end.

        Args:
            prompt: the text before the response.
            response: the text behind whose prefixes tokens come.
            char_ends: (N,) int64, as for `prefix_scores`.
            following: the text that each token adds.

        Returns:
            Scores by kinds of tokens, (N, C) float64, each equal to `score` of that text up to 1e-12.
        """
        return self.candidates_batch([prompt], [response], [char_ends], following)

    def candidates_batch(
        self,
        prompts: Sequence[str],
        responses: Sequence[str],
        char_ends: Sequence[IntArray],
        following: Following,
    ) -> Candidates:
        """`candidates` of B responses, the rows of one behind those of the other.

        That takes O(N C) time for the N ends and C kinds of tokens together, of which there are hundreds, and
        O(V) for a vocabulary that is new.
        """
        spelled = [spell(prompt + response) for prompt, response in zip(prompts, responses, strict=True)]
        stops = [
            one.stops(len(prompt), _checked_ends(ends, len(response)))
            for one, prompt, response, ends in zip(spelled, prompts, responses, char_ends, strict=True)
        ]
        if self._candidates is None:
            self._candidates = self._begin_candidates()
        return self._candidates.score(spelled, stops, following)

    @property
    def version(self) -> str:
        """Version of the library whose lexicon and constants are used."""
        return LEXICON_VERSION

    @property
    def _quirk(self) -> bool:
        return self.but == "library"

    @property
    def _options(self) -> dict[str, str]:
        return {"but": self.but}

    @property
    def _vocabulary(self) -> Vocabulary:
        return VOCABULARY

    def _open(self, words: Iterable[Word] = ()) -> Stream:
        return Stream(self._quirk, words)

    def _begin_candidates(self) -> CandidateScoring:
        return CandidateScoring(self._open, WordClasses(self._vocabulary))

    def _premises(self, stream: Stream) -> Mapping[int, Premise]:
        return {}

    def _read(self, text: str) -> Stream:
        vocabulary = self._vocabulary
        return self._open([vocabulary[token] for token in text.split()])

    def _read_prefixes(
        self, prompts: Sequence[str], responses: Sequence[str], char_ends: Sequence[IntArray]
    ) -> list[Reading]:
        spelled = list(map(spell, map(add, prompts, responses)))
        offsets = list(map(_checked_ends, char_ends, map(len, responses)))
        rows = zip(spelled, map(len, prompts), offsets, strict=True)
        stops = [one.stops(start, mine) for one, start, mine in rows]
        return read_batch(spelled, [self._open() for _ in spelled], self._vocabulary, stops)

    def _certify(
        self, prompts: Sequence[str], responses: Sequence[str], readings: Sequence[Reading]
    ) -> list[Certificate]:
        if self._series is None:
            self._series = self._begin_series()
        texts = zip(readings, prompts, responses, strict=True)
        borders = [one.border(len(start), len(start) + len(rest)) for one, start, rest in texts]
        befores = list(map(self._account_for_prompt, prompts))
        afters = [
            account_for(reading, self._premises(reading.stream), border)
            for reading, border in zip(readings, borders, strict=True)
        ]
        records = list(map(tuple, map(list_records, befores, afters, borders)))
        return [
            self._series.make(
                prompt_score=before.score, score=after.score, records=mine, slope=mean_slope(mine)
            )
            for before, after, mine in zip(befores, afters, records, strict=True)
        ]

    def _begin_series(self) -> Series:
        return Series(
            scorer=self.name,
            version=self.version,
            verifiable=True,
            options=self._options,
            rules=self.rules,
            spread=SPREAD,
        )

    def _account_for_prompt(self, prompt: str) -> Account:
        account = self._accounts.get(prompt)
        if account is None:
            reading = read(spell(prompt), self._open(), self._vocabulary)
            account = account_for_prompt(reading, self._premises(reading.stream))
            self._accounts.put(prompt, account)
        return account

    def _sum(self, text: str) -> float:
        spelled = spell(text).text
        emphasis = measure_emphasis(spelled.count("!"), spelled.count("?"))
        return emphasize(self._read(spelled).exact_total(), emphasis)


def _lexicon_score(word: Word) -> float:
    return word.base / 4.0 if word.base and word.scored else 0.0


def measure_account(account: Account) -> int:
    """Approximate size of an account in bytes."""
    versions = [version for _, held in account.versions.values() for version in held]
    claims = sum(len(claims) for _, claims in versions)
    records = len(account.marks) + sum(map(len, account.words.values()))
    return 400 * (records + claims) + 250 * (len(account.words) + len(account.versions) + len(versions))


def _normalize_all(sums: list[float]) -> FloatArray:
    """`normalize`, for many at once."""
    totals = np.array(sums, dtype=np.float64)
    return totals / np.sqrt(totals * totals + ALPHA)


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
