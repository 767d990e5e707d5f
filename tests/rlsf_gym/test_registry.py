"""Every registered environment passes Gymnasium's own checks, without a warning."""

import pickle
import subprocess
import sys

import gymnasium as gym
import numpy as np
import pytest
from gymnasium.utils.env_checker import check_env

import rlsf_gym

IDS = sorted(name for name in gym.registry if name.startswith("rlsf_gym/"))


def test_the_ids_are_there():
    assert "rlsf_gym/Sentiment-v0" in IDS


def test_everything_that_is_promised_is_there():
    assert all(hasattr(rlsf_gym, name) for name in rlsf_gym.__all__)


@pytest.mark.parametrize("name", IDS)
def test_the_checker_finds_nothing(name):
    env = gym.make(name)
    check_env(env.unwrapped)
    env.close()


@pytest.mark.parametrize("name", IDS)
def test_episodes_run_through_the_usual_wrappers(name):
    env = gym.make(name)
    with pytest.raises(gym.error.ResetNeeded):
        env.step(env.action_space.sample())
    env.action_space.seed(0)
    for seed in range(3):
        observation, _ = env.reset(seed=seed)
        assert observation in env.observation_space
        observation, reward, *_, info = env.step(env.action_space.sample())
        assert observation in env.observation_space
        assert reward == float(info["token_rewards"].sum(dtype=np.float64))


@pytest.mark.parametrize("name", IDS)
@pytest.mark.parametrize("mode", ["sync", "vector_entry_point"])
def test_vectors_run(name, mode):
    env = gym.make_vec(name, num_envs=2, vectorization_mode=mode)
    env.reset(seed=0)
    env.step(env.action_space.sample())
    env.close()


@pytest.mark.parametrize("name", IDS)
def test_an_environment_survives_json_and_pickle(name):
    env = gym.make(name)
    again = gym.make(gym.envs.registration.EnvSpec.from_json(env.spec.to_json()))
    first, _ = env.reset(seed=4)
    second, _ = again.reset(seed=4)
    np.testing.assert_equal(first, second)
    copy = pickle.loads(pickle.dumps(env))
    np.testing.assert_equal(env.reset()[0], copy.reset()[0])


def test_parts_given_by_place_survive_json():
    env = gym.make("rlsf_gym/Sentiment-v0", scorer="rlsf_gym.scorers.vader:VaderScorer", max_new_tokens=4)
    again = gym.make(gym.envs.registration.EnvSpec.from_json(env.spec.to_json()))
    assert again.unwrapped.task.feedback.scorer.name == "vader"


def test_a_scorer_that_is_not_exact_is_marked(word_count):
    class Neural(word_count):
        exact = False

    assert gym.make("rlsf_gym/Sentiment-v0", scorer=Neural()).unwrapped.spec.nondeterministic
    assert not gym.make("rlsf_gym/Sentiment-v0").unwrapped.spec.nondeterministic


ALONE = """
import sys
import gymnasium as gym
env = gym.make("rlsf_gym:rlsf_gym/Sentiment-v0", judge=None)
env.reset(seed=0)
env.step(env.action_space.sample())
vector = gym.make_vec("rlsf_gym:rlsf_gym/Sentiment-v0", num_envs=2)
vector.reset(seed=0)
vector.step(vector.action_space.sample())
print(sorted({"torch", "transformers", "datasets", "agents", "matplotlib"} & set(sys.modules)))
"""


def test_it_runs_without_torch_and_without_a_warning():
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", ALONE], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.strip() == "[]"
