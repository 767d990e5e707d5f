"""An environment as a reward function: the same rewards, on the ids that were sampled."""

import gymnasium as gym
import pytest
from gymnasium.error import InvalidAction

from rlsf_gym import reward_func

ENV_ID = "rlsf_gym:rlsf_gym/Sentiment-v0"
TASK = {"tokenizer": "bytes", "max_prompt_tokens": 32, "max_new_tokens": 24}


@pytest.fixture(scope="module")
def reward():
    return reward_func(ENV_ID, **TASK)


def pay(prompt, ids):
    env = gym.make(ENV_ID, **TASK)
    env.reset(options={"prompt": prompt})
    return env.step(ids)[1]


def test_rewards_are_those_of_the_environment(reward):
    prompts = ["The film was", "The plot", "I"]
    ids = [list(b" not very good"), [*b" is awful", 256], [256]]
    rewards = reward(prompts=prompts, completions=["ignored"] * 3, completion_ids=ids, trainer_state=None)
    assert rewards == [pay(*pair) for pair in zip(prompts, ids, strict=True)]
    assert rewards[0] < 0 and rewards[1] < 0 and rewards[2] == 0
    assert all(type(value) is float for value in rewards)


def test_batches_of_any_size(reward):
    alone = reward(prompts=["The film was"], completion_ids=[list(b" great")])
    assert reward(prompts=["The film was"] * 2, completion_ids=[list(b" great")] * 2) == alone * 2
    assert reward(prompts=["The film was"], completion_ids=[list(b" great")]) == alone


def test_means_are_logged(reward):
    logged = {}
    ids = [list(b" not good"), list(b" good")]
    rewards = reward(prompts=["It was"] * 2, completion_ids=ids, log_metric=logged.__setitem__)
    assert logged["env/utility"] == pytest.approx(sum(rewards) / 2)
    rules = [value for name, value in logged.items() if name.startswith("env/reward_")]
    assert sum(rules) == pytest.approx(sum(rewards) / 2)
    assert logged["env/reward_negation"] < 0


def test_it_is_logged_under_the_name_of_the_environment(reward):
    assert reward.__name__ == "Sentiment-v0"


def test_what_does_not_fit_is_refused(reward):
    with pytest.raises(InvalidAction):
        reward(prompts=["It was"], completion_ids=[[65] * 25])
    with pytest.raises(ValueError, match="prompts"):
        reward(prompts=[[{"role": "user", "content": "It was"}]], completion_ids=[[65]])
