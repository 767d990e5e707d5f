"""agents/policies/kind_probabilities.py: the fused head against autograd over whole distributions."""

import pytest
import torch
from torch import nn

from agents.maths.kinds import number_kinds
from agents.policies import kind_probabilities
from agents.policies.kind_probabilities import RefLogits, Wanted, expectations, expectations_of_logits

N, H, L, V, C = 7, 5, 11, 9, 4


@pytest.fixture(autouse=True)
def small_pieces(monkeypatch):
    """More than one piece, the last of another size."""
    monkeypatch.setattr(kind_probabilities, "ROWS_AT_ONCE", 4)


def make(bias=True, dtype=torch.float64, sizes=(N, H, L, V, C)):
    torch.manual_seed(0)
    n, h, length, v, c = sizes
    head = nn.Linear(h, length, bias=bias, dtype=dtype)
    hidden = torch.randn(n, h, dtype=dtype, requires_grad=True)
    chosen = torch.randint(0, v, (n,))
    kind_of = number_kinds(torch.randint(0, c, (v,)).numpy())[0]
    logits = torch.randn(v, n, dtype=dtype)
    logprobs = logits.log_softmax(0)[chosen, torch.arange(n)]

    def wanted(reference=True, with_entropy=True):
        """A new one each time: the table of the reference is overwritten."""
        return Wanted(kind_of, c, RefLogits(logits.clone(), logprobs) if reference else None, with_entropy)

    return head, hidden, chosen, wanted


def slowly(head, hidden, chosen, wanted, temperature, v=V):
    return expectations_of_logits(head(hidden)[:, :v] / temperature, chosen, wanted)


def gradients(found, parameters):
    torch.manual_seed(1)
    whole = sum((x * torch.randn_like(x)).sum() for x in found if x is not None)
    return torch.autograd.grad(whole, parameters, retain_graph=True)


@pytest.mark.parametrize("bias", [False, True])
@pytest.mark.parametrize("temperature", [1.0, 0.7])
@pytest.mark.parametrize("asked", [{}, {"reference": False}, {"with_entropy": False}])
def test_values_and_gradients_are_those_of_autograd(bias, temperature, asked):
    head, hidden, chosen, wanted = make(bias)
    found = expectations(hidden, head, chosen, wanted(**asked), temperature=temperature)
    expected = slowly(head, hidden, chosen, wanted(**asked), temperature)
    assert [x is None for x in found] == [x is None for x in expected]
    assert all(
        torch.allclose(a, b, atol=1e-12) for a, b in zip(found, expected, strict=True) if b is not None
    )
    parameters = [hidden, *head.parameters()]
    for a, b in zip(gradients(found, parameters), gradients(expected, parameters), strict=True):
        assert torch.allclose(a, b, atol=1e-12)


def test_autograd_of_whole_distributions_is_right_by_hand():
    """Three tokens with probabilities 1/2, 1/4, 1/4, a uniform reference; the last two are a kind."""
    logits = torch.tensor([[0.5, 0.25, 0.25]], dtype=torch.float64).log()
    table = torch.zeros(3, 1, dtype=torch.float64)
    reference = RefLogits(table, table[0] - torch.tensor(3.0).log())
    found = expectations_of_logits(
        logits, torch.tensor([1]), Wanted(torch.tensor([0, 1, 1]), 2, reference, True)
    )
    ln2, ln3 = torch.tensor([2.0, 3.0], dtype=torch.float64).log().tolist()
    assert found.logprobs.item() == pytest.approx(-2 * ln2)
    assert found.kinds.tolist() == [[0.5, 0.5]]
    assert found.entropy.item() == pytest.approx(1.5 * ln2)
    assert found.kl.item() == pytest.approx(ln3 - 1.5 * ln2)


def test_the_gradient_is_that_of_small_differences():
    head, hidden, chosen, wanted = make()

    def function(x, weight, bias):
        return kind_probabilities._Expectations.apply(x, weight, bias, chosen, wanted(), 0.7)

    assert torch.autograd.gradcheck(function, (hidden, *head.parameters()))


def test_float32_is_right_to_rounding(monkeypatch):
    monkeypatch.setattr(kind_probabilities, "ROWS_AT_ONCE", 64)
    sizes = (16, 32, 520, 500, 40)
    results = []
    for dtype in (torch.float32, torch.float64):
        head, hidden, chosen, wanted = make(True, torch.float64, sizes)
        head = head.to(dtype)
        hidden = hidden.detach().to(dtype).requires_grad_(True)
        asked = wanted()
        table = asked.reference.table.to(dtype)
        asked = asked._replace(reference=RefLogits(table, asked.reference.logprobs.to(dtype)))
        found = expectations(hidden, head, chosen, asked, temperature=1.0)
        whole = sum(x.sum() * k for k, x in enumerate((found.logprobs, found.kl, found.entropy), start=1))
        whole = whole + (found.kinds * torch.linspace(-1.0, 1.0, 40, dtype=dtype)).sum()
        results.append([*found, *torch.autograd.grad(whole, [hidden, *head.parameters()])])
    for single, double in zip(*results, strict=True):
        assert (single.double() - double).abs().max() < 1e-6 * double.abs().max().clamp(min=1.0)


def test_a_frozen_head_gets_no_gradient():
    head, hidden, chosen, wanted = make()
    head.requires_grad_(False)
    expectations(hidden, head, chosen, wanted(), temperature=1.0).kl.sum().backward()
    assert head.weight.grad is None
    assert hidden.grad.abs().max() > 0


def test_logits_far_apart_stay_finite():
    head, hidden, chosen, wanted = make()
    found = expectations(1e4 * hidden, head, chosen, wanted(), temperature=1.0)
    expected = slowly(head, 1e4 * hidden, chosen, wanted(), 1.0)
    assert all(torch.allclose(a, b, rtol=1e-9) for a, b in zip(found[:3], expected[:3], strict=True))
    parameters = [hidden, *head.parameters()]
    assert all(bool(torch.isfinite(x).all()) for x in gradients(found, parameters))
