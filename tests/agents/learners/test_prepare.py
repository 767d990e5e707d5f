"""agents/learners/prepare.py: shaping, estimating and scaling, in this order, by the functions handed in."""

from functools import partial

import gymnasium as gym
import pytest
import torch

from agents import GRPO, RLOO, GRPOConfig, TokenPPO, TokenPPOConfig
from agents.learners.loss import LossTerm
from agents.learners.prepare import RewardTerms, Scales, one, prepare, scales, shape_rewards, unscaled
from agents.maths.losses import masked_sum
from agents.maths.tensors import Estimates, Rollout

END = 11
MASK = torch.tensor([[True, True], [True, False]])


@pytest.fixture
def rollout():
    scores = torch.tensor([[1.0, 3.0], [5.0, 0.0]])
    zeros = torch.zeros(2, 2)
    tokens = torch.tensor([[7, 2, END], [7, 3, 0]])
    return Rollout(
        tokens=tokens, attention_mask=tokens > 0, response_mask=MASK, scores=scores, values=zeros,
        logprobs=torch.tensor([[-1.0, -2.0], [-1.0, 0.0]]), entropy=torch.tensor([[1.0, 3.0], [2.0, 0.0]]),
        ref_logprobs=torch.tensor([[-2.0, -1.0], [-3.0, 0.0]]), kl=zeros,
    )  # fmt: skip


def test_each_function_sees_what_the_one_before_made(rollout):
    terms, seen = RewardTerms(0.5, END), []

    def shape(given, at):
        assert given is rollout and at is terms
        return given.scores + 10.0

    def estimate(given, rewards):
        seen.append(rewards)
        return Estimates(rewards * 3.0, rewards + 1.0)

    scale = Scales(lambda x, mask: torch.tensor(0.5), lambda x, mask, factor: -x * factor * 2.0)
    batch = prepare(rollout, terms, shape=shape, estimate=estimate, scale=scale)
    assert torch.equal(batch.rewards, rollout.scores + 10.0)  # as shaped, not as scaled
    assert torch.equal(seen[0], (rollout.scores + 10.0) / 2.0)
    assert torch.equal(batch.advantages, -3.0 * seen[0])
    assert torch.equal(batch.returns, seen[0] + 1.0)
    for name in ("tokens", "attention_mask", "response_mask", "logprobs", "ref_logprobs", "values"):
        assert getattr(batch, name) is getattr(rollout, name)


def test_rewards_are_scores_over_their_scale_less_both_penalties(rollout):
    config = TokenPPOConfig(missing_eos_penalty=0.25)
    found = shape_rewards(rollout, RewardTerms(0.5, END, score_scale=2.0), config)
    # 1/2 - 0.5 (-1 + 2), 3/2 - 0.5 (-2 + 1); 5/2 - 0.5 (-1 + 3) - 0.25 as it has no end token
    assert found.tolist() == [[0.0, 2.0], [1.25, 0.0]]
    shared = TokenPPOConfig(reward_share="entropy")
    found = shape_rewards(rollout, RewardTerms(0.0, END), shared)
    assert found.tolist() == [[1.0, 3.0], [5.0, 0.0]]  # 4 by 1 : 3, and 5 on the one token


def test_what_is_not_whitened_stays_as_it_is():
    config = TokenPPOConfig(whiten_rewards=False, whiten_advantages=False)
    x = torch.tensor([[1.0, 4.0], [2.0, 9.0]])
    assert scales(config) == Scales(one, unscaled)
    assert one(x, MASK).item() == 1.0 and unscaled(x, MASK, one(x, MASK)) is x
    whitened = scales(TokenPPOConfig(whiten_rewards=True))
    factor = whitened.rewards(x, MASK)
    assert factor.item() == pytest.approx((9 / 14) ** 0.5)  # 1, 4 and 2 vary by (16 + 25 + 1) / 27
    centred = whitened.advantages(x, MASK, factor)
    assert centred[MASK].mean().item() == pytest.approx(0.0, abs=1e-6)


@pytest.mark.parametrize("whiten_rewards", [False, True])
def test_the_floor_is_in_units_of_reward_before_and_after_rewards_are_scaled(rollout, whiten_rewards):
    """Scaled rewards vary by 2.5 times as much, and their advantages nearer to a floor that is not scaled."""
    config = TokenPPOConfig(whiten_rewards=whiten_rewards)
    noise = rollout._replace(scores=torch.tensor([[-0.001, 0.001], [0.0, 0.0]]) * (3 / 2) ** 0.5)
    batch = prepare(
        noise, RewardTerms(0.0, END), shape=lambda given, terms: given.scores,
        estimate=lambda given, rewards: Estimates(rewards, None), scale=scales(config),
    )  # fmt: skip
    # (0.001 / 0.02)^2, whatever the rewards were multiplied by
    assert batch.advantages[MASK].std(correction=0).item() == pytest.approx(0.0025, rel=1e-4)


@pytest.mark.parametrize(
    ("learner", "settings"),
    [
        (TokenPPO, {}),
        (TokenPPO, {"whiten_rewards": True}),
        (RLOO, {"whiten_advantages": True}),
        (RLOO, {"whiten_rewards": True}),
        (GRPO, {"scale": "group"}),
        (GRPO, {"scale": "group", "whiten_rewards": True}),
        (GRPO, {"scale": "batch"}),
    ],
)
def test_a_batch_that_earned_nothing_leaves_the_policy_alone(learner, settings, make_group_toy, make_policy):
    """Nothing but noise is left once the first batch has moved the policy off its reference."""

    def steps(paid, **more):
        """Returns how far the policy moves in each iteration, by plain gradient steps."""
        config = learner.config_class(
            batch_size=16, minibatch_size=16, num_ppo_epochs=1, lr_schedule="constant", **settings, **more
        )
        env = SparseEnv(make_group_toy(num_envs=16))
        agent = learner(make_policy(scale=1.0), env, config)
        agent.optimizer = torch.optim.SGD(agent.policy.parameters(), lr=config.learning_rate)
        moves = []
        for number, pays in enumerate(paid, start=1):
            env.pays = pays
            before = [p.detach().clone() for p in agent.policy.backbone.parameters()]
            agent.learn(16 * number)
            after = agent.policy.backbone.parameters()
            moves.append(
                sum((a - b).square().sum().item() for a, b in zip(after, before, strict=True)) ** 0.5
            )
        return moves

    rewarded, empty, again = steps([True, False, True], learning_rate=0.01)
    assert 0.0 < empty < 0.05 * min(rewarded, again)
    _, blown_up, _ = steps([True, False, True], learning_rate=0.01, whitening_floor=1e-8)
    assert blown_up > 0.3 * rewarded


class SparseEnv(gym.vector.VectorWrapper):
    """Pays nothing where `pays` is off."""

    pays = True

    def step(self, actions):
        observation, rewards, ended, cut, infos = self.env.step(actions)
        if not self.pays:
            rewards = 0.0 * rewards
            infos["final_info"]["token_rewards"] *= 0.0
        return observation, rewards, ended, cut, infos


def test_a_learner_takes_all_three_functions(make_group_toy, make_policy):
    """REINFORCE on constant rewards, by functions alone; the learner's own are not asked."""
    asked = []

    def shape(rollout, terms):
        asked.append(("shape", terms.kl_coef, terms.eos_token_id))
        return torch.full_like(rollout.scores, 0.5) * rollout.response_mask

    def estimate(rollout, rewards):
        asked.append("estimate")
        return Estimates(rewards, None)

    def loss(scored, batch, denominator):
        asked.append("loss")
        found = -masked_sum(scored.logprobs * batch.advantages, batch.response_mask, denominator)
        return LossTerm(found, {"loss/mine": found.detach()})

    class Deaf(GRPO):
        """Has no functions of its own."""

        shape = estimate = loss = None

    rows = []
    config = GRPOConfig(batch_size=8, minibatch_size=8, num_ppo_epochs=1, kl_coef=0.125)
    agent = Deaf(
        make_policy(), make_group_toy(num_envs=8), config, shape=shape, estimate=estimate, loss=loss,
        callbacks=[partial(lambda rows, metrics, timings, episodes: rows.append(metrics), rows)],
    ).learn(8)  # fmt: skip
    assert asked == [("shape", 0.125, END), "estimate", "loss"]
    assert agent.iteration == 1
    assert "loss/mine" in rows[0] and "loss/policy" not in rows[0]
    assert rows[0]["objective/rlhf_reward"] == pytest.approx(0.5 * rows[0]["objective/length"])
