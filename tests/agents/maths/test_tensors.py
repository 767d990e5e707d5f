"""agents/maths/tensors.py: statistics over real tokens alone."""

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from agents.maths.kinds import KindTargets
from agents.maths.tensors import (
    Batch,
    Rollout,
    concatenate_rollouts,
    floored_deviation,
    masked_mean,
    masked_var,
    prefix_mask,
    split_rows,
    take_rows,
    whiten,
    whitening_factor,
)

X = torch.tensor([[1.0, 2.0, 99.0], [6.0, -99.0, 99.0]])
MASK = torch.tensor([[True, True, False], [True, False, False]])


def test_mean_and_variance_are_over_all_real_tokens():
    assert masked_mean(X, MASK) == 3.0  # (1 + 2 + 6) / 3
    assert masked_var(X, MASK).item() == pytest.approx(14 / 3)  # (4 + 1 + 9) / 3


def test_whitening_centres_and_scales():
    white = whiten(X, MASK, floor=0.02)
    deviation = (14 / 3) ** 0.5
    expected = [[-2 / deviation, -1 / deviation, 0.0], [3 / deviation, 0.0, 0.0]]
    assert torch.allclose(white, torch.tensor(expected))


def test_scaling_does_not_shift():
    rewards = torch.tensor([[0.0, 2.0, 99.0], [4.0, 99.0, 99.0]])
    scaled = rewards * whitening_factor(rewards, MASK, floor=0.02) * MASK
    deviation = (8 / 3) ** 0.5  # mean 2
    expected = [[0.0, 2 / deviation, 0.0], [4 / deviation, 0.0, 0.0]]
    assert torch.allclose(scaled, torch.tensor(expected))


@given(st.lists(st.floats(-10, 10, width=32), min_size=2, max_size=20), st.floats(0.5, 100, width=32))
def test_scaling_keeps_zeros_signs_and_ratios(values, factor):
    x = torch.tensor([values], dtype=torch.float64)
    x[0, 0] = 0.0
    mask = torch.ones_like(x, dtype=torch.bool)
    scaled, again = (y * whitening_factor(y, mask, floor=0.02) for y in (x, x * factor))
    assert scaled[0, 0] == 0.0
    assert torch.equal(torch.sign(scaled), torch.sign(x))
    if masked_var(x, mask) > 1e-2:
        assert torch.allclose(scaled, again, rtol=1e-5)


def test_a_constant_batch_stays_finite():
    assert whiten(torch.full((2, 3), 5.0), MASK, floor=0.02).tolist() == [[0.0] * 3] * 2


@pytest.mark.parametrize("floor", [0.25, torch.tensor(0.25)])
def test_a_batch_that_varies_less_than_the_floor_is_not_blown_up(floor):
    noise = X / 1000.0  # its mean is 0.003, its deviation about 0.00216
    centred = torch.tensor([[-0.002, -0.001, 0.0], [0.003, 0.0, 0.0]])
    assert torch.allclose(whiten(noise, MASK, floor=floor), centred, rtol=1e-4)
    assert whitening_factor(noise, MASK, floor=floor).item() == 1.0
    small = X / 20.0
    deviation = (14 / 3) ** 0.5 / 20.0  # 0.108, between floor^2 and the floor
    assert whitening_factor(small, MASK, floor=floor).item() == pytest.approx(deviation / 0.0625)


@pytest.mark.parametrize(
    ("floor", "sizes"),
    [
        (0.25, [(0.0, 1.0), (0.0625, 1.0), (0.125, 0.5), (0.25, 0.25), (0.5, 0.5), (3.0, 3.0)]),
        (2.0, [(0.0, 1.0), (0.5, 1.0), (1.5, 1.5), (3.0, 3.0)]),
    ],
)
def test_what_is_divided_by_does_not_jump(floor, sizes):
    deviations, expected = (torch.tensor(column) for column in zip(*sizes, strict=True))
    assert torch.equal(floored_deviation(deviations, floor), expected)


def test_a_floor_that_is_lower_changes_no_bit():
    x = torch.randn(8, 3, generator=torch.Generator().manual_seed(0)) / 10.0
    mask = torch.ones_like(x, dtype=torch.bool)
    deviation = x.std(correction=0).item()
    lowest = whiten(x, mask, floor=1e-8)
    assert torch.equal(whiten(x, mask, floor=0.999 * deviation), lowest)
    assert not torch.equal(whiten(x, mask, floor=1.001 * deviation), lowest)


def test_prefix_masks():
    assert prefix_mask(torch.tensor([0, 2, 3]), 3).int().tolist() == [[0, 0, 0], [1, 1, 0], [1, 1, 1]]


def test_rows_are_split_and_taken_in_order():
    x = torch.arange(5)
    assert [piece.tolist() for piece in split_rows(x, 2)] == [[0, 1], [2, 3], [4]]
    batch = Batch(*(torch.arange(8).reshape(4, 2) + 10 * k for k in range(10)))
    taken = take_rows(batch, torch.tensor([2, 0]))
    assert [field.tolist() for field in taken[:10]] == [
        [[10 * k + 4, 10 * k + 5], [10 * k, 10 * k + 1]] for k in range(10)
    ]
    bare = take_rows(batch._replace(returns=None, offsets=None), torch.tensor([1]))
    assert bare.returns is None and bare.offsets is None and bare.advantages.tolist() == [[72, 73]]
    assert bare.kinds is None
    cubes = torch.arange(8.0).reshape(4, 1, 2)
    kinds = KindTargets(torch.tensor([0, 1]), cubes, cubes, cubes[..., 0], None)
    assert take_rows(batch._replace(kinds=kinds), torch.tensor([2, 0])).kinds.values.tolist() == [
        [[4.0, 5.0]],
        [[0.0, 1.0]],
    ]


def test_rollouts_are_joined_in_order():
    parts = [Rollout(*(torch.full((2, 3), float(10 * p + k)) for k in range(9))) for p in range(2)]
    joined = concatenate_rollouts(parts)
    assert joined.kl[:, 0].tolist() == [8.0, 8.0, 18.0, 18.0]
    assert np.shape(joined.scores) == (4, 3)
    assert joined.prefix_values is None
    known = [part._replace(prefix_values=part.kl + 1.0) for part in parts]
    assert concatenate_rollouts(known).prefix_values[:, 0].tolist() == [9.0, 9.0, 19.0, 19.0]
