"""agents/policies/trunks/layout.py: tokens end to end and in rows."""

import torch

from agents.policies.trunks.layout import from_rows, lay_out, needed, take, to_rows

MASK = torch.tensor([[False, True, True, True], [True, True, True, True], [False, False, True, False]])
ROWS, COLUMNS = torch.tensor([0, 1, 1, 2]), torch.tensor([2, 0, 2, 2])


def test_tokens_after_the_last_wanted_one_are_left_out():
    assert needed(MASK, ROWS, COLUMNS).int().tolist() == [[0, 1, 1, 0], [1, 1, 1, 0], [0, 0, 1, 0]]
    assert not needed(MASK, torch.tensor([1]), torch.tensor([3]))[[0, 2]].any()


def test_a_layout_by_hand():
    layout = lay_out(MASK, ROWS, COLUMNS)
    assert layout.positions.tolist() == [0, 1, 0, 1, 2, 0]
    assert layout.slots.tolist() == [0, 1, 3, 4, 5, 6]
    assert (layout.rows, layout.width) == (3, 3)
    assert layout.wanted.tolist() == [1, 2, 4, 5]


def test_rows_hold_the_tokens_from_the_left_and_give_them_back():
    layout = lay_out(MASK, ROWS, COLUMNS)
    tokens = torch.arange(1.0, 7.0)[:, None]
    rows = to_rows(tokens, layout)
    assert rows[..., 0].tolist() == [[1, 2, 0], [3, 4, 5], [6, 0, 0]]
    assert torch.equal(from_rows(rows, layout), tokens)
    assert take(from_rows(rows, layout), layout.wanted)[:, 0].tolist() == [2, 3, 5, 6]


def test_gradients_go_back_to_where_they_came_from():
    layout = lay_out(MASK, ROWS, COLUMNS)
    tokens = torch.arange(6.0, dtype=torch.float64)[:, None].requires_grad_()
    assert torch.autograd.gradcheck(lambda x: from_rows(to_rows(x, layout).sin(), layout), tokens)
    assert torch.autograd.gradcheck(lambda x: take(x, torch.tensor([4, 0])).sin(), tokens)
