"""agents/policies/sampling.py: tokens come as often as their probability says."""

import math

import numpy as np
import pytest
import torch

from agents.policies.sampling import RowsOfDraw, draw_tokens, draw_uniforms


def test_tokens_by_hand():
    weights = 8.0 * torch.tensor([0.25, 0.0, 0.5, 0.25])[:, None].expand(4, 5)
    uniforms = torch.tensor([0.0, 0.2499, 0.25, 0.7499, 0.75], dtype=torch.float64)
    assert draw_tokens(weights, uniforms).tolist() == [0, 0, 2, 2, 3]


@pytest.mark.parametrize("count", [1, 2, 3, 11, 16, 20])
def test_every_token_is_drawn_for_its_share(count):
    """With weights 1, 2, ..., the token is the first whose triangular number exceeds the share."""
    weights = torch.arange(1.0, count + 1.0)[:, None]
    total = count * (count + 1) // 2
    drawn = [int(draw_tokens(weights, torch.tensor([(k + 0.5) / total]).double())) for k in range(total)]
    assert drawn == [token for token in range(count) for _ in range(token + 1)]


def test_a_token_without_weight_is_never_drawn():
    largest = math.nextafter(1.0, 0.0)
    weights = torch.tensor([[0.0, 0.3, 0.69, 0.0, 0.0], [0.0, 1.0, 0.0, 0.0, 0.0]]).T
    assert draw_tokens(weights, torch.tensor([largest, largest], dtype=torch.float64)).tolist() == [2, 1]
    assert draw_tokens(weights, torch.zeros(2, dtype=torch.float64)).tolist() == [1, 1]


def test_frequencies_follow_the_softmax():
    """Chi-square of 100,000 draws with 19 degrees of freedom; 43.8 is exceeded once in a thousand."""
    draws = 100_000
    generator = torch.Generator().manual_seed(0)
    probabilities = (2.0 * torch.randn(20, generator=generator)).softmax(-1)
    uniforms = draw_uniforms(draws, 1, generator)[:, 0]
    weights = probabilities[:, None].expand(20, draws)
    counts = np.bincount(draw_tokens(weights, uniforms).numpy(), minlength=20)
    expected = draws * probabilities.double().numpy()
    assert ((counts - expected) ** 2 / expected).sum() < 43.8


def test_uniforms_depend_on_the_generator_alone():
    a, b = (draw_uniforms(3, 4, torch.Generator().manual_seed(1)) for _ in range(2))
    assert torch.equal(a, b)
    assert a.dtype == torch.float64
    assert 0.0 <= a.min() <= a.max() < 1.0


def test_rows_of_a_draw_are_those_of_the_whole_and_leave_the_generator_as_it_does():
    alone, shared = (torch.Generator().manual_seed(3) for _ in range(2))
    whole = draw_uniforms(6, 4, alone)
    assert torch.equal(draw_uniforms(2, 3, RowsOfDraw(shared, 6, 4, first=2)), whole[2:4, :3])
    assert torch.equal(alone.get_state(), shared.get_state())
