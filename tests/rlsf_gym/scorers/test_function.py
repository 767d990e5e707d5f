"""A function from texts to numbers is a scorer."""

import sys
from types import SimpleNamespace

import gymnasium as gym
import numpy as np
import pytest

from rlsf_gym import reward_func
from rlsf_gym.scorers import SCORERS, load_scorer, register_scorer
from rlsf_gym.testing import check_scorer


def exclaim(texts):
    return [min(text.count("!"), 10) / 10 for text in texts]


def exclaim_by(texts, *, scale):
    return np.array(exclaim(texts)) * scale


def make_scorer(model):
    return load_scorer("vader")


def broken(texts):
    return {}["no such key"]


@pytest.mark.parametrize("spec", [exclaim, lambda texts: exclaim(texts), f"{__name__}:exclaim"])
def test_a_function_is_a_scorer(spec, monkeypatch):
    import sys
    import types

    module = types.ModuleType(__name__)
    module.exclaim = exclaim
    monkeypatch.setitem(sys.modules, __name__, module)
    scorer = load_scorer(spec)
    assert scorer.name in ("exclaim", "lambda")
    assert (scorer.bounded, scorer.verifiable) == (True, False)
    assert scorer.score(["a", "a!!"]).tolist() == [0.0, 0.2]
    assert scorer.prefix_scores("a!", "b!", np.array([0, 1, 2])).tolist() == [0.1, 0.1, 0.2]
    certificate = scorer.certify("a!", "b!!")
    assert (certificate.prompt_score, certificate.score, certificate.verifiable) == (
        0.1,
        pytest.approx(0.3),
        False,
    )
    check_scorer(scorer)


def test_a_batch_is_one_call_of_texts_that_differ():
    calls = []

    def count(texts):
        calls.append(texts)
        return exclaim(texts)

    env = gym.make_vec("rlsf_gym:rlsf_gym/Sentiment-v0", num_envs=2, scorer=count, tokenizer="bytes")
    env.unwrapped.task.feedback._scoring.is_watched = False
    env.reset(options={"prompts": ["It is", "It is"]})
    _, rewards, *_ = env.step([list(b" so!"), list(b" so!!")])
    assert rewards == pytest.approx([0.1, 0.2], abs=1e-6)
    assert len(calls) == 1 and len(set(calls[0])) == len(calls[0])


def test_it_is_paid_in_every_form():
    for env_id in ("rlsf_gym:rlsf_gym/Sentiment-v0", "rlsf_gym:rlsf_gym/SentimentToken-v0"):
        env = gym.make(env_id, scorer=exclaim, tokenizer="bytes")
        env.reset(options={"prompt": "It is"})
        tokens = [*b" so!!", env.unwrapped.tokenizer.eos_token_id]
        steps = [env.step(tokens)] if "Token" not in env_id else [env.step(np.int64(one)) for one in tokens]
        assert sum(step[1] for step in steps) == pytest.approx(0.2, abs=1e-6)
    reward = reward_func("rlsf_gym:rlsf_gym/Sentiment-v0", scorer=exclaim, tokenizer="bytes")
    assert reward(prompts=["It is"], completion_ids=[list(b"!")]) == pytest.approx([0.1], abs=1e-6)


def test_it_can_have_a_name_and_arguments(monkeypatch):
    monkeypatch.setattr("rlsf_gym.scorers.table.SCORERS", SCORERS.copy())
    register_scorer("exclaim", exclaim)
    assert load_scorer("exclaim").score(["!"]).tolist() == [0.1]
    assert load_scorer(exclaim_by, scale=0.5).score(["!"]).tolist() == [0.05]


def test_what_makes_a_scorer_still_does():
    assert load_scorer(lambda: load_scorer("vader")).name == "vader"
    assert load_scorer(make_scorer, model="x").name == "vader"
    assert load_scorer(type(load_scorer("vader")), but="documented").but == "documented"


@pytest.mark.parametrize(
    ("function", "message"),
    [
        (
            lambda texts: [0.5],
            "scorer 'lambda' must return 2 numbers, one for each text, got float64 of shape",
        ),
        (lambda texts: None, "must return 2 numbers, one for each text, got object"),
        (
            lambda texts: [0.5, float("nan")],
            "scorer 'lambda' must return 2 numbers, .* got nan: return finite",
        ),
        (make_scorer, "got a VaderScorer: if it makes a scorer, pass its arguments as scorer_kwargs"),
    ],
)
def test_what_returns_something_else_is_told_so(function, message):
    with pytest.raises(ValueError, match=message):
        load_scorer(function).score(["a", "b"])


def test_scores_out_of_range_are_refused_at_play():
    env = gym.make("rlsf_gym:rlsf_gym/Sentiment-v0", scorer=lambda texts: [2.0] * len(texts))
    env.reset(seed=0)
    with pytest.raises(ValueError, match="scorer 'lambda' declares bounded=True"):
        env.step([5])


def test_its_own_errors_stay_its_own():
    env = gym.make("rlsf_gym:rlsf_gym/Sentiment-v0", scorer=broken)
    env.reset(seed=0)
    with pytest.raises(KeyError, match="no such key"):
        env.step([5])


class Exclamations:
    """Scores as a function does, made without arguments or with one."""

    def __init__(self, most=10):
        self.most = most

    def __call__(self, texts):
        return [text.count("!") / self.most for text in texts]


def test_an_object_that_can_be_called_is_a_function(monkeypatch):
    monkeypatch.setitem(sys.modules, "mine", SimpleNamespace(Exclamations=Exclamations))
    for scorer in (load_scorer(Exclamations()), load_scorer(Exclamations), load_scorer("mine:Exclamations")):
        assert scorer.name == "Exclamations"
        assert scorer.score(["a!", "b!!"]).tolist() == [0.1, 0.2]
    assert load_scorer(Exclamations, most=4).score(["a!"]).tolist() == [0.25]


def test_what_is_no_scorer_is_told_what_would_be_one():
    with pytest.raises(
        ValueError, match=r"scorer must be a function of a list of texts or have name, .*; int "
    ):
        load_scorer(5)
