"""Verdicts: told as `solved`, in every form of the environments, and held to what they mean."""

import gymnasium as gym
import numpy as np
import pytest

from rlsf_gym import ResponseEnv, ResponseVectorEnv, TokenEnv
from rlsf_gym.contract import ContractError, check_episode
from tests.helpers.digits import Verdict, make_digits

DIGITS = make_digits()
FIVE = {"instance": {"target": 5}}


def test_solved_is_told_of_a_scorer_with_a_verdict_alone():
    env = ResponseEnv(domain=DIGITS, scorer="verdict")
    for response, solved in ((b"3+2", 1.0), (b"3", 0.0), (b"", 0.0)):
        env.reset(options=FIVE)
        info = env.step([*response, *[257] * (4 - len(response))])[4]
        assert (type(info["solved"]), info["solved"]) == (float, solved)
    plain = ResponseEnv(domain=DIGITS)
    plain.reset(options=FIVE)
    assert "solved" not in plain.step([*b"5", 257, 257, 257])[4]


@pytest.mark.parametrize("objective", ["positive", "negative", "target"])
def test_it_is_of_the_score_and_not_of_the_utility(objective):
    env = ResponseEnv(domain=DIGITS, scorer="verdict", objective=objective)
    env.reset(options=FIVE)
    assert env.step([*b"5", 257, 257, 257])[4]["solved"] == 1.0


def test_vectors_and_tokens_tell_the_same():
    many = ResponseVectorEnv(2, domain=DIGITS, scorer="verdict")
    many.reset(options=FIVE)
    final = many.step(np.array([[*b"5", 257, 257, 257], [*b"6", 257, 257, 257]]))[4]["final_info"]
    assert final["solved"].tolist() == [1.0, 0.0] and final["_solved"].all()
    steps = TokenEnv(domain=DIGITS, scorer="verdict")
    steps.reset(options=FIVE)
    infos = [steps.step(token)[4] for token in (*b"32", 256)]
    assert ["solved" in info for info in infos] == [False, False, True]
    assert infos[-1]["solved"] == 1.0


def play(scorer, response=b"32", **kwargs):
    env = ResponseEnv(domain=DIGITS, scorer=scorer, **kwargs)
    env.reset(options=FIVE)
    return env.step([*response, 256, *[257] * (3 - len(response))])[4]


class Liar(Verdict):
    """Values of its own in the places of some."""

    def __init__(self, values=None, prompt=None, score=None):
        self.told, self.prompt, self.score = values, prompt, score

    def values(self, instance, response, ends):
        return super().values(instance, response, ends) if self.told is None else np.array(self.told)

    def certify(self, instance, response):
        from dataclasses import replace

        made = super().certify(instance, response)
        given = {"prompt_score": self.prompt, "score": self.score}
        return replace(made, **{name: one for name, one in given.items() if one is not None})


@pytest.mark.parametrize(
    ("liar", "message"),
    [
        (Liar(score=0.5), "the score of a whole response must be 1 or 0, got 0.5 for '32'"),
        (Liar(score=-1.0), r"scores and values must be in \[0, 1\], got -1.0"),
        (Liar(values=[0.5, -0.5]), r"scores and values must be in \[0, 1\], got -0.5"),
        (Liar(values=[0.0, 0.5]), "after token 0 of '32' it is 0 and then 0.5"),
        (Liar(values=[0.5, 0.0]), "after token 1 of '32' it is 0 and then 1.0"),
        (Liar(prompt=0.0), "a prompt must have a right answer, and '5=' is worth 0: give another one"),
    ],
)
def test_what_is_no_verdict_is_refused(liar, message):
    with pytest.raises(ValueError, match=f"scorer 'verdict' (must|declares verdict=True).*{message}"):
        play(liar)


def test_what_a_candidate_is_worth_is_a_verdict_too():
    from tests.helpers.candidates import VerdictAhead

    class Wild(VerdictAhead):
        def value(self, instance, response, is_over):
            return -1.0

    with pytest.raises(ValueError, match=r"scores and values must be in \[0, 1\], got -1.0"):
        play(Wild(), candidates=True)


@pytest.mark.parametrize(
    ("kind", "message"),
    [
        ({"verdict": 1}, "must have True or False as verdict, got 1"),
        ({"verdict": True, "bounded": False}, "whose scores are 0 or 1: set bounded = True"),
    ],
)
def test_what_is_declared_is_checked_when_the_environment_is_made(kind, message):
    with pytest.raises(ValueError, match=message):
        ResponseEnv(domain=DIGITS, scorer=type("Odd", (Verdict,), kind)())


@pytest.mark.parametrize("value", [1, 0.5, True, "yes"])
def test_the_contract_knows_it(value):
    env = gym.make("rlsf_gym:rlsf_gym/Sentiment-v0", domain=DIGITS, scorer="verdict")
    env.reset(options=FIVE)
    _, reward, _, _, info = env.step([*b"32", 256, 257])
    check_episode(reward, info)
    with pytest.raises(ContractError, match=r"info\['solved'\] must be 0.0 or 1.0, got"):
        check_episode(reward, {**info, "solved": value})
