"""`token_rloo`: advantages of tokens within groups, against its formula token by token."""

import types

import numpy as np
import pytest

from rlsf_gym.integrations.group_advantages import token_rloo
from tests.helpers.sampled import leave_one_out, to_go

torch = pytest.importorskip("torch")

ROWS = [[0.0, 0.5, 0.5], [0.5, -0.25], [1.0], [0.25, 0.0, 0.0, -1.0]]
GROUPS = ["a", "a", "b", "a"]


def lay(rows, side, width=6):
    """Returns rewards and mask (B, T), padded on a side, with numbers on the padding that must not count."""
    rewards, mask = torch.full((len(rows), width), 9.0), torch.zeros(len(rows), width, dtype=torch.int64)
    for at, row in enumerate(rows):
        place = slice(width - len(row), width) if side == "left" else slice(0, len(row))
        rewards[at, place], mask[at, place] = torch.tensor(row), 1
    return rewards, mask


@pytest.mark.parametrize("side", ["left", "right"])
def test_the_formula_token_by_token(side):
    rewards, mask = lay(ROWS, side)
    advantages, returns = token_rloo(rewards, mask, GROUPS)
    assert advantages.shape == returns.shape == (4, 6) and advantages.dtype == torch.float32
    expected = leave_one_out(ROWS, GROUPS)
    for at, row in enumerate(ROWS):
        np.testing.assert_allclose(advantages[at][mask[at].bool()], expected[at], atol=1e-6)
        np.testing.assert_allclose(returns[at][mask[at].bool()], to_go(row), atol=1e-6)
    assert not advantages[mask == 0].any() and not returns[mask == 0].any()
    assert rewards.max() == 9.0  # what was given is left as it was


def test_by_hand():
    """The second has earned 0.25 with 2 tokens: 0.125 is to come at t = 1, and nothing at t = 2."""
    rewards, mask = lay(ROWS[:2], "right", 3)
    advantages, _ = token_rloo(rewards, mask, ["a", "a"])
    assert advantages.flatten().tolist() == pytest.approx([0.75, 0.875, 0.5, -0.75, -0.25 - 2 / 3, 0.0])


def test_one_number_at_the_last_token_is_rloo_at_the_first():
    rewards, mask = lay([[0.0, 0.0, 1.0], [0.0, 0.0], [0.0, 0.5]], "right")
    advantages, _ = token_rloo(rewards, mask, ["a"] * 3)
    assert advantages[:, 0].tolist() == pytest.approx([1 - 0.25, 0 - 0.75, 0.5 - 0.5])


def test_where_rewards_lie_is_told_although_the_sums_are_the_same():
    early, mask = lay([[1.0, 0.0, 0.0], [0.0, 0.0, 0.0]], "right")
    late, _ = lay([[0.0, 0.0, 1.0], [0.0, 0.0, 0.0]], "right")
    assert token_rloo(early, mask, ["a", "a"])[0][0, :3].tolist() == [1.0, 0.0, 0.0]
    assert token_rloo(late, mask, ["a", "a"])[0][0, :3].tolist() == [1.0, 1.0, 1.0]


def test_a_response_without_tokens_is_no_division_by_zero():
    rewards, mask = lay([[], [0.5]], "right")
    advantages, _ = token_rloo(rewards, mask, ["a", "a"])
    assert advantages[:, 0].tolist() == [0.0, 0.5] and torch.isfinite(advantages).all()


def test_half_precision_is_summed_in_full():
    rewards = torch.full((2, 512), 1 / 256, dtype=torch.bfloat16)
    _, returns = token_rloo(rewards, torch.ones(2, 512, dtype=torch.bool), ["a", "b"])
    assert returns[0, 0] == 2.0 and returns.dtype == torch.float32


def test_the_gradient_is_that_without_a_baseline():
    """Over all samples of three responses of two tokens, grad log pi A has the mean of grad log pi G."""
    logits = torch.tensor([[0.3, -0.2], [0.1, 0.4]])
    pay = torch.tensor([[0.5, -0.25], [1.0, 0.125]])  # reward of token a at position t
    with_baseline, without = torch.zeros(2, 2, 2)
    for choice in np.ndindex(*[2] * 6):
        tokens = torch.tensor(choice).reshape(3, 2)
        chance = logits.softmax(1)[torch.arange(2), tokens].prod()
        rewards = pay[torch.arange(2), tokens]
        advantages, returns = token_rloo(rewards, torch.ones(3, 2), ["a"] * 3)
        gradient = torch.eye(2)[tokens] - logits.softmax(1)  # (3, 2, 2) of log pi
        with_baseline += chance * (gradient * advantages[..., None]).sum(0)
        without += chance * (gradient * returns[..., None]).sum(0)
    np.testing.assert_allclose(with_baseline, without, atol=1e-6)
    assert without.abs().max() > 0.1


@pytest.mark.parametrize("given", [{"gamma": 0.9}, {"config": types.SimpleNamespace(gamma=0.9)}])
def test_a_discount_is_refused(given):
    rewards, mask = lay(ROWS, "right")
    with pytest.raises(
        ValueError, match=r"gamma must be 1 for token_rloo, whose baseline is not .*, got 0.9"
    ):
        token_rloo(rewards, mask, GROUPS, **given)
    token_rloo(rewards, mask, GROUPS, gamma=1.0, config=types.SimpleNamespace(gamma=0.9))
