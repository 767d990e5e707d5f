"""What scorers offer to designs, and what is said where one lacks it."""

import gymnasium as gym
import pytest

from rlsf_gym.designs import Design
from rlsf_gym.designs.outcome import uniform
from rlsf_gym.scorers import load_scorer
from rlsf_gym.scorers.offers import list_offers

ID = "rlsf_gym:rlsf_gym/Sentiment-v0"


def test_offers(word_count, attributing):
    assert list_offers("vader") == list_offers(load_scorer("vader")) == ("rules", "lexicon")
    assert list_offers("knowledge") == ("rules", "lexicon")
    assert list_offers("transformer") == ("attention", "gradient")
    assert list_offers(word_count()) == ()
    assert list_offers(attributing()) == ("lexicon", "attention", "gradient")


@pytest.mark.parametrize("design", ["attention", "gradient"])
def test_attributions_of_rules_are_refused_when_the_environment_is_made(design):
    message = (
        f"'{design}' needs a scorer that offers '{design}', and 'vader' does not: use scorer='transformer'$"
    )
    with pytest.raises(ValueError, match=message):
        gym.make(ID, reward_design=design)
    with pytest.raises(ValueError, match="'mixed' needs a scorer that offers"):
        gym.make(ID, reward_design="mixed", reward_design_kwargs={"design": design})


@pytest.mark.parametrize("design", ["rule_certificate", "rlsf_mask"])
def test_rules_of_a_scorer_without_any_are_refused(word_count, design):
    message = f"'{design}' needs .* 'rules', and 'words' does not: use scorer='vader' or 'knowledge'$"
    with pytest.raises(ValueError, match=message):
        gym.make(ID, reward_design=design, scorer=word_count())


def test_a_scorer_may_offer_anything_and_a_design_may_need_it(word_count):
    class Proving(word_count):
        offers = ("proof", "candidates")

    class Ruled(word_count):
        rules = ("left", "right")

    assert list_offers(Proving) == ("proof", "candidates")
    assert list_offers(Ruled()) == ("rules",)
    design = Design("proved", uniform, needs="proof")
    assert gym.make(ID, reward_design=design, scorer=Proving()).unwrapped.task.feedback.design is design
    message = (
        "'proved' needs .* 'proof', and 'words' does not: use a scorer of your own whose offers hold 'proof'"
    )
    with pytest.raises(ValueError, match=message) as refused:
        gym.make(ID, reward_design=design, scorer=word_count())
    assert "\n" not in str(refused.value)
    with pytest.raises(ValueError, match="needs must be the name of what a scorer offers, got 5"):
        Design("five", uniform, needs=5)


def test_attributions_that_are_none_are_refused(attributing):
    class Broken(attributing):
        def attribute(self, response, method):
            return super().attribute(response, method)[1:]

    env = gym.make(ID, reward_design="attention", scorer=Broken())
    env.reset(seed=0)
    with pytest.raises(ValueError, match="must attribute a finite number by 'attention' to each of 5 charac"):
        env.step(env.unwrapped.tokenizer.encode(" good"))


def test_a_misspelt_need_is_told():
    design = Design("mine", uniform, needs="rule")
    with pytest.raises(ValueError, match=r"hold 'rule' \(did you mean 'rules'\?\); no registered one does$"):
        gym.make(ID, reward_design=design)


def test_offers_are_several_strings(word_count):
    class Single(word_count):
        offers = "proof"

    message = r"offers of a scorer must be several str, such as \('proof',\), got 'proof'"
    with pytest.raises(ValueError, match=message):
        list_offers(Single())
