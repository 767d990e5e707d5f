"""A scorer of one's own is refused where its certificates would be paid by, and nobody can prove them."""

from dataclasses import fields, replace

import gymnasium as gym
import numpy as np
import pytest

import rlsf_gym
from rlsf_gym import reward_func
from rlsf_gym.certificates import Certificate, CertificateError, Record
from rlsf_gym.contract import ContractError
from rlsf_gym.designs import Design
from rlsf_gym.designs.rules import rule_certificate
from rlsf_gym.scorers import VaderScorer, load_scorer
from rlsf_gym.testing import check_scorer
from rlsf_gym.wrappers import SwapDesign

PROMPT, RESPONSE = "The film was", " good"
OPAQUE = "declare verifiable=False and return Certificate.opaque"

PLAIN = sorted(name for name, row in rlsf_gym.IDS.items() if row["kwargs"]["domain"] == "sentiment")
"""Ids whose prompts can be given as texts, and whose scorers score texts."""


class Counting:
    """Its score is a tenth for each character, which its records say, and no squashing function is in it."""

    name = "counting"
    bounded = False
    verifiable = True
    exact = True
    rules = ("base",)

    def score(self, texts):
        return np.array([len(text) / 10 for text in texts])

    def prefix_scores(self, prompt, response, char_ends):
        return self.score([prompt + response[:end] for end in char_ends])

    def certify(self, prompt, response):
        before, after = self.score([prompt, prompt + response]).tolist()
        border, end = len(prompt), len(prompt + response)
        records = (
            Record(0, border, "base", 0, border, before, "kept", since=border),
            Record(border, end, "base", border, end, after - before, "added", since=end),
        )
        return Certificate(self.name, "1", True, {}, before, after, records, rules=("base",))


class Borrowing(Counting):
    """The same under a name that the checker knows."""

    name = "vader"


class Silent(Counting):
    """The same, without a word of proofs."""

    verifiable = False


class Doubled(VaderScorer):
    """VADER's certificates behind other scores, the same in every form."""

    def score(self, texts):
        return super().score(texts) / 2

    def prefix_scores(self, prompt, response, char_ends):
        return super().prefix_scores(prompt, response, char_ends) / 2


class Named(VaderScorer):
    """VADER's certificates under another name."""

    name = "mine"


def step(env, response=RESPONSE):
    env.reset(seed=0, options={"prompt": PROMPT})
    ids = env.unwrapped.tokenizer.encode(response)
    if isinstance(env.action_space, gym.spaces.Discrete):
        for token in [*ids, env.unwrapped.tokenizer.eos_token_id]:
            paid = env.step(token)
        return paid
    return env.step(response if env.action_space.__class__.__name__ == "UnicodeText" else ids)


@pytest.mark.parametrize("env_id", PLAIN)
@pytest.mark.parametrize(
    ("scorer", "message"),
    [
        (
            Counting,
            "scorer 'counting' declares verifiable=True, but no checker is registered .*'counting'",
        ),
        (Borrowing, f"scorer 'vader' declares verifiable=True, but its certificate of .* fails: .*{OPAQUE}"),
        (Named, "scorer 'mine' declares verifiable=True, but no checker is registered for it: call .*'mine'"),
    ],
)
def test_certificates_without_a_checker_are_refused_before_the_first_episode(env_id, scorer, message):
    for design in ("potential", "rule_certificate"):
        with pytest.raises(ValueError, match=f"^{message}") as refused:
            gym.make(env_id, scorer=scorer(), reward_design=design)
        assert "\n" not in str(refused.value)
    if "vector_entry_point" in rlsf_gym.IDS[env_id]:
        with pytest.raises(ValueError, match=f"^{message}"):
            gym.make_vec(env_id, num_envs=2, scorer=scorer())


def test_a_reward_function_for_other_trainers_is_refused_as_well():
    reward = reward_func("rlsf_gym/Sentiment-v0", scorer=Counting())
    with pytest.raises(ValueError, match="no checker is registered for it"):
        reward(prompts=[PROMPT], completion_ids=[[1]])


@pytest.mark.parametrize("value", [1, "yes", None])
def test_verifiable_must_be_said_plainly(value):
    scorer = Counting()
    scorer.verifiable = value
    with pytest.raises(ValueError, match="must have True or False as verifiable, got"):
        gym.make("rlsf_gym/Sentiment-v0", scorer=scorer)


def test_certificates_in_the_name_of_another_scorer_are_refused(monkeypatch):
    class Hiding(VaderScorer):
        """Says that its certificates are VADER's, so that VADER's checker proves them."""

        name = "hiding"

        def certify(self, prompt, response):
            return replace(super().certify(prompt, response), scorer="vader")

    monkeypatch.setitem(rlsf_gym.checker.CHECKERS, "hiding", "rlsf_gym.domains.sentiment.checker:verify")
    with pytest.raises(ValueError, match="must certify in its own name, got a certificate of 'vader'"):
        gym.make("rlsf_gym/Sentiment-v0", scorer=Hiding())


@pytest.mark.parametrize("env_id", PLAIN)
def test_certificates_that_lie_in_play_are_refused(env_id):
    with pytest.raises(ValueError, match="declares verifiable=False, but certifies with verifiable=True"):
        step(gym.make(env_id, scorer=Silent()), " good" if "Toy" not in env_id else " the")


def test_true_certificates_behind_other_scores_are_refused():
    with pytest.raises(ValueError, match=r"scorer 'vader' certified the score 0.44.* but returned 0.22"):
        step(gym.make("rlsf_gym/Sentiment-v0", scorer=Doubled(), reward_design="terminal"))


class Changing(VaderScorer):
    """True at first, and then of other amounts."""

    def certify(self, prompt, response):
        certificate = super().certify(prompt, response)
        if response == RESPONSE:
            records = tuple(record._replace(amount=0.4) for record in certificate.records)
            return replace(certificate, records=records)
        return certificate


def test_amounts_that_do_not_add_up_are_refused_in_play():
    env = gym.make("rlsf_gym/Sentiment-v0", scorer=Changing())
    with pytest.raises(CertificateError, match=r"amounts must add up to the gain 0.44.* add up to 0.0\d+$"):
        step(env)


class Subclassed(Certificate):
    """Says what it likes."""

    def rule_amounts(self, **numbers):
        return {"base": 7.0}


class Subclassing(VaderScorer):
    def certify(self, prompt, response):
        one = super().certify(prompt, response)
        if response != RESPONSE:
            return one
        return Subclassed(
            **{field.name: getattr(one, field.name) for field in fields(Certificate) if field.init}
        )


def test_a_certificate_of_another_class_is_refused_where_proofs_are_declared():
    with pytest.raises(
        ValueError, match=r"must certify with a Certificate itself .* got the subclass Subclass"
    ):
        step(gym.make("rlsf_gym/Sentiment-v0", scorer=Subclassing()))


@pytest.mark.parametrize("found", [None, [], "certificate"])
def test_what_is_no_certificate_is_refused(found, word_count):
    scorer = word_count()
    scorer.certify = lambda prompt, response: found
    with pytest.raises(ValueError, match="scorer 'words' must certify with a Certificate, got"):
        step(gym.make("rlsf_gym/Sentiment-v0", scorer=scorer))


def test_a_design_of_ones_own_cannot_pay_by_rules_that_there_are_none_of(word_count):
    for design in (rule_certificate, Design("mine", rule_certificate)):
        with pytest.raises(CertificateError, match="must have rules to pay by, but 'words' has none"):
            step(gym.make("rlsf_gym/Sentiment-v0", scorer=word_count(), reward_design=design))
    env = SwapDesign(gym.make("rlsf_gym/Sentiment-v0", scorer=word_count()), rule_certificate)
    with pytest.raises(CertificateError, match="must have rules to pay by"):
        step(env)


def test_check_scorer_names_what_is_missing():
    with pytest.raises(
        ContractError, match=r"scorer 'counting' declares verifiable=True, but .* must come from 'vader' or"
    ):
        check_scorer(Counting())


class Halving:
    """Half of what VADER says, without proofs: the way that the refusals name."""

    name = "half"
    bounded = True
    verifiable = False
    exact = True

    def __init__(self):
        self.inner = VaderScorer()

    def score(self, texts):
        return self.inner.score(texts) / 2

    def prefix_scores(self, prompt, response, char_ends):
        return self.inner.prefix_scores(prompt, response, char_ends) / 2

    def certify(self, prompt, response):
        before, after = self.score([prompt, prompt + response])
        return Certificate.opaque(
            scorer="half",
            model_hash="1",
            labels={},
            prompt_score=before,
            score=after,
            length=len(prompt + response),
        )


@pytest.mark.parametrize("scorer", ["vader", Halving])
@pytest.mark.parametrize("objective", ["positive", "negative", "strong"])
def test_the_amounts_of_the_rules_add_up_to_the_gain(scorer, objective):
    env = gym.make("rlsf_gym/Sentiment-v0", scorer=scorer, objective=objective)
    prompt_score = float(load_scorer(scorer).score([PROMPT])[0])
    for response in (" not good, but GREAT!", " awful??", ""):
        *_, info = step(env, response)
        sign = {"positive": 1, "negative": -1, "strong": 1}[objective]
        worth = abs(prompt_score) if objective == "strong" else sign * prompt_score
        amounts = [
            value for key, value in info.items() if key.startswith("reward_") and key != "reward_design"
        ]
        assert amounts or scorer is Halving
        if amounts:
            assert sum(amounts) == pytest.approx(info["utility"] - worth, abs=1e-9)


@pytest.mark.parametrize("env_id", PLAIN)
@pytest.mark.parametrize("verify", [False, True])
def test_a_scorer_with_a_checker_of_its_own_works_in_every_environment(env_id, verify, vowels):
    for design in ("potential", "rule_certificate", "rlsf_mask", "shapley", "uniform"):
        env = gym.make(env_id, scorer=vowels(), reward_design="terminal", verify=verify)
        response = " the" if "Toy" in env_id else " a tune, to you"
        *_, info = step(SwapDesign(env, design), response)
        amounts = {key: info[key] for key in info if key.startswith("reward_") and key != "reward_design"}
        assert amounts.keys() == {"reward_back", "reward_front", "reward_final"}
        gain = float(np.diff(vowels().score([PROMPT, PROMPT + response]))[0])
        assert gain != 0
        assert sum(amounts.values()) == pytest.approx(gain, abs=1e-9)
        if design != "rlsf_mask":
            assert info["token_rewards"].sum() == pytest.approx(gain, abs=1e-6)


def test_a_reward_function_takes_a_scorer_with_a_checker(vowels):
    reward = reward_func("rlsf_gym/Sentiment-v0", scorer=vowels(), verify=True, tokenizer="bytes")
    # n is -1 for the i, and then -1 + 1 + 2: an "a", and an "o" that ends the text.
    assert reward(prompts=["it"], completion_ids=[list(b" ao")]) == pytest.approx([2 / 3 + 1 / 2], abs=1e-6)


class Careless(Counting):
    """Has a rule that it does not tell of."""

    verifiable = False
    rules = ()

    def certify(self, prompt, response):
        return replace(super().certify(prompt, response), verifiable=False)


@pytest.mark.parametrize("rules", [["a"], ("a b",), ("design",), (5,), ("a", "a"), "base"])
def test_rules_must_be_names(rules, vowels):
    scorer = vowels()
    scorer.rules = rules
    with pytest.raises(
        ValueError, match=r"scorer 'vowels' must have (as rules a tuple|each of its rules once)"
    ):
        gym.make("rlsf_gym/Sentiment-v0", scorer=scorer)


def test_certificates_by_rules_that_the_scorer_does_not_declare_are_refused():
    with pytest.raises(ValueError, match=r"'counting' declares the rules \(\), but certifies by \('base',\)"):
        step(gym.make("rlsf_gym/Sentiment-v0", scorer=Careless()))


class Plain(Careless):
    """The same, told: its amounts add up, though nobody proves them."""

    rules = ("base",)


class Wrong(Plain):
    def certify(self, prompt, response):
        return replace(super().certify(prompt, response), slope=0.5)


def test_rules_without_proofs_pay_what_adds_up_or_are_refused():
    env = gym.make("rlsf_gym/Sentiment-v0", scorer=Plain(), reward_design="rule_certificate")
    *_, info = step(env)
    assert info["reward_base"] == pytest.approx(0.5, abs=1e-9)  # five characters
    assert info["token_rewards"].sum() == pytest.approx(0.5, abs=1e-6)
    with pytest.raises(CertificateError, match=r"amounts must add up to the gain 0.5.* slope 0.5"):
        step(gym.make("rlsf_gym/Sentiment-v0", scorer=Wrong()))


class WithWitness(Plain):
    def certify(self, prompt, response):
        return replace(super().certify(prompt, response), payload={"witness": [3, 5]})


def test_a_payload_reaches_info():
    *_, info = step(gym.make("rlsf_gym/Sentiment-v0", scorer=WithWitness()))
    assert info["certificate_payload"] == {"witness": [3, 5]}
    *_, info = step(gym.make("rlsf_gym/Sentiment-v0", scorer=Plain()))
    assert "certificate_payload" not in info
