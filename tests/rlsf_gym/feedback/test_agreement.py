"""A scorer that gives one text two scores is refused, whatever the environment."""

import gymnasium as gym
import numpy as np
import pytest

from rlsf_gym.certificates import Certificate
from rlsf_gym.scorers import Assessment

IDS = ("rlsf_gym:rlsf_gym/Sentiment-v0", "rlsf_gym:rlsf_gym/SentimentToken-v0")


class Honest:
    """score = share of the letter e."""

    name = "share"
    bounded = True
    verifiable = False
    exact = True

    def score(self, texts):
        return np.array([text.count("e") / max(len(text), 1) for text in texts], np.float64)

    def prefix_scores(self, prompt, response, char_ends):
        return self.score([prompt + response[:end] for end in char_ends])

    def certify(self, prompt, response):
        before, after = self.score([prompt, prompt + response]).tolist()
        kwargs = {"scorer": self.name, "model_hash": "0", "labels": {}, "length": len(prompt + response)}
        return Certificate.opaque(prompt_score=before, score=after, **kwargs)


class HalfAsMuch(Honest):
    def prefix_scores(self, prompt, response, char_ends):
        return super().prefix_scores(prompt, response, char_ends) / 2


class OtherBatch(Honest):
    def prefix_scores_batch(self, prompts, responses, char_ends):
        rows = zip(prompts, responses, char_ends, strict=True)
        return [Honest.prefix_scores(self, *row) + 0.01 for row in rows]


class OtherAssess(Honest):
    def assess_batch(self, prompts, responses, char_ends):
        found = []
        for prompt, response, ends in zip(prompts, responses, char_ends, strict=True):
            one = Honest.certify(self, prompt, response)
            kwargs = {"scorer": "share", "model_hash": "0", "labels": {}, "length": one.records[0].char_end}
            moved = Certificate.opaque(prompt_score=one.prompt_score, score=one.score + 0.01, **kwargs)
            found.append(Assessment(moved, Honest.prefix_scores(self, prompt, response, ends)))
        return found


class NearlyThere(Honest):
    def __init__(self, error, exact):
        self.error, self.exact = error, exact

    def prefix_scores(self, prompt, response, char_ends):
        return super().prefix_scores(prompt, response, char_ends) + self.error


def _play(env_id, scorer, **kwargs):
    env = gym.make(env_id, scorer=scorer, tokenizer="bytes", max_prompt_tokens=32, **kwargs)
    env.reset(options={"prompt": "The film was"})
    ids = [*b" see me", env.unwrapped.tokenizer.eos_token_id]
    if env_id == IDS[0]:
        return env.step(ids)[1]
    return sum(env.step(np.int64(token))[1] for token in ids)


@pytest.mark.parametrize("env_id", IDS)
@pytest.mark.parametrize("scorer", [HalfAsMuch, OtherBatch, OtherAssess])
def test_two_scores_of_a_text_are_refused_in_one_line(env_id, scorer):
    message = r"scorer 'share' must give a text the same score in every form, within 1e-09, got 0\.\d+ by "
    with pytest.raises(ValueError, match=message) as raised:
        _play(env_id, scorer())
    assert "\n" not in str(raised.value)


@pytest.mark.parametrize("env_id", IDS)
@pytest.mark.parametrize(
    ("error", "exact", "is_right"),
    [(1e-10, True, True), (1e-7, True, False), (5e-6, False, True), (5e-5, False, False)],
)
def test_it_may_be_as_far_off_as_it_declares(env_id, error, exact, is_right):
    if is_right:
        _play(env_id, NearlyThere(error, exact))
    else:
        with pytest.raises(ValueError, match="the same score in every form"):
            _play(env_id, NearlyThere(error, exact))


def test_an_honest_scorer_is_paid_alike_by_response_and_by_token():
    paid = [_play(env_id, Honest()) for env_id in IDS]
    # " see me" has 3 e among the 19 letters with the prompt, which has 1 among 12
    assert paid == pytest.approx([4 / 19 - 1 / 12] * 2, abs=1e-6)
