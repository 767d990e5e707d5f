"""agents/maths/expected.py: rewards in expectation over kinds of tokens, with values worked by hand."""

import math

import pytest
import torch

from agents.maths.expected import (
    clipped_expectation,
    expected_rewards,
    good_kinds,
    good_set_loss,
    rewards_to_come,
)

MASK = torch.tensor([[True, True, False]])


def test_expected_rewards_weigh_kinds_by_their_probabilities():
    probabilities = torch.tensor([[[0.25, 0.75], [0.5, 0.5]]])
    rewards = torch.tensor([[[4.0, 0.0], [1.0, -2.0]]])
    assert expected_rewards(probabilities, rewards).tolist() == [[1.0, -0.5]]


def test_rewards_to_come_are_those_of_the_next_state():
    expected = torch.tensor([[1.0, 2.0, 4.0], [8.0, 16.0, 32.0]])
    mask = torch.tensor([[True, True, True], [True, True, False]])
    assert rewards_to_come(expected, mask, gamma=0.5).tolist() == [[1.0, 2.0, 0.0], [8.0, 0.0, 0.0]]


def test_the_clip_bounds_each_kind_in_the_direction_of_its_advantage():
    """At the first token ratios are 1.5 and 0.75, at the second 1; the third is not real.

    Clipped to [0.8, 1.3]: 1.5 A is cut to 1.3 A for A > 0 and stays for A < 0, 0.75 A to 0.8 A for A < 0.
    """
    old = torch.tensor([[[0.2, 0.8], [0.5, 0.5], [0.5, 0.5]]])
    new = torch.tensor([[[0.3, 0.6], [0.5, 0.5], [0.1, 0.9]]])
    for advantages, gain in (
        ((1.0, -1.0), 0.2 * 1.3 - 0.8 * 0.8),
        ((-1.0, 1.0), -0.3 + 0.6),
    ):
        table = torch.tensor([[advantages, (2.0, 0.0), (9.0, 9.0)]])
        found = clipped_expectation(new, old, table, MASK, cliprange=0.2, cliprange_high=0.3, denominator=4.0)
        assert found.loss.item() == pytest.approx(-(gain + 0.5 * 2.0) / 4.0)
        assert found.clip_fraction.item() == pytest.approx(1.0 / 4.0)  # both kinds: 0.2 + 0.8


def test_before_a_step_the_gradient_is_that_of_the_expectation():
    old = torch.tensor([[[0.2, 0.8]]], dtype=torch.float64)
    new = old.clone().requires_grad_(True)
    advantages = torch.tensor([[[3.0, -1.0]]], dtype=torch.float64)
    mask = torch.tensor([[True]])
    loss = clipped_expectation(new, old, advantages, mask, cliprange=0.2, denominator=2.0).loss
    assert torch.autograd.grad(loss, new)[0].tolist() == [[[-1.5, 0.5]]]


def test_a_kind_without_probability_stays_finite():
    new = torch.tensor([[[0.0, 1.0]]], requires_grad=True)
    loss = clipped_expectation(
        new,
        new.detach(),
        torch.tensor([[[1.0, 0.0]]]),
        torch.tensor([[True]]),
        cliprange=0.2,
        denominator=1.0,
    ).loss
    assert torch.isfinite(torch.autograd.grad(loss, new)[0]).all()


def test_kinds_that_lose_nothing_are_good():
    rewards = torch.tensor([0.5, 0.0, -1e-7, -1e-5, -1.0])
    assert good_kinds(rewards).tolist() == [1.0, 1.0, 1.0, 0.0, 0.0]


def test_the_good_set_loss_is_minus_the_log_of_their_probability():
    """A state without a good token is left out, as is one that is not real."""
    probabilities = torch.tensor(
        [[[0.5, 0.25, 0.25], [0.1, 0.2, 0.7], [0.3, 0.3, 0.4]]], dtype=torch.float64
    ).requires_grad_(True)
    good = torch.tensor([[[1.0, 0.0, 1.0], [0.0, 0.0, 0.0], [1.0, 1.0, 1.0]]], dtype=torch.float64)
    loss = good_set_loss(probabilities, good, MASK, denominator=2.0)
    assert loss.item() == pytest.approx(-math.log(0.75) / 2.0)
    gradient = torch.autograd.grad(loss, probabilities)[0]
    assert gradient[0, 0].tolist() == pytest.approx([-1.0 / 1.5, 0.0, -1.0 / 1.5])
    assert not gradient[0, 1:].any()


def test_the_good_set_gradient_is_cross_entropy_with_the_policy_without_bad_tokens():
    torch.manual_seed(0)
    logits = torch.randn(1, 1, 5, dtype=torch.float64, requires_grad=True)
    good = torch.tensor([[[1.0, 0.0, 1.0, 1.0, 0.0]]], dtype=torch.float64)
    mask = torch.tensor([[True]])
    found = torch.autograd.grad(good_set_loss(logits.softmax(-1), good, mask, denominator=1.0), logits)[0]
    labels = (logits.detach().softmax(-1) * good) / (logits.detach().softmax(-1) * good).sum()
    expected = torch.autograd.grad(-(labels * logits.log_softmax(-1)).sum(), logits)[0]
    assert (found - expected).abs().max() < 1e-14
