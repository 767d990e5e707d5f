"""agents/policies/distributions.py: figures of distributions, against their definitions in float64."""

import math

import pytest
import torch

from agents.policies.distributions import Distributions

V, N = 50, 6


def make(seed=0, scale=3.0):
    logits = scale * torch.randn(V, N, generator=torch.Generator().manual_seed(seed))
    return Distributions(logits.clone()), logits.double().log_softmax(0)


def test_log_probabilities_and_entropies():
    found, exact = make()
    chosen = torch.arange(N) * 7
    assert torch.allclose(found.logprobs(chosen).double(), exact[chosen, torch.arange(N)], atol=1e-5)
    assert torch.allclose(found.entropy().double(), -(exact.exp() * exact).sum(0), atol=1e-5)
    assert found.most_probable().tolist() == exact.argmax(0).tolist()


def test_divergence_is_the_sum_over_the_vocabulary():
    (p, exact_p), (q, exact_q) = make(0), make(1)
    expected = (exact_p.exp() * (exact_p - exact_q)).sum(0)
    assert torch.allclose(p.divergence_from(q).double(), expected, rtol=1e-5)
    assert (p.divergence_from(make(0)[0]) == 0).all()


def test_a_token_that_is_out_of_reach_is_neither_drawn_nor_spoils_the_figures():
    found = Distributions(torch.tensor([[0.0], [-1e4], [0.0]]))
    assert found.entropy().item() == pytest.approx(math.log(2.0))
    assert [int(found.draw(torch.tensor([u], dtype=torch.float64))) for u in (0.0, 0.49, 0.5, 0.99)] == [
        0,
        0,
        2,
        2,
    ]


def test_a_tilted_distribution_is_in_proportion_to_its_weights():
    found, exact = make()
    exponents = torch.randn(V, N, generator=torch.Generator().manual_seed(2))
    weights = exact.exp() * exponents.double().exp()
    expected = (weights / weights.sum(0)).log()
    chosen = torch.arange(N) * 7
    tilted = found.tilted(exponents)
    assert torch.allclose(tilted.logprobs(chosen).double(), expected[chosen, torch.arange(N)], atol=1e-5)
    assert torch.allclose(found.logprobs(chosen).double(), exact[chosen, torch.arange(N)], atol=1e-5)
