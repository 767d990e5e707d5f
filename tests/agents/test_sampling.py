"""agents/sampling.py: tokens come as often as their probability says."""

import math

import numpy as np
import torch

from agents.sampling import draw_tokens, draw_uniforms


def test_tokens_by_hand():
    probabilities = torch.tensor([[0.25, 0.0, 0.5, 0.25]]).expand(5, 4)
    uniforms = torch.tensor([0.0, 0.2499, 0.25, 0.7499, 0.75], dtype=torch.float64)
    assert draw_tokens(probabilities, uniforms).tolist() == [0, 0, 2, 2, 3]


def test_a_token_without_probability_is_never_drawn():
    largest = math.nextafter(1.0, 0.0)
    probabilities = torch.tensor(
        [[0.0, 0.3, 0.69, 0.0], [0.0, 1.0, 0.0, 0.0]]
    )  # the first sums to less than 1
    assert draw_tokens(probabilities, torch.tensor([largest, largest], dtype=torch.float64)).tolist() == [
        2,
        1,
    ]
    assert draw_tokens(probabilities, torch.zeros(2, dtype=torch.float64)).tolist() == [1, 1]


def test_frequencies_follow_the_softmax():
    """Chi-square of 100,000 draws with 19 degrees of freedom; 43.8 is exceeded once in a thousand."""
    draws = 100_000
    generator = torch.Generator().manual_seed(0)
    probabilities = (2.0 * torch.randn(20, generator=generator)).softmax(-1)
    uniforms = draw_uniforms(draws, 1, generator)[:, 0]
    counts = np.bincount(draw_tokens(probabilities.expand(draws, 20), uniforms).numpy(), minlength=20)
    expected = draws * probabilities.double().numpy()
    assert ((counts - expected) ** 2 / expected).sum() < 43.8


def test_uniforms_depend_on_the_generator_alone():
    a, b = (draw_uniforms(3, 4, torch.Generator().manual_seed(1)) for _ in range(2))
    assert torch.equal(a, b)
    assert a.dtype == torch.float64
    assert 0.0 <= a.min() <= a.max() < 1.0
