"""agents/learners/start.py: what goes together, and scores over the deviation of the reference's returns."""

import subprocess
import sys
from pathlib import Path

import pytest
import torch

from agents import TokenPPO, TokenPPOConfig
from agents.learners.prepare import RewardTerms, shape_rewards
from agents.learners.start import SCALE_SEED, check_rounds, measure_score_scale
from agents.parallel import Processes
from agents.rollouts.play import play
from agents.rollouts.player import Player, Shapes

SETTINGS = {"batch_size": 64, "minibatch_size": 64, "num_ppo_epochs": 1}


HANG = """
import sys, time
sys.path.insert(0, sys.argv[1])
from conftest import ToyVectorEnv, make_model
from agents import CausalLMPolicy, TokenPPO, TokenPPOConfig

class Hanging(ToyVectorEnv):
    def step(self, actions):
        time.sleep(600)

config = TokenPPOConfig(batch_size=8, minibatch_size=8, standardise_scores=True)
agent = TokenPPO(CausalLMPolicy(make_model(), vocab_size=12), Hanging(num_envs=8), config)
agent.step_timeout = 2.0
agent.learn(8)
print("not reached")
"""


def test_the_scale_is_the_deviation_of_the_references_returns(make_toy, make_policy):
    """256 episodes of four batches, replayed here, whose rewards are summed up by the environment."""
    env, reference = make_toy(num_envs=64), make_policy()
    config = TokenPPOConfig(**SETTINGS, seed=5)
    player = Player(env, make_policy(seed=1), reference)
    found = measure_score_scale(player, config)
    generator = torch.Generator().manual_seed(SCALE_SEED)
    again = TokenPPOConfig(**SETTINGS, seed=SCALE_SEED)
    returns = []
    for iteration in range(4):
        played = play(Player(env, reference, reference), again, iteration=iteration, generator=generator)
        returns += [info["reward"] for info in played.episodes]
    mean = sum(returns) / 256
    assert found == pytest.approx((sum((r - mean) ** 2 for r in returns) / 256) ** 0.5, rel=1e-6)
    assert found > 0.1
    other = TokenPPOConfig(**SETTINGS, seed=6)
    assert measure_score_scale(player, other) == found


def test_scores_are_scaled_and_never_shifted(make_toy, make_policy):
    env, policy, reference = make_toy(num_envs=16), make_policy(), make_policy(seed=1)
    config = TokenPPOConfig(batch_size=16, minibatch_size=16)
    rollout = play(
        Player(env, policy, reference), config, iteration=0, generator=torch.Generator().manual_seed(0)
    ).rollout
    plain, scaled = (
        shape_rewards(rollout, RewardTerms(0.5, eos_token_id=11, score_scale=scale), config)
        for scale in (1.0, 4.0)
    )
    price = plain - rollout.scores
    assert price.abs().max() > 0.1
    torch.testing.assert_close(scaled - price, rollout.scores / 4.0, atol=1e-6, rtol=0.0)


def test_it_is_measured_once_and_leaves_the_run_otherwise_alone(make_toy, make_policy):
    """The first iteration plays the same episodes with it and without; only rewards differ."""
    seen = []

    class Record:
        def on_iteration(self, metrics, timings, episodes):
            seen.append(metrics)

    scales = []
    for standardise in (True, False):
        env = make_toy(num_envs=64)
        config = TokenPPOConfig(**SETTINGS, standardise_scores=standardise, kl_coef=0.0)
        agent = TokenPPO(make_policy(), env, config, callbacks=[Record()]).learn(64)
        agent.learn(128)
        assert len(env.seeds) == 1 + 2 + 4 * standardise
        scales.append(agent.score_scale)
    assert scales[0] not in (0.0, 1.0)
    assert scales[1] == 1.0
    scaled, plain = seen[0], seen[2]
    assert scaled["objective/scores"] == plain["objective/scores"]
    expected = plain["objective/rlhf_reward"] / scales[0]
    assert scaled["objective/rlhf_reward"] == pytest.approx(expected, rel=1e-5)


def test_returns_that_do_not_vary_are_refused(make_toy, make_policy, monkeypatch):
    env = make_toy(num_envs=64)
    honest = env.step

    def step(actions):
        observation, rewards, ended, truncated, infos = honest(actions)
        infos["final_info"]["token_rewards"] = infos["final_info"]["token_rewards"] * 0
        return observation, rewards * 0, ended, truncated, infos

    monkeypatch.setattr(env, "step", step)
    agent = TokenPPO(make_policy(), env, TokenPPOConfig(**SETTINGS, standardise_scores=True))
    with pytest.raises(ValueError, match="standardise_scores: expected returns of the reference that vary"):
        agent.learn(64)
    assert agent.iteration == 0


def test_an_environment_that_hangs_while_the_scale_is_measured_ends_the_process():
    command = [sys.executable, "-c", HANG, str(Path(__file__).parents[1])]
    done = subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr.startswith(
        "error: env.step did not return within 2 s (step_timeout): it hangs in step"
    )


def test_whole_rounds_make_a_batch():
    check_rounds(TokenPPOConfig(), Shapes(64, 1, 1, 1), Processes())
    for episodes in (3, 256):
        with pytest.raises(ValueError, match=f"multiple of the environment's num_envs = {episodes}, got 128"):
            check_rounds(TokenPPOConfig(), Shapes(episodes, 1, 1, 1), Processes())


def test_responses_longer_than_the_environment_has_room_for_are_refused():
    with pytest.raises(ValueError, match="response_length: expected at most the environment's T = 6, got 7"):
        check_rounds(TokenPPOConfig(response_length=7), Shapes(64, 1, 6, 1), Processes())
