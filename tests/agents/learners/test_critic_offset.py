"""ppo.py: a critic that begins with what the environment knows of the value of prefixes."""

import json

import pytest
import torch

from agents import TokenPPO, TokenPPOConfig
from agents.maths.losses import explained_variance
from agents.maths.tensors import Rollout, prefix_mask

B, P, T = 6, 2, 8
QUICK = {
    "batch_size": 16, "minibatch_size": 8, "num_ppo_epochs": 2, "learning_rate": 1e-3, "kl_coef": 0.1,
    "response_length": (1, 6),
}  # fmt: skip


@pytest.fixture
def make_agent(make_end_toy, make_policy):
    def make(*, at_end=True, tells=True, callbacks=(), **settings):
        config = TokenPPOConfig(**{**QUICK, **settings})
        env = make_end_toy(num_envs=config.batch_size, at_end=at_end, tells=tells)
        return TokenPPO(make_policy(), env, config, callbacks=callbacks)

    return make


def draw_rollouts():
    """Returns a rollout paid at the end, with values of prefixes, and the same paid by differences."""
    generator = torch.Generator().manual_seed(0)
    draw = [torch.randn(B, T, generator=generator) for _ in range(5)]
    mask = prefix_mask(torch.tensor([8, 1, 3, 0, 5, 2]), T)
    potentials = torch.nn.functional.pad(torch.randn(B, T, generator=generator), (1, 0))  # (B, T + 1)
    differences = (potentials[:, 1:] - potentials[:, :-1]) * mask
    last = mask & ~torch.nn.functional.pad(mask[:, 1:], (0, 1))
    tokens = torch.zeros(B, P + T, dtype=torch.int64)
    dense = Rollout(
        tokens=tokens, attention_mask=torch.ones_like(tokens, dtype=torch.bool), response_mask=mask,
        scores=differences, logprobs=-draw[0].abs() * mask, values=draw[1] * mask,
        entropy=draw[2].abs() * mask, ref_logprobs=-draw[3].abs() * mask, kl=draw[4].abs() * mask,
    )  # fmt: skip
    scores = last * differences.sum(-1, keepdim=True)
    return dense._replace(scores=scores, prefix_values=potentials[:, :-1] * mask), dense


@pytest.mark.parametrize("lam", [0.0, 0.5, 0.95, 1.0])
@pytest.mark.parametrize("score_scale", [1.0, 2.5])
@pytest.mark.parametrize("more", [{}, {"missing_eos_penalty": 0.5, "lam_critic": 1.0}])
def test_with_an_offset_of_1_a_reward_at_the_end_is_potential(make_agent, lam, score_scale, more):
    """To 1e-6: advantages, and the targets of the value head."""
    settings = {"lam": lam, "gamma": 1.0, "whiten_advantages": False, **more}
    end, dense = draw_rollouts()
    offset, plain = make_agent(critic_offset=1.0, **settings), make_agent(critic_offset=0.0, **settings)
    offset.score_scale = plain.score_scale = score_scale
    found, expected = offset.prepare(end), plain.prepare(dense)
    torch.testing.assert_close(found.advantages, expected.advantages, atol=1e-6, rtol=1e-6)
    torch.testing.assert_close(found.returns - found.offsets, expected.returns, atol=1e-6, rtol=1e-6)
    torch.testing.assert_close(found.values - found.offsets, expected.values, atol=1e-6, rtol=1e-6)
    if lam < 1.0:  # at 1 the difference is the baseline alone
        without = plain.prepare(end).advantages
        assert (without - expected.advantages).abs().max() > 0.1


def test_the_offset_is_a_share_of_what_is_known(make_agent):
    end, _ = draw_rollouts()
    batch = make_agent(critic_offset=0.25).prepare(end)
    assert torch.equal(batch.offsets, 0.25 * end.prefix_values)
    assert torch.equal(batch.values, end.values + batch.offsets)
    bare = make_agent(critic_offset=0.0).prepare(end)
    assert bare.offsets is None and bare.values is end.values


def test_learning_is_that_from_rewards_per_token(make_agent):
    rows, dense_rows = [], []
    end = make_agent(critic_offset=1.0, callbacks=[keep(rows)]).learn(48)
    dense = make_agent(at_end=False, callbacks=[keep(dense_rows)]).learn(48)
    for one, other in zip(end.policy.parameters(), dense.policy.parameters(), strict=True):
        torch.testing.assert_close(one, other, atol=1e-4, rtol=1e-4)
    same = {key for key in rows[0] if not key.startswith("val/")}  # of V, which is another
    for row, other in zip(rows, dense_rows, strict=True):
        assert {key: row[key] for key in same} == pytest.approx({key: other[key] for key in same}, abs=1e-3)
    plain = make_agent(critic_offset=0.0).learn(48)
    assert (
        max(
            (p - q).abs().max().item()
            for p, q in zip(plain.policy.parameters(), dense.policy.parameters(), strict=True)
        )
        > 1e-3
    )


def test_explained_variance_is_that_of_the_whole_critic(make_agent):
    """A value head that has learned nothing explains what the offset does."""
    rows = []
    agent = make_agent(critic_offset=1.0, vf_coef=0.0, kl_coef=0.0, lam=1.0, callbacks=[keep(rows)]).learn(16)
    assert not agent.policy.value_head.weight.any()
    assert rows[0]["val/explained_variance"] > 0.3
    end, _ = draw_rollouts()
    still = make_agent(critic_offset=1.0, lam=1.0, kl_coef=0.0, whiten_advantages=False)
    batch = still.prepare(end._replace(values=torch.zeros(B, T)))
    mask, returns = end.response_mask, end.scores.sum(-1, keepdim=True).expand(B, T)
    assert explained_variance(batch.values, batch.returns, mask) == pytest.approx(
        explained_variance(end.prefix_values, returns, mask)
    )


def test_an_environment_that_does_not_say_is_refused_and_nothing_is_lost(make_agent):
    agent = make_agent(critic_offset=0.5, tells=False)
    before = agent.generator.get_state()
    with pytest.raises(
        ValueError,
        match=r"^critic_offset: expected 'prefix_values' in the infos of a step, got none; "
        r"make the environment with prefix_values=True, or set critic_offset to 0$",
    ):
        agent.learn(16)
    assert agent.is_whole and agent.iteration == 0 and torch.equal(agent.generator.get_state(), before)
    assert make_agent(critic_offset=0.0, tells=False).learn(16).iteration == 1


def test_a_resumed_run_goes_on_to_the_bit(make_agent, make_end_toy, tmp_path):
    whole, first, second = [], [], []
    settings = {"critic_offset": 0.5, "standardise_scores": True, "lr_schedule": "constant"}
    uninterrupted = make_agent(callbacks=[keep(whole)], **settings).learn(64)
    agent = make_agent(callbacks=[keep(first)], **settings).learn(32)
    assert agent.score_scale != 1.0
    agent.save(tmp_path / "checkpoint")
    resumed = TokenPPO.load(tmp_path / "checkpoint", make_end_toy(num_envs=16), callbacks=[keep(second)])
    assert resumed.config == agent.config and resumed.config.critic_offset == 0.5
    resumed.learn(64)
    assert json.dumps(first + second) == json.dumps(whole)
    pairs = zip(uninterrupted.policy.parameters(), resumed.policy.parameters(), strict=True)
    assert all(torch.equal(one, other) for one, other in pairs)


def keep(rows):
    """Returns a callback that appends the metrics of each iteration."""
    return lambda metrics, timings, episodes: rows.append(dict(metrics))
