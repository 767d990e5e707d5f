"""episode_rewards.py: token rewards, mask, length and reward say the same, or the run is refused."""

from __future__ import annotations

import time

import numpy as np
import pytest
import torch

from agents.rollouts.episode_rewards import read_prefix_values, read_token_rewards

T = 4
SAMPLED = torch.tensor([[True, True, True, False]] * 2)


def episode(rewards=(1.0, 0.5, 0.25, 0.0), mask=(1, 1, 1, 0), reward=1.75, dtype=np.float32, **more):
    row = {"token_rewards": np.array(rewards, dtype=dtype), "response_mask": np.array(mask), "reward": reward}
    return {**row, **more}


def read(second):
    """Reads a right episode, and a second one."""
    return read_token_rewards([episode(), second], SAMPLED, T)


def test_what_the_environment_said_comes_back():
    scores, mask = read(episode(rewards=(0.0, -1.0, 0.0, 0.0), mask=(1, 1, 0, 0), reward=-1.0))
    assert scores.dtype == torch.float32
    assert scores.tolist() == [[1.0, 0.5, 0.25, 0.0], [0.0, -1.0, 0.0, 0.0]]
    assert mask.tolist() == [[True, True, True, False], [True, True, False, False]]


@pytest.mark.parametrize("dtype", [np.float16, np.float32, np.float64, np.int64, np.int8])
def test_any_real_numbers_will_do(dtype):
    scores, _ = read(episode(rewards=(1, 2, 0, 0), reward=3.0, dtype=dtype))
    assert scores[1].tolist() == [1.0, 2.0, 0.0, 0.0]


def test_an_empty_response_earns_nothing():
    _, mask = read(episode(rewards=(0, 0, 0, 0), mask=(0, 0, 0, 0), reward=0.0, response_length=0))
    assert mask[1].sum() == 0


WRONG = {
    "a sum that is not the reward": (
        episode(reward=1.7),
        r"info\['token_rewards'\] of episode 1: expected a sum of 1\.7, the reward of the step, within "
        r"8\.3e-07, got 1\.75; a wrapper that changes the one must change the other",
    ),
    "a reward that no token earned": (episode(rewards=(0, 0, 0, 0), reward=1e-30), "within 0, got 0.0"),
    "a reward of half the size": (episode(reward=0.875), "expected a sum of 0.875"),
    "a reward outside the mask": (
        episode(rewards=(1.0, 0.5, 0.0, 0.25)),
        "episode 1: expected 1 on sampled tokens only, no reward elsewhere",
    ),
    "a token that was not sampled": (episode(mask=(1, 1, 1, 1)), "for 3 sampled tokens"),
    "a hole": (
        episode(rewards=(1.5, 0.0, 0.25, 0.0), mask=(1, 0, 1, 0)),
        r"expected 1 on the first tokens and 0 on the rest, got \[1, 0, 1, 0\]",
    ),
    "a mask that starts late": (episode(rewards=(0, 1.5, 0.25, 0), mask=(0, 1, 1, 0)), "on the first tokens"),
    "a mask of other numbers": (
        episode(rewards=(1.75, 0, 0, 0), mask=(1, 2, 0, 0)),
        r"got \[1, 2, 0, 0\]",
    ),
    "a length that is not that of the mask": (
        episode(response_length=2),
        r"info\['response_length'\] of episode 1: expected 3, the number of tokens in .*, got 2",
    ),
    "too few rewards": (
        episode(rewards=(1.0, 0.75, 0.0)),
        r"info\['token_rewards'\] of episode 1: expected shape \(T,\) = \(4,\), got shape \(3,\)",
    ),
    "too long a mask": (episode(mask=(1, 1, 1, 0, 0)), r"info\['response_mask'\] of .*got shape \(5,\)"),
    "a number where a row belongs": (episode() | {"token_rewards": 1.75}, r"got shape \(\)"),
    "no rewards": ({"response_mask": np.ones(T), "reward": 0.0}, r"info\['token_rewards'\] .* got none"),
    "words": (
        episode() | {"token_rewards": np.array(["1", "0", "0", "0"])},
        r"info\['token_rewards'\]: expected real numbers, got dtype <U",
    ),
    "objects": (episode() | {"token_rewards": np.array([1, None, 0, 0])}, "got dtype object"),
    "complex numbers": (episode(dtype=np.complex64), "got dtype complex"),
}


@pytest.mark.parametrize("name", WRONG)
def test_what_contradicts_itself_is_refused_in_one_line(name):
    second, message = WRONG[name]
    with pytest.raises(ValueError, match=message) as caught:
        read(second)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("wrong", [np.nan, np.inf, -np.inf, 1e39])
def test_numbers_that_float32_can_not_hold(wrong):
    with pytest.raises(FloatingPointError, match=r"info\['token_rewards'\] of episode 1: not finite"):
        read(episode(rewards=(wrong, 0, 0, 0), reward=float(wrong), dtype=np.float64))


@pytest.mark.parametrize("wrong", [np.nan, np.inf])
def test_a_reward_that_is_not_finite(wrong):
    with pytest.raises(FloatingPointError, match="reward of episode 1: expected a finite number"):
        read(episode(reward=wrong))


def added_up(rewards):
    """Returns the sum in float32, one after the other: the order with the largest error."""
    total = np.float32(0.0)
    for reward in rewards:
        total = np.float32(total + reward)
    return float(total)


@pytest.mark.parametrize("seed", range(20))
def test_sums_in_single_precision_are_no_contradiction(seed):
    rng = np.random.default_rng(seed)
    width = 2_048
    rewards = (rng.normal(size=width) * 10.0 ** rng.integers(-6, 6, width)).astype(np.float32)
    rewards[-1] = -added_up(rewards[:-1])  # most of it cancels
    mask = np.ones(width)
    for reward in (added_up(rewards), float(rewards.sum()), float(rewards.sum(dtype=np.float64))):
        info = {"token_rewards": rewards, "response_mask": mask, "reward": reward}
        read_token_rewards([info], torch.ones(1, width, dtype=torch.bool), width)


def test_a_batch_costs_milliseconds():
    mask, rewards = np.ones(1_024, dtype=np.int8), np.zeros(1_024, dtype=np.float32)
    infos = [{"token_rewards": rewards, "response_mask": mask, "reward": 0.0}] * 512
    sampled = torch.ones(512, 1_024, dtype=torch.bool)
    best = np.inf
    for _ in range(5):
        started = time.perf_counter()
        read_token_rewards(infos, sampled, 1_024)
        best = min(best, time.perf_counter() - started)
    assert best < 0.25  # it takes 5 ms; half a million tokens take a policy minutes


def known(*values, dtype=np.float32):
    return {"prefix_values": np.array(values, dtype=dtype)}


def test_values_of_prefixes_come_back_as_they_were_said():
    found = read_prefix_values([known(0.0, 0.5, -1.0, 0.0), known(0, 1, 2, 0, dtype=np.int64)], SAMPLED)
    assert found.dtype == torch.float32
    assert found.tolist() == [[0.0, 0.5, -1.0, 0.0], [0.0, 1.0, 2.0, 0.0]]
    assert read_prefix_values([episode(), episode()], SAMPLED) is None


@pytest.mark.parametrize(
    ("second", "error", "message"),
    [
        ({}, ValueError, r"info\['prefix_values'\] of episode 1: expected shape \(T,\) = \(4,\), got none"),
        (known(0.0, 1.0), ValueError, r"expected shape \(T,\) = \(4,\), got shape \(2,\)"),
        ({"prefix_values": np.array(list("abcd"))}, ValueError, "expected real numbers, got dtype <U"),
        (known(0.0, 1.0, np.nan, 0.0), FloatingPointError, r"episode 1: not finite: \[0.0, 1.0, nan, 0.0\]"),
        (known(0.0, 1e300, 0.0, 0.0, dtype=np.float64), FloatingPointError, "not finite"),
        (
            known(0.0, 1.0, 0.0, 0.25), ValueError,
            r"expected 0 where info\['response_mask'\] is 0, got \[0.0, 1.0, 0.0, 0.25\] for 3 tokens",
        ),
    ],
)  # fmt: skip
def test_values_of_prefixes_that_are_wrong_are_refused(second, error, message):
    with pytest.raises(error, match=message):
        read_prefix_values([known(0.0, 0.5, -1.0, 0.0), second], SAMPLED)
