"""Responses made to lay rewards on."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any, Final

import numpy as np

from rlsf_gym.designs import Design
from rlsf_gym.domains import load_domain
from rlsf_gym.evidence import Evidence
from rlsf_gym.feedback.core import Boundary, Feedback
from rlsf_gym.feedback.decoding import read_responses
from rlsf_gym.objectives import load_objective
from rlsf_gym.scorers import load_scorer
from rlsf_gym.testing.vocabulary import PieceTokenizer

__all__ = ["BOUNDARIES", "PIECES", "PROMPTS", "SIZE", "Case", "change_end", "draw_case", "make_evidence"]

PIECES: Final = (
    # Pieces of words, half characters, triggers of rules, whitespace and none of it.
    *(b" good", b"good", b" bad", b"ly", b" not", b" but", b" very", b" GREAT", b"awful", b" caf"),
    *(b"\xc3", b"\xa9", b"\xf0\x9f", b"\x98\x80", b" ", b"\n", b"!", b"?", b".", b"kind of", b" no", b"\xff"),
    b" bad, bad bad bad bad",  # one token of several words
)
"""The vocabulary of the made responses; id `len(PIECES)` ends one, the next id is no token."""
PROMPTS: Final = ("", "The film", "The film was not", "It is GREAT, but", "So good! un")
BOUNDARIES: Final[tuple[Boundary, ...]] = ("closed", "open")
SIZE: Final = 8
"""T of the made responses."""

_TOKENIZER: Final = PieceTokenizer(*PIECES)
_OBJECTIVES: Final = ("positive", "negative", "strong", "target")


@dataclass(frozen=True, kw_only=True)
class Case:
    """A response to a prompt, with the task that it is a response in."""

    prompt: str
    ids: Sequence[int]
    """`SIZE` ids: pieces, `len(PIECES)` for the end token, `len(PIECES) + 1` for no token."""
    scorer: Any = "vader"
    objective: str = "positive"
    boundary: Boundary = "closed"
    seed: int = 0

    def __str__(self) -> str:
        """Returns the response as a reader needs it to see a counterexample."""
        mask = read_responses(np.array([self.ids]), _TOKENIZER).mask[0]
        tokens = [_TOKENIZER.token_bytes(token) or "end" for token in np.array(self.ids)[mask].tolist()]
        task = f"objective {self.objective!r}, boundary {self.boundary!r}"
        return f"prompt {self.prompt!r} and tokens {tokens} ({task})"


def draw_case(rng: np.random.Generator, length: int, scorer: Any) -> Case:
    """Returns a random response of so many tokens at most: some of them may be the end token."""
    ids = np.full(SIZE, len(PIECES) + 1)
    ids[:length] = rng.integers(len(PIECES) + 1, size=length)
    return Case(
        prompt=PROMPTS[rng.integers(len(PROMPTS))],
        ids=ids.tolist(),
        scorer=scorer,
        objective=_OBJECTIVES[rng.integers(len(_OBJECTIVES))],
        boundary=BOUNDARIES[rng.integers(len(BOUNDARIES))],
        seed=int(rng.integers(2**31)),
    )


def change_end(rng: np.random.Generator, case: Case) -> Case:
    """Returns the response with other tokens from a random position on."""
    kept = int(rng.integers(1, SIZE))
    return replace(case, ids=[*case.ids[:kept], *rng.integers(len(PIECES) + 2, size=SIZE - kept).tolist()])


def make_evidence(design: Design, case: Case) -> Evidence:
    """Returns what a design may know of a response."""
    feedback = Feedback(
        scorer=load_scorer(case.scorer),
        objective=load_objective(case.objective),
        design=design,
        tokenizer=_TOKENIZER,
        segmentation=load_domain("sentiment").segmentation,
        boundary=case.boundary,
    )
    return feedback.evidence([case.prompt], read_responses(np.array([case.ids]), _TOKENIZER))[0]
