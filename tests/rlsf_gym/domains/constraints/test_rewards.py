"""Token rewards of all faces under verify=True: each is proved, and none refused."""

import numpy as np
import pytest

from rlsf_gym import ResponseVectorEnv
from tests.helpers.puzzle_answers import write_answer

BATCH = 128
FACES = [
    ("sudoku", {}, "potential"),
    ("sudoku", {"unique": False, "blanks": 10}, "rule_certificate"),
    ("knights", {}, "potential"),
    ("knights", {"people": 5, "unique": False}, "rule_certificate"),
    ("constraints", {}, "potential"),
    ("constraints", {"value": "solvable", "given": 2}, "rlsf_mask"),
]


def play(name, kwargs, design, count):
    """Returns how many tokens were paid, at least so many, and the share of responses that were solved."""
    env = ResponseVectorEnv(BATCH, domain=name, domain_kwargs=kwargs, reward_design=design, verify=True)
    rng, paid, solved = np.random.default_rng(0), 0, list[float]()
    size, (_, length) = env.tokenizer.vocab_size, env.action_space.shape
    _, info = env.reset(seed=0)
    while paid < count:
        actions = np.full((BATCH, length), size)
        for row in range(BATCH):
            data = {key: value[row] for key, value in info["instance"].items() if not key.startswith("_")}
            ids = write_ids(rng, env.tokenizer, write_answer(rng, name, data, slip=0.1))[:length]
            actions[row, : len(ids)] = ids
        _, _, _, _, info = env.step(actions)
        told = info["final_info"]
        paid += int(told["response_mask"].sum())
        assert np.isfinite(told["token_rewards"]).all()
        solved += told["solved"].tolist()
    return paid, np.mean(solved)


def write_ids(rng, tokenizer, text):
    """Returns the tokens of a text and the end; of a text that can't be spelled, tokens that are drawn."""
    try:
        return [*tokenizer.encode(text), tokenizer.eos_token_id]
    except ValueError:
        return rng.integers(tokenizer.vocab_size, size=rng.integers(1, 12)).tolist()


@pytest.mark.whole
@pytest.mark.parametrize(("name", "kwargs", "design"), FACES)
def test_a_few_thousand_rewards_are_proved(name, kwargs, design):
    paid, solved = play(name, kwargs, design, 3_000)
    assert paid >= 3_000 and 0.05 < solved < 0.95


@pytest.mark.slow
@pytest.mark.timeout(1800)
@pytest.mark.parametrize(("name", "kwargs", "design"), FACES)
def test_half_a_million_rewards_are_proved(name, kwargs, design):
    assert play(name, kwargs, design, 84_000)[0] >= 84_000  # of each of six: 504,000
