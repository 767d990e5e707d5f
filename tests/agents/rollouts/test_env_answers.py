"""agents/rollouts/env_answers.py: what an environment returns is held to what its spaces say."""

import numpy as np
import pytest
import torch

from agents import CausalLMPolicy, TokenPPO, TokenPPOConfig
from agents.rollouts.env_answers import read_eos_token_id, read_observation, read_step, split_infos

IDS = np.array([[0, 0, 4], [7, 1, 2]])
MASK = np.array([[0, 0, 1], [1, 1, 1]], np.int8)
SHAPE = {"width": 3, "vocab_size": 8, "episodes": 2}


@pytest.mark.parametrize("dtype", [np.int32, np.int64, np.uint8])
@pytest.mark.parametrize("mask_dtype", [np.int8, bool])
def test_prompts_are_read(dtype, mask_dtype):
    observation = {"prompt_ids": IDS.astype(dtype), "prompt_mask": MASK.astype(mask_dtype)}
    ids, mask = read_observation(observation, **SHAPE)
    assert ids.dtype == torch.int64 and ids.tolist() == IDS.tolist()
    assert mask.dtype == torch.bool and mask.tolist() == MASK.tolist()


def test_padding_may_be_any_number():
    ids, _ = read_observation({"prompt_ids": IDS - 100 * (1 - MASK), "prompt_mask": MASK}, **SHAPE)
    assert ids.tolist() == [[-100, -100, 4], [7, 1, 2]]


WHOLE = r"expected whole numbers of shape \(B, P\) = \(2, 3\), got "
PADDED = "expected 0 on the padding, then 1 on one token or more up to the end, got "
TOKENS = r"expected token ids from 0 to V - 1 = 7, got \["


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"prompt_ids": IDS + 1.0}, WHOLE + "float64"),
        ({"prompt_ids": IDS.astype(str)}, WHOLE),
        ({"prompt_ids": IDS.astype(object)}, WHOLE + "object"),
        ({"prompt_ids": IDS[:, 1:]}, WHOLE + r"int64 of shape \(2, 2\)"),
        ({"prompt_ids": IDS[:1]}, WHOLE + r"int64 of shape \(1, 3\)"),
        ({"prompt_ids": IDS[0]}, WHOLE + r"int64 of shape \(3,\)"),
        ({"prompt_ids": None}, WHOLE + "object"),
        ({"prompt_ids": IDS - 3}, rf"prompt_ids'\] of episode 1: {TOKENS}4, -2, -1\]"),
        ({"prompt_ids": IDS + 1}, rf"prompt_ids'\] of episode 1: {TOKENS}8, 2, 3\]"),
        ({"prompt_ids": IDS.astype(np.uint64) + np.uint64(2**63)}, TOKENS),
        ({"prompt_mask": MASK * 2}, PADDED),
        ({"prompt_mask": -MASK}, PADDED),
        ({"prompt_mask": MASK * 0}, PADDED),
        ({"prompt_mask": MASK[:, ::-1]}, rf"prompt_mask'\] of episode 0: {PADDED}\[1, 0, 0\]"),
        ({"prompt_mask": np.array([[0, 1, 1], [1, 0, 1]])}, rf"of episode 1: {PADDED}\[1, 0, 1\]"),
        ({"prompt_mask": MASK * 0.5}, WHOLE + "float64"),
        ({"prompt_mask": MASK[:1]}, WHOLE),
    ],
)
def test_other_prompts_are_refused(change, message):
    with pytest.raises(ValueError, match=message) as refused:
        read_observation({"prompt_ids": IDS, "prompt_mask": MASK, **change}, **SHAPE)
    assert "\n" not in str(refused.value)


@pytest.mark.parametrize("observation", [None, IDS, {}, {"prompt_ids": IDS}, {"prompt_mask": MASK}])
def test_observations_without_prompts_are_refused(observation):
    with pytest.raises(ValueError, match="expected a dict with prompt_ids and prompt_mask, got"):
        read_observation(observation, **SHAPE)


ENDED, OPEN = np.ones(2, bool), np.zeros(2, bool)


def test_a_step_is_read():
    rewards, infos = read_step((None, [1, 2], [True, False], [False, True], {"a": 1}), 2)
    assert rewards.dtype == np.float64 and rewards.tolist() == [1.0, 2.0]
    assert infos == {"a": 1}


@pytest.mark.parametrize(
    ("step", "message"),
    [
        (None, "expected observation, reward, terminated, truncated and info, got NoneType"),
        ((None, ENDED, ENDED, {}), "expected observation, reward, terminated, truncated and info, got tuple"),
        (
            (None, np.zeros(3), ENDED, OPEN, {}),
            r"expected real numbers of shape \(B,\) = \(2,\), got float64",
        ),
        ((None, np.zeros((2, 1)), ENDED, OPEN, {}), r"got float64 of shape \(2, 1\)"),
        ((None, 1.0, ENDED, OPEN, {}), r"got float64 of shape \(\)"),
        ((None, None, ENDED, OPEN, {}), r"got object of shape \(\)"),
        ((None, np.array(["1", "2"]), ENDED, OPEN, {}), "expected real numbers of shape"),
        (
            (None, np.zeros(2), OPEN, OPEN, {}),
            r"every episode to end with its one step, got .*\[False, False",
        ),
        ((None, np.zeros(2), np.array([True, False]), OPEN, {}), r"got terminated \[True, False\] and"),
        ((None, np.zeros(2), True, OPEN, {}), None),
    ],
)
def test_other_steps_are_refused(step, message):
    if message is None:  # one answer for all
        assert read_step(step, 2)[0].tolist() == [0.0, 0.0]
        return
    with pytest.raises(ValueError, match=message):
        read_step(step, 2)


def test_infos_of_wrappers_are_split():
    infos = {
        "episode": {"r": np.array([0.5, 1.5]), "_r": np.array([True, False]), "l": np.array([1, 1])},
        "_episode": np.array([True, True]),
        "text": ["a", "b"],
    }
    assert split_infos(infos, 2) == [
        {"episode": {"r": 0.5, "l": 1}, "text": "a"},
        {"episode": {"l": 1}, "text": "b"},
    ]


@pytest.mark.parametrize(
    ("infos", "message"),
    [
        (None, "infos: expected a dict of arrays, one entry an episode, got None"),
        ([{}, {}], "infos: expected a dict of arrays"),
        ({"a": None}, "'a': expected an entry for each of 2 episodes, got None"),
        ({"a": np.zeros(3)}, "'a': expected an entry for each of 2 episodes, got 3"),
        ({"a": np.array(1.0)}, "'a': expected an entry for each of 2 episodes, got array"),
        ({"a": "xy"}, "'a': expected an entry for each of 2 episodes, got 'xy'"),
        ({"a": [1, 2], "_a": [True]}, "'_a': expected an entry for each of 2 episodes, got 1"),
    ],
)
def test_infos_of_another_number_of_episodes_are_refused(infos, message):
    with pytest.raises(ValueError, match=message):
        split_infos(infos, 2)


@pytest.mark.parametrize("token", [None, -1, 1.5, "x", True, 12])
def test_end_tokens_that_are_none_are_refused(token):
    with pytest.raises(ValueError, match="expected a token id below V = 12 as eos_token_id, got"):
        read_eos_token_id([{"eos_token_id": token}], 12)


def test_a_learner_meets_an_environment_that_goes_on(make_toy):
    from ..conftest import make_model

    env = make_toy()
    step = env.step
    env.step = lambda actions: (*step(actions)[:2], np.zeros(8, bool), np.zeros(8, bool), step(actions)[4])
    config = TokenPPOConfig(batch_size=8, minibatch_size=8, num_ppo_epochs=1)
    with pytest.raises(ValueError, match="expected every episode to end with its one step"):
        TokenPPO(CausalLMPolicy(make_model()), env, config).learn(8)
