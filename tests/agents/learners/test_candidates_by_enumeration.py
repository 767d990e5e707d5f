"""Gradients with candidates over all responses of a game, in float64: unbiased, or biased by how much.

Four tokens, the last of which ends, at most three of them a response: 40 responses. A policy with a row of
logits for each prefix, a reference of the same form, and rewards of (prefix, next token) in which two tokens
always earn the same. The true gradient is autograd's of the sum over responses of
p(y) sum_t (r_t - beta log ratio).
"""

import itertools
from functools import partial

import pytest
import torch

from agents import GRPOConfig, RLOOConfig, TokenPPOConfig
from agents.learners.candidates import prepare_expected
from agents.learners.grpo import GRPO
from agents.learners.loss import clipped_loss
from agents.learners.ppo import estimate_with_critic, ppo_loss
from agents.learners.prepare import RewardTerms, Steps, prepare, scales, shape_rewards
from agents.maths.advantages import group_advantages
from agents.maths.kinds import Kinds
from agents.maths.tensors import Estimates, Rollout, Scored

V, T, END, BETA = 4, 3, 3, 0.2
KIND_OF = torch.tensor([0, 1, 1, 2])
PREFIXES = [prefix for n in range(T) for prefix in itertools.product(range(END), repeat=n)]
STATE = {prefix: number for number, prefix in enumerate(PREFIXES)}


def responses():
    """Returns all responses, in order."""
    whole = [(*prefix, END) for prefix in PREFIXES]
    return whole + list(itertools.product(range(END), repeat=T))


RESPONSES = responses()


@pytest.fixture
def game():
    generator = torch.Generator().manual_seed(0)
    draw = partial(torch.randn, generator=generator, dtype=torch.float64)
    logits = draw(len(PREFIXES), V).requires_grad_(True)
    reference = draw(len(PREFIXES), V).log_softmax(-1)
    return logits, reference, draw(len(PREFIXES), 3), draw(len(PREFIXES))


def tables():
    """Returns states (R, T), tokens (R, T) and the mask (R, T) of the responses."""
    states = [[STATE[y[:t]] if t < len(y) else 0 for t in range(T)] for y in RESPONSES]
    tokens = [[*y, *[0] * (T - len(y))] for y in RESPONSES]
    mask = [[t < len(y) for t in range(T)] for y in RESPONSES]
    return torch.tensor(states), torch.tensor(tokens), torch.tensor(mask)


STATES, TOKENS, MASK = tables()


def scored(logits, reference, rows):
    """Returns the policy's scores of some responses, with gradient."""
    states, tokens, mask = STATES[rows], TOKENS[rows], MASK[rows]
    log_p = logits.log_softmax(-1)[states]  # (N, T, V)
    p = log_p.exp()
    kinds = torch.stack([p[..., c == KIND_OF].sum(-1) for c in range(3)], -1)
    kl = (p * (log_p - reference[states])).sum(-1)
    return Scored(
        logprobs=log_p.gather(-1, tokens[..., None])[..., 0] * mask,
        values=torch.zeros(mask.shape, dtype=torch.float64), entropy=None,
        kl=kl * mask, kinds=kinds * mask[..., None],
    )  # fmt: skip


def rollout_of(game, rows):
    logits, reference, rewards, values = game
    states, tokens, mask = STATES[rows], TOKENS[rows], MASK[rows]
    at = scored(logits.detach(), reference, rows)
    of_kinds = rewards[states] * mask[..., None]
    ref = reference[states].gather(-1, tokens[..., None])[..., 0] * mask
    return Rollout(
        tokens=tokens, attention_mask=mask, response_mask=mask,
        scores=of_kinds.gather(-1, KIND_OF[tokens][..., None])[..., 0],
        logprobs=at.logprobs, values=values[states] * mask, entropy=at.values, ref_logprobs=ref, kl=at.kl,
        kinds=Kinds(KIND_OF, of_kinds, at.kinds, (ref[..., None], None)),
    )  # fmt: skip


def probabilities(logits):
    """Returns p(y) of each response, with gradient."""
    return (logits.log_softmax(-1)[STATES].gather(-1, TOKENS[..., None])[..., 0] * MASK).sum(-1).exp()


def true_gradient(game, penalty=0.0):
    logits, reference, rewards, _ = game
    at = scored(logits, reference, slice(None))
    paid = rewards[STATES].gather(-1, KIND_OF[TOKENS][..., None])[..., 0] * MASK
    ref = reference[STATES].gather(-1, TOKENS[..., None])[..., 0] * MASK
    charged = penalty * (~(TOKENS == END).any(-1)).double()
    returns = (paid - BETA * (at.logprobs - ref)).sum(-1) - charged
    return torch.autograd.grad((probabilities(logits) * returns).sum(), logits)[0]


def expected_gradient(game, steps, loss, config, *, group=1, how=prepare_expected):
    """Returns minus the gradient of the loss, the mean over all groups of responses by probability."""
    logits, reference = game[:2]
    rows = torch.tensor(list(itertools.product(range(len(RESPONSES)), repeat=group))).reshape(-1)
    weights = probabilities(logits.detach())[rows].reshape(-1, group).prod(-1) / group
    weights = weights.repeat_interleave(group)[:, None]  # (rows, 1)
    batch = how(rollout_of(game, rows), RewardTerms(BETA, END), steps, config)
    kinds = batch.kinds
    if kinds is not None:
        kinds = kinds._replace(values=kinds.values * weights[..., None], kl_weight=kinds.kl_weight * weights)
    batch = batch._replace(advantages=batch.advantages * weights, kinds=kinds)
    found = loss(scored(logits, reference, rows), batch, 1.0)
    return -torch.autograd.grad(found.loss, logits)[0]


def ppo(game, *, how=prepare_expected, **settings):
    config = TokenPPOConfig(
        **{"candidates": "exact", "whiten_advantages": False, "vf_coef": 0.0, "lam": 1.0, **settings}
    )
    steps = Steps(
        partial(shape_rewards, config=config), partial(estimate_with_critic, config=config), scales(config)
    )
    return expected_gradient(game, steps, partial(ppo_loss, config=config), config, how=how)


def bias(found, true):
    """Returns the size of what is wrong of a gradient, over that of the true one."""
    return ((found - true).norm() / true.norm()).item()


def test_the_game_is_whole(game):
    assert len(RESPONSES) == 40
    assert probabilities(game[0]).sum().item() == pytest.approx(1.0, abs=1e-14)


def test_the_gradient_is_the_true_one(game):
    """With any values of the critic, at gamma, lambda and future of 1."""
    true = true_gradient(game)
    assert true.norm() > 0.1
    assert (ppo(game) - true).abs().max() < 1e-12


def test_what_shaping_adds_is_sampled(game):
    found = ppo(game, missing_eos_penalty=0.75)
    true = true_gradient(game, penalty=0.75)
    assert bias(true_gradient(game), true) > 0.05
    assert (found - true).abs().max() < 1e-12


def sampled(rollout, terms, steps, config):
    return prepare(rollout, terms, **steps._asdict())


@pytest.mark.parametrize("gamma", [1.0, 0.9, 0.0])
def test_the_gradient_is_that_of_sampled_tokens_in_expectation(game, gamma):
    found = ppo(game, gamma=gamma)
    assert (found - ppo(game, gamma=gamma, candidates="off", how=sampled)).abs().max() < 1e-12


@pytest.mark.parametrize("baseline", ["share", "return"])
def test_groups_give_the_true_gradient(game, baseline):
    config = RLOOConfig(candidates="exact", group_size=2, baseline=baseline)

    def estimate(rollout, rewards):
        mask = rollout.response_mask
        return Estimates(group_advantages(rewards, mask, group_size=2, gamma=1.0, baseline=baseline), None)

    steps = Steps(partial(shape_rewards, config=config), estimate, scales(config))
    found = expected_gradient(game, steps, partial(clipped_loss, config=config), config, group=2)
    assert (found - true_gradient(game)).abs().max() < 1e-12


def test_grpo_without_a_scale_gives_half_the_true_gradient_in_groups_of_two(game):
    """The factor 1 - 1/k of a mean that holds the response itself is that of both parts."""
    config = GRPOConfig(candidates="exact", group_size=2, scale="none")
    agent = object.__new__(GRPO)
    agent.config = config
    steps = Steps(partial(shape_rewards, config=config), agent.estimate, agent.scales())
    found = expected_gradient(game, steps, partial(clipped_loss, config=config), config, group=2)
    assert (found - 0.5 * true_gradient(game)).abs().max() < 1e-12


def values_to_come(game):
    """Returns the exact value of what comes after the next token at each prefix, backwards."""
    logits, reference, rewards, _ = game
    log_p = logits.detach().log_softmax(-1)
    p = log_p.exp()
    paid = (p * rewards[:, KIND_OF]).sum(-1) - BETA * (p * (log_p - reference)).sum(-1)  # (states,)
    values = torch.zeros(len(PREFIXES), dtype=torch.float64)
    for prefix in reversed(PREFIXES):
        if len(prefix) < T - 1:
            after = [STATE[(*prefix, a)] for a in range(END)]
            values[STATE[prefix]] = (p[STATE[prefix], :END] * (paid[after] + values[after])).sum()
    return values


def test_lambda_below_one_is_biased_by_what_the_critic_does_not_know(game):
    """A critic of 0 sees the next state alone at lambda 0; an exact one leaves no error at any lambda."""
    true, blind = true_gradient(game), (*game[:3], torch.zeros(len(PREFIXES), dtype=torch.float64))
    sizes = [bias(ppo(blind, lam=lam), true) for lam in (1.0, 0.5, 0.0)]
    assert sizes == pytest.approx([0.0, 0.133, 0.267], abs=1e-3)
    exact = (*game[:3], values_to_come(game))
    assert all((ppo(exact, lam=lam) - true).abs().max() < 1e-12 for lam in (0.5, 0.0))


def test_less_future_is_biased_by_that_share(game):
    """The gradient is linear in `future`: the error of half the future is half that of none."""
    true = true_gradient(game)
    sizes = [bias(ppo(game, future=future), true) for future in (1.0, 0.5, 0.0)]
    assert sizes == pytest.approx([0.0, 0.313, 0.626], abs=1e-3)


def test_the_kl_is_part_of_the_gradient(game):
    """Without it the gradient is another."""
    logits, _, *rest = game
    indifferent = (logits, logits.detach().log_softmax(-1), *rest)
    assert bias(true_gradient(indifferent), true_gradient(game)) > 0.1
