"""All responses of a small language, paid by the reward designs.

N is the number of responses: the product of the numbers of words that each position chooses from. They are
listed in lexicographic order, the first position changing slowest.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import product
from math import prod
from typing import Any, Final, NamedTuple, cast

import numpy as np

from rlsf_gym.designs import Design
from rlsf_gym.domains import load_domain
from rlsf_gym.evidence import FloatArray, IntArray
from rlsf_gym.feedback.core import Feedback
from rlsf_gym.feedback.decoding import read_responses
from rlsf_gym.objectives import load_objective
from rlsf_gym.scorers import Scorer, find_assess_batch, load_scorer
from rlsf_gym.scorers.offers import check_offer
from rlsf_gym.text.tokenizer import load_tokenizer

__all__ = ["TWO_WORDS", "WORDS", "Payments", "WordGame", "pay_responses"]

WORDS: Final = (
    *("not", "but", "very", "slightly"),
    *("good", "great", "bad", "awful"),
    *("and", "it", "the", "plot"),
)
"""Four words that trigger a rule of another kind each, four charged ones (two strengths of either sign), and
four that do nothing: so few that all can be enumerated, and each kind as frequent as the others."""

_CHUNK: Final = 1728  # responses whose evidence is held at a time


@dataclass(frozen=True, kw_only=True)
class WordGame:
    """A prompt, and the words that each position of a response chooses from; each is one token.

    Raises:
        ValueError: If there is no position, or one without words; or a word is not in the toy language.

    Example:
        >>> WordGame(choices=(("not", "very"), ("good", "bad"))).texts()
        [' not good', ' not bad', ' very good', ' very bad']
    """

    choices: tuple[tuple[str, ...], ...] = (WORDS,) * 4
    """The words of each of the T positions, of the toy language (`tokenizer="toy"`)."""
    prompt: str = "The film was"
    """Prompt that all responses continue."""
    scorer: Any = "vader"
    """Scorer, in any form that `load_scorer` takes."""
    objective: Any = "positive"
    """Objective, in any form that `load_objective` takes."""

    def __post_init__(self) -> None:
        """Checks the words."""
        if not self.choices or not all(self.choices):
            raise ValueError(
                f"choices must be one or more words at each of one or more positions, got {self.choices}"
            )
        self.actions()

    @property
    def sizes(self) -> tuple[int, ...]:
        """Number of words that each position chooses from, T of them."""
        return tuple(map(len, self.choices))

    def texts(self) -> list[str]:
        """Returns the N responses."""
        return ["".join(f" {word}" for word in words) for words in product(*self.choices)]

    def actions(self) -> IntArray:
        """Returns the N responses as token ids of the toy language, int64 (N, T)."""
        encode = load_tokenizer("toy").encode
        ids = [[encode(f" {word}") for word in words] for words in self.choices]
        if any(len(one) != 1 for words in ids for one in words):
            raise ValueError(f"choices must be single words of the toy language, got {self.choices}")
        return np.array(list(product(*([one[0] for one in words] for words in ids))), np.int64)


class Payments(NamedTuple):
    """Utility of each response, and the rewards of its words."""

    gains: FloatArray
    """float64 (N,), utility of prompt + response minus that of the prompt."""
    rewards: dict[str, FloatArray]
    """By the name that the design was given: float64 (N, T)."""


def pay_responses(game: WordGame, designs: Mapping[str, Design], *, seed: int = 0) -> Payments:
    """Returns the rewards of every response of a game under each design.

    A word pays at once (`boundary="open"`). A design that draws does so once for each response, from a
    generator of its own: its table is one sample of it.

    Args:
        game: The game.
        designs: The designs, each under a name.
        seed: Seed of the generators of the designs that draw.

    Raises:
        ValueError: If there is no design, or the scorer can't serve one.
    """
    if not designs:
        raise ValueError("designs must name one or more reward designs, got none")
    scorer = load_scorer(game.scorer)
    for design in designs.values():
        check_offer(design.name, design.needs, scorer)
    asking = max(designs.values(), key=lambda design: design.uses_prefixes)
    feedback = Feedback(
        scorer=cast(Scorer, _Remembering(scorer)),
        objective=load_objective(game.objective),
        design=asking,
        tokenizer=load_tokenizer("toy"),
        segmentation=load_domain("sentiment").segmentation,
        boundary="open",
    )
    actions = game.actions()
    rngs = {name: np.random.default_rng(seed) for name in designs}
    gains = np.empty(prod(game.sizes))
    rewards = {name: np.empty(actions.shape) for name in designs}
    for start in range(0, len(actions), _CHUNK):
        responses = read_responses(actions[start : start + _CHUNK], feedback.tokenizer)
        evidence = feedback.evidence([game.prompt] * len(responses.texts), responses)
        stop = start + len(evidence)
        gains[start:stop] = [one.gain for one in evidence]
        for name, design in designs.items():
            rewards[name][start:stop] = [design(one, rng=rngs[name]) for one in evidence]
    return Payments(gains, rewards)


class _Remembering:
    """A scorer that scores a text once: hindsight designs ask for the same few again and again."""

    def __init__(self, scorer: Scorer) -> None:
        self._scorer = scorer
        self._scores: dict[str, float] = {}
        assess_batch = find_assess_batch(scorer)
        if assess_batch is not None:
            self.assess_batch = assess_batch

    def __getattr__(self, name: str) -> Any:
        return getattr(self._scorer, name)

    def score(self, texts: Sequence[str]) -> FloatArray:
        missing = list(dict.fromkeys(text for text in texts if text not in self._scores))
        if missing:
            self._scores.update(zip(missing, self._scorer.score(missing).tolist(), strict=True))
        return np.array([self._scores[text] for text in texts])


TWO_WORDS: Final = WordGame(choices=(("not", "very"), ("good", "bad")), prompt="the film was")
"""The smallest game in which credit in hindsight and credit in time disagree on what to say next."""
