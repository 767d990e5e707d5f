"""agents/maths/losses.py against loops over single tokens in float64, with masks of every kind."""

import math

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from agents.maths.losses import (
    clipped_surrogate,
    explained_variance,
    kl_k3,
    masked_sum,
    ratio_statistics,
    value_loss,
)

LIMIT = 0.2


@st.composite
def batches(draw):
    """Draws four (B, T) float64, a mask with holes and at least one True, and a denominator."""
    rows, width = draw(st.integers(1, 4)), draw(st.integers(1, 6))
    bits = draw(st.lists(st.booleans(), min_size=rows * width, max_size=rows * width))
    bits[draw(st.integers(0, rows * width - 1))] = True
    generator = torch.Generator().manual_seed(draw(st.integers(0, 10**6)))
    fields = [
        0.4 * torch.randn(rows, width, generator=generator, dtype=torch.float64) for _ in range(4)
    ]  # ratios and values on either side of the clip ranges
    return fields, torch.tensor(bits).reshape(rows, width), draw(st.sampled_from([1.0, 3.5, 40.0]))


def real(mask):
    return [tuple(place) for place in mask.nonzero().tolist()]


@settings(deadline=None)
@given(batches())
def test_the_clipped_surrogate_and_its_gradient(batch):
    (new, old, advantages, _), mask, denominator = batch
    new = new.clone().requires_grad_()
    found = clipped_surrogate(new, old, advantages, mask, cliprange=LIMIT, denominator=denominator)
    found.loss.backward()
    loss = kl = clipped = 0.0
    ratios, gradient = [], torch.zeros_like(old)
    for place in real(mask):
        log_ratio, advantage = new[place].item() - old[place].item(), advantages[place].item()
        ratio = math.exp(log_ratio)
        held = min(max(ratio, 1.0 - LIMIT), 1.0 + LIMIT)
        loss -= min(ratio * advantage, held * advantage)
        kl += ratio - 1.0 - log_ratio
        clipped += abs(ratio - 1.0) > LIMIT
        gains = ratio > 1.0 + LIMIT if advantage > 0.0 else ratio < 1.0 - LIMIT
        gradient[place] = 0.0 if gains else -ratio * advantage / denominator
        ratios.append(ratio)
    assert found.loss.item() == pytest.approx(loss / denominator, abs=1e-12)
    moved = ratio_statistics(new, old, mask, denominator=denominator)
    assert moved.approx_kl.item() == pytest.approx(kl / denominator, abs=1e-12)
    assert found.clip_fraction.item() == pytest.approx(clipped / denominator, abs=1e-6)  # float32
    assert moved.ratio_mean.item() == pytest.approx(sum(ratios) / len(ratios), abs=1e-12)
    assert moved.ratio_error.item() == pytest.approx(max(abs(r - 1.0) for r in ratios), abs=1e-12)
    assert torch.allclose(new.grad, gradient, rtol=0.0, atol=1e-12)
    assert not new.grad[~mask].any()


@settings(deadline=None)
@given(batches(), st.sampled_from([None, 0.1, 0.5]))
def test_the_value_loss_and_its_gradient(batch, limit):
    (new, old, returns, _), mask, denominator = batch
    new = new.clone().requires_grad_()
    found = value_loss(new, old, returns, mask, cliprange_value=limit, denominator=denominator)
    found.backward()
    loss, gradient = 0.0, torch.zeros_like(old)
    for place in real(mask):
        value, before, target = (x[place].item() for x in (new, old, returns))
        error, slope = (value - target) ** 2, value - target
        if limit is not None:
            moved = min(max(value - before, -limit), limit)
            held = (before + moved - target) ** 2
            if held > error:
                error, slope = held, (0.0 if abs(value - before) > limit else slope)
        loss += 0.5 * error / denominator
        gradient[place] = slope / denominator
    assert found.item() == pytest.approx(loss, abs=1e-12)
    assert torch.allclose(new.grad, gradient, rtol=0.0, atol=1e-12)
    assert not new.grad[~mask].any()


@settings(deadline=None)
@given(batches())
def test_the_entropy_bonus_and_its_gradient(batch):
    """As an update takes it: the masked sum of entropies, over the denominator."""
    (entropy, *_), mask, denominator = batch
    entropy = entropy.clone().requires_grad_()
    bonus = masked_sum(entropy, mask, denominator)
    bonus.backward()
    expected = sum(entropy[place].item() for place in real(mask)) / denominator
    assert bonus.item() == pytest.approx(expected, abs=1e-12)
    assert torch.equal(entropy.grad, mask.double() / denominator)


@settings(deadline=None)
@given(batches())
def test_k3(batch):
    (logprobs, reference, *_), mask, _ = batch
    expected = torch.zeros_like(logprobs)
    for place in real(mask):
        log_ratio = reference[place].item() - logprobs[place].item()
        expected[place] = math.exp(log_ratio) - 1.0 - log_ratio
    assert torch.allclose(kl_k3(logprobs, reference, mask), expected, rtol=0.0, atol=1e-12)


@settings(deadline=None)
@given(batches())
def test_explained_variance(batch):
    (values, returns, *_), mask, _ = batch
    targets = [returns[place].item() for place in real(mask)]
    errors = [returns[place].item() - values[place].item() for place in real(mask)]

    def variance(xs):
        mean = math.fsum(xs) / len(xs)
        return math.fsum((x - mean) ** 2 for x in xs) / len(xs)

    expected = 1.0 - variance(errors) / variance(targets) if len(targets) > 1 else 0.0
    assert explained_variance(values, returns, mask) == pytest.approx(expected, rel=1e-9, abs=1e-9)
