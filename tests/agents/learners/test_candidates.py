"""agents/learners/candidates.py: learners that are told what every next token would have earned."""

import json

import numpy as np
import pytest
import torch

from agents import GRPO, RLOO, GRPOConfig, RLOOConfig, TokenPPO, TokenPPOConfig
from agents.learners.update import RATIO_TOLERANCE, score_batch
from agents.maths.tensors import take_rows, whiten
from agents.rollouts.play import play
from tests.helpers.candidate_game import BAD, GREEDY, OPTIMUM, CandidateGame

LEARNERS = {"ppo": (TokenPPO, TokenPPOConfig), "rloo": (RLOO, RLOOConfig), "grpo": (GRPO, GRPOConfig)}
QUICK = {"batch_size": 16, "minibatch_size": 8, "num_ppo_epochs": 2, "learning_rate": 1e-3}
ALL = pytest.mark.parametrize("name", LEARNERS)
BOTH = pytest.mark.parametrize("candidates", ["exact", "good-set"])


class Record:
    def __init__(self):
        self.metrics, self.episodes = [], []

    def on_iteration(self, metrics, timings, episodes):
        self.metrics.append(dict(metrics))
        self.episodes.append(list(episodes))


@pytest.fixture
def make_agent(make_policy):
    def make(name, candidates, *, env=None, policy=None, num_envs=None, **settings):
        learner, config = LEARNERS[name]
        given = {key: settings.pop(key) for key in ("callbacks", "loss", "reference") if key in settings}
        made = config(**{**QUICK, "candidates": candidates, **settings})
        env = env or CandidateGame(num_envs or made.batch_size)
        return learner(policy or make_policy(), env, made, **given)

    return make


@pytest.fixture
def learn(make_agent, make_policy):
    def run(name, candidates, **settings):
        record = Record()
        make_agent(
            name, candidates, policy=make_policy(scale=1.0), callbacks=[record],
            **{"batch_size": 64, "minibatch_size": 32, "num_ppo_epochs": 4, "learning_rate": 3e-3},
            **{"kl_coef": 0.0, **settings},
        ).learn(64 * 16)  # fmt: skip
        return record.metrics, record.episodes[-1]

    return run


def parameters(agent):
    return [p.detach().clone() for p in agent.policy.parameters()]


@ALL
def test_the_best_responses_are_learned_in_expectation(name, learn):
    """Although the token that earns most now is the wrong one."""
    rows, _ = learn(name, "exact")
    assert rows[0]["objective/scores"] < 0.0
    assert np.mean([row["objective/scores"] for row in rows[-3:]]) > 1.3
    assert max(row["objective/score_max"] for row in rows) <= OPTIMUM


def test_without_a_future_the_next_reward_is_all_that_counts(learn):
    rows, episodes = learn("ppo", "exact", future=0.0)
    assert np.mean([row["objective/scores"] for row in rows[-3:]]) == pytest.approx(GREEDY, abs=0.02)
    assert all(info["token_rewards"][0] == GREEDY for info in episodes[:32])
    assert rows[-1]["loss/policy"] == 0.0  # nothing is sampled


@ALL
def test_bad_tokens_are_left_out_by_the_good_set(name, learn):
    rows, episodes = learn(name, "good-set")
    share = len(BAD) / 12
    assert rows[0]["candidates/kept"] == pytest.approx(1.0 - share, abs=0.1)
    assert rows[-1]["candidates/kept"] > 0.99
    assert np.mean([info["reward"] >= 0.0 for info in episodes]) > 0.9
    assert 0.0 <= rows[-1]["objective/scores"] < 1.0  # among good tokens nothing is preferred
    assert not {"loss/value", "val/explained_variance"} & set(rows[0])


@BOTH
@ALL
def test_a_resumed_run_goes_on_to_the_bit(name, candidates, make_agent, tmp_path):
    settings = {"kl_controller": "adaptive", "response_length": (2, 5), "lr_schedule": "constant"}
    whole, first, second = Record(), Record(), Record()
    uninterrupted = make_agent(name, candidates, callbacks=[whole], **settings).learn(64)
    agent = make_agent(name, candidates, callbacks=[first], **settings).learn(32)
    agent.save(tmp_path / "checkpoint")
    resumed = LEARNERS[name][0].load(tmp_path / "checkpoint", CandidateGame(16), callbacks=[second])
    assert resumed.config == agent.config
    resumed.learn(64)
    assert json.dumps(first.metrics + second.metrics) == json.dumps(whole.metrics)
    assert all(map(torch.equal, parameters(uninterrupted), parameters(resumed)))


def test_what_is_logged(make_agent):
    exact, good = Record(), Record()
    make_agent("ppo", "exact", callbacks=[exact]).learn(16)
    make_agent("ppo", "good-set", callbacks=[good]).learn(16)
    common = {"candidates/scores", "candidates/kept", "candidates/kinds"}
    assert {"loss/expected", "policy/kind_clipfrac", "loss/value", *common} <= set(exact.metrics[0])
    assert {"loss/good_set", *common} <= set(good.metrics[0])
    assert exact.metrics[0]["candidates/kinds"] == 4.0
    assert exact.metrics[0]["policy/ratio_error"] < RATIO_TOLERANCE
    assert not {key for key in exact.episodes[0][0] if key.startswith("candidate")}


def test_expected_scores_are_those_of_many_samples(make_agent):
    record = Record()
    make_agent(
        "ppo", "exact", callbacks=[record], batch_size=2048, minibatch_size=2048, num_ppo_epochs=1
    ).learn(2048)
    row = record.metrics[0]
    assert row["candidates/scores"] == pytest.approx(row["objective/scores"], abs=0.05)
    assert abs(row["objective/scores"]) > 0.1


def test_rounds_of_a_batch_give_what_one_gives(make_agent):
    """Kinds are merged over rounds; the prompts of the rounds are others, which the game does not read."""
    record = Record()
    agent = make_agent("ppo", "exact", callbacks=[record], num_envs=4).learn(16)
    assert record.metrics[0]["candidates/kinds"] == 4.0
    assert agent.iteration == 1


def test_candidates_that_nobody_asks_for_change_nothing(make_agent):
    with_them, without = Record(), Record()
    agents = [
        make_agent("ppo", "off", env=CandidateGame(16, candidates=asked), callbacks=[record])
        for asked, record in ((True, with_them), (False, without))
    ]
    for agent in agents:
        agent.learn(32)
    assert json.dumps(with_them.metrics) == json.dumps(without.metrics)
    assert not {key for key in without.metrics[0] if key.startswith(("candidates/", "loss/expected"))}


@BOTH
def test_an_environment_that_sends_none_is_refused_in_a_line(candidates, make_agent):
    with pytest.raises(
        ValueError, match="make the environment with candidates=True, or set candidates='off'"
    ):
        make_agent("ppo", candidates, env=CandidateGame(16, candidates=False)).learn(16)


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"candidates": "all"}, "candidates: expected one of 'auto', 'exact', 'good-set', 'off', got 'all'"),
        ({"future": 1.5}, r"future: expected a number in \[0, 1\], got 1.5"),
        (
            {"candidates": "exact", "reward_share": "entropy"},
            "reward_share: expected 'environment' with candid",
        ),
        ({"candidates": "good-set", "kl_estimator": "k3"}, "kl_estimator: expected 'exact' with candidates"),
        ({"candidates": "exact", "whiten_rewards": True}, "whiten_rewards: expected False with candidates"),
        (
            {"candidates": "exact", "future": 0.0, "missing_eos_penalty": 1.0},
            "missing_eos_penalty: expected 0 with a future of 0, which it is part of, got 1.0",
        ),
    ],
)
def test_settings_that_do_not_go_together_are_refused(settings, message):
    with pytest.raises(ValueError, match=message):
        TokenPPOConfig(**settings)


@pytest.fixture
def played(make_agent, make_policy):
    """Returns an agent whose reference is another model, with a rollout of 16."""

    def make(name, candidates="exact", **settings):
        agent = make_agent(
            name,
            candidates,
            policy=make_policy(scale=1.0),
            reference=make_policy(scale=1.0, seed=1),
            **settings,
        )
        agent.kl_coef = 0.1
        return agent, play(agent.player, agent.config, iteration=0, generator=agent.generator).rollout

    return make


def test_one_constant_divides_both_parts(played):
    """That of whole sampled advantages, here with a critic of 0 and lambda 0."""
    agent, rollout = played("ppo", lam=0.0, future=0.5)
    batch, mask, kinds = agent.prepare(rollout), rollout.response_mask, rollout.kinds
    expected = (kinds.probabilities * kinds.rewards).sum(-1)
    state = (expected - 0.1 * rollout.kl) * mask
    later = 0.5 * torch.nn.functional.pad(state[:, 1:], (0, 1))
    now = (rollout.scores - 0.1 * (rollout.logprobs - rollout.ref_logprobs)) * mask - state
    both = (now + later) * mask
    white = whiten(both, mask, floor=0.02)
    factor = (white[mask][0] - white[mask][1]) / (both[mask][0] - both[mask][1])
    torch.testing.assert_close(
        batch.kinds.values, (kinds.rewards - expected[..., None]) * factor, rtol=1e-4, atol=1e-5
    )
    torch.testing.assert_close(
        batch.kinds.kl_weight, torch.full_like(later, 0.1) * factor, rtol=1e-4, atol=1e-6
    )
    mean = later[mask].mean()
    torch.testing.assert_close(batch.advantages, (later - mean) * mask * factor, rtol=1e-4, atol=1e-5)


def test_groups_are_standardised_with_their_tokens(played):
    agent, rollout = played("grpo", scale="group")
    batch = agent.prepare(rollout)
    factors = batch.kinds.kl_weight[:, 0] / 0.1  # (1 - 1/4) / sigma of each group
    assert torch.equal(factors.reshape(4, 4), factors.reshape(4, 4)[:, :1].expand(4, 4))
    assert len(set(factors.tolist())) == 4
    plain, _ = played("grpo", scale="none")
    unscaled = plain.prepare(rollout)
    assert unscaled.kinds.kl_weight[0, 0].item() == pytest.approx(0.075)
    torch.testing.assert_close(batch.advantages * 0.75, unscaled.advantages * factors[:, None])


def test_scores_are_divided_by_their_scale_in_both_parts(played):
    agent, rollout = played("ppo", whiten_advantages=False)
    one = agent.prepare(rollout)
    agent.score_scale, agent.kl_coef = 4.0, 0.1 / 4.0
    other = agent.prepare(rollout)
    torch.testing.assert_close(one.kinds.values / 4.0, other.kinds.values)
    torch.testing.assert_close(one.kinds.kl_weight / 4.0, other.kinds.kl_weight)


def test_without_a_kl_coefficient_the_reference_is_not_asked(played):
    agent, rollout = played("ppo")
    agent.kl_coef = 0.0
    batch = agent.prepare(rollout)
    assert batch.kinds.ref_states is None
    assert score_batch(agent.policy, batch, False, reference=agent.reference).kl is None


def test_scored_again_the_probabilities_and_kls_are_those_of_collecting(played):
    agent, rollout = played("ppo")
    batch = take_rows(agent.prepare(rollout), torch.arange(4, 12))
    scored = score_batch(agent.policy, batch, True, reference=agent.reference)
    assert (scored.kinds - rollout.kinds.probabilities[4:12]).abs().max() < 1e-6
    assert (scored.kl - rollout.kl[4:12]).abs().max() < 1e-5
    assert (scored.entropy - rollout.entropy[4:12]).abs().max() < 1e-5
    assert rollout.kl.max() > 0.02


def test_stale_probabilities_are_computed_again(make_agent, monkeypatch):
    """A generation that reports other log-probs than scoring, as reduced precision would."""
    record, agent = Record(), make_agent("ppo", "exact")
    honest = agent.policy.generate

    def generate(*args, **kwargs):
        made = honest(*args, **kwargs)
        return made._replace(logprobs=(made.logprobs - 0.01) * made.response_mask)

    monkeypatch.setattr(agent.policy, "generate", generate)
    agent.callbacks.append(record)
    agent.learn(16)
    assert record.metrics[0]["policy/rescored"] == 1.0
    assert record.metrics[0]["policy/ratio_error"] < 1e-4


def test_a_batch_is_refused_that_was_prepared_without_kinds(played):
    agent, rollout = played("ppo")
    with pytest.raises(ValueError, match="rollout: expected kinds of next tokens, got none"):
        agent.prepare(rollout._replace(kinds=None))
    batch = agent.prepare(rollout)._replace(kinds=None)
    scored = score_batch(agent.policy, batch, False)
    with pytest.raises(ValueError, match="batch: expected kinds of next tokens, got none; prepare it with"):
        agent.loss(scored, batch, 1.0)


def test_what_shaping_adds_is_part_of_the_sampled_reward(played):
    agent, rollout = played("ppo", lam=1.0, whiten_advantages=False)
    plain = agent.prepare(rollout)
    other, _ = played("ppo", lam=1.0, whiten_advantages=False, missing_eos_penalty=2.0)
    charged = other.prepare(rollout)
    cut = rollout.response_mask.all(-1) & (rollout.tokens[:, -1] != 11)
    assert 0 < cut.sum() < 16
    difference = plain.advantages - charged.advantages
    torch.testing.assert_close(difference, 2.0 * cut[:, None] * torch.ones(16, 6), rtol=1e-5, atol=1e-5)
    torch.testing.assert_close(plain.kinds.values, charged.kinds.values)


@pytest.mark.parametrize("sent, chosen", [(True, "exact"), (False, "off")])
@ALL
def test_by_default_candidates_are_taken_where_they_are_sent(name, sent, chosen, make_agent):
    asked, default = Record(), Record()
    for setting, record in ((chosen, asked), ("auto", default)):
        env = CandidateGame(16, candidates=sent)
        make_agent(name, setting, env=env, callbacks=[record]).learn(32)
    assert json.dumps(default.metrics) == json.dumps(asked.metrics)
    assert LEARNERS[name][1]().candidates == "auto"


@pytest.mark.parametrize(
    "settings", [{"reward_share": "entropy"}, {"kl_estimator": "k3"}, {"whiten_rewards": True}]
)
def test_by_default_they_are_left_where_a_setting_does_not_go_with_them(settings, make_agent):
    record = Record()
    make_agent("ppo", "auto", callbacks=[record], **settings).learn(16)
    assert "candidates/kinds" not in record.metrics[0]
