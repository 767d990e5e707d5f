"""agents/maths/positions.py: quarters of each response."""

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from agents.maths.losses import explained_variance
from agents.maths.positions import explained_variance_by_quarter, kl_by_quarter, quarter_masks

LENGTHS = st.lists(st.integers(1, 9), min_size=1, max_size=5)


def mask_of(lengths):
    return torch.arange(max(lengths)) < torch.tensor(lengths)[:, None]


def quarters_of(lengths):
    masks = quarter_masks(mask_of(lengths))
    return [
        [next(q for q in range(4) if masks[q][b, t]) + 1 for t in range(n)] for b, n in enumerate(lengths)
    ]


def test_quarters_by_hand():
    assert quarters_of([1, 2, 3, 4, 5, 8]) == [
        [1], [1, 3], [1, 2, 3], [1, 2, 3, 4], [1, 1, 2, 3, 4], [1, 1, 2, 2, 3, 3, 4, 4],
    ]  # fmt: skip


@given(LENGTHS)
def test_each_token_lies_in_one_quarter_and_padding_in_none(lengths):
    mask = mask_of(lengths)
    assert torch.equal(sum(part.int() for part in quarter_masks(mask)), mask.int())


@settings(deadline=None)
@given(LENGTHS, st.integers(0, 10**6))
def test_the_parts_of_the_divergence_add_up(lengths, seed):
    mask = mask_of(lengths)
    kl = torch.rand(mask.shape, generator=torch.Generator().manual_seed(seed)) * mask
    parts = kl_by_quarter(kl, mask)
    assert list(parts) == ["objective/kl_q1", "objective/kl_q2", "objective/kl_q3", "objective/kl_q4"]
    assert sum(parts.values()) == pytest.approx(kl.double().sum(-1).mean().item(), abs=1e-12)
    slow = [0.0] * 4
    for b, n in enumerate(lengths):
        for t in range(n):
            slow[4 * t // n] += kl[b, t].item() / len(lengths)
    assert list(parts.values()) == pytest.approx(slow, abs=1e-12)


def test_the_critic_is_judged_within_each_quarter():
    """Perfect in the first quarter, wrong in the second, without anything to explain in the last."""
    mask = torch.ones(3, 4, dtype=torch.bool)
    returns = torch.tensor([[1.0, 1.0, 0.0, 5.0], [2.0, 2.0, 3.0, 5.0], [3.0, 3.0, 6.0, 5.0]])
    values = returns * torch.tensor([1.0, -1.0, 0.5, 0.0])
    found = explained_variance_by_quarter(values, returns, mask)
    # a critic that says c times the return leaves (1 - c)^2 of the variance
    assert list(found.values()) == pytest.approx([1.0, -3.0, 0.75, 0.0])
    assert found["val/explained_variance_q3"] == explained_variance(
        values[:, 2:3], returns[:, 2:3], mask[:, :1]
    )


def test_a_quarter_that_no_response_reaches_is_left_out():
    mask = mask_of([2, 1])
    found = explained_variance_by_quarter(torch.zeros(2, 2), torch.rand(2, 2), mask)
    assert sorted(found) == ["val/explained_variance_q1", "val/explained_variance_q3"]
