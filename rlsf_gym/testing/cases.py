"""Cases: responses on which reward designs are tested."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from functools import lru_cache
from typing import Any, Final

import numpy as np

from rlsf_gym.designs import Design
from rlsf_gym.domains import Domain, load_domain
from rlsf_gym.evidence import Evidence
from rlsf_gym.feedback.core import Boundary, Feedback
from rlsf_gym.feedback.decoding import read_responses
from rlsf_gym.instance import Instance
from rlsf_gym.objectives import load_objective
from rlsf_gym.scorers import Scorer
from rlsf_gym.testing.vocabulary import PieceTokenizer

__all__ = ["BOUNDARIES", "SIZE", "Case", "change_end", "draw_case", "draw_prompt", "make_evidence"]

BOUNDARIES: Final[tuple[Boundary, ...]] = ("closed", "open")
SIZE: Final = 8
"""T of the made responses."""

_OBJECTIVES: Final = ("positive", "negative", "strong", "target")


@dataclass(frozen=True, kw_only=True)
class Case:
    """A response to a prompt, with the task that it is a response in."""

    prompt: str | Instance
    ids: Sequence[int]
    """`SIZE` ids of the domain's sample pieces; the next id is the end token, the one behind it no token."""
    scorer: Any = None
    """Anything that `load_scorer` takes, the domain's first by default."""
    domain: Domain = field(default_factory=load_domain)
    objective: str = "positive"
    boundary: Boundary = "closed"
    seed: int = 0

    def __str__(self) -> str:
        """Returns the response as a reader needs it to see a counterexample."""
        tokenizer = self.tokenizer
        mask = read_responses(np.array([self.ids]), tokenizer).mask[0]
        tokens = [tokenizer.token_bytes(token) or "end" for token in np.array(self.ids)[mask].tolist()]
        task = f"objective {self.objective!r}, boundary {self.boundary!r}"
        return f"prompt {self.prompt!r} and tokens {tokens} ({task})"

    @property
    def tokenizer(self) -> PieceTokenizer:
        """The tokenizer of the domain's sample pieces."""
        return _tokenizer_of(self.domain.samples.pieces)

    def load_scorer(self) -> Scorer:
        """Returns the scorer of the response."""
        return self.domain.load_scorer(self.scorer)


def draw_case(rng: np.random.Generator, length: int, scorer: Any, domain: Domain | None = None) -> Case:
    """Returns a random response of so many tokens at most: some of them may be the end token."""
    domain = load_domain() if domain is None else domain
    size = len(domain.samples.pieces)
    ids = np.full(SIZE, size + 1)
    ids[:length] = rng.integers(size + 1, size=length)
    return Case(
        prompt=draw_prompt(rng, domain),
        ids=ids.tolist(),
        scorer=scorer,
        domain=domain,
        objective=_OBJECTIVES[rng.integers(len(_OBJECTIVES))],
        boundary=BOUNDARIES[rng.integers(len(BOUNDARIES))],
        seed=int(rng.integers(2**31)),
    )


def draw_prompt(rng: np.random.Generator, domain: Domain) -> str | Instance:
    """Returns one of the domain's sample prompts, or a drawn instance where it has instances."""
    if domain.instances is not None:
        return domain.instances("all").sample(rng)
    return domain.samples.prompts[rng.integers(len(domain.samples.prompts))]


def change_end(rng: np.random.Generator, case: Case) -> Case:
    """Returns the response with other tokens from a random position on."""
    kept, size = int(rng.integers(1, SIZE)), len(case.domain.samples.pieces)
    return replace(case, ids=[*case.ids[:kept], *rng.integers(size + 2, size=SIZE - kept).tolist()])


def make_evidence(design: Design, case: Case) -> Evidence:
    """Returns the evidence that a design gets on a response."""
    feedback = Feedback(
        scorer=case.load_scorer(),
        objective=load_objective(case.objective),
        design=design,
        tokenizer=case.tokenizer,
        segmentation=case.domain.segmentation,
        boundary=case.boundary,
    )
    return feedback.evidence([case.prompt], read_responses(np.array([case.ids]), case.tokenizer))[0]


@lru_cache
def _tokenizer_of(pieces: tuple[bytes, ...]) -> PieceTokenizer:
    return PieceTokenizer(*pieces)
