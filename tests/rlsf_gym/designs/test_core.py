"""The blame of several, worked out by hand on digits that add up to too much."""

import numpy as np
import pytest

from rlsf_gym import ResponseEnv
from rlsf_gym.arguments import ArgumentError
from rlsf_gym.certificates import Certificate, CertificateError, Proof
from rlsf_gym.domains import load_domain
from tests.helpers.digits import Verdict, make_digits

START = 1 / 6  # known of the prompt


def pay(response, scorer="verdict", tokenizer="bytes", **kwargs):
    env = ResponseEnv(
        domain=make_digits(), scorer=scorer, reward_design="unsat_core", tokenizer=tokenizer, **kwargs
    )
    env.reset(options={"instance": {"target": 5}})
    ids = env.tokenizer.encode(response)
    return env.step([*ids, *[env.tokenizer.vocab_size] * (4 - len(ids))])[4]["token_rewards"].tolist()


def test_the_blame_is_shared_by_the_core():
    assert pay("4+31") == pytest.approx([-START / 2, 0, -START / 2, 0])  # 4 and 3 are too much, whatever 1 is
    assert pay("9") == pytest.approx([-START, 0, 0, 0])


def test_without_a_core_the_last_token_gets_the_gain():
    assert pay("3+2") == pytest.approx([0, 0, 1 - START, 0])
    assert pay("3+") == pytest.approx([0, -START, 0, 0])
    assert pay("") == [0, 0, 0, 0]


@pytest.mark.parametrize(
    ("core", "message"),
    [
        ([[0, 1]], "a core of spans of the response, in order and apart, got"),  # of the prompt
        ([[2, 9]], "a core of spans of the response, in order and apart, got"),
        ([[3, 4], [2, 3]], "a core of spans of the response, in order and apart, got"),
        ([[2, 4], [3, 4]], "a core of spans of the response, in order and apart, got"),
        ([[2, 2]], "a core of spans of the response, in order and apart, got"),
        ([2, 3], r"a core of spans int64 \(K, 2\), got int64 of shape \(2,\)"),
        ([[2.0, 3.0]], r"a core of spans int64 \(K, 2\), got float64 of shape \(1, 2\)"),
    ],
)
def test_a_core_of_another_form_is_refused(core, message):
    class Blaming(Verdict):
        def find_core(self, instance, response):
            return np.array(core)

    with pytest.raises(ValueError, match=f"scorer 'verdict' must return {message}"):
        pay("99", scorer=Blaming())


def test_a_scorer_without_a_core_is_refused():
    with pytest.raises(ArgumentError, match="needs a scorer that offers 'core', and 'digits' does not"):
        pay("3", scorer="digits")


class Proving(Verdict):
    """Tells its core in the payload, which a checker takes for proved."""

    name, verifiable = "proving", True
    told = ((2, 3), (3, 4))

    def certify(self, instance, response):
        payload = {"core": [list(span) for span in self.told]}
        return Certificate("proving", "1", True, {}, START, 0.0, (), payload=payload)


def test_a_core_is_the_one_that_is_proved():
    def prove(certificate, instance, prompt, response):
        return Proof.of(certificate)

    domain = load_domain(make_digits(scorer=Proving(), checkers={"proving": prove}))
    env = ResponseEnv(domain=domain, reward_design="unsat_core", verify=True)
    env.reset(options={"instance": {"target": 5}})
    assert env.step([*b"43", 257, 257])[4]["token_rewards"][:2] == pytest.approx([-START / 2] * 2)
    env.reset(options={"instance": {"target": 5}})
    with pytest.raises(CertificateError, match=r"core must be \[\[2, 3\], \[3, 4\]\], as is proved, but is"):
        env.step([*b"9", 257, 257, 257])
