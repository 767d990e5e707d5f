"""A scorer of one's own is refused where its certificates would be paid by, and nobody can prove them."""

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


class Counting:
    """Its score is a tenth for each character, which its records say, and no squashing function is in it."""

    name = "counting"
    bounded = False
    verifiable = True
    exact = True

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
        return Certificate(self.name, "1", True, {}, before, after, records)


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


@pytest.mark.parametrize("env_id", sorted(rlsf_gym.IDS))
@pytest.mark.parametrize(
    ("scorer", "message"),
    [
        (
            Counting,
            f"scorer 'counting' declares verifiable=True, but only .* 'vader' and 'knowledge' .*{OPAQUE}",
        ),
        (Borrowing, f"scorer 'vader' declares verifiable=True, but its certificate of .* fails: .*{OPAQUE}"),
        (Named, f"scorer 'mine' declares verifiable=True, but only .*{OPAQUE}"),
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
    with pytest.raises(ValueError, match=OPAQUE):
        reward(prompts=[PROMPT], completion_ids=[[1]])


@pytest.mark.parametrize("value", [1, "yes", None])
def test_verifiable_must_be_said_plainly(value):
    scorer = Counting()
    scorer.verifiable = value
    with pytest.raises(ValueError, match="must have True or False as verifiable, got"):
        gym.make("rlsf_gym/Sentiment-v0", scorer=scorer)


@pytest.mark.parametrize("env_id", sorted(rlsf_gym.IDS))
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
            return Certificate("vader", "3.3.2", True, certificate.options, 0.0, certificate.score, records)
        return certificate


def test_amounts_that_do_not_add_up_are_refused_in_play():
    env = gym.make("rlsf_gym/Sentiment-v0", scorer=Changing())
    with pytest.raises(CertificateError, match=r"score must be 0.1.*, as the records add up, but is 0.44"):
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
        return Subclassed("vader", one.version, True, one.options, one.prompt_score, one.score, one.records)


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


def test_a_design_of_ones_own_cannot_pay_by_amounts_that_are_no_valences(word_count):
    for design in (rule_certificate, Design("mine", rule_certificate)):
        with pytest.raises(CertificateError, match="amounts must be valences of 'vader' or 'knowledge'"):
            step(gym.make("rlsf_gym/Sentiment-v0", scorer=word_count(), reward_design=design))
    env = SwapDesign(gym.make("rlsf_gym/Sentiment-v0", scorer=word_count()), rule_certificate)
    with pytest.raises(CertificateError, match="amounts must be valences"):
        step(env)


def test_a_certificate_refuses_by_itself_to_turn_foreign_amounts_into_utility():
    certificate = Counting().certify("ab", "cd")
    numbers = {"prompt_utility": 0.2, "utility": 0.4, "slope": 1.0}
    for ask in (certificate.factor, certificate.rule_amounts):
        with pytest.raises(
            CertificateError, match=r"but are those of 'counting' with verifiable=True: return C"
        ):
            ask(**numbers)


def test_check_scorer_names_the_promise():
    with pytest.raises(
        ContractError, match=r"scorer 'counting' must certify amounts that add up to the gain"
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
