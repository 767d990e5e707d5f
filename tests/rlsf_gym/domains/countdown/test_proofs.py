"""With verify=True every token reward of Countdown is proved: none is unproven, and none refused."""

import random

import numpy as np
import pytest

from rlsf_gym.envs import ResponseVectorEnv
from rlsf_gym.feedback import verification
from tests.helpers.countdown_answers import draw_response

WIDTH = 48  # tokens of a response
VARIANTS = [
    ("countdown", {"form": "steps", "use": "all", "numbers": (2, 4), "high": 13}),
    ("bytes", {"form": "steps", "use": "any", "numbers": (2, 4), "low": 0}),
    ("countdown", {"form": "steps", "use": "any", "value": "solvable", "numbers": 3, "high": 60}),
    ("bytes", {"form": "steps", "use": "all", "value": "solvable", "source": "classic24"}),
    ("countdown", {"form": "expression", "use": "all", "numbers": (2, 3)}),
    ("bytes", {"form": "expression", "use": "any", "numbers": (2, 3), "low": 0, "high": 12}),
    ("bytes", {"form": "expression", "use": "all", "value": "solvable", "numbers": (2, 3)}),
]


@pytest.fixture(autouse=True)
def nothing_is_unproven(monkeypatch):
    """Rewards that the proof does not tell would be held against promises of the design alone."""

    def refuse(design, evidence, rewards):
        if evidence.length:  # without a token there is no reward to prove
            pytest.fail(f"{design.name} was not proved")

    monkeypatch.setattr(verification, "_check_declared", refuse)


def earn(tokenizer, domain_kwargs, tokens, seed, design="potential", envs=64):
    """Has so many token rewards earned, and proved; returns how many, and how many responses were right."""
    env = ResponseVectorEnv(
        envs, domain="countdown", domain_kwargs=domain_kwargs, tokenizer=tokenizer, reward_design=design,
        verify=True, max_prompt_tokens=WIDTH, max_new_tokens=WIDTH,
    )  # fmt: skip
    rng, proved, right = random.Random(seed), 0, 0
    infos = env.reset(seed=seed)[1]
    while proved < tokens:
        actions = np.full((envs, WIDTH), env.tokenizer.vocab_size)
        for row, data in zip(actions, instances_of(infos, envs), strict=True):
            ids = encode(env.tokenizer, draw_text(rng, data, domain_kwargs))[:WIDTH]
            row[: len(ids)] = ids
        *_, infos = env.step(actions)
        final = infos["final_info"]
        proved += int(final["response_mask"].sum())
        right += int(final["score"].sum())
    return proved, right


def instances_of(infos, count):
    """Returns the data of the instances that a vector environment told."""
    told = infos["instance"]
    if not isinstance(told, dict):
        return list(told)
    return [{key: told[key][index] for key in ("numbers", "target")} for index in range(count)]


def draw_text(rng, data, kwargs):
    numbers = tuple(map(int, data["numbers"]))
    return draw_response(rng, numbers, int(data["target"]), kwargs["use"], kwargs["form"])


def encode(tokenizer, text):
    """Returns the ids of a text, with the end at times, and without what the tokenizer can't spell."""
    if tokenizer.vocab_size < 100:
        text = "".join(one for one in text if one in "0123456789+-*/=,() ")
    return [*tokenizer.encode(text), *[tokenizer.eos_token_id] * (len(text) % 3 > 0)]


@pytest.mark.parametrize(("tokenizer", "kwargs"), VARIANTS)
def test_token_rewards_are_proved(tokenizer, kwargs):
    proved, right = earn(tokenizer, kwargs, 400, seed=0, envs=16)
    assert proved >= 400 and right > 0


@pytest.mark.parametrize("design", ["terminal", "uniform", "broadcast", "first_error", "rlsf_mask"])
def test_rewards_of_other_designs_are_proved(design):
    assert earn("countdown", VARIANTS[0][1], 400, seed=1, design=design, envs=16)[0] >= 400


@pytest.mark.slow
@pytest.mark.parametrize(("tokenizer", "kwargs"), VARIANTS)
def test_500_000_token_rewards_are_proved(tokenizer, kwargs):
    """75,000 of each of the seven variants."""
    proved, right = earn(tokenizer, kwargs, 75_000, seed=2)
    assert proved >= 75_000 and right > 50
