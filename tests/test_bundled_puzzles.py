"""The bundled policies for puzzles, in the environments that they were trained for."""

import gymnasium as gym
import pytest

from agents import CausalLMPolicy
from agents.rollouts.evaluation import evaluate
from examples.workshop.puzzle_answers import ANSWERS

EPISODES = 256


@pytest.mark.parametrize("domain", ANSWERS)
def test_a_policy_writes_well_formed_answers_few_of_which_are_right(domain):
    answers = ANSWERS[domain]()
    policy = CausalLMPolicy.from_pretrained(f"gpt2-{domain}-1m")
    env = gym.make_vec(
        f"rlsf_gym:rlsf_gym/{answers.env_id}", num_envs=128, split="eval", **answers.env_kwargs
    )
    rows = evaluate(policy, env, episodes=EPISODES, reference=policy, seed=3)
    infos = [row["info"] for row in rows]
    formed = [
        info["finish_reason"] == "eos" and answers.is_well_formed(info["instance"], info["response_text"])
        for info in infos
    ]
    # Shares of 0.01 to 0.15 and 0.95 or more, less or more three standard errors of 256 answers.
    assert 0.0 < sum(row["solved"] for row in rows) / EPISODES < 0.22
    assert sum(formed) / EPISODES > 0.91
