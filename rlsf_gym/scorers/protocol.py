"""Protocol of scorers: scores, prefix scores, certificates, and their batched forms."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple, Protocol

import numpy as np
import numpy.typing as npt

if TYPE_CHECKING:
    from rlsf_gym.certificates import Certificate

__all__ = [
    "Assessment",
    "Candidates",
    "Exceptions",
    "FloatArray",
    "IntArray",
    "Scorer",
    "find_assess_batch",
    "find_candidates",
    "has_verdict",
    "needs_instance",
    "prefix_scores_batch",
]

FloatArray = npt.NDArray[np.float64]
IntArray = npt.NDArray[np.int64]


class Assessment(NamedTuple):
    """All that an environment asks of a prompt and its response."""

    certificate: Certificate
    """Certificate as from `Scorer.certify`; `prompt_score` and `score` equal `Scorer.score` to the bit."""
    prefix_scores: FloatArray
    """Prefix scores as from `Scorer.prefix_scores`, (K,) float64."""


class Exceptions(NamedTuple):
    """Scores of M tokens that are not, at one place, those of their kind."""

    rows: IntArray
    """Places, int64 (M,)."""
    columns: IntArray
    """Tokens, as positions in `ids`, int64 (M,)."""
    scores: FloatArray | npt.NDArray[np.float32]
    """Scores of these tokens at these places, float (M,)."""


class Candidates(NamedTuple):
    """Scores that each of V next tokens would make, at N places of one or more responses."""

    ids: IntArray
    """Tokens that have a score of their own at some place, int64 (K,), increasing."""
    scores: FloatArray | npt.NDArray[np.float32]
    """Score of the prompt and the response up to a place with token `ids[k]` behind it, (N, K); or those of
    C kinds of tokens, (N, C)."""
    others: FloatArray
    """Score with any other token behind it, float64 (N,)."""
    kinds: IntArray | None = None
    """The column of `scores` that holds those of `ids[k]`, int64 (K,), where tokens that score alike share
    one; None where each has its own."""
    exceptions: Exceptions | None = None
    """What single tokens score otherwise than their kind; None without any."""

    def spread(self) -> Candidates:
        """Returns the same without kinds and exceptions, laid out by column; takes O(N K + M) time."""
        scores: npt.NDArray[Any] = np.array(self.scores.T, order="C")  # (C, N)
        if self.kinds is not None:
            scores = scores.take(self.kinds, axis=0)  # (K, N)
        if self.exceptions is not None:
            scores[self.exceptions.columns, self.exceptions.rows] = self.exceptions.scores
        return Candidates(self.ids, scores.T, self.others)


class ScoreStream(Protocol):
    """A prompt and the response behind it, while it is written."""

    def extend(self, text: str) -> float:
        """Appends a text and returns the score of prompt and response so far, as `Scorer.score` gives it."""
        ...


class Scorer(Protocol):
    """A symbolic tool: the same text always gets the same score, up to 1e-5 for neural ones.

    A scorer may have any of these attributes:

    - `rules`, a tuple of names: what its score is made of, and its certificates tell apart. Info has a
      `reward_<rule>` for each; designs that pay rules need some. None by default.
    - `exact`: whether a text gets the same score to the bit in any batch; by default, if it is `verifiable`.
    - `verdict`: True says that a whole response is right or wrong: its score is 1 or 0, values of prefixes
      are in [0, 1], and 0 where, and only where, no right answer can follow. Info has `solved` then.
    - `offers`, a tuple of names: what designs of one's own can need beyond what `offers.list_offers` finds.

    A scorer may also have any of these, which environments call for a whole batch:

    - `prefix_scores_batch(prompts, responses, char_ends) -> list of float64 (K,)`;
    - `certify_batch(prompts, responses) -> list of Certificate`;
    - `assess_batch(prompts, responses, char_ends) -> list of Assessment`, in place of all others, for a
      scorer to which one reading of a text tells its score, its certificate and the scores of its prefixes.
      It is not used where `score`, `certify` or `prefix_scores` was overridden after it;
    - `open_stream(prompt) -> ScoreStream`, by which an environment whose steps are tokens asks for the score
      of each prefix without reading the text again. The same holds for it;
    - `candidates(prompt, response, char_ends, following) -> Candidates`, the score that each next token would
      make behind `response[:end]`, for each end; and `candidates_batch(prompts, responses, char_ends,
      following) -> Candidates`, the rows of all responses, one behind the other. `following` is a
      `rlsf_gym.text.following.Following`: the text that each token adds, and whether the response ends there;
    - `partial_credits(prompt, response) -> dict of name to a number in [0, 1]`: in how far a response that is
      not right is nearly so, such as well formed;
    - `find_core(prompt, response) -> int64 (K, 2)`: spans of prompt + response that share the blame for a
      response that can't become right, in order; none where it can, or where no such spans are known.

    A scorer to which the text alone says too little has none of these methods, nor `score`, `prefix_scores`
    and `certify`, but `assess(instances, responses, char_ends) -> list of Assessment`. The prompt's score is
    then the value before the first character, and the values of prefixes, of which all but the last token
    are paid, may be another function than the score of a whole response: what is known of it so far. It gets
    instances where the others get prompts, in all methods that it shares with them.
    """

    @property
    def name(self) -> str:
        """Name of the scorer in certificates and logs."""
        ...

    @property
    def bounded(self) -> bool:
        """Whether every score lies in [-1, 1]."""
        ...

    @property
    def verifiable(self) -> bool:
        """Whether its certificates can be proved without trusting it, by a checker that has its name.

        `rlsf_gym.checker.register_checker` registers one; environments refuse a scorer that lacks one.
        """
        ...

    def score(self, texts: Sequence[str]) -> FloatArray:
        """Returns the unrounded scores of N texts, (N,) float64."""
        ...

    def prefix_scores(self, prompt: str, response: str, char_ends: IntArray) -> FloatArray:
        """Returns the scores of `prompt + response[:end]` for each end.

        Args:
            prompt: The text before the response.
            response: The text that `char_ends` counts in.
            char_ends: Non-decreasing offsets into the response, in characters, (K,) int64.

        Returns:
            Scores, (K,) float64.
        """
        ...

    def certify(self, prompt: str, response: str) -> Certificate:
        """Returns the evidence behind the scores of the prompt and of prompt + response."""
        ...


def prefix_scores_batch(
    scorer: Scorer, prompts: Sequence[str], responses: Sequence[str], char_ends: Sequence[IntArray]
) -> list[FloatArray]:
    """Returns `prefix_scores` of B responses, in one call where the scorer has a batched form.

    Args:
        scorer: The scorer.
        prompts: B prompts.
        responses: B responses.
        char_ends: B arrays of offsets into the responses, each (K,) int64.

    Returns:
        B arrays of scores, each (K,) float64.
    """
    if not len(prompts) == len(responses) == len(char_ends):
        raise ValueError(
            f"prompts, responses and char_ends must be equally many, got {len(prompts)}, {len(responses)} "
            f"and {len(char_ends)}"
        )
    batched = getattr(scorer, "prefix_scores_batch", None)
    if batched is not None:
        return batched(prompts, responses, char_ends)
    rows = zip(prompts, responses, char_ends, strict=True)
    return [scorer.prefix_scores(prompt, response, ends) for prompt, response, ends in rows]


def needs_instance(scorer: Any) -> bool:
    """Returns whether a scorer asks for instances, by its method `assess`, rather than for texts."""
    return callable(getattr(scorer, "assess", None))


def has_verdict(scorer: Any) -> bool:
    """Returns whether a scorer, or the class of one, declares that its scores are verdicts."""
    return getattr(scorer, "verdict", False) is True


def find_assess_batch(scorer: Scorer) -> Callable[..., list[Assessment]] | None:
    """Returns the `assess_batch` of a scorer, or None if it has no such method that agrees with its others.

    That is so where a subclass or the object itself overrides one of them, or passes them on.
    """
    return _find_spokesman(scorer, "assess_batch")


def find_open_stream(scorer: Scorer) -> Callable[[str], ScoreStream] | None:
    """Returns the `open_stream` of a scorer, or None as `find_assess_batch` does."""
    return _find_spokesman(scorer, "open_stream")


def find_candidates(scorer: Any) -> tuple[Callable[..., Any], bool] | None:
    """Returns the method by which a scorer tells the scores of candidates, and whether it takes a batch.

    None if it has no such method that agrees with its others, as `find_assess_batch` does.
    """
    replaced = {"assess", "assess_batch", "candidates"}
    batched = _find_spokesman(scorer, "candidates_batch", replaced)
    if batched is not None:
        return batched, True
    single = _find_spokesman(scorer, "candidates", replaced - {"candidates"})
    return None if single is None else (single, False)


def _find_spokesman(scorer: Any, name: str, more: Collection[str] = ()) -> Callable[..., Any] | None:
    replaced = {"score", "certify", "prefix_scores", *more}
    for names in (getattr(scorer, "__dict__", {}), *map(vars, type(scorer).__mro__)):
        if name in names:
            return getattr(scorer, name)
        if not replaced.isdisjoint(names):
            return None
    return None
