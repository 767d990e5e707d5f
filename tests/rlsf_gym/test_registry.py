"""Every registered environment keeps what Gymnasium and its neighbours expect, with warnings as errors."""

import json
import os
import pickle
import subprocess
import sys

import gymnasium as gym
import numpy as np
import pytest
from gymnasium.utils.env_checker import check_env
from gymnasium.vector import AutoresetMode
from gymnasium.wrappers import RecordEpisodeStatistics, RecordVideo
from gymnasium.wrappers.vector import DictInfoToList
from gymnasium.wrappers.vector import RecordEpisodeStatistics as VectorRecordEpisodeStatistics

import rlsf_gym
from rlsf_gym.registry import Table

IDS = sorted(name for name in gym.registry if name.startswith("rlsf_gym/"))
NATIVE = [name for name in IDS if gym.spec(name).vector_entry_point]
TOKEN = [name for name in IDS if "Token" in name]
HEADINGS = (
    "Description", "Action Space", "Observation Space", "Rewards", "Starting State", "Episode End",
    "Arguments", "Info", "Version History",
)  # fmt: skip


def play(env, seed, episodes=1):
    """Returns observations, rewards and infos of episodes with sampled actions, as plain values."""
    env.action_space.seed(seed)
    trace = []
    for episode in range(episodes):
        observation, info = env.reset(seed=seed if episode == 0 else None)
        trace.append(plain([observation, info]))
        ended = False
        while not ended:
            observation, reward, ended, truncated, info = env.step(env.action_space.sample())
            assert observation in env.observation_space
            assert truncated is False
            trace.append(plain([observation, reward, ended, info]))
    return trace


def plain(value):
    if isinstance(value, dict):
        return {key: plain(part) for key, part in value.items()}
    if isinstance(value, list | tuple):
        return [plain(part) for part in value]
    return value.tolist() if isinstance(value, np.ndarray | np.generic) else value


def test_all_shapes_are_registered():
    names = (
        *("Constraints", "ConstraintsText", "ConstraintsToken"),
        *("Countdown", "CountdownText", "CountdownToken"),
        *("KnightsAndKnaves", "KnightsAndKnavesText", "KnightsAndKnavesToken"),
        *("Sentiment", "SentimentText", "SentimentToken", "SentimentTokenToy"),
        *("Sudoku", "SudokuText", "SudokuToken"),
    )
    assert [f"rlsf_gym/{name}-v0" for name in names] == IDS


def test_everything_that_is_promised_is_there():
    assert all(hasattr(rlsf_gym, name) for name in rlsf_gym.__all__)


@pytest.mark.parametrize("name", IDS)
def test_the_docstring_has_the_usual_headings(name):
    text = type(gym.make(name).unwrapped).__doc__
    places = [text.index(f"## {heading}") for heading in HEADINGS]
    assert places == sorted(places)


@pytest.mark.parametrize("name", IDS)
def test_the_checker_finds_nothing(name):
    env = gym.make(name, render_mode="ansi")
    check_env(env.unwrapped)
    env.close()


@pytest.mark.whole
@pytest.mark.parametrize("name", TOKEN)
def test_the_checker_of_stable_baselines_finds_nothing(name):
    checker = pytest.importorskip("stable_baselines3.common.env_checker")
    checker.check_env(gym.make(name).unwrapped)


@pytest.mark.whole
@pytest.mark.parametrize("name", IDS)
def test_a_thousand_episodes_under_the_passive_checker(name):
    env = gym.make(name, max_new_tokens=3)
    assert "PassiveEnvChecker" in str(env)
    assert len(play(env, seed=0, episodes=1_000)) >= 2_000


@pytest.mark.parametrize("name", IDS)
def test_a_step_needs_a_reset(name):
    env = gym.make(name)
    with pytest.raises(gym.error.ResetNeeded):
        env.step(env.action_space.sample())
    play(env, seed=0)
    with pytest.raises(gym.error.ResetNeeded):
        env.step(env.action_space.sample())


PLAY = """
import json, sys
sys.path[:0] = sys.argv[2:]
import gymnasium as gym
import rlsf_gym
from test_registry import play
print(json.dumps(play(gym.make(sys.argv[1]), seed=7, episodes=3)))
"""


@pytest.mark.whole
@pytest.mark.parametrize("name", IDS)
def test_a_seed_gives_the_same_in_processes_of_different_hash_seeds(name):
    command = [sys.executable, "-c", PLAY, name, os.path.dirname(__file__)]
    outputs = {
        subprocess.run(
            command, env={**os.environ, "PYTHONHASHSEED": seed}, capture_output=True, text=True, check=True
        ).stdout
        for seed in ("1", "2")
    }
    assert len(outputs) == 1
    assert json.loads(outputs.pop()) == json.loads(json.dumps(play(gym.make(name), seed=7, episodes=3)))


@pytest.mark.parametrize("name", IDS)
def test_an_environment_survives_json_and_pickle(name):
    env = gym.make(name)
    again = gym.make(gym.envs.registration.EnvSpec.from_json(env.spec.to_json()))
    expected = play(env, seed=4)
    assert play(again, seed=4) == expected
    assert play(pickle.loads(pickle.dumps(env)), seed=4) == expected
    for space in (env.observation_space, env.action_space):
        assert pickle.loads(pickle.dumps(space)) == space


@pytest.mark.parametrize("name", IDS)
@pytest.mark.parametrize("mode", ["sync", "async", "vector_entry_point"])
def test_vectors_pay_what_single_environments_pay(name, mode):
    if mode == "vector_entry_point" and name not in NATIVE:
        pytest.skip("has no native vector environment")
    extra = (
        {"autoreset_mode": AutoresetMode.SAME_STEP}
        if mode == "vector_entry_point"
        else {"vector_kwargs": {"autoreset_mode": AutoresetMode.SAME_STEP}}
    )
    vector = gym.make_vec(name, num_envs=3, vectorization_mode=mode, **extra)
    single = gym.make(name)
    _, infos = vector.reset(seed=20)
    vector.action_space.seed(1)
    episodes = [[] for _ in range(3)]
    prompts = [str(prompt) for prompt in infos["prompt"]]
    finals = [None] * 3
    while not all(finals):
        actions = vector.action_space.sample()
        rows = list(gym.vector.utils.iterate(vector.action_space, actions))
        _, rewards, ends, _, infos = vector.step(actions)
        for i in range(3):
            if finals[i] is None:
                episodes[i].append((rows[i], rewards[i]))
                if ends[i]:
                    finals[i] = {
                        key: infos["final_info"][key][i] for key in ("token_rewards", "response_text")
                    }
    for i in range(3):
        _, info = single.reset(seed=20 + i)
        assert info["prompt"] == prompts[i]
        for action, reward in episodes[i]:
            _, paid, ended, _, info = single.step(action)
            assert paid == reward
        assert ended
        np.testing.assert_array_equal(info["token_rewards"], finals[i]["token_rewards"])
        assert info["response_text"] == finals[i]["response_text"]
    vector.close()


@pytest.mark.parametrize("name", IDS)
def test_episode_statistics_add_up(name):
    env = RecordEpisodeStatistics(gym.make(name))
    info = play(env, seed=0)[-1][-1]
    assert info["episode"]["r"] == pytest.approx(sum(info["token_rewards"]), abs=1e-6)
    assert info["episode"]["l"] == (info["response_length"] if name in TOKEN else 1)


@pytest.mark.parametrize("name", NATIVE)
def test_vector_wrappers_work_on_native_vectors(name):
    env = DictInfoToList(VectorRecordEpisodeStatistics(gym.make_vec(name, num_envs=2)))
    env.reset(seed=0)
    _, rewards, *_, infos = env.step(env.action_space.sample())
    assert len(infos) == 2
    for reward, info in zip(rewards, infos, strict=True):
        assert reward == float(info["final_info"]["token_rewards"].sum(dtype=np.float64))


@pytest.mark.whole
@pytest.mark.parametrize("name", IDS)
def test_videos_are_recorded(name, tmp_path):
    pytest.importorskip("moviepy")
    folder = tmp_path / "videos"
    env = RecordVideo(gym.make(name, render_mode="rgb_array"), str(folder), episode_trigger=lambda _: True)
    play(env, seed=0)
    env.close()
    assert [path.suffix for path in folder.iterdir()] == [".mp4"]


@pytest.mark.parametrize("name", IDS)
def test_images_have_one_size(name):
    pytest.importorskip("PIL")
    env = gym.make(name, render_mode="rgb_array")
    env.reset(seed=0)
    before = env.render()
    play(env, seed=0)
    after = env.render()
    assert before.dtype == after.dtype == np.uint8
    assert before.shape == after.shape == (320, 720, 3)
    assert (before != after).any()


@pytest.mark.parametrize("name", TOKEN)
def test_torchrl_takes_it(name):
    libs = pytest.importorskip("torchrl.envs.libs.gym")
    env = libs.GymWrapper(gym.make(name))
    assert env.rollout(4).batch_size[0] >= 1


def test_parts_given_by_place_survive_json():
    env = gym.make(
        "rlsf_gym/Sentiment-v0",
        scorer="rlsf_gym.domains.sentiment.vader.scorer:VaderScorer",
        max_new_tokens=4,
    )
    again = gym.make(gym.envs.registration.EnvSpec.from_json(env.spec.to_json()))
    assert again.unwrapped.task.feedback.scorer.name == "vader"


@pytest.mark.parametrize("name", IDS)
def test_metadata_is_each_environments_own(name):
    """Gymnasium below 1.4 writes a vector's autoreset mode into the metadata of its first part."""
    one, other = gym.make(name).unwrapped, gym.make(name).unwrapped
    one.metadata["autoreset_mode"] = "of a vector"
    assert "autoreset_mode" not in other.metadata
    assert "autoreset_mode" not in type(one).metadata


@pytest.mark.parametrize("name", IDS)
def test_a_scorer_that_is_not_exact_is_marked(word_count, name):
    class Neural(word_count):
        exact = False

    assert gym.make(name, scorer=Neural()).unwrapped.spec.nondeterministic
    assert not gym.make(name).unwrapped.spec.nondeterministic


ALONE = """
import sys
import gymnasium as gym
import rlsf_gym
for name in rlsf_gym.IDS:
    env = gym.make(name, judge=None)
    env.reset(seed=0)
    env.step(env.action_space.sample())
    vector = gym.make_vec(name, num_envs=2)
    vector.reset(seed=0)
    vector.step(vector.action_space.sample())
heavy = {"torch", "transformers", "datasets", "agents", "matplotlib", "PIL", "networkx"}
print(sorted(heavy & set(sys.modules)))
"""


def test_it_runs_without_torch_and_without_a_warning():
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", ALONE], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.strip() == "[]"


def test_a_function_made_again_from_the_same_code_keeps_its_name():
    def make():
        return lambda: "same"

    def make_another():
        return lambda: "other"

    def hold(value):
        return lambda: value

    table = Table("number", {"same": make(), "held": hold(3), "place": "math:pi"})
    table.register("same", make())
    table.register("place", "math:" + "pi")
    for name, part in (("same", make_another()), ("held", hold(4)), ("place", "math:e")):
        with pytest.raises(ValueError, match=f"number '{name}' is registered already"):
            table.register(name, part)


@pytest.mark.parametrize("name", [5, None, ("a",)])
def test_a_name_is_a_text(name):
    with pytest.raises(ValueError, match="number name must be a non-empty string without ':', got"):
        Table("number", {}).register(name, 1)
