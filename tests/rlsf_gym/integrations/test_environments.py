"""Responses that were sampled elsewhere, scored in an environment: one reward for each id that was given."""

import warnings

import gymnasium as gym
import numpy as np
import pytest

from rlsf_gym.integrations.environments import EnvironmentScorer
from tests.helpers.sampled import END as END_OF_TEXT
from tests.helpers.sampled import ENV_ID as SENTIMENT
from tests.helpers.sampled import SAMPLED, TOKENIZER, pay
from tests.helpers.sampled import TASK as SENTIMENT_TASK

ENV_ID = "rlsf_gym:rlsf_gym/Countdown-v0"
TASK = {"tokenizer": "bytes", "max_prompt_tokens": 32, "max_new_tokens": 16}
INSTANCES = [{"numbers": [2, 3, 7], "target": 13}, {"numbers": [6, 7, 8], "target": 7}]
END = 256
BEHIND = ([], [0], [END_OF_TEXT, 5])  # padding behind a response


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


def test_a_closed_scorer_makes_its_environments_anew():
    scorer = EnvironmentScorer(ENV_ID, **TASK)
    before = scorer.score([[*b"6+9"]], instances=INSTANCES[1:])
    (env,) = scorer._envs.values()
    scorer.close()
    assert env.closed and not scorer._envs
    assert scorer.score([[*b"6+9"]], instances=INSTANCES[1:]).token_rewards == before.token_rewards


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
        ([[1.5, 2.0]], r"response_ids must be flat lists of ints, got \[1.5, 2.0\]"),
        ([[[65]]], r"response_ids must be flat lists of ints, got \[\[65\]\]"),
        ([None], "response_ids must be flat lists of ints, got None"),
    ],
)
def test_what_was_not_sampled_with_the_tokenizer_is_refused(scorer, ids, said):
    with pytest.raises(ValueError, match=said):
        scorer.score(ids, named="response_ids", instances=INSTANCES[:1])


def test_a_batch_holds_a_response(scorer):
    with pytest.raises(ValueError, match="response_ids must be of at least one response, got none"):
        scorer.score([], named="response_ids", instances=[])


@pytest.mark.parametrize("dtype", [np.uint8, np.int32, np.int64])
def test_arrays_of_any_integer_type_are_ids(scorer, dtype):
    ids = [*b"2*3=6,6+7=13"]
    (rewards,) = scorer.score([np.array(ids, dtype)], instances=INSTANCES[:1]).token_rewards
    assert rewards == scorer.score([ids], instances=INSTANCES[:1]).token_rewards[0]


def test_one_id_without_a_token_does_not_stop_a_trainer_that_asks_response_by_response():
    scorer = EnvironmentScorer(ENV_ID, **TASK)
    for _ in range(3):
        scorer.score([[*b"2*3=6"]], instances=INSTANCES[:1])
    with pytest.warns(UserWarning, match="got 999999999999 "):  # as one further id, however large it is
        (rewards,) = scorer.score([[50, 999_999_999_999]], instances=INSTANCES[:1]).token_rewards
    assert (
        len(rewards) == 2
        and rewards[0] == scorer.score([[50, 42]], instances=INSTANCES[:1]).token_rewards[0][0]
    )
    with pytest.raises(ValueError, match=r"got 300 \(3 of 3 ids are outside\)"):
        scorer.score([[300] * 3], instances=INSTANCES[:1])


@pytest.mark.parametrize("one", SAMPLED)
def test_every_hard_response_has_the_rewards_of_the_environments_step(one):
    scorer = EnvironmentScorer(SENTIMENT, tokenizer=TOKENIZER, **SENTIMENT_TASK)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        scored = scorer.score([[*one.ids, *behind] for behind in BEHIND], prompts=[one.prompt] * len(BEHIND))
    for rewards, behind in zip(scored.token_rewards, BEHIND, strict=True):
        if END_OF_TEXT in one.ids or not behind:
            assert rewards == [*pay(one), *[0.0] * len(behind)]
