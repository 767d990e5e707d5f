"""agents/maths/losses.py: sums over real tokens, divided by a constant."""

import math

import pytest
import torch

from agents.maths.losses import (
    clipped_surrogate,
    explained_variance,
    kl_k3,
    masked_sum,
    ratio_statistics,
    value_loss,
)

MASK = torch.tensor([[True, True, False]])


def surrogate(ratios, advantages, mask=MASK, denominator=2.0):
    logprobs = torch.tensor([ratios]).log().requires_grad_()
    loss = clipped_surrogate(
        logprobs, torch.zeros_like(logprobs), torch.tensor([advantages]), mask,
        cliprange=0.2, denominator=denominator,
    )  # fmt: skip
    return loss, logprobs


def moved(logprobs, mask=MASK, denominator=2.0):
    return ratio_statistics(logprobs, torch.zeros_like(logprobs), mask, denominator=denominator)


def test_the_surrogate_is_clipped_where_it_would_gain():
    found, logprobs = surrogate([1.5, 0.5, 1.0], [1.0, 1.0, 9.0])
    # min(1.5, 1.2) + min(0.5, 0.8) = 1.7
    assert found.loss.item() == pytest.approx(-1.7 / 2)
    found.loss.backward()
    assert logprobs.grad[0].tolist() == pytest.approx([0.0, -0.5 / 2, 0.0])  # clipped, d ratio, masked
    assert found.clip_fraction == 1.0
    assert moved(logprobs).ratio_mean == 1.0
    assert moved(logprobs).ratio_error == 0.5
    assert not any(number.requires_grad for number in moved(logprobs))


def test_the_surrogate_is_clipped_for_bad_tokens_too():
    found, logprobs = surrogate([1.5, 0.5, 1.0], [-1.0, -1.0, 9.0])
    # min(-1.5, -1.2) + min(-0.5, -0.8) = -2.3
    assert found.loss.item() == pytest.approx(2.3 / 2)
    found.loss.backward()
    assert logprobs.grad[0].tolist() == pytest.approx([1.5 / 2, 0.0, 0.0])


def test_before_the_first_step_the_gradient_is_that_of_reinforce():
    found, logprobs = surrogate([1.0, 1.0, 1.0], [2.0, -3.0, 9.0])
    found.loss.backward()
    assert logprobs.grad[0].tolist() == [-1.0, 1.5, 0.0]
    assert moved(logprobs).approx_kl == found.clip_fraction == moved(logprobs).ratio_error == 0.0


def test_the_approximate_kl_is_never_negative():
    found = moved(torch.tensor([[1.1, 0.9, 5.0]]).log())
    expected = (0.1 - math.log(1.1)) + (-0.1 - math.log(0.9))
    assert found.approx_kl.item() == pytest.approx(expected / 2, rel=1e-3)
    assert found.approx_kl > 0


def test_a_nan_outside_the_mask_reaches_neither_loss_nor_gradient():
    logprobs = torch.tensor([[-1.0, -2.0, math.nan]], requires_grad=True)
    old = torch.tensor([[-1.0, -2.0, math.nan]])
    clipped_surrogate(logprobs, old, torch.ones(1, 3), MASK, cliprange=0.2, denominator=1.0).loss.backward()
    assert torch.isfinite(logprobs.grad).all()
    assert logprobs.grad[0, 2] == 0.0


def test_the_denominator_is_what_the_caller_says():
    """Two parts of a batch under one constant add up to the whole, whatever the lengths in them."""
    generator = torch.Generator().manual_seed(0)
    logprobs, advantages = (torch.randn(4, 3, generator=generator) for _ in range(2))
    mask = torch.arange(3) < torch.tensor([3, 1, 2, 1])[:, None]
    old = torch.zeros(4, 3)

    def loss(rows):
        return clipped_surrogate(
            logprobs[rows], old[rows], advantages[rows], mask[rows], cliprange=0.2, denominator=7.0
        ).loss.item()

    assert loss(slice(0, 2)) + loss(slice(2, 4)) == pytest.approx(loss(slice(0, 4)), rel=1e-6)


def test_value_loss_is_half_the_squared_error():
    values = torch.tensor([[1.0, 2.0, 5.0]], requires_grad=True)
    loss = value_loss(
        values,
        torch.zeros(1, 3),
        torch.tensor([[0.0, 4.0, 0.0]]),
        MASK,
        cliprange_value=None,
        denominator=2.0,
    )
    assert loss.item() == 0.5 * (1.0 + 4.0) / 2.0
    loss.backward()
    assert values.grad[0].tolist() == [0.5, -1.0, 0.0]


def test_the_value_is_clipped_to_the_old_one_and_the_larger_error_counts():
    values = torch.tensor([[1.0, 0.1, 0.0]], requires_grad=True)
    loss = value_loss(
        values, torch.zeros(1, 3), torch.tensor([[2.0, 0.0, 9.0]]), MASK, cliprange_value=0.2, denominator=1.0
    )
    assert loss.item() == pytest.approx(0.5 * (1.8**2 + 0.1**2))  # clipped to 0.2, and within the range
    loss.backward()
    assert values.grad[0].tolist() == pytest.approx([0.0, 0.1, 0.0])


def test_k3_is_zero_for_equals_and_positive_otherwise():
    logprobs = torch.tensor([[-1.0, -2.0, -3.0]])
    assert kl_k3(logprobs, logprobs, MASK).tolist() == [[0.0, 0.0, 0.0]]
    found = kl_k3(logprobs, torch.tensor([[-2.0, -1.0, -9.0]]), MASK)
    expected = [math.exp(-1) - 1 + 1, math.exp(1) - 1 - 1, 0.0]
    assert found[0].tolist() == pytest.approx(expected)


def test_k3_is_unbiased():
    """Its expectation under pi is KL(pi, reference)."""
    p, q = torch.tensor([0.7, 0.2, 0.1]), torch.tensor([0.3, 0.3, 0.4])
    k3 = kl_k3(p.log()[None], q.log()[None], torch.ones(1, 3, dtype=torch.bool))[0]
    assert (p * k3).sum().item() == pytest.approx((p * (p / q).log()).sum().item(), rel=1e-5)


def test_explained_variance():
    returns, mask = torch.tensor([[1.0, 3.0, 99.0]]), MASK
    assert (
        explained_variance(returns + 5.0, returns, mask) == 1.0
    )  # a constant error explains all the variance
    assert explained_variance(torch.zeros(1, 3), returns, mask) == 0.0
    assert explained_variance(-returns, returns, mask) == pytest.approx(-3.0)
    assert explained_variance(returns, torch.ones(1, 3), mask) == 0.0


def test_masked_sum_does_not_see_what_is_masked():
    assert masked_sum(torch.tensor([[1.0, 2.0, math.inf]]), MASK, 4.0).item() == 0.75


def test_the_upper_clip_can_be_wider():
    """Ratios 1.25, 0.7 and 1.4, clipped to [0.8, 1.3]: only the 0.7 and the 1.4 lie outside."""
    logprobs = torch.tensor([[1.25, 0.7, 1.4]]).log().requires_grad_()
    found = clipped_surrogate(
        logprobs,
        torch.zeros(1, 3),
        torch.tensor([[1.0, -1.0, 2.0]]),
        torch.ones(1, 3).bool(),
        cliprange=0.2,
        cliprange_high=0.3,
        denominator=1.0,
    )
    # minus (1.25 + min(-0.7, -0.8) + min(2.8, 2 * 1.3)); without the wider clip the first were 1.2
    assert found.loss.item() == pytest.approx(-(1.25 - 0.8 + 2.6))
    assert found.clip_fraction.item() == 2.0
    found.loss.backward()
    assert logprobs.grad.tolist()[0] == pytest.approx([-1.25, 0.0, 0.0])


@pytest.mark.parametrize("high", [None, 0.2])
def test_no_upper_clip_of_its_own_is_the_lower_one(high):
    generator = torch.Generator().manual_seed(0)
    logprobs, old, advantages = torch.randn(3, 4, 5, generator=generator) * 0.3
    both = {"cliprange": 0.2, "denominator": 7.0}
    plain = clipped_surrogate(logprobs, old, advantages, torch.ones(4, 5).bool(), **both)
    found = clipped_surrogate(logprobs, old, advantages, torch.ones(4, 5).bool(), cliprange_high=high, **both)
    assert all(map(torch.equal, plain, found))
    ratio = (logprobs - old).exp()
    expected = -torch.minimum(ratio * advantages, ratio.clamp(0.8, 1.2) * advantages).sum() / 7.0
    torch.testing.assert_close(found.loss, expected)
