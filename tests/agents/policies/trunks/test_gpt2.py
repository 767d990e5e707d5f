"""agents/policies/trunks/gpt2.py: GPT-2 end to end says, and learns, what transformers' GPT-2 does."""

import pytest
import torch

from agents.policies.trunks.gpt2 import GPT2Trunk
from agents.policies.trunks.rows import RowTrunk

MASK = torch.tensor(
    [[False, False, True, True, True, True], [True] * 6, [False, True, True, True, False, False]]
)
TOKENS = torch.arange(18).reshape(3, 6) % 11
WANTED = {"rows": torch.tensor([0, 0, 1, 1, 2]), "columns": torch.tensor([3, 4, 2, 5, 2])}


@pytest.mark.parametrize("recompute", [False, True])
def test_it_says_and_learns_what_transformers_does(make_policy, recompute):
    model = make_policy().backbone.model
    gradients = []
    for trunk in (RowTrunk(model, whole=False), GPT2Trunk(model, recompute=recompute)):
        model.zero_grad()
        hidden = trunk.read(TOKENS, MASK, **WANTED).hidden
        (hidden * torch.linspace(-1.0, 1.0, hidden.numel()).view(hidden.shape)).sum().backward()
        trained = [p for p in model.parameters() if p.grad is not None]
        gradients.append((hidden.detach(), [p.grad.clone() for p in trained]))
    (expected, slow), (found, fast) = gradients
    assert torch.allclose(found, expected, atol=1e-5)
    assert len(fast) == len(slow) > 20
    for a, b in zip(fast, slow, strict=True):
        assert torch.allclose(a, b, atol=1e-5, rtol=1e-4)


def test_rows_of_equal_length_are_read_as_well(make_policy):
    model = make_policy().backbone.model
    mask = torch.ones(3, 6, dtype=torch.bool)
    wanted = {"rows": torch.arange(3), "columns": torch.full((3,), 5)}
    found, expected = (
        trunk.read(TOKENS, mask, **wanted).hidden
        for trunk in (GPT2Trunk(model), RowTrunk(model, whole=False))
    )
    assert torch.allclose(found, expected, atol=1e-5)


def test_positions_come_in_the_order_asked_for(make_policy):
    model = make_policy().backbone.model
    tokens, mask = TOKENS[:2, :2], torch.ones(2, 2, dtype=torch.bool)
    wanted = {"rows": torch.tensor([1, 0, 1, 0]), "columns": torch.tensor([1, 0, 0, 1])}  # all there are
    found, expected = (
        trunk.read(tokens, mask, **wanted).hidden
        for trunk in (GPT2Trunk(model), RowTrunk(model, whole=False))
    )
    assert torch.allclose(found, expected, atol=1e-5)


def test_texts_of_many_lengths_grow_as_if_they_had_been_given(make_policy):
    model = make_policy().backbone.model
    tokens, mask = TOKENS[:2], MASK[:2]
    rows = torch.arange(2)
    slow = RowTrunk(model, whole=False)
    whole = [slow.read(tokens, mask, rows=rows, columns=torch.full((2,), c)).hidden for c in (3, 4, 5)]
    growth, first = GPT2Trunk(model).open(tokens[:, :4], mask[:, :4], room=2)
    assert torch.allclose(first.hidden, whole[0], atol=1e-5)
    assert torch.allclose(growth.read(tokens[:, 4]).hidden, whole[1], atol=1e-5)
    growth.keep(torch.tensor([1]))
    assert torch.allclose(growth.read(tokens[1:, 5]).hidden, whole[2][1:], atol=1e-5)
