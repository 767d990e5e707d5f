"""agents/maths/advantages.py: by hand, and their expected gradient by enumeration of a whole game."""

import itertools

import pytest
import torch

from agents.maths.advantages import (
    BASELINES,
    group_advantages,
    leave_one_out,
    reward_to_go,
    scale_groups,
)

MASK = torch.tensor([[1, 1, 1], [1, 1, 0]]).bool()
REWARDS = torch.tensor([[1.0, 2.0, 3.0], [4.0, 0.0, 0.0]])


def close(a, b):
    torch.testing.assert_close(a, torch.as_tensor(b, dtype=a.dtype), atol=1e-6, rtol=0.0)


def test_rewards_to_go():
    close(reward_to_go(REWARDS, MASK, gamma=1.0), [[6.0, 5.0, 3.0], [4.0, 0.0, 0.0]])
    close(reward_to_go(REWARDS, MASK, gamma=0.5), [[2.75, 3.5, 3.0], [4.0, 0.0, 0.0]])


@pytest.mark.parametrize(
    ("gamma", "baseline", "expected"),
    [
        # the other's 4 is to go whole at 0, by half at 1, not at all past its end; the 6 by 3/3, 2/3
        (1.0, "share", [[6 - 4, 5 - 2, 3 - 0], [4 - 6, 0 - 4, 0]]),
        (1.0, "return", [[6 - 4, 5 - 4, 3 - 4], [4 - 6, 0 - 6, 0]]),
        # a 1 for each token is worth 1.75, 1.5, 1 and 1.5, 1
        (0.5, "share", [[2.75 - 4, 3.5 - 4 / 1.5, 3], [4 - 2.75, -2.75 * 1.5 / 1.75, 0]]),
        (0.5, "return", [[2.75 - 4, 3.5 - 4, 3 - 4], [4 - 2.75, -2.75, 0]]),
    ],
)
def test_advantages_of_two_responses_by_hand(gamma, baseline, expected):
    found = group_advantages(REWARDS, MASK, group_size=2, gamma=gamma, baseline=baseline)
    close(found, expected)


@pytest.mark.parametrize("baseline", BASELINES)
def test_responses_of_one_token_have_the_leave_one_out_baseline_of_their_own_group(baseline):
    rewards, mask = torch.tensor([[1.0], [2.0], [6.0], [10.0], [10.0], [40.0]]), torch.ones(6, 1).bool()
    found = group_advantages(rewards, mask, group_size=3, gamma=1.0, baseline=baseline)
    # others: (2 + 6) / 2, (1 + 6) / 2, (1 + 2) / 2; (10 + 40) / 2 twice, (10 + 10) / 2
    close(found, [[1 - 4.0], [2 - 3.5], [6 - 1.5], [10 - 25.0], [10 - 25.0], [40 - 10.0]])


def test_a_row_weighs_nothing_in_its_own_mean():
    x = torch.tensor([[1e30], [0.1], [0.2]])
    assert leave_one_out(x, 3)[0].item() == (0.5 * x[1] + 0.5 * x[2]).item()


@pytest.mark.parametrize("baseline", BASELINES)
@pytest.mark.parametrize("gamma", [1.0, 0.5])
def test_one_reward_changes_the_advantages_that_the_formula_names(baseline, gamma):
    """Response 1 of a group of three, token 2: its own tokens 0 to 2, and those of 0 and 2 by its share."""
    generator = torch.Generator().manual_seed(0)
    lengths = torch.tensor([4, 4, 2, 3, 1, 4])
    mask = torch.arange(4) < lengths[:, None]
    rewards = torch.randn(6, 4, generator=generator, dtype=torch.float64) * mask
    changed = rewards.clone()
    changed[1, 2] += 3.0
    before, after = (
        group_advantages(r, mask, group_size=3, gamma=gamma, baseline=baseline) for r in (rewards, changed)
    )
    moved = after - before
    ones = [sum(gamma**s for s in range(4 - t)) for t in range(4)]  # what 1 a token is worth from t on
    expected = torch.zeros(6, 4, dtype=torch.float64)
    expected[1, :3] = torch.tensor([3.0 * gamma ** (2 - t) for t in range(3)])
    for row, length in ((0, 4), (2, 2)):
        for t in range(length):
            share = ones[t] / ones[0] if baseline == "share" else 1.0
            expected[row, t] = -3.0 * gamma**2 * share / 2
    torch.testing.assert_close(moved, expected, atol=1e-12, rtol=0.0)
    assert torch.equal(before[1, 3:], after[1, 3:])
    assert torch.equal(before[3:], after[3:])


class Game:
    """All responses of up to three of the tokens 0, 1 and the end, under a policy with a table of logits."""

    END, LONGEST, PRICE = 2, 3, 0.3

    def __init__(self):
        generator = torch.Generator().manual_seed(1)
        draw = {"generator": generator, "dtype": torch.float64}
        self.logits = torch.randn(40, 3, **draw).requires_grad_()
        self.reference = torch.randn(40, 3, **draw).log_softmax(-1)
        self.pay = torch.randn(40, 3, **draw) + 0.7  # off 0: a baseline that counts tokens is seen
        self.responses = [
            y
            for n in range(1, self.LONGEST + 1)
            for y in itertools.product(range(3), repeat=n)
            if self.END not in y[:-1] and (y[-1] == self.END or n == self.LONGEST)
        ]

    def of_tokens(self, table):
        """Returns the entry of each token in the table's row for what came before, (responses, T)."""
        rows = []
        for y in self.responses:
            states = [sum((a + 1) * 3**i for i, a in enumerate(y[:t])) for t in range(len(y))]
            entries = [table[state, a] for state, a in zip(states, y, strict=True)]
            rows.append(torch.stack(entries + [torch.zeros((), dtype=torch.float64)] * (3 - len(y))))
        return torch.stack(rows)

    def gradient(self, value):
        return torch.autograd.grad(value, self.logits)[0]


def per_token_mean(rewards, mask, group_size):
    """The baseline that was not taken: the others' mean reward per token, off each token that follows."""
    mean = (rewards.sum(-1) / mask.sum(-1))[:, None]
    ones = reward_to_go(mask.to(rewards.dtype), mask, gamma=1.0)
    return (reward_to_go(rewards, mask, gamma=1.0) - leave_one_out(mean, group_size) * ones) * mask


@pytest.fixture(scope="module")
def game():
    return Game()


def test_the_exact_divergence_is_no_reward_of_its_own_token(game):
    """In place of the sampled token's it loses a part of the gradient; with that part back it is right."""
    log_policy = game.logits.log_softmax(-1)
    sampled = game.of_tokens((log_policy - game.reference).detach())
    exact = (log_policy.exp() * (log_policy - game.reference)).sum(-1, keepdim=True).expand(40, 3).detach()
    exact = game.of_tokens(exact)
    lengths = torch.tensor([len(y) for y in game.responses])
    mask = torch.arange(game.LONGEST) < lengths[:, None]
    pay, logprobs = game.of_tokens(game.pay), game.of_tokens(log_policy)
    chances = logprobs.sum(-1).exp().detach()[:, None]

    def gradient(divergence, own):
        to_go = reward_to_go(pay - game.PRICE * divergence, mask, gamma=1.0) - game.PRICE * own
        return game.gradient((chances * to_go * game.of_tokens(game.logits.log_softmax(-1))).sum())

    truth = gradient(sampled, torch.zeros_like(sampled))
    torch.testing.assert_close(gradient(exact, sampled - exact), truth, atol=1e-12, rtol=0.0)
    assert (gradient(exact, torch.zeros_like(exact)) - truth).abs().max() > 0.02


def expected_gradient(game, group_size, estimate):
    """Returns E[sum over t of A_t grad log pi_t] of a response over all groups, and the true gradient."""
    logprobs = game.of_tokens(game.logits.log_softmax(-1))
    chances = logprobs.sum(-1).exp()
    divergence = logprobs - game.of_tokens(game.reference)
    rewards = game.of_tokens(game.pay) - game.PRICE * divergence
    truth = game.gradient((chances * rewards.sum(-1)).sum())
    lengths = torch.tensor([len(y) for y in game.responses])
    mask = torch.arange(game.LONGEST) < lengths[:, None]
    everyone = range(len(game.responses))
    groups = torch.tensor(list(itertools.product(everyone, repeat=group_size)))  # (groups, group_size)
    rows = groups.flatten()
    advantages = estimate(rewards.detach()[rows], mask[rows])
    logprobs = game.of_tokens(game.logits.log_softmax(-1))
    chance = chances.detach()[groups].prod(-1).repeat_interleave(group_size)
    return game.gradient((chance[:, None] * advantages * logprobs[rows]).sum()) / group_size, truth


@pytest.mark.parametrize("group_size", [2, 3])
@pytest.mark.parametrize("baseline", BASELINES)
def test_the_baseline_leaves_the_expected_gradient_alone(game, group_size, baseline):
    """That of score less divergence, by differentiating its expectation over all 15 responses."""

    def estimate(rewards, mask):
        return group_advantages(rewards, mask, group_size=group_size, gamma=1.0, baseline=baseline)

    assert len(game.responses) == 1 + 2 + 12
    found, truth = expected_gradient(game, group_size, estimate)
    torch.testing.assert_close(found, truth, atol=1e-12, rtol=0.0)
    bare, _ = expected_gradient(game, group_size, lambda r, m: reward_to_go(r, m, gamma=1.0))
    torch.testing.assert_close(bare, truth, atol=1e-12, rtol=0.0)
    assert truth.abs().max() > 0.1


def test_a_baseline_that_counts_a_response_s_own_tokens_is_biased(game):
    found, truth = expected_gradient(game, 2, lambda r, m: per_token_mean(r, m, 2))
    assert (found - truth).abs().max() > 0.05


def test_groups_are_scaled_to_a_mean_square_of_one_without_a_shift():
    advantages = torch.tensor([[1.0, 7.0], [5.0, 0.0], [0.0, 0.0], [0.0, 0.0], [2.0, 2.0], [2.0, 2.0]])
    mask = torch.tensor([[1, 1], [1, 0], [1, 1], [1, 1], [1, 1], [1, 1]]).bool()
    found = scale_groups(advantages, mask, group_size=2, floor=0.02)
    # (1 + 49 + 25) / 3 = 25; nothing; 4
    close(found, [[0.2, 1.4], [1.0, 0.0], [0.0, 0.0], [0.0, 0.0], [1.0, 1.0], [1.0, 1.0]])
    whole = scale_groups(advantages, mask, group_size=6, floor=0.02)
    close(whole, advantages / (91 / 11) ** 0.5)
    small = scale_groups(advantages / 100.0, mask, group_size=2, floor=0.1)  # roots 0.05 and 0.02
    close(small[:2], [[0.05, 0.35], [0.25, 0.0]])  # over 0.1^2 / 0.05
    close(small[4:], [[0.04, 0.04], [0.04, 0.04]])
