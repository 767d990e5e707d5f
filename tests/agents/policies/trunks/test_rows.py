"""agents/policies/trunks/rows.py: any causal language model of transformers, on rows of equal width."""

import pytest
import torch

from agents.policies.trunks.rows import RowTrunk, position_ids

TOKENS = torch.arange(10).reshape(2, 5)
MASK = torch.tensor([[False, True, True, True, True], [True] * 5])


@pytest.mark.parametrize("architecture", ["gpt2", "llama"])
def test_running_whole_gives_the_same(make_policy, architecture):
    backbone = make_policy(architecture).backbone
    wanted = {"rows": torch.tensor([1, 0]), "columns": torch.tensor([4, 2])}
    apart = RowTrunk(backbone.model, whole=False).read(TOKENS, MASK, **wanted)
    whole = RowTrunk(backbone.model, whole=True).read(TOKENS, MASK, **wanted)
    assert torch.allclose(backbone.logits(apart), whole.logits, atol=1e-5)
    assert torch.allclose(apart.hidden, whole.hidden, atol=1e-5)


@pytest.mark.parametrize("architecture", ["gpt2", "llama"])
def test_a_text_grows_as_if_it_had_been_given(make_policy, architecture):
    trunk = RowTrunk(make_policy(architecture).backbone.model, whole=False)
    rows = torch.arange(2)
    whole = [trunk.read(TOKENS, MASK, rows=rows, columns=torch.full((2,), c)).hidden for c in (2, 3, 4)]
    growth, first = trunk.open(TOKENS[:, :3], MASK[:, :3], room=2)
    assert torch.allclose(first.hidden, whole[0], atol=1e-5)
    assert torch.allclose(growth.read(TOKENS[:, 3]).hidden, whole[1], atol=1e-5)
    growth.keep(torch.tensor([1]))
    assert torch.allclose(growth.read(TOKENS[1:, 4]).hidden, whole[2][1:], atol=1e-5)


def test_positions_start_at_the_first_real_token():
    mask = torch.tensor([[False, False, True, True], [True, True, True, True]])
    assert position_ids(mask).tolist() == [[0, 0, 0, 1], [0, 1, 2, 3]]
