"""Scores, prefix values and certificates of a batch of responses, in as few scorer calls as possible."""

from __future__ import annotations

import math
import operator
import sys
from collections.abc import Callable, Generator, Iterable, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import accumulate
from typing import Any, Literal, NamedTuple, cast

import numpy as np
import numpy.typing as npt

from rlsf_gym.certificates.certificate import Certificate
from rlsf_gym.evidence import BoolArray, FloatArray, IntArray
from rlsf_gym.feedback.agreement import AgreementWatch
from rlsf_gym.feedback.boundary import ClosingWatch
from rlsf_gym.feedback.decoding import Responses
from rlsf_gym.feedback.verdicts import check_alive, check_prompts, check_verdicts
from rlsf_gym.instance import Instance, as_instances, copy_data
from rlsf_gym.remembered import Remembered, constant_size
from rlsf_gym.scorers.protocol import (
    Assessment,
    Scorer,
    find_assess_batch,
    has_verdict,
    needs_instance,
    prefix_scores_batch,
)
from rlsf_gym.text.segmentation import Segmentation, closed_ends_batch

__all__ = ["Boundary", "Scores", "Scoring", "assess"]

Boundary = Literal["closed", "open"]

_MANY = 4096  # numbers, from which on two passes that make nothing are faster than one that makes an array


class Scores(NamedTuple):
    """Scores and certificates of a batch of responses."""

    prompt: FloatArray
    """Scores of the prompts, float64 (B,)."""
    full: FloatArray
    """Scores of prompts + responses, float64 (B,)."""
    certificates: list[Certificate]
    """Certificates of these scores, one for each response."""
    prefixes: FloatArray | None
    """Score that is known after each token, float64 (B, T); None if prefixes were not scored."""


class _Answers(NamedTuple):
    """Raw answers of the scorer for a batch, with one array of prefix scores for each response."""

    prompt: list[float]  # of the B prompts
    full: list[float]  # of prompts + responses
    certificates: list[Certificate]
    found: list[FloatArray]  # of the prefixes inside the responses, some after the other


@dataclass(eq=False, kw_only=True)
class Scoring:
    """Scores responses, their prefixes and their prompts, and certifies the scores."""

    scorer: Scorer
    segmentation: Segmentation
    boundary: Boundary
    """When a unit counts: once it is closed ("closed"), or with each of its pieces ("open")."""
    is_watched: bool = True
    """Whether the scorer's forms are compared on the first responses."""
    _prompt_scores: Remembered[float] = field(
        default_factory=lambda: Remembered[float](constant_size), init=False, repr=False
    )
    _lexicon: Remembered[list[float]] = field(
        default_factory=lambda: Remembered[list[float]](sys.getsizeof), init=False, repr=False
    )
    _agreement: AgreementWatch = field(init=False, repr=False)
    _closing: ClosingWatch = field(init=False, repr=False)

    def __post_init__(self) -> None:
        """Prepares the checks on the first responses."""
        self._agreement = AgreementWatch(self.scorer)
        self._closing = ClosingWatch(self.segmentation)

    def ask(self, instances: Sequence[str | Instance], responses: Responses, *, prefixes: bool) -> Scores:
        """Returns the scores and certificates of B responses.

        Before the first character counts, the score that is known is the prompt's, and with the last one it
        is the full text's, to the bit: so nothing is paid for nothing, and the differences telescope.

        A scorer of instances is asked for the value after every token but the last, also where all characters
        are there: the end that a later token makes is not known yet.

        Args:
            instances: B instances, or prompts of plain text.
            responses: B responses.
            prefixes: Whether prefixes are scored as well.

        Raises:
            ValueError: If the scorer returns what it must not.
        """
        given = as_instances(instances)
        prompts = [one.prompt for one in given]
        sizes = np.array([len(text) for text in responses.texts])[:, None]  # (B, 1) int64
        if prefixes:
            ends = self.counted_ends(responses.texts, responses.char_ends, responses.lengths)
        else:
            ends = np.broadcast_to(sizes, responses.mask.shape)
        whole = self._is_whole(ends, sizes, responses.lengths)  # (B, T) bool
        inside = (ends > 0) & ~whole  # (B, T) bool
        rows = _rows(ends, inside)
        is_watching = self.is_watched and not self._agreement.is_done
        asked = self._agreement.add_full_ends(responses.texts, rows) if is_watching and prefixes else rows
        with self._named():
            answers = self._ask(given, responses.texts, asked)
        both = self.in_range(
            [answers.prompt, answers.full],
            (2, len(prompts)),
            lambda: [*prompts, *map(operator.add, prompts, responses.texts)],
        )
        prompt: FloatArray = both[0]
        full: FloatArray = both[1]
        if has_verdict(self.scorer):
            check_prompts(self.scorer.name, prompt, prompts)
            check_verdicts(self.scorer.name, full, lambda: responses.texts)
        flat = np.zeros(0)
        if prefixes and answers.found:
            flat = self.in_range(
                np.concatenate(answers.found),
                (sum(map(len, asked)),),
                lambda: _prefixes(prompts, responses.texts, asked),
            )
            self._check_counts(answers.found, asked)
        if is_watching:
            with self._named():
                self._agreement.see(
                    prompts, responses.texts, (prompt, full), _split(asked, flat) if prefixes else None
                )
        if not prefixes:
            return Scores(prompt, full, answers.certificates, None)
        if self.boundary == "closed":
            self._closing.see(responses.texts, responses.char_ends, list(map(bool, map(len, rows))))
        known = np.where(whole, full[:, None], prompt[:, None])  # (B, T) float64
        known[inside] = flat if asked is rows else flat[_are_inside(rows, asked)]
        if has_verdict(self.scorer):
            check_alive(self.scorer.name, known, responses.texts)
        return Scores(prompt, full, answers.certificates, known)

    def in_range(
        self, scores: npt.ArrayLike, shape: tuple[int, ...], texts: Callable[[], Sequence[str]]
    ) -> FloatArray:
        """Returns scores after checking shape, finiteness and range, float64.

        Args:
            scores: Scores as the scorer returned them.
            shape: Shape that they must have.
            texts: Returns the scored texts, in the order of the flattened scores; called for messages alone.

        Raises:
            ValueError: If they have another shape, are not finite, or are outside of the declared range.
        """
        array = np.asarray(scores, np.float64)
        largest = 1.0 + 1e-9 if self.scorer.bounded else sys.float_info.max
        smallest = 0.0 if has_verdict(self.scorer) else -largest
        if array.shape != shape or not _is_within(array, smallest, largest):
            raise ValueError(self._explain_scores(array, shape, texts))
        return array

    def _explain_scores(
        self, array: FloatArray, shape: tuple[int, ...], texts: Callable[[], Sequence[str]]
    ) -> str:
        wanted = f"scorer {self.scorer.name!r} must return {math.prod(shape)} finite scores"
        if array.shape != shape:
            return f"{wanted}, got shape {array.shape}"
        for index in np.flatnonzero(~np.isfinite(array))[:1]:
            return f"{wanted}, got {array.flat[index]} for {texts()[index]!r}"
        if has_verdict(self.scorer):
            at = int(np.abs(array - 0.5).argmax())
            return (
                f"scorer {self.scorer.name!r} declares verdict=True: scores and values must be in [0, 1], "
                f"got {array.flat[at]}"
            )
        return (
            f"scorer {self.scorer.name!r} declares bounded=True: scores must be in [-1, 1], "
            f"got {array.flat[np.abs(array).argmax()]}"
        )

    def score_responses(self, instance: Instance, responses: Sequence[str]) -> FloatArray:
        """Returns the scores of N responses to one instance, float64 (N,); equal responses are scored once.

        Raises:
            ValueError: If the scorer returns what it must not.
        """
        if not needs_instance(self.scorer):
            return self.score([instance.prompt + response for response in responses])
        numbers = {text: number for number, text in enumerate(dict.fromkeys(responses))}
        ends = [np.zeros(0, np.int64)] * len(numbers)
        answers = self._assess([instance] * len(numbers), list(numbers), ends)
        scores = self.in_range(answers.full, (len(numbers),), lambda: list(numbers))
        if has_verdict(self.scorer):
            check_verdicts(self.scorer.name, scores, lambda: list(numbers))
        return scores[[numbers[text] for text in responses]]

    def score(self, texts: Sequence[str]) -> FloatArray:
        """Returns the scores of N texts, float64 (N,); equal texts are scored once.

        Raises:
            ValueError: If the scorer returns what it must not.
        """
        numbers = {text: number for number, text in enumerate(dict.fromkeys(texts))}
        with self._named():
            found = self.scorer.score(list(numbers)) if numbers else np.zeros(0)
        scores = self.in_range(found, (len(numbers),), lambda: list(numbers))
        return scores[[numbers[text] for text in texts]]

    def counted_ends(self, texts: Sequence[str], char_ends: IntArray, lengths: IntArray) -> IntArray:
        """Returns int64 (B, T): how many characters of the responses count after each token.

        Args:
            texts: B responses.
            char_ends: int64 (B, T), number of characters that are certain after each token.
            lengths: int64 (B,), the number of tokens of each response.
        """
        if self.boundary == "open":
            return char_ends
        return closed_ends_batch(self.segmentation, texts, char_ends, lengths)

    def attributions(self, prompts: Sequence[str], texts: Sequence[str], method: str) -> list[FloatArray]:
        """Returns the scorer's attribution to each character of B responses, B of float64 (C,).

        Raises:
            ValueError: If the scorer does not offer the method, or returns what it must not.
        """
        offered: Any = self.scorer
        if method not in getattr(offered, "attribution_methods", ()):
            raise ValueError(f"scorer {offered.name!r} offers no attributions, asked for {method!r}")
        with self._named():
            answers = offered.attributions_batch(prompts, texts, method)
        found = [np.asarray(one, np.float64) for one in answers]
        for text, one in zip(texts, found, strict=True):
            if one.shape != (len(text),) or not np.isfinite(one).all():
                raise ValueError(
                    f"scorer {offered.name!r} must attribute a finite number by {method!r} to each of "
                    f"{len(text)} characters, got {one.tolist()}"
                )
        return found

    def _check_counts(self, found: Sequence[FloatArray], asked: Sequence[IntArray]) -> None:
        """Checks that each response has its own scores of prefixes, and not one too many of another's."""
        counts, wanted = list(map(len, found)), list(map(len, asked))
        if counts != wanted:
            raise ValueError(
                f"scorer {self.scorer.name!r} must return {wanted} scores of the prefixes of each response, "
                f"got {counts}"
            )

    def lexicon_scores(self, unit: str) -> list[float]:
        """Returns the lexicon's scores of the words of a unit; each unit is looked up once."""
        found = self._lexicon.get(unit)
        if found is None:
            scorer: Any = self.scorer
            found = np.asarray(scorer.lexicon_scores(unit), np.float64).tolist()
            self._lexicon.put(unit, found)
        return found

    @contextmanager
    def _named(self) -> Generator[None]:
        """Adds a note with the scorer's name to an exception that lacks it."""
        try:
            yield
        except Exception as error:
            if repr(self.scorer.name) not in str(error):
                error.add_note(f"raised by scorer {self.scorer.name!r}")
            raise

    def _is_whole(self, ends: IntArray, sizes: IntArray, lengths: IntArray) -> BoolArray:
        """Returns bool (B, T): whether a token's value is the score of the whole response."""
        if not needs_instance(self.scorer):
            return np.equal(ends, sizes)
        positions = np.arange(ends.shape[1], dtype=np.int64)
        return np.greater_equal(positions[None, :], lengths[:, None] - 1)

    def _ask(self, instances: Sequence[Instance], texts: list[str], ends: list[IntArray]) -> _Answers:
        if needs_instance(self.scorer):
            return self._assess(instances, texts, ends)
        prompts = [one.prompt for one in instances]
        assess_batch = find_assess_batch(self.scorer)
        if assess_batch is None:
            return self._ask_one_by_one(prompts, texts, ends)
        return self._read(assess_batch(prompts, texts, ends))

    def _assess(self, instances: Sequence[Instance], texts: list[str], ends: list[IntArray]) -> _Answers:
        return self._read(assess(self.scorer, instances, texts, ends))

    def _read(self, assessments: Sequence[Assessment]) -> _Answers:
        certificates = [one.certificate for one in assessments]
        return _Answers(
            [one.prompt_score for one in certificates],
            [one.score for one in certificates],
            certificates,
            [one.prefix_scores for one in assessments],
        )

    def _ask_one_by_one(self, prompts: Sequence[str], texts: list[str], ends: list[IntArray]) -> _Answers:
        prompt, full = self._score(prompts, texts)
        found = [np.zeros(0)] * len(texts)
        rows = [row for row, wanted in enumerate(ends) if len(wanted)]
        if rows:
            chosen = [prompts[row] for row in rows], [texts[row] for row in rows], [ends[row] for row in rows]
            scores = prefix_scores_batch(self.scorer, *chosen)
            for row, one in zip(rows, scores, strict=True):
                found[row] = one
        batched = getattr(self.scorer, "certify_batch", None)  # a neural scorer's single calls are slow
        if batched is not None:
            return _Answers(prompt, full, batched(prompts, texts), found)
        return _Answers(prompt, full, list(map(self.scorer.certify, prompts, texts)), found)

    def _score(self, prompts: Sequence[str], texts: list[str]) -> tuple[list[float], list[float]]:
        """Returns the scores of prompts and full texts; equal texts are scored once."""
        joined = [prompt + text for prompt, text in zip(prompts, texts, strict=True)]
        wanted = dict.fromkeys([*prompts, *joined])
        lookup = {text: score for text in wanted if (score := self._prompt_scores.get(text)) is not None}
        missing = [text for text in wanted if text not in lookup]
        fresh: list[float] = []
        if missing:
            fresh = self.in_range(self.scorer.score(missing), (len(missing),), lambda: missing).tolist()
        lookup.update(zip(missing, fresh, strict=True))
        for prompt in prompts:
            self._prompt_scores.put(prompt, lookup[prompt])
        return [lookup[prompt] for prompt in prompts], [lookup[text] for text in joined]


def assess(
    scorer: Any, instances: Sequence[Instance], texts: Sequence[str], ends: Sequence[IntArray]
) -> list[Assessment]:
    """Returns what a scorer of instances says of B responses; what it does to the data reaches nobody else.

    Raises:
        ValueError: If that is not one `Assessment` of each, with a certificate and a value for each end.
    """
    own = [one if one.data is None else one._replace(data=copy_data(one.data)) for one in instances]
    made: Any = scorer.assess(own, list(texts), list(ends))
    found: list[Any] = list(cast(Iterable[Any], made)) if isinstance(made, Iterable) else []
    if len(found) != len(texts) or not all(isinstance(one, Assessment) for one in found):
        raise ValueError(
            f"scorer {scorer.name!r} must return {len(texts)} Assessments from assess, one a response, "
            f"got {made!r:.80}"
        )
    for one, wanted in zip(found, ends, strict=True):
        if not isinstance(one.certificate, Certificate):
            kind = type(one.certificate).__name__
            raise ValueError(f"scorer {scorer.name!r} must certify with a Certificate, got {kind}")
        if np.shape(one.prefix_scores) != wanted.shape:
            raise ValueError(
                f"scorer {scorer.name!r} must value {len(wanted)} prefixes by finite scores, "
                f"got shape {np.shape(one.prefix_scores)}"
            )
    return found


def _is_within(array: FloatArray, smallest: float, largest: float) -> bool:
    """Returns whether all numbers are in a range; what is not a number is not."""
    if array.size < _MANY:
        return bool(((array >= smallest) & (array <= largest)).all())
    return bool(smallest <= array.min() <= array.max() <= largest)


def _prefixes(prompts: Sequence[str], texts: Sequence[str], ends: list[IntArray]) -> list[str]:
    rows = zip(prompts, texts, ends, strict=True)
    return [prompt + text[:end] for prompt, text, counted in rows for end in counted.tolist()]


def _rows(values: IntArray, chosen: BoolArray) -> list[IntArray]:
    """Returns the chosen values of each row of (B, T)."""
    flat = values[chosen]
    counts: list[int] = chosen.sum(axis=1).tolist()
    lasts = list(accumulate(counts))
    return [flat[first:last] for first, last in zip([0, *lasts], lasts, strict=False)]


def _split(rows: Sequence[IntArray], flat: FloatArray) -> tuple[Sequence[IntArray], list[FloatArray]]:
    """Returns rows, and the values of all their entries by row."""
    return rows, np.split(flat, np.cumsum(list(map(len, rows)))[:-1])


def _are_inside(rows: Sequence[IntArray], longer: Sequence[IntArray]) -> BoolArray:
    """Returns for each entry of `longer` whether it is one of `rows`, with which the longer rows begin."""
    return np.concatenate([np.arange(len(more)) < len(one) for one, more in zip(rows, longer, strict=True)])
