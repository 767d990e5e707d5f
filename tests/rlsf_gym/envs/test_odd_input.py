"""Odd responses have a defined result in every shape of environment: no crash, and no silent zero."""

import gymnasium as gym
import numpy as np
import pytest
from tokenizers import Tokenizer as Backend
from tokenizers import models, normalizers, pre_tokenizers

RESPONSES = {
    "zero-width joiner inside a word": " go\u200dod great",
    "family emoji": " \U0001f468\u200d\U0001f469\u200d\U0001f467 great",
    "right-to-left mark": " \u200fgreat\u200f",
    "right-to-left override": " \u202egreat",
    "no space at all": "x" * 10_000,
    "control characters": "\x00\x1b[31m great\x07",
    "line separators": " good\u2028\u2029great",
    "combining marks": " cafe\u0301 great",
    "only spaces": "     ",
    "only marks": "!!!???",
}


@pytest.mark.parametrize("design", ["potential", "uniform"])
@pytest.mark.parametrize("response", RESPONSES.values(), ids=RESPONSES.keys())
def test_all_shapes_agree_on_odd_text(response, design):
    kwargs = {
        "max_new_tokens": 12_000 if len(response) > 100 else 64,
        "reward_design": design,
        "verify": True,
    }
    by_ids = gym.make("rlsf_gym/Sentiment-v0", **kwargs)
    by_ids.reset(seed=0, options={"prompt": "The plot is good and"})
    ids = by_ids.unwrapped.tokenizer.encode(response)
    _, reward, *_, info = by_ids.step(ids)
    assert info["response_text"] == response
    assert info["response_length"] == len(ids)
    assert np.isfinite(info["token_rewards"]).all()
    scorer = by_ids.unwrapped.task.feedback.scorer
    before, after = scorer.score(["The plot is good and", "The plot is good and" + response])
    assert info["score"] == after
    assert reward == pytest.approx(after - before, abs=1e-5)
    by_text = gym.make("rlsf_gym/SentimentText-v0", **kwargs)
    by_text.reset(seed=0, options={"prompt": "The plot is good and"})
    _, other, *_, told = by_text.step(response)
    assert other == reward
    np.testing.assert_array_equal(told["token_rewards"], info["token_rewards"])


@pytest.mark.parametrize(
    "ids", [[], [4096] * 16, [4096, 5, 6]], ids=["nothing", "only padding", "padding first"]
)
def test_an_empty_response_is_called_empty_and_earns_nothing(ids):
    env = gym.make("rlsf_gym/Sentiment-v0", max_new_tokens=16)
    env.reset(seed=0)
    _, reward, *_, info = env.step(ids)
    assert (reward, info["finish_reason"], info["response_length"], info["response_text"]) == (
        0,
        "empty",
        0,
        "",
    )


def test_an_end_token_first_is_an_end_and_earns_nothing():
    env = gym.make("rlsf_gym/Sentiment-v0")
    env.reset(seed=0)
    _, reward, *_, info = env.step([4095, 17, 18])
    assert (reward, info["finish_reason"], info["response_length"], info["response_text"]) == (
        0,
        "eos",
        1,
        "",
    )


def test_half_a_character_is_shown_as_what_it_is():
    env = gym.make("rlsf_gym/Sentiment-v0", max_new_tokens=4)
    tokenizer = env.unwrapped.tokenizer
    half = next(t for t in range(tokenizer.vocab_size) if tokenizer.token_bytes(t) == b"\xf0")
    env.reset(seed=0)
    *_, info = env.step([half])
    assert info["response_text"] == "\ufffd"


def test_a_prompt_with_a_lone_surrogate_is_refused():
    env = gym.make("rlsf_gym/Sentiment-v0")
    with pytest.raises(ValueError, match="surrogate"):
        env.reset(options={"prompt": "half \ud83d"})


@pytest.mark.parametrize("env_id", ["Sentiment-v0", "SentimentText-v0", "SentimentToken-v0"])
def test_a_prompt_that_the_tokenizer_changes_is_refused(env_id):
    vocabulary = [*sorted(pre_tokenizers.ByteLevel.alphabet()), "</s>"]
    backend = Backend(models.BPE(vocab={token: n for n, token in enumerate(vocabulary)}, merges=[]))
    backend.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    backend.normalizer = normalizers.Lowercase()
    kwargs = {"tokenizer": backend, "prompts": ["the film was"], "split": "all"}
    env = gym.make(f"rlsf_gym:rlsf_gym/{env_id}", **kwargs)
    with pytest.raises(
        ValueError, match="must come back from the tokenizer, got 'GOOD', which becomes 'good'"
    ):
        env.reset(options={"prompt": "GOOD"})
    assert env.reset(options={"prompt": "good"})[1]["prompt"] == "good"
