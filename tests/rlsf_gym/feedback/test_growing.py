"""Tokens that are paid as they are written get what the whole response pays, at a cost that does not grow."""

import dataclasses

import gymnasium as gym
import numpy as np
import pytest

from rlsf_gym.designs import DESIGNS, Design
from rlsf_gym.domains.sentiment.vader.stream import Stream
from rlsf_gym.scorers import load_scorer

TOKEN_ENV = "rlsf_gym:rlsf_gym/SentimentToken-v0"
PIECES = (
    *(" good", " bad", " not", " very", " but", " no", " kind", " of", "!", "?", " :)", " LOVED", " at"),
    *(" least", "ing", "\n", "  ", " isn't", " A", "\U0001f600", " \u2764", "caf\u00e9", "\u3000film"),
)


def make(**kwargs):
    return gym.make(TOKEN_ENV, max_new_tokens=24, **kwargs).unwrapped


def write(env, rng):
    """Returns the ids of a response of 23 tokens without an end: words and marks, or any tokens at all."""
    ids = env.tokenizer.encode("".join(rng.choice(PIECES, 30)))
    if rng.random() < 0.3:
        ids = rng.integers(0, env.tokenizer.vocab_size, 23).tolist()
    return [token for token in ids[:23] if token != env.tokenizer.eos_token_id]


@pytest.mark.parametrize("design", ["potential", "terminal"])
@pytest.mark.parametrize("boundary", ["closed", "open"])
@pytest.mark.parametrize("scorer", ["vader", "knowledge"])
def test_each_step_pays_what_the_response_so_far_pays_to_the_bit(scorer, boundary, design):
    env = make(scorer=scorer, boundary=boundary, reward_design=design)
    rng = np.random.default_rng(4)
    for episode in range(8):
        env.reset(seed=episode)
        ids, paid = write(env, rng), []
        for count, token in enumerate(ids, start=1):
            so_far = env.task.feedback.reward_so_far(
                env._episode.instance, np.array(ids[:count]), env._design_rng, size=24
            )
            paid.append(env.step(token)[1])
            assert paid[-1] == so_far
        info = env.step(env.tokenizer.eos_token_id)[4]
        np.testing.assert_allclose(paid, info["token_rewards"][: len(paid)], atol=1e-6)


def test_a_token_is_read_once(monkeypatch):
    env = make()
    ids = env.tokenizer.encode(" a good film, not bad but no fun at all")
    env.reset(seed=0)
    came = []
    push = Stream.push
    monkeypatch.setattr(Stream, "push", lambda self, word: came.append(word.text) or push(self, word))
    for token in ids:
        env.step(token)
    assert came == ["a", "good", "film", "not", "bad", "but", "no", "fun", "at"]


def test_steps_that_need_the_whole_response_are_paid_from_all_that_is_written():
    other = dataclasses.replace(
        DESIGNS["potential"], function=lambda evidence, *, rng: np.zeros(evidence.mask.size)
    )
    by_hand = Design("by hand", DESIGNS["potential"].function, causal=True, uses_prefixes=True)
    for kwargs, is_followed in (
        ({}, True),
        ({"reward_design": by_hand}, True),
        ({"reward_design": "mixed"}, True),
        ({"reward_design": other}, False),
        ({"reward_design": "quantised_potential"}, False),
        ({"reward_design": "uniform"}, False),
        ({"verify": True}, False),
        ({"scorer": lambda texts: np.zeros(len(texts))}, False),
    ):
        env = make(**kwargs)
        env.reset(seed=0)
        assert (env._growing is not None) is is_followed, kwargs


def test_a_stream_does_not_speak_for_a_score_that_was_replaced():
    scorer = load_scorer("vader")
    scorer.score = lambda texts: np.zeros(len(texts))
    env = gym.make(
        "rlsf_gym:rlsf_gym/SentimentToken-v0", scorer=scorer, verify=False, reward_design="terminal"
    )
    env.reset(seed=0)
    assert env.unwrapped._growing is None


def test_a_score_out_of_range_is_refused():
    class Stretched(type(load_scorer("vader"))):
        def open_stream(self, prompt):
            stream = super().open_stream(prompt)
            extend = stream.extend
            stream.extend = lambda text: extend(text) + 2.0
            return stream

    env = make(scorer=Stretched())
    env.reset(seed=0)
    with pytest.raises(ValueError, match=r"scores must be in \[-1, 1\]"):
        for token in env.tokenizer.encode(" a good film"):
            env.step(token)
