"""Where no word closes, `boundary="closed"` says so, once."""

import warnings

import gymnasium as gym
import pytest

from rlsf_gym.feedback.boundary import BoundaryWarning

CHINESE, THAI, LONG = (
    "\u8fd9\u90e8\u7535\u5f71\u5f88\u597d",
    "\u0e2b\u0e19\u0e31\u0e07\u0e14\u0e35",
    "wonderful",
)


def _play(*texts, **kwargs):
    env = gym.make(
        "rlsf_gym:rlsf_gym/Sentiment-v0", tokenizer="bytes", max_new_tokens=64, max_prompt_tokens=32, **kwargs
    )
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        for text in texts:
            env.reset(options={"prompt": "The film was"})
            env.step(list(text.encode()))
    return [one for one in caught if one.category is BoundaryWarning]


@pytest.mark.parametrize("text", [CHINESE, THAI, "\U0001f600" * 5])
def test_texts_without_white_space_are_told_of_once(text):
    (told,) = _play(text, text, text)
    assert 'use boundary="open"' in str(told.message)
    assert "as `terminal` does" in str(told.message)
    assert "\n" not in str(told.message)


@pytest.mark.parametrize(
    ("texts", "kwargs"),
    [
        ((CHINESE,), {"boundary": "open"}),
        ((CHINESE,), {"reward_design": "terminal"}),
        ((" good film", "good", LONG, "!!!!!!!", "", " ", "\u597d", "caf\u00e9\u00e9\u00e9\u00e9"), {}),
        ((CHINESE + " " + CHINESE,), {}),
        ((LONG,) * 31, {}),
    ],
    ids=["open", "terminal", "ordinary", "with a space", "words"],
)
def test_ordinary_texts_are_not(texts, kwargs):
    assert _play(*texts, **kwargs) == []


def test_nor_is_any_script_for_ever():
    assert len(_play(*(LONG,) * 40)) == 1
