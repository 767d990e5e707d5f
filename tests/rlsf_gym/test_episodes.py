"""Whoever gave the infos, each finished episode comes out once, as a single environment would tell it."""

import gymnasium as gym
import numpy as np
import pytest
from gymnasium.vector import AutoresetMode
from gymnasium.wrappers.vector import DictInfoToList, RecordEpisodeStatistics

import rlsf_gym
from rlsf_gym import episode_infos

RESPONSE = "rlsf_gym/Sentiment-v0"
TOKEN = "rlsf_gym/SentimentTokenToy-v0"
MODES = (AutoresetMode.SAME_STEP, AutoresetMode.DISABLED, AutoresetMode.NEXT_STEP)
assert RESPONSE in rlsf_gym.IDS


def vector(mode, *, name=RESPONSE, how="sync", num_envs=3, **kwargs):
    options = {"autoreset_mode": mode, **({"context": "spawn"} if how == "async" else {})}
    return gym.make_vec(name, num_envs=num_envs, vectorization_mode=how, vector_kwargs=options, **kwargs)


def single_infos(actions, *, name=RESPONSE, seed=7):
    """Returns the last infos of single environments that play these actions, one after the other each."""
    infos = []
    for index, row in enumerate(actions):
        env = gym.make(name)
        env.reset(seed=seed + index)
        for action in row:
            info = env.step(action)[-1]
        infos.append(info)
    return infos


def without_mask(infos):
    return [{key: value for key, value in info.items() if key != "action_mask"} for info in infos]


@pytest.mark.parametrize(
    ("how", "mode"),
    [*(("sync", mode) for mode in MODES), *(("native", mode) for mode in MODES[:2])],
)
def test_vectors_of_responses_give_what_single_environments_give(how, mode):
    env = vector(mode) if how == "sync" else gym.make_vec(RESPONSE, num_envs=3, autoreset_mode=mode)
    _, infos = env.reset(seed=7)
    assert list(episode_infos(infos)) == []
    env.action_space.seed(0)
    actions = env.action_space.sample()
    actions[1, 0] = env.single_action_space.nvec[0] - 1
    infos = env.step(actions)[-1]
    np.testing.assert_equal(list(episode_infos(infos)), single_infos([[row] for row in actions]))


@pytest.mark.whole
def test_asynchronous_vectors_give_the_same():
    env = vector(AutoresetMode.SAME_STEP, how="async", num_envs=2)
    env.reset(seed=7)
    env.action_space.seed(0)
    actions = env.action_space.sample()
    infos = env.step(actions)[-1]
    env.close()
    np.testing.assert_equal(list(episode_infos(infos)), single_infos([[row] for row in actions]))


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("listed", [False, True])
def test_only_finished_rows_come_out(mode, listed):
    """Of three environments, the second ends with its second token, the others later."""
    env = vector(mode, name=TOKEN)
    if listed:
        env = DictInfoToList(env)
    _, infos = env.reset(seed=7)
    eos = gym.make(TOKEN).unwrapped.tokenizer.eos_token_id
    assert list(episode_infos(infos)) == []
    assert list(episode_infos(env.step(np.array([1, 2, 3]))[-1])) == []
    found = list(episode_infos(env.step(np.array([4, eos, 5]))[-1]))
    expected = without_mask(single_infos([[1, 4], [2, eos], [3, 5]], name=TOKEN)[1:2])
    np.testing.assert_equal(without_mask(found), expected)
    assert found[0]["finish_reason"] == "eos"


@pytest.mark.parametrize("mode", MODES)
def test_a_list_of_dicts_gives_the_same_as_columns(mode):
    first, second = vector(mode), DictInfoToList(vector(mode))
    first.reset(seed=7)
    second.reset(seed=7)
    first.action_space.seed(0)
    actions = first.action_space.sample()
    columns, listed = first.step(actions)[-1], second.step(actions)[-1]
    assert isinstance(listed, list)
    np.testing.assert_equal(list(episode_infos(listed)), list(episode_infos(columns)))


@pytest.mark.whole
def test_stable_baselines_gives_the_same():
    vec_env = pytest.importorskip("stable_baselines3.common.vec_env")
    env = vec_env.DummyVecEnv([lambda: gym.make(TOKEN)] * 2)
    env.seed(7)
    env.reset()
    eos = gym.make(TOKEN).unwrapped.tokenizer.eos_token_id
    assert list(episode_infos(env.step(np.array([1, 2]))[-1])) == []
    infos = env.step(np.array([4, eos]))[-1]
    found = list(episode_infos(infos))
    np.testing.assert_equal(list(episode_infos(tuple(infos))), found)
    expected = single_infos([[1, 4], [2, eos]], name=TOKEN)[1]
    assert len(found) == 1
    np.testing.assert_equal({key: found[0][key] for key in expected}, expected)


def test_a_single_environment_gives_one_or_none():
    env = gym.make(TOKEN)
    _, info = env.reset(seed=0)
    assert list(episode_infos(info)) == []
    assert list(episode_infos(env.step(1)[-1])) == []
    info = env.step(env.unwrapped.tokenizer.eos_token_id)[-1]
    (found,) = episode_infos(info)
    np.testing.assert_equal(found, info)


def test_values_are_plain_and_arrays_are_copies():
    env = gym.make_vec(RESPONSE, num_envs=2)
    env.reset(seed=0)
    infos = env.step(env.action_space.sample())[-1]
    found = list(episode_infos(infos))
    kinds = {"token_rewards": np.ndarray, "response_length": int, "response_text": str, "score": float}
    for info in found:
        assert {key: type(info[key]) for key in kinds} == kinds
        assert (info["token_rewards"].dtype, info["token_rewards"].shape) == (np.float32, (16,))
        assert not any(key.startswith("_") for key in info)
        info["token_rewards"][:] = 9.0
    assert not (infos["final_info"]["token_rewards"] == 9.0).any()
    (single,) = episode_infos({"token_rewards": (kept := np.zeros(2)), "score": np.float32(0.5)})
    assert type(single["score"]) is float
    assert not np.shares_memory(single["token_rewards"], kept)


def test_keys_that_a_row_does_not_have_are_left_out():
    columns = {
        "token_rewards": np.zeros((2, 3)),
        "_token_rewards": np.array([True, True]),
        "judge": np.array([0.5, 0.0]),
        "_judge": np.array([True, False]),
        "certificate": np.array([[{"rule": "base"}], None], dtype=object),
        "_certificate": np.array([True, False]),
    }
    first, second = episode_infos(columns)
    assert (first["judge"], first["certificate"]) == (0.5, [{"rule": "base"}])
    assert set(second) == {"token_rewards"}


def test_nested_infos_are_taken_apart():
    env = RecordEpisodeStatistics(gym.make_vec(RESPONSE, num_envs=2, autoreset_mode="Disabled"))
    env.reset(seed=0)
    _, rewards, *_, infos = env.step(env.action_space.sample())
    returns = [info["episode"]["r"] for info in episode_infos(infos)]
    assert returns == rewards.tolist()
    assert [type(value) for value in returns] == [float, float]


@pytest.mark.parametrize(
    ("infos", "error", "message"),
    [
        (3, TypeError, "infos must be a dict or a list of dicts, got int"),
        ("text", TypeError, "got str"),
        ([{}, None], TypeError, "a list of dicts, got NoneType at 1"),
        ([{"final_info": 1}], TypeError, "a list of dicts, got int at 0"),
        ({"token_rewards": np.zeros((2, 3))}, ValueError, r"must have shape \(T,\), or come with a mask"),
        (
            {"final_info": np.array([{}, {}]), "_final_info": np.ones(2, bool)},
            ValueError,
            r"infos\['final_info'\] must be a dict of columns with a mask",
        ),
        ({"final_info": {}}, ValueError, r"with a mask infos\['_final_info'\]"),
        (
            {"token_rewards": np.zeros((2, 3)), "_token_rewards": np.ones(2)},
            ValueError,
            r"infos\['_token_rewards'\] must be a bool array \(B,\), got float64 of shape \(2,\)",
        ),
        (
            {"token_rewards": np.zeros((3, 3)), "_token_rewards": np.ones(2, bool)},
            ValueError,
            r"infos\['token_rewards'\] must be an array with a row for each of 2 environments",
        ),
        (
            {"token_rewards": np.zeros((2, 3)), "_token_rewards": np.ones(2, bool), "seconds": 0.5},
            ValueError,
            r"infos\['seconds'\] must be an array with a row for each of 2 environments, got 0.5",
        ),
        (
            {
                "token_rewards": np.zeros((2, 3)),
                "_token_rewards": np.ones(2, bool),
                "score": np.zeros(2),
                "_score": np.ones(3, bool),
            },
            ValueError,
            r"infos\['_score'\] must have 2 rows, got 3",
        ),
    ],
)
def test_unknown_shapes_are_refused(infos, error, message):
    with pytest.raises(error, match=message):
        episode_infos(infos)
