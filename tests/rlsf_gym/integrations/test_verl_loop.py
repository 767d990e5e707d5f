"""verl's agent loop: the vector where its own writes the sum, and a mark of who sampled."""

import asyncio
import pickle

import numpy as np
import pytest

from tests.helpers.recorded import VERL, AgentLoopOutput, recorded

IDS, REWARDS = [65, 66, 67], (0.25, -0.5, 1.0)


@pytest.fixture
def loop():
    with recorded(VERL, "rlsf_gym.integrations.verl_loop") as (adapter,):
        yield adapter


def sample(loop, ids=IDS):
    return asyncio.run(loop.TokenRewardLoop().run({}, sampled=ids))


def test_a_score_is_a_float_that_keeps_its_vector(loop):
    score = loop.TokenScore(0.75, REWARDS)
    again = pickle.loads(pickle.dumps(score))
    assert (again, again.token_rewards) == (0.75, REWARDS) and isinstance(again, float)


def test_the_loop_writes_the_vector_where_verl_writes_the_sum(loop):
    output = sample(loop)
    assert output.response_ids == IDS and output.extra_fields["turn_scores"] == []
    assert "rm_scores" not in output.as_dict()
    output.reward_score = loop.TokenScore(0.75, REWARDS)
    row = output.as_dict()["rm_scores"]
    assert row.dtype == np.float32 and row.tolist() == [0.25, -0.5, 1.0]
    assert output.reward_score == 0.75  # the output is left as it was
    plain = AgentLoopOutput(response_mask=[1] * 3, reward_score=output.reward_score).as_dict()["rm_scores"]
    assert plain.tolist() == [0.0, 0.0, 0.75]  # what is lost without it


def test_an_empty_response_has_an_empty_row(loop):
    output = sample(loop, [])
    output.reward_score = loop.TokenScore(0.0, ())
    assert output.as_dict()["rm_scores"].shape == (0,)


def test_the_loop_without_the_manager_is_refused(loop):
    output = sample(loop)
    output.reward_score = 1.0
    with pytest.raises(
        ValueError, match=r"reward_score must be that of TokenRewards, the reward manager, got 1"
    ):
        output.as_dict()


def test_the_vector_of_another_response_is_refused(loop):
    output = sample(loop, IDS[:2])
    output.reward_score = loop.TokenScore(0.75, REWARDS)
    with pytest.raises(ValueError, match="one reward for each of response_ids, got 3 for 2 ids"):
        output.as_dict()


def test_another_loop_is_told_by_what_it_says_of_a_response(loop):
    loop.check_loop(sample(loop).extra_fields)
    loop.check_loop(None)  # a batch that verl scores as a whole says nothing
    with pytest.raises(
        ValueError, match=r"responses must be sampled by TokenRewardLoop, .* agent_name out of"
    ):
        loop.check_loop({"turn_scores": []})
