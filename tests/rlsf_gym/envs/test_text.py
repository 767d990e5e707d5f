"""Strings in, strings out, and the same feedback."""

import gymnasium as gym
import numpy as np
import pytest
from gymnasium.error import InvalidAction
from gymnasium.vector import AutoresetMode

from rlsf_gym.envs import SentimentEnv, SentimentTextEnv, SentimentTextVectorEnv

TEXTS = [" a good film, but too long!", "", " not bad", " caf\u00e9 \U0001f600"]


def assert_same(info, other):
    assert info.keys() == other.keys()
    for key, value in info.items():
        np.testing.assert_array_equal(value, other[key], err_msg=key)


@pytest.mark.parametrize("text", TEXTS)
def test_a_text_is_paid_as_its_tokens_are(text):
    by_text, by_ids = SentimentTextEnv(judge="bundled"), SentimentEnv(judge="bundled")
    observation, info = by_text.reset(seed=5)
    _, other = by_ids.reset(seed=5)
    assert observation == info["prompt"] == other["prompt"]
    again, reward, terminated, truncated, info = by_text.step(text)
    _, expected, _, _, other = by_ids.step(by_ids.tokenizer.encode(text)[:16])
    assert (again, reward, terminated, truncated) == (observation, expected, True, False)
    assert_same(info, other)


def test_of_a_longer_text_the_first_tokens_are_paid():
    env = SentimentTextEnv(max_new_tokens=3)
    env.reset(seed=0)
    *_, info = env.step(" good good good good good")
    assert info["response_text"] == " good good good"
    assert (info["response_length"], info["finish_reason"]) == (3, "length")


def test_every_response_of_so_many_tokens_fits_the_space():
    env = SentimentTextEnv(max_new_tokens=2)
    sizes = [len(env.tokenizer.token_bytes(token)) for token in range(env.tokenizer.vocab_size)]
    assert env.action_space.max_length == 2 * max(sizes)


@pytest.mark.parametrize(
    ("action", "message"),
    [
        (3, "action must be a str, got int"),
        ([1, 2], "action must be a str, got list"),
        (
            "x" * 10_000,
            "action must have at most .* characters, got 10000: a larger max_new_tokens allows more",
        ),
        ("half \ud83d", "action must be text without lone surrogates"),
    ],
)
def test_a_malformed_action_is_refused_and_the_episode_goes_on(action, message):
    env = SentimentTextEnv()
    env.reset(seed=0)
    with pytest.raises(InvalidAction, match=message):
        env.step(action)
    assert env.step(" good")[1] > 0


def test_words_that_the_vocabulary_lacks_are_named():
    env = SentimentTextEnv(tokenizer="toy", prompts="toy")
    env.reset(seed=0)
    with pytest.raises(InvalidAction, match=r"can't be encoded: .* none of which begins ' zebra'"):
        env.step(" zebra")


def test_the_native_vector_pays_as_single_environments_do():
    vector = SentimentTextVectorEnv(len(TEXTS))
    observations, _ = vector.reset(seed=3)
    following, rewards, *_, infos = vector.step(tuple(TEXTS))
    assert following in vector.observation_space
    for index, text in enumerate(TEXTS):
        env = SentimentTextEnv()
        assert env.reset(seed=3 + index)[0] == observations[index] == infos["final_obs"][index]
        _, reward, *_, info = env.step(text)
        assert reward == rewards[index]
        for key, value in info.items():
            np.testing.assert_array_equal(infos["final_info"][key][index], value)
        assert env.reset()[0] == following[index]


def test_the_vector_takes_one_text_for_each():
    vector = gym.make_vec("rlsf_gym/SentimentText-v0", num_envs=2, autoreset_mode=AutoresetMode.DISABLED)
    vector.reset(seed=0)
    for actions, message in (
        (" good", "actions must be 2 texts, got str"),
        ((" good",), "actions must be one for each of 2 environments, got 1"),
        ((" good", None), "action must be a str, got NoneType"),
    ):
        with pytest.raises(InvalidAction, match=message):
            vector.step(actions)
    assert (vector.step([" good", " bad"])[1] * [1, -1] > 0).all()


@pytest.mark.parametrize("shared_memory", [True, False])
def test_texts_come_through_the_memory_of_asynchronous_vectors(shared_memory):
    prompts = ["The film was", "caf\u00e9 \U0001f600", "a\x00b"]
    env = gym.make_vec(
        "rlsf_gym/SentimentText-v0",
        num_envs=3,
        vectorization_mode="async",
        vector_kwargs={"shared_memory": shared_memory, "autoreset_mode": "SameStep"},
        prompts=prompts,
        split="all",
    )
    try:
        first, infos = env.reset(seed=[0, 1, 2])
        kept, given = tuple(first), tuple(infos["prompt"])
        assert kept == given
        for _ in range(3):
            later, _, _, _, infos = env.step((" good", " bad", ""))
            assert tuple(later) == tuple(infos["prompt"])
        assert tuple(first) == kept  # what was handed out stays as it is
    finally:
        env.close()
