"""agents/learners/update.py: the gradient of a batch does not depend on how it is cut up."""

from functools import partial

import pytest
import torch

from agents.learners.ppo import estimate_with_critic, ppo_loss
from agents.learners.prepare import RewardTerms, prepare, scales, shape_rewards
from agents.learners.settings import TokenPPOConfig
from agents.learners.update import (
    StaleLogprobsError,
    accumulate_gradients,
    rescore,
    update,
)
from agents.rollouts.collect import collect
from agents.rollouts.player import Player

V, P, T, END = 12, 5, 6, 11


@pytest.fixture
def policy(make_policy):
    policy = make_policy(scale=1.0)
    torch.nn.init.normal_(policy.value_head.weight, generator=torch.Generator().manual_seed(0))
    return policy


@pytest.fixture
def rollout(make_toy, policy):
    lengths = torch.arange(16) % T + 1
    env, generator = make_toy(num_envs=16), torch.Generator().manual_seed(0)
    return collect(Player(env, policy, policy), seed=0, generator=generator, lengths=lengths).rollout


def config_of(**settings):
    return TokenPPOConfig(**{"batch_size": 16, "minibatch_size": 16, "entropy_coef": 0.01, **settings})


def batch_of(rollout, config):
    return prepare(
        rollout,
        RewardTerms(kl_coef=0.1, eos_token_id=END),
        shape=partial(shape_rewards, config=config),
        estimate=partial(estimate_with_critic, config=config),
        scale=scales(config),
    )


def gradients(policy, batch, groups, config, denominator=56.0):
    policy.zero_grad()
    loss = partial(ppo_loss, config=config)
    stats = [
        accumulate_gradients(policy, batch, rows, config, loss=loss, denominator=denominator)
        for rows in groups
    ]
    return [p.grad.clone() for p in policy.parameters()], stats


def assert_close(a, b, tolerance=1e-6):
    """Holds differences to a share of the largest gradient: what float32 rounds away grows with it."""
    largest = max(x.abs().max().item() for x in a)
    assert max((x - y).abs().max().item() for x, y in zip(a, b, strict=True)) < tolerance * largest


@pytest.mark.parametrize("parts", [2, 4, 16])
def test_accumulated_gradients_are_those_of_the_whole(policy, rollout, parts):
    """Responses of 1 to 6 tokens: a mean per part would weigh them differently."""
    batch, rows = batch_of(rollout, config_of()), [torch.arange(16)]
    whole, (stats,) = gradients(policy, batch, rows, config_of())
    cut, (same,) = gradients(policy, batch, rows, config_of(accumulation_steps=parts))
    assert_close(whole, cut)
    assert set(stats.terms) == {"loss/policy", "loss/value", "policy/clipfrac"}
    assert same.terms == pytest.approx(stats.terms, rel=1e-6, abs=1e-6)
    assert any(g.abs().max() > 1e-3 for g in whole)


def test_minibatches_of_one_constant_add_up_to_the_batch(policy, rollout):
    batch, config = batch_of(rollout, config_of()), config_of()
    whole, _ = gradients(policy, batch, [torch.arange(16)], config)
    halves, _ = gradients(policy, batch, [torch.arange(8), torch.arange(8, 16)], config)
    assert_close(whole, halves)


def test_the_order_of_episodes_does_not_matter(policy, rollout):
    batch, config = batch_of(rollout, config_of()), config_of()
    forward, _ = gradients(policy, batch, [torch.arange(16)], config)
    backward, _ = gradients(policy, batch, [torch.arange(15, -1, -1)], config)
    assert_close(forward, backward)


def test_the_denominator_is_tokens_per_minibatch(policy, rollout, monkeypatch):
    seen = []
    import agents.learners.update as module

    honest = module.accumulate_gradients

    def spy(*args, denominator, **kwargs):
        seen.append(denominator)
        return honest(*args, denominator=denominator, **kwargs)

    monkeypatch.setattr(module, "accumulate_gradients", spy)
    config = config_of(minibatch_size=4, num_ppo_epochs=2)
    optimizer = torch.optim.Adam(policy.parameters(), lr=1e-4)
    stats = update(
        policy, optimizer, batch_of(rollout, config), config, loss=partial(ppo_loss, config=config),
        generator=torch.Generator(),
    )  # fmt: skip
    assert seen == [rollout.response_mask.sum().item() / 4] * 8
    assert stats.steps == 8


def test_what_is_masked_does_not_move_the_gradient(policy, rollout):
    config = config_of()
    batch = batch_of(rollout, config)
    off = ~batch.response_mask
    other = batch._replace(
        advantages=batch.advantages.masked_fill(off, 1e6),
        returns=batch.returns.masked_fill(off, 1e6),
        logprobs=batch.logprobs.masked_fill(off, -7.0),
        tokens=batch.tokens.masked_fill(~batch.attention_mask, 5),
    )
    assert_close(
        *(gradients(policy, b, [torch.arange(16)], config)[0] for b in (batch, other)), tolerance=1e-9
    )


def test_one_reward_moves_its_row_alone(policy, rollout):
    config = config_of(whiten_advantages=False)
    more = rollout.scores.clone()
    more[5, 2] += 1.0
    before, after = batch_of(rollout, config), batch_of(rollout._replace(scores=more), config)
    moved = (after.advantages - before.advantages).abs() > 1e-7
    assert moved.nonzero().tolist() == [[5, 0], [5, 1], [5, 2]]
    expected = torch.tensor([0.95**2, 0.95, 1.0])
    assert torch.allclose((after.advantages - before.advantages)[5, :3], expected, atol=1e-5)


def test_advantages_are_whitened_over_the_whole_batch(rollout):
    batch = batch_of(rollout, config_of())
    real = batch.advantages[batch.response_mask]
    assert real.mean().abs() < 1e-6
    assert real.std(correction=0).item() == pytest.approx(1.0, abs=1e-3)


def test_whitened_rewards_keep_their_zeros(rollout):
    config = config_of(whiten_rewards=True, lam=0.0, whiten_advantages=False)
    still = rollout._replace(values=torch.zeros_like(rollout.values))
    terms = RewardTerms(kl_coef=0.0, eos_token_id=END)
    batch = prepare(
        still, terms, shape=partial(shape_rewards, config=config),
        estimate=partial(estimate_with_critic, config=config), scale=scales(config),
    )  # fmt: skip
    rewards = batch.rewards  # lambda 0 without values: the advantages are the rewards
    assert torch.equal(rewards, shape_rewards(rollout, terms, config))
    assert (batch.advantages[rewards == 0.0] == 0.0).all()
    scale = 1.0 / rewards[rollout.response_mask].std(correction=0)
    assert torch.allclose(batch.advantages, rewards * scale, atol=1e-5)


def test_the_environments_sum_is_shared_out_by_entropy_before_anything_is_taken_off(rollout):
    config = config_of(reward_share="entropy", missing_eos_penalty=0.5)
    plain = config_of(missing_eos_penalty=0.5)
    terms = RewardTerms(kl_coef=0.1, eos_token_id=END)
    moved = shape_rewards(rollout, terms, config) - shape_rewards(rollout, terms, plain)
    for b, length in enumerate(rollout.response_mask.sum(-1).tolist()):
        entropy = rollout.entropy[b, :length].double()
        expected = rollout.scores[b].double().sum() * entropy / entropy.sum() - rollout.scores[b, :length]
        assert torch.allclose(moved[b, :length].double(), expected, atol=1e-5)
        assert not moved[b, length:].any()
    assert moved.abs().max() > 0.1
    assert torch.allclose(moved.sum(-1), torch.zeros(16), atol=1e-5)


def test_rescoring_gives_what_generation_gave(policy, rollout):
    again = rescore(policy, rollout._replace(logprobs=torch.zeros_like(rollout.logprobs)), rows=5)
    assert torch.allclose(again.logprobs, rollout.logprobs, atol=1e-5)
    assert torch.allclose(again.values, rollout.values, atol=1e-5)


def test_stale_logprobs_stop_before_the_first_step(policy, rollout):
    config = config_of()
    before = [p.clone() for p in policy.parameters()]
    optimizer = torch.optim.Adam(policy.parameters(), lr=0.1)
    stale = batch_of(rollout._replace(logprobs=rollout.logprobs - 2e-4), config)
    with pytest.raises(StaleLogprobsError, match=r"ratio off 1 by 0\.0002"):
        update(
            policy, optimizer, stale, config, loss=partial(ppo_loss, config=config),
            generator=torch.Generator(),
        )  # fmt: skip
    assert all(torch.equal(a, b) for a, b in zip(before, policy.parameters(), strict=True))


def test_gradients_that_are_not_numbers_stop_before_the_step(policy, rollout):
    config = config_of()
    before = [p.clone() for p in policy.parameters()]
    policy.value_head.bias.register_hook(lambda gradient: gradient * float("inf"))
    with pytest.raises(FloatingPointError, match="norm of the gradients is not finite, no step was taken"):
        update(
            policy,
            torch.optim.Adam(policy.parameters()),
            batch_of(rollout, config),
            config,
            loss=partial(ppo_loss, config=config),
            generator=torch.Generator(),
        )
    assert all(torch.equal(a, b) for a, b in zip(before, policy.parameters(), strict=True))


def test_the_critics_targets_have_a_lambda_of_their_own(rollout):
    """Lambda 1 aims at the return itself; the advantages keep the policy's lambda, to the bit."""
    plain, own = config_of(lam=0.5), config_of(lam=0.5, lam_critic=1.0)
    rewards = shape_rewards(rollout, RewardTerms(kl_coef=0.1, eos_token_id=END), plain)
    before, after = (estimate_with_critic(rollout, rewards, config) for config in (plain, own))
    assert torch.equal(before.advantages, after.advantages)
    to_go = rewards.flip(-1).cumsum(-1).flip(-1) * rollout.response_mask
    torch.testing.assert_close(after.returns, to_go, atol=1e-5, rtol=0.0)
    assert (before.returns - to_go).abs().max() > 0.01
    same = estimate_with_critic(rollout, rewards, config_of(lam=0.5, lam_critic=0.5))
    assert all(map(torch.equal, same, before))
