"""agents/rollouts/collect.py: one batch of episodes, whichever way the environment resets itself."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from gymnasium.vector import AutoresetMode

from agents.rollouts.collect import collect
from agents.rollouts.env_answers import read_eos_token_id, split_infos
from agents.rollouts.player import Player

V, P, T, END, WANTED = 12, 5, 6, 11, 3


def play(env, policy, *, reference=None, seed=5, draw=0, **kwargs):
    generator = torch.Generator().manual_seed(draw)
    return collect(Player(env, policy, reference or policy), seed=seed, generator=generator, **kwargs)


def test_a_rollout_holds_what_was_played(make_toy, make_policy):
    env, policy = make_toy(num_envs=40), make_policy(scale=1.0)
    rollout, episodes, seconds, _ = play(env, policy)
    assert rollout.tokens.shape == (40, P + T)
    assert rollout.prompt_length == P
    for b in range(40):
        action, real = env.last_actions[b], int(rollout.response_mask[b].sum())
        assert action[real:].tolist() == [V] * (T - real)
        assert rollout.tokens[b, P : P + real].tolist() == action[:real].tolist()
        assert (rollout.tokens[b, P + real :] == 0).all()
        assert rollout.attention_mask[b, P:].tolist() == rollout.response_mask[b].tolist()
        expected = [1.0 if token == WANTED else 0.25 if token == END else 0.0 for token in action[:real]]
        assert rollout.scores[b, :real].tolist() == expected  # the end token is there, with its reward
        assert episodes[b]["reward"] == sum(expected)
        assert episodes[b]["eos_token_id"] == END
        assert "score" in episodes[b]
        for figures in rollout[3:9]:
            assert (figures[b, real:] == 0).all()
    assert rollout.prefix_values is None
    assert (rollout.scores == 0.25).any()
    assert set(seconds) == {"generate", "score_env", "score_reference"}


def test_what_the_environment_knows_of_prefixes_is_part_of_a_rollout(make_end_toy, make_policy):
    policy = make_policy()
    player = Player(make_end_toy(num_envs=8, at_end=False), policy, policy)
    rollout = collect(player, seed=0, generator=torch.Generator().manual_seed(0)).rollout
    before = rollout.scores.cumsum(-1) - rollout.scores  # paid as it is earned
    assert torch.equal(rollout.prefix_values, before * rollout.response_mask)
    assert rollout.prefix_values.any()


def test_same_step_and_disabled_give_the_same_rollout(make_toy, make_policy):
    policy = make_policy()
    played = [
        play(make_toy(autoreset_mode=mode), policy) for mode in AutoresetMode if mode.value != "NextStep"
    ]
    assert len(played) == 2
    for a, b in zip(played[0].rollout[:9], played[1].rollout[:9], strict=True):
        assert torch.equal(a, b)
    for a, b in zip(played[0].episodes, played[1].episodes, strict=True):
        assert a.keys() == b.keys()
        assert all(np.array_equal(a[key], b[key]) for key in a)


def test_the_reference_is_the_policy_before_the_first_step(make_toy, make_policy):
    rollout = play(make_toy(), make_policy()).rollout
    assert (rollout.ref_logprobs - rollout.logprobs).abs().max() < 1e-4
    assert rollout.kl.abs().max() < 1e-5


def test_another_reference_is_some_way_off(make_toy, make_policy):
    policy, other = make_policy(seed=0), make_policy(seed=1)
    exact, sampled = (
        play(make_toy(64), policy, reference=other, exact_kl=exact).rollout for exact in (True, False)
    )
    real = exact.response_mask
    assert torch.equal(exact.tokens, sampled.tokens)
    assert exact.kl[real].min() > 0.0
    assert sampled.kl[real].min() >= 0.0
    assert sampled.kl[real].mean() == pytest.approx(exact.kl[real].mean(), rel=0.5)  # an estimate
    assert not torch.equal(exact.kl, sampled.kl)


def test_lengths_bound_each_response(make_toy, make_policy):
    lengths = torch.tensor([1, 2, 3, 4])
    rollout = play(make_toy(num_envs=4), make_policy(), lengths=lengths).rollout
    assert rollout.scores.shape == (4, T)
    assert (rollout.response_mask.sum(-1) <= lengths).all()
    assert rollout.response_mask[0].sum() == 1


@pytest.mark.parametrize("lengths", [[1, 2, 3, 7], [0, 1, 1, 1], [1, 1]])
def test_lengths_outside_the_environment_are_refused(make_toy, make_policy, lengths):
    with pytest.raises(ValueError, match=r"lengths: expected shape \(4,\) within \[1, T = 6\]"):
        play(make_toy(num_envs=4), make_policy(), lengths=torch.tensor(lengths))


def test_the_seed_of_the_environment_decides_the_prompts(make_toy, make_policy):
    policy = make_policy()
    a, b, c = (play(make_toy(), policy, seed=seed).rollout.tokens[:, :P] for seed in (1, 1, 2))
    assert torch.equal(a, b)
    assert not torch.equal(a, c)


def test_options_are_passed_on(make_toy, make_policy, monkeypatch):
    env, seen = make_toy(), []
    reset = env.reset
    monkeypatch.setattr(env, "reset", lambda *, seed, options: (seen.append(options), reset(seed=seed))[1])
    play(env, make_policy(), options={"prompts": ["a"] * 8})
    assert seen == [{"prompts": ["a"] * 8}]


def broken(env, monkeypatch, key, change):
    """Makes the environment say something else under `key`."""
    infos = env._infos

    def changed(**columns):
        return infos(**({**columns, key: change(columns[key])} if key in columns else columns))

    monkeypatch.setattr(env, "_infos", changed)
    return env


def test_a_reward_that_is_not_a_number_stops_the_run(make_toy, make_policy, monkeypatch):
    env = broken(make_toy(), monkeypatch, "token_rewards", lambda rewards: rewards * np.float32("nan"))
    with pytest.raises(FloatingPointError, match=r"info\['token_rewards'\] of episode 0: not finite"):
        play(env, make_policy())


def test_rewards_of_another_shape_are_refused(make_toy, make_policy, monkeypatch):
    env = broken(make_toy(), monkeypatch, "token_rewards", lambda rewards: rewards[:, :-1])
    with pytest.raises(ValueError, match=r"expected shape \(T,\) = \(6,\), got shape \(5,\)"):
        play(env, make_policy())


def test_a_mask_on_tokens_that_were_not_sampled_is_refused(make_toy, make_policy, monkeypatch):
    env = broken(make_toy(), monkeypatch, "response_mask", lambda mask: np.ones_like(mask))
    with pytest.raises(ValueError, match=r"expected 1 on sampled tokens only, no reward elsewhere"):
        play(env, make_policy(), lengths=torch.full((8,), 2))


def test_a_reward_outside_the_mask_is_refused(make_toy, make_policy, monkeypatch):
    env = broken(make_toy(), monkeypatch, "token_rewards", lambda rewards: rewards + np.float32(1.0))
    with pytest.raises(ValueError, match="no reward elsewhere"):
        play(env, make_policy(), lengths=torch.full((8,), 2))


def test_missing_infos_are_named():
    with pytest.raises(ValueError, match=r"expected one eos_token_id in the infos of reset, got \[\]"):
        read_eos_token_id([{}])
    with pytest.raises(ValueError, match=r"got \[1, 2\]"):
        read_eos_token_id([{"eos_token_id": 1}, {"eos_token_id": 2}])


def test_infos_are_split_by_their_masks():
    infos = {
        "score": np.array([0.5, 0.0]),
        "_score": np.array([True, False]),
        "text": np.array(["a", "b"], object),
    }
    assert split_infos(infos, 2) == [{"score": 0.5, "text": "a"}, {"text": "b"}]
