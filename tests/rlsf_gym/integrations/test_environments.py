"""Responses that were sampled elsewhere, scored in an environment: one reward for each id that was given."""

import gymnasium as gym
import numpy as np
import pytest

from rlsf_gym.integrations.environments import EnvironmentScorer

ENV_ID = "rlsf_gym:rlsf_gym/Countdown-v0"
TASK = {"tokenizer": "bytes", "max_prompt_tokens": 32, "max_new_tokens": 16}
INSTANCES = [{"numbers": [2, 3, 7], "target": 13}, {"numbers": [6, 7, 8], "target": 7}]
END = 256


@pytest.fixture(scope="module")
def scorer():
    return EnvironmentScorer(ENV_ID, **TASK)


def play(instance, ids):
    env = gym.make(ENV_ID, **TASK)
    env.reset(options={"instance": instance})
    _, reward, _, _, info = env.step(ids)
    return reward, info


def test_each_id_has_its_reward(scorer):
    ids = [[*b"2*3=6,6+7=13", END], [*b"6+9"]]
    scored = scorer.score(ids, instances=INSTANCES)
    for row, instance, rewards, total in zip(
        ids, INSTANCES, scored.token_rewards, scored.rewards, strict=True
    ):
        reward, info = play(instance, row)
        assert rewards == info["token_rewards"][: len(row)].tolist()
        assert total == reward == pytest.approx(sum(rewards)) != 0
    assert scored.floats()["solved"].tolist() == [1.0, 0.0]
    assert "token_rewards" not in scored.floats()


def test_what_stands_behind_the_end_earns_nothing(scorer):
    ids = [*b"2*3=6,6+7=13", END]
    padded = [*ids, END, 65, 300, -100]
    (rewards,) = scorer.score([padded], instances=INSTANCES[:1]).token_rewards
    assert rewards == [*scorer.score([ids], instances=INSTANCES[:1]).token_rewards[0], 0, 0, 0, 0]


def test_a_token_without_text_has_a_reward_of_its_own():
    ids = [*b"2*3", 300, *b"=6,6+7=13", END]
    with pytest.warns(UserWarning, match=r"^responses must be ids in \[0, 256\] .* got 300 \(1 of 14"):
        (rewards,) = (
            EnvironmentScorer(ENV_ID, **TASK)
            .score([ids], named="responses", instances=INSTANCES[:1])
            .token_rewards
        )
    whole = play(INSTANCES[0], [*b"2*3=6,6+7=13", END])[1]["token_rewards"][:13].tolist()
    assert rewards == [*whole[:3], 0.0, *whole[3:]]


def test_an_empty_response(scorer):
    assert scorer.score([np.zeros(0, np.int64)], instances=INSTANCES[:1]).token_rewards == [[]]


@pytest.mark.parametrize(
    ("ids", "said"),
    [
        (["2*3"], "response_ids must be the token ids that were sampled, got text: tokenised again"),
        ([[65] * 10 + [-1]], r"response_ids must be ids in \[0, 256\] .* tokenizer=\.\.\."),
        ([[300] * 10], r"response_ids must be ids in \[0, 256\] .* tokenizer=\.\.\."),
    ],
)
def test_what_was_not_sampled_with_the_tokenizer_is_refused(scorer, ids, said):
    with pytest.raises(ValueError, match=said):
        scorer.score(ids, named="response_ids", instances=INSTANCES[:1])
