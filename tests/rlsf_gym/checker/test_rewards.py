"""Rewards that follow from text and certificate alone: worked by hand, and held against the designs."""

import numpy as np
import pytest

from rlsf_gym.checker.rewards import RECOMPUTABLE, recompute_rewards
from rlsf_gym.designs import load_design
from rlsf_gym.envs.decoding import read_responses
from rlsf_gym.envs.feedback import Feedback
from rlsf_gym.objectives import load_objective
from rlsf_gym.scorers import load_scorer
from rlsf_gym.testing.vocabulary import PieceTokenizer

PIECES = (
    *(
        b" good",
        b"good",
        b" bad",
        b"ly",
        b" not",
        b" but",
        b" very",
        b" GREAT",
        b" A",
        b"awful",
        b" caf",
        b"x",
    ),
    *(b"\xc3", b"\xa9", b"\xf0\x9f", b"\x98\x80", b"\x98\x8d", b" ", b"\n", b"!", b"?", b".", b" kind of"),
    *(
        b" kind",
        b" of",
        b" no",
        b" least",
        b" ok",
        b" affection",
        b" long",
        b" pace.",
        b" film",
        b" dead",
        b"\xff",
    ),
    *(b" never so", b" the bomb", b" bad ass", b" kiss of death"),
)
PROMPTS = (
    "",
    "The film",
    "It was not",
    "GOOD 1",
    "IT IS GREAT, but",
    "So good! un",
    "no",
    "kind o",
    "ok",
    "good b",
    "bad?!",
    "A long",
)
SIZE = 8
TOKENIZER = PieceTokenizer(*PIECES)


def lay(scorer, objective, design, boundary, prompt, ids):
    """The evidence of a response, and the rewards that the design pays for its real tokens."""
    feedback = Feedback(
        scorer=scorer, objective=objective, design=design, tokenizer=TOKENIZER, boundary=boundary
    )
    responses = read_responses(np.array([ids]), TOKENIZER)
    evidence = feedback.evidence([prompt], responses)[0]
    rewards = design(evidence, rng=np.random.default_rng(0))
    return evidence, responses.texts[0], responses.char_ends[0, : evidence.length], rewards[: evidence.length]


SPECS = [(name, {}) for name in RECOMPUTABLE] + [("rlsf_mask", {"form": "neutral"})]


@pytest.mark.parametrize("but", ["library", "documented"])
@pytest.mark.parametrize("scorer_name", ["vader", "knowledge"])
@pytest.mark.parametrize("boundary", ["closed", "open"])
@pytest.mark.parametrize(("name", "kwargs"), SPECS)
def test_rewards_are_those_of_the_designs(scorer_name, but, boundary, name, kwargs):
    if scorer_name == "knowledge":
        pytest.importorskip("networkx")
    scorer, design = load_scorer(scorer_name, but=but), load_design(name, **kwargs)
    rng = np.random.default_rng([len(name), len(boundary)])
    for kind in ("positive", "negative", "strong", "target"):
        objective = load_objective(kind, **({"target": 0.3} if kind == "target" else {}))
        for _ in range(25):
            ids = rng.integers(len(PIECES) + 1, size=SIZE)
            ids[rng.integers(SIZE + 1) :] = len(PIECES) + 1
            prompt = PROMPTS[rng.integers(len(PROMPTS))]
            evidence, response, ends, rewards = lay(scorer, objective, design, boundary, prompt, ids)
            proved = recompute_rewards(
                evidence.certificate,
                prompt,
                response,
                design=name,
                char_ends=ends,
                utility=lambda score: float(objective(score)),
                slope=evidence.slope,
                boundary=boundary,
                **kwargs,
            )
            np.testing.assert_allclose(
                proved, rewards, rtol=0, atol=1e-9, err_msg=f"{prompt!r} {response!r} {ends}"
            )
