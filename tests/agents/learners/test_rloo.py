"""rloo.py, grpo.py: learners without a critic, on a toy environment of groups."""

import json

import numpy as np
import pytest
import torch

from agents import GRPO, RLOO, GRPOConfig, RLOOConfig, TokenPPO, TokenPPOConfig
from agents.learners.update import accumulate_gradients
from agents.maths.advantages import group_advantages
from agents.rollouts.collect import collect
from agents.rollouts.player import Player

T, END = 6, 11
QUICK = {"batch_size": 16, "minibatch_size": 8, "num_ppo_epochs": 2, "learning_rate": 1e-3}
BOTH = pytest.mark.parametrize(("learner", "config"), [(RLOO, RLOOConfig), (GRPO, GRPOConfig)])


class Record:
    def __init__(self):
        self.metrics, self.episodes = [], []

    def on_iteration(self, metrics, timings, episodes):
        self.metrics.append(dict(metrics))
        self.episodes.append(list(episodes))


@pytest.fixture
def make_agent(make_group_toy, make_policy):
    def make(learner, config, *, callbacks=(), policy=None, num_envs=None, **settings):
        made = config(**{**QUICK, **settings})
        env = make_group_toy(num_envs=num_envs or made.batch_size)
        return learner(policy or make_policy(), env, made, callbacks=callbacks)

    return make


def parameters(agent):
    return [p.detach().clone() for p in agent.policy.parameters()]


@BOTH
def test_the_toy_task_is_learned_in_seconds(learner, config, make_agent, make_policy):
    record = Record()
    agent = make_agent(
        learner, config, policy=make_policy(scale=1.0), callbacks=[record], batch_size=64, minibatch_size=32,
        num_ppo_epochs=4, learning_rate=3e-3, kl_coef=0.0,
    )  # fmt: skip
    agent.learn(64 * 15)
    scores = [row["objective/scores"] for row in record.metrics]
    assert scores[0] < 1.0
    assert np.mean(scores[-3:]) > 4.5  # of at most 6


@BOTH
def test_ratios_start_at_one_and_there_is_no_critic(learner, config, make_agent):
    record = Record()
    agent = make_agent(learner, config, callbacks=[record]).learn(32)
    assert record.metrics[0]["policy/ratio_error"] < 1e-4
    assert abs(record.metrics[0]["objective/kl"]) < 1e-4
    assert record.metrics[0]["policy/steps"] == 4.0
    assert not {"loss/value", "val/explained_variance"} & set(record.metrics[0])
    assert not agent.policy.value_head.weight.any()


@BOTH
def test_prompts_come_in_groups_with_one_length_each(learner, config, make_agent):
    record = Record()
    agent = make_agent(
        learner, config, callbacks=[record], num_envs=8, group_size=4, response_length=(2, 6)
    ).learn(16)
    prompts = [info["prompt"] for info in record.episodes[0]]
    assert [prompts[i : i + 4] for i in range(0, 16, 4)] == [[prompts[i]] * 4 for i in range(0, 16, 4)]
    assert len(set(prompts)) > 1
    given = [options for options in agent.env.given if options is not None]
    assert [options["prompts"] for options in given] == [prompts[:8], prompts[8:]]


@BOTH
def test_a_resumed_run_goes_on_to_the_bit(learner, config, make_agent, make_group_toy, tmp_path):
    settings = {"kl_controller": "adaptive", "response_length": (2, 5), "standardise_scores": True}
    whole, first, second = Record(), Record(), Record()
    uninterrupted = make_agent(learner, config, callbacks=[whole], lr_schedule="constant", **settings).learn(
        64
    )
    agent = make_agent(learner, config, callbacks=[first], lr_schedule="constant", **settings).learn(32)
    agent.save(tmp_path / "checkpoint")
    resumed = learner.load(tmp_path / "checkpoint", make_group_toy(num_envs=16), callbacks=[second])
    assert (resumed.config, resumed.score_scale) == (agent.config, agent.score_scale)
    assert agent.score_scale != 1.0
    resumed.learn(64)
    assert json.dumps(first.metrics + second.metrics) == json.dumps(whole.metrics)
    assert all(map(torch.equal, parameters(uninterrupted), parameters(resumed)))
    with pytest.raises(ValueError, match=f"expected one of the learner 'ppo', got '{learner.name}'"):
        TokenPPO.load(tmp_path / "checkpoint", make_group_toy(num_envs=16))


@BOTH
def test_settings(learner, config, make_agent, make_toy, make_policy):
    for settings, message in (
        ({"group_size": 1}, "group_size: expected a whole number >= 2, got 1"),
        ({"group_size": 3}, "group_size: expected a divisor of batch_size = 128, got 3"),
        ({"baseline": "mean"}, "baseline: expected one of 'share', 'return', got 'mean'"),
    ):
        with pytest.raises(ValueError, match=message):
            config(**settings)
    record = json.loads(json.dumps(config(group_size=8).to_record()))
    assert config.from_record(record) == config(group_size=8)
    assert not {"lam", "vf_coef"} & set(config.help_texts())
    assert all(config.help_texts().values())
    with pytest.raises(
        ValueError, match="group_size: expected a divisor of the environment's num_envs = 4, got 8"
    ):
        make_agent(learner, config, num_envs=4, group_size=8)
    with pytest.raises(
        ValueError, match=r"expected 'instance' or 'prompt' in the infos of reset, .* got \['eos_token_id'\]"
    ):
        learner(make_policy(), make_toy(num_envs=16), config(**QUICK)).learn(16)


def test_scales_of_grpo_are_named():
    with pytest.raises(ValueError, match="scale: expected one of 'group', 'batch', 'none', got 'prompt'"):
        GRPOConfig(scale="prompt")


@pytest.fixture
def rollout(make_group_toy, make_policy):
    policy, reference = make_policy(scale=1.0), make_policy(scale=1.0, seed=1)
    names = {"prompts": [name for name in ("1 2", "3 4 5") for _ in range(4)]}
    lengths = torch.tensor([1, 2, 3, 4, 5, 6, 6, 6])
    return policy, collect(
        Player(make_group_toy(num_envs=8), policy, reference), seed=0, options=names,
        generator=torch.Generator().manual_seed(0), lengths=lengths,
    ).rollout  # fmt: skip


def test_the_first_step_of_rloo_is_reinforce(rollout, make_agent):
    """Its gradient is that of minus the sum of A log pi, over the constant."""
    policy, played = rollout
    agent = make_agent(RLOO, RLOOConfig, policy=policy, batch_size=8, minibatch_size=8)
    agent.kl_coef = 0.1
    batch = agent.prepare(played)
    accumulate_gradients(policy, batch, torch.arange(8), agent.config, loss=agent.loss, denominator=20.0)
    found = [p.grad.clone() for p in policy.backbone.parameters()]
    assert policy.value_head.weight.grad is None
    policy.zero_grad()
    advantages = group_advantages(
        played.scores - 0.1 * (played.logprobs - played.ref_logprobs), played.response_mask,
        group_size=4, gamma=1.0, baseline="share",
    )  # fmt: skip
    scored = policy.score(played.tokens, played.attention_mask, T)
    (-(advantages * scored.logprobs).sum() / 20.0).backward()
    for a, p in zip(found, policy.backbone.parameters(), strict=True):
        torch.testing.assert_close(a, p.grad, atol=1e-5, rtol=1e-4)


@pytest.mark.parametrize("scale", ["group", "batch", "none"])
def test_grpo_standardises_responses_of_one_token_as_published(scale, rollout, make_agent):
    _, played = rollout
    mask = torch.arange(T).expand(8, T) < 1
    played = played._replace(response_mask=mask)
    returns = torch.tensor([1.0, 2.0, 3.0, 6.0, 0.0, 0.0, 0.0, 4.0])
    rewards = torch.zeros(8, T).index_copy(1, torch.tensor([0]), returns[:, None])
    agent = make_agent(GRPO, GRPOConfig, scale=scale)
    groups = returns.numpy().reshape(2, 4)
    centred = groups - groups.mean(1, keepdims=True)
    # deviations: sqrt((4 + 1 + 0 + 9) / 4) and sqrt((1 + 1 + 1 + 9) / 4); of all: sqrt((14 + 12) / 8)
    divisor = {"group": [[3.5**0.5], [3.0**0.5]], "batch": 3.25**0.5, "none": 1.0}[scale]
    estimates = agent.estimate(played, rewards)
    advantages = agent.scales().advantages(estimates.advantages, mask, torch.ones(()))
    assert estimates.returns is None
    assert advantages[:, 0].tolist() == pytest.approx((centred / divisor).ravel().tolist(), abs=1e-6)
    assert not advantages[:, 1:].any()


def test_responses_that_earn_alike_teach_nothing(rollout, make_agent):
    _, played = rollout
    played = played._replace(response_mask=torch.ones(8, T).bool())
    for agent in (make_agent(RLOO, RLOOConfig), make_agent(GRPO, GRPOConfig)):
        advantages, _ = agent.estimate(played, torch.full((8, T), 0.25))
        assert advantages.abs().max() < 1e-6


def test_ppo_may_play_groups_too(make_agent):
    record = Record()
    make_agent(TokenPPO, TokenPPOConfig, callbacks=[record], group_size=8).learn(16)
    assert len({info["prompt"] for info in record.episodes[0]}) == 2
