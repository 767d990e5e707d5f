"""agents/maths/returns.py: the KL penalty in the reward, advantages over tokens."""

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from agents.maths.returns import charge_missing_end, entropy_share, gae, kl_shaped_rewards, last_token_mask

MASK = torch.tensor([[True, True, True], [True, True, False]])


def slow_gae(rewards, values, lengths, gamma, lam):
    """A_t = sum over l of (gamma lam)^l delta_{t+l}, written out, in float64."""
    advantages = torch.zeros(rewards.shape, dtype=torch.float64)
    for b, length in enumerate(lengths):
        for t in range(length):
            for k in range(t, length):
                following = float(values[b, k + 1]) if k + 1 < length else 0.0
                delta = float(rewards[b, k]) + gamma * following - float(values[b, k])
                advantages[b, t] += (gamma * lam) ** (k - t) * delta
    return advantages


@st.composite
def batches(draw):
    rows, width = draw(st.integers(1, 4)), draw(st.integers(1, 7))
    lengths = [draw(st.integers(1, width)) for _ in range(rows)]
    generator = torch.Generator().manual_seed(draw(st.integers(0, 10**6)))
    rewards, values = (torch.randn(rows, width, generator=generator) for _ in range(2))
    mask = torch.arange(width) < torch.tensor(lengths)[:, None]
    return rewards, values, mask, lengths


def test_rewards_are_scores_less_the_price_of_divergence():
    scores = torch.tensor([[1.0, 0.0, 0.0], [0.0, 0.5, 7.0]])
    logprobs = torch.tensor([[-1.0, -2.0, -3.0], [-1.0, -1.0, -9.0]])
    reference = torch.tensor([[-1.5, -2.0, -2.0], [-1.0, -3.0, 0.0]])
    # log-ratios 0.5, 0, -1 and 0, 2, masked
    expected = [[1.0 - 0.05, 0.0, 0.1], [0.0, 0.5 - 0.2, 0.0]]
    assert torch.allclose(kl_shaped_rewards(scores, logprobs, reference, MASK, 0.1), torch.tensor(expected))


def test_a_reward_is_shared_out_by_entropy():
    entropy = torch.tensor([[1.0, 0.0, 3.0], [0.5, 1.5, 8.0]])
    shared = entropy_share(torch.tensor([2.0, -4.0]), entropy, MASK)
    # shares 1/4, 0, 3/4 and 1/4, 3/4, masked
    assert shared.tolist() == [[0.5, 0.0, 1.5], [-1.0, -3.0, 0.0]]


def test_a_reward_without_entropies_is_shared_out_evenly():
    entropy = torch.tensor([[0.0, -1e-8, 0.0], [0.0, 0.0, 5.0]])  # rounding may leave less than 0
    shared = entropy_share(torch.tensor([3.0, 1.0]), entropy, MASK)
    assert shared.tolist() == [[1.0, 1.0, 1.0], [0.5, 0.5, 0.0]]


def test_what_padding_holds_is_not_read():
    entropy = torch.tensor([[1.0, 1.0, 2.0], [1.0, 3.0, float("nan")]])
    shared = entropy_share(torch.tensor([4.0, 0.0]), entropy, MASK)
    assert shared.tolist() == [[1.0, 1.0, 2.0], [0.0, 0.0, 0.0]]


@settings(deadline=None)
@given(batches(), st.sampled_from([1e-30, 1e-3, 1.0, 1e6]))
def test_shares_add_up_and_are_proportional(batch, scale):
    rewards, values, mask, lengths = batch
    totals, entropy = rewards.sum(-1), values.abs() * scale
    shared = entropy_share(totals, entropy, mask)
    assert shared.dtype == torch.float32
    assert not shared[~mask].any()
    assert torch.allclose(shared.double().sum(-1), totals.double(), rtol=1e-6, atol=0.0)
    for b, length in enumerate(lengths):
        whole = sum(float(entropy[b, t]) for t in range(length))
        expected = [float(totals[b]) * float(entropy[b, t]) / whole for t in range(length)]
        assert shared[b, :length].tolist() == pytest.approx(expected, rel=1e-5)


def test_a_missing_end_is_charged_on_the_last_token():
    tokens = torch.tensor([[1, 2, 3], [1, 9, 0]])
    charged = charge_missing_end(torch.ones(2, 3), tokens, MASK, eos_token_id=9, penalty=0.5)
    assert charged.tolist() == [[1.0, 1.0, 0.5], [1.0, 1.0, 1.0]]
    assert last_token_mask(MASK).int().tolist() == [[0, 0, 1], [0, 1, 0]]


def test_advantages_by_hand():
    rewards, values = torch.tensor([[0.0, 1.0]]), torch.tensor([[0.5, 0.25]])
    advantages, returns = gae(rewards, values, torch.tensor([[True, True]]), gamma=1.0, lam=0.5)
    # delta_1 = 1 - 0.25 = 0.75; delta_0 = 0.25 - 0.5 = -0.25; A_0 = -0.25 + 0.5 * 0.75 = 0.125
    assert advantages.tolist() == [[0.125, 0.75]]
    assert returns.tolist() == [[0.625, 1.0]]


@settings(deadline=None)
@given(batches(), st.sampled_from([1.0, 0.9]), st.sampled_from([0.0, 0.95, 1.0]))
def test_advantages_follow_the_written_out_sum(batch, gamma, lam):
    rewards, values, mask, lengths = batch
    advantages, returns = gae(rewards, values, mask, gamma=gamma, lam=lam)
    assert torch.allclose(advantages.double(), slow_gae(rewards, values, lengths, gamma, lam), atol=1e-5)
    assert torch.allclose(returns, advantages + values * mask)


@settings(deadline=None)
@given(batches())
def test_lambda_one_is_the_return_less_the_value(batch):
    rewards, values, mask, _ = batch
    advantages, returns = gae(rewards, values, mask, gamma=1.0, lam=1.0)
    to_go = (rewards * mask).flip(-1).cumsum(-1).flip(-1) * mask
    assert torch.allclose(advantages, (to_go - values) * mask, atol=1e-5)
    assert torch.allclose(returns, to_go, atol=1e-5)


@pytest.mark.parametrize("changed", [0, 1, 2])
def test_one_reward_changes_exactly_the_advantages_before_it(changed):
    """By (gamma lam)^(changed - t) times the change for t <= changed, in its own row alone."""
    generator = torch.Generator().manual_seed(0)
    rewards, values = (torch.randn(2, 3, generator=generator) for _ in range(2))
    more = rewards.clone()
    more[0, changed] += 2.0
    mask = torch.ones(2, 3, dtype=torch.bool)
    before, _ = gae(rewards, values, mask, gamma=1.0, lam=0.5)
    after, _ = gae(more, values, mask, gamma=1.0, lam=0.5)
    expected = torch.zeros(2, 3)
    for t in range(changed + 1):
        expected[0, t] = 2.0 * 0.5 ** (changed - t)
    assert torch.allclose(after - before, expected, atol=1e-6)


def test_nothing_is_carried_over_the_end():
    rewards, values = torch.tensor([[1.0, 50.0]]), torch.tensor([[0.0, 70.0]])
    advantages, returns = gae(rewards, values, torch.tensor([[True, False]]), gamma=1.0, lam=0.95)
    assert advantages.tolist() == [[1.0, 0.0]]
    assert returns.tolist() == [[1.0, 0.0]]
