"""A function from texts to numbers as a scorer."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from itertools import accumulate, chain
from typing import Any

import numpy as np
import numpy.typing as npt

from rlsf_gym.arguments import signature_of
from rlsf_gym.certificates.certificate import Certificate
from rlsf_gym.scorers.protocol import Assessment

__all__ = ["FunctionScorer", "takes_texts"]

FloatArray = npt.NDArray[np.float64]
IntArray = npt.NDArray[np.int64]


class FunctionScorer:
    """Scores texts by a function of a list of texts.

    A batch of responses, with their prompts and prefixes, is one call in which each text occurs once. The
    function is trusted to give a text the same score in every call, up to 1e-5. It gives no reasons: its
    certificates name it, and nothing in them can be proved.

    Args:
        function: From a list of N texts to N scores in [-1, 1], as a list or an array.

    Example:
        >>> scorer = FunctionScorer(lambda texts: [text.count("!") / 10 for text in texts])
        >>> scorer.score(["well", "well!!"]).tolist()
        [0.0, 0.2]
    """

    bounded = True
    verifiable = False
    rules: tuple[str, ...] = ()

    def __init__(self, function: Callable[[list[str]], Any]) -> None:
        self.function = function
        bare = function
        while isinstance(bare, partial):
            bare = bare.func
        self.name = str(getattr(bare, "__name__", type(bare).__name__)).strip("<>")
        self._place = f"{getattr(bare, '__module__', '')}:{getattr(bare, '__qualname__', self.name)}"

    def __repr__(self) -> str:
        return f"FunctionScorer({self.function!r})"

    def score(self, texts: Sequence[str]) -> FloatArray:
        """Returns the scores of N texts, (N,) float64; the function is called once.

        Raises:
            ValueError: If the function does not return one finite number for each text.
        """
        if not texts:
            return np.zeros(0)
        return self._read(self.function(list(texts)), len(texts))

    def prefix_scores(self, prompt: str, response: str, char_ends: IntArray) -> FloatArray:
        """Returns the scores of `prompt + response[:end]` for each of K ends, (K,) float64."""
        return self.prefix_scores_batch([prompt], [response], [char_ends])[0]

    def prefix_scores_batch(
        self, prompts: Sequence[str], responses: Sequence[str], char_ends: Sequence[IntArray]
    ) -> list[FloatArray]:
        """Returns `prefix_scores` of B responses from one call of the function."""
        rows = zip(prompts, responses, char_ends, strict=True)
        parts = [[prompt + text[:end] for end in np.asarray(ends).tolist()] for prompt, text, ends in rows]
        return self._score_parts(parts)

    def certify(self, prompt: str, response: str) -> Certificate:
        """Returns the two scores and the function's place: nothing that can be proved."""
        return self.assess_batch([prompt], [response], [np.zeros(0, np.int64)])[0].certificate

    def assess_batch(
        self, prompts: Sequence[str], responses: Sequence[str], char_ends: Sequence[IntArray]
    ) -> list[Assessment]:
        """Returns certificate and prefix scores of each pair, from one call of the function."""
        rows = zip(prompts, responses, char_ends, strict=True)
        parts = [
            [prompt, prompt + text, *(prompt + text[:end] for end in np.asarray(ends).tolist())]
            for prompt, text, ends in rows
        ]
        return [
            Assessment(self._certificate(float(found[0]), float(found[1]), len(texts[1])), found[2:])
            for texts, found in zip(parts, self._score_parts(parts), strict=True)
        ]

    def _score_parts(self, parts: Sequence[Sequence[str]]) -> list[FloatArray]:
        """Returns the scores of lists of texts, each text being scored once."""
        places = {text: place for place, text in enumerate(dict.fromkeys(chain.from_iterable(parts)))}
        scores = self.score(list(places))
        flat = scores[[places[text] for part in parts for text in part]] if places else scores
        lasts = list(accumulate(map(len, parts)))
        return [flat[first:last] for first, last in zip([0, *lasts], lasts, strict=False)]

    def _certificate(self, prompt_score: float, score: float, length: int) -> Certificate:
        return Certificate.opaque(
            scorer=self.name,
            model_hash=self._place,
            labels={},
            prompt_score=prompt_score,
            score=score,
            length=length,
        )

    def _read(self, found: Any, count: int) -> FloatArray:
        wanted = f"scorer {self.name!r} must return {count} numbers, one for each text"
        if hasattr(found, "score"):
            raise ValueError(
                f"{wanted}, got a {type(found).__name__}: if it makes a scorer, pass its arguments as "
                "scorer_kwargs"
            )
        numbers = np.asarray(found)
        if numbers.dtype.kind not in "fiub" or numbers.shape != (count,):
            raise ValueError(f"{wanted}, got {numbers.dtype} of shape {numbers.shape}")
        scores = numbers.astype(np.float64)
        if not np.isfinite(scores).all():
            raise ValueError(f"{wanted}, got {scores[~np.isfinite(scores)][0]}: return finite ones")
        return scores


def takes_texts(part: Any, kwargs: Mapping[str, Any]) -> bool:
    """Returns whether something is a function of texts rather than what makes a scorer.

    It is, if it can't be called with the keywords alone and can with the texts before them. A class makes
    what it is the class of, and a function that needs no argument makes a scorer.

    Example:
        >>> takes_texts(lambda texts: [], {}), takes_texts(lambda: None, {}), takes_texts(dict, {})
        (True, False, False)
    """
    if isinstance(part, type) or not callable(part):
        return False
    try:
        signature = signature_of(part)
    except ValueError:  # some functions written in C tell none
        return not kwargs
    return not _binds(signature, (), kwargs) and _binds(signature, ((),), kwargs)


def _binds(signature: inspect.Signature, values: tuple[Any, ...], kwargs: Mapping[str, Any]) -> bool:
    try:
        signature.bind(*values, **kwargs)
    except TypeError:
        return False
    return True
