"""agents/policies/chosen_logprobs.py: the head's log-probs and gradients, against autograd's in float64."""

import pytest
import torch
from torch import nn

from agents.policies.chosen_logprobs import chosen_logprobs, logit_table

N, H, L, V = 7, 5, 11, 9


def make(bias=True):
    torch.manual_seed(0)
    head = nn.Linear(H, L, bias=bias, dtype=torch.float64)
    hidden = torch.randn(N, H, dtype=torch.float64, requires_grad=True)
    return head, hidden, torch.randint(0, V, (N,))


def slowly(hidden, head, chosen, temperature):
    return (head(hidden)[:, :V] / temperature).log_softmax(-1)[torch.arange(N), chosen]


@pytest.mark.parametrize("bias", [False, True])
@pytest.mark.parametrize("temperature", [1.0, 0.7])
def test_values_and_gradients_are_those_of_autograd(bias, temperature):
    head, hidden, chosen = make(bias)
    weights = torch.linspace(-1.0, 2.0, N, dtype=torch.float64)
    found = chosen_logprobs(hidden, head, chosen, vocab_size=V, temperature=temperature)
    expected = slowly(hidden, head, chosen, temperature)
    assert torch.allclose(found, expected, atol=1e-12)
    parameters = [hidden, *head.parameters()]
    fast = torch.autograd.grad((found * weights).sum(), parameters)
    slow = torch.autograd.grad((expected * weights).sum(), parameters)
    for a, b in zip(fast, slow, strict=True):
        assert torch.allclose(a, b, atol=1e-12)


def test_a_frozen_head_gets_no_gradient():
    head, hidden, chosen = make()
    head.requires_grad_(False)
    chosen_logprobs(hidden, head, chosen, vocab_size=V, temperature=1.0).sum().backward()
    assert head.weight.grad is None
    assert hidden.grad.abs().max() > 0


def test_logits_far_apart_stay_finite():
    head, hidden, chosen = make()
    found = chosen_logprobs(1e4 * hidden, head, chosen, vocab_size=V, temperature=1.0)
    assert torch.allclose(found, slowly(1e4 * hidden, head, chosen, 1.0), rtol=1e-9)
    assert found.min() < -1000.0


def test_the_gradient_can_be_taken_again_where_the_graph_is_kept():
    head, hidden, chosen = make()
    found = chosen_logprobs(hidden, head, chosen, vocab_size=V, temperature=1.0).sum()
    first, second = (torch.autograd.grad(found, [hidden, head.weight], retain_graph=True) for _ in range(2))
    assert all(torch.equal(a, b) for a, b in zip(first, second, strict=True))


def test_the_table_has_a_row_for_each_token():
    head, hidden, _ = make()
    assert torch.allclose(
        logit_table(hidden, head.weight, head.bias, V, 0.5), 2.0 * head(hidden)[:, :V].T, atol=1e-12
    )
