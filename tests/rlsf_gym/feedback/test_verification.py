"""With verify=True, feedback that does not check is refused."""

from dataclasses import fields, replace

import numpy as np
import pytest

from rlsf_gym.certificates import CertificateError
from rlsf_gym.checker import CHECKERS, RECOMPUTABLE
from rlsf_gym.designs import DESIGNS, Design, load_design
from rlsf_gym.envs import SentimentEnv, SentimentTokenEnv, SentimentVectorEnv
from rlsf_gym.evidence import Evidence
from rlsf_gym.objectives import Objective
from rlsf_gym.scorers import Assessment, VaderScorer
from rlsf_gym.scorers.offers import has_offer

RECOMPUTED = [
    *((name, {}) for name in RECOMPUTABLE if has_offer("vader", DESIGNS[name].needs)),
    ("rlsf_mask", {"form": "neutral"}),
    ("rule_certificate", {"at": "unit"}),
]
RESPONSES = (
    *(" not GOOD, but kind of funny! Awful", " good", "", "ly bad?! caf\xe9"),
    " so bad it hurt, but great",
)
SWAPPED = np.array([9.0, -9.0] + 14 * [0.0])


class Moved(Design):
    """A design that moves a thousandth from the first token to the second."""

    def __call__(self, evidence, *, rng):
        rewards = super().__call__(evidence, rng=rng)
        rewards[:2] += [-0.001, 0.001]
        return rewards


@pytest.mark.parametrize("objective", ["positive", "strong"])
@pytest.mark.parametrize("boundary", ["closed", "open"])
@pytest.mark.parametrize(("name", "kwargs"), RECOMPUTED)
def test_what_the_designs_pay_is_proved_and_nothing_else(name, kwargs, boundary, objective):
    arguments = {"boundary": boundary, "objective": objective, "verify": True, "max_new_tokens": 32}
    honest = SentimentEnv(reward_design=name, reward_design_kwargs=kwargs, **arguments)
    for seed, response in enumerate(RESPONSES):
        honest.reset(seed=seed)
        honest.step(honest.tokenizer.encode(response))
    design = load_design(name, **kwargs)
    forged = Moved(**{item.name: getattr(design, item.name) for item in fields(design)})
    env = SentimentEnv(reward_design=forged, **arguments)
    env.reset(seed=0)
    with pytest.raises(CertificateError, match=f"reward of token 0 must be .*, as '{name}' pays"):
        env.step(env.tokenizer.encode(RESPONSES[0]))


@pytest.mark.parametrize("name", ["potential", "lexicon"])
def test_every_step_of_the_token_environment_is_proved(name):
    design = DESIGNS[name]
    forged = Moved(**{item.name: getattr(design, item.name) for item in fields(design)})
    env = SentimentTokenEnv(reward_design=forged, verify=True)
    env.reset(seed=0)
    with pytest.raises(CertificateError, match="reward of token 0 must be"):
        env.step(env.tokenizer.encode(" good")[0])


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        (lambda rewards: rewards * 2.0, "'shuffled' declares conserving=True: its rewards must add up"),
        (
            lambda rewards: rewards + SWAPPED,
            "no reward may be beyond 2",
        ),
    ],
)
def test_other_designs_are_held_to_what_they_declare(changed, message):
    shuffled = DESIGNS["shuffled"]
    design = replace(shuffled, function=lambda evidence, *, rng: changed(shuffled(evidence, rng=rng)))
    env = SentimentEnv(reward_design=design, verify=True)
    env.reset(seed=0)
    with pytest.raises(CertificateError, match=message):
        env.step(env.tokenizer.encode(" not good, but kind of funny"))


def test_a_design_under_a_name_of_ours_is_not_taken_for_ours():
    def terminal(evidence, *, rng):
        rewards = np.zeros(evidence.mask.shape)
        rewards[0] = evidence.gain
        return rewards

    env = SentimentEnv(reward_design=Design("terminal", terminal, conserving=True), verify=True)
    env.reset(seed=0)
    assert env.step(env.tokenizer.encode(" very good"))[1] > 0


PROMPT, RESPONSE = "The film was", " not good at all, but great"
# All but those that need attributions.
PLAIN = sorted(name for name, design in DESIGNS.items() if has_offer("vader", design.needs))


class PromptLiar(VaderScorer):
    """Says that the prompt is worse than it is, so that each response looks like a gain."""

    def score(self, texts):
        return np.array(
            [
                -0.9 if text == PROMPT else found
                for text, found in zip(texts, super().score(texts), strict=True)
            ]
        )


class FullLiar(VaderScorer):
    """Says that each response is better than it is."""

    def score(self, texts):
        return super().score(texts) + [0.1 * (len(text) > len(PROMPT)) for text in texts]


class PrefixLiar(VaderScorer):
    """Says of what is not finished yet that it is better than it is."""

    def prefix_scores(self, prompt, response, char_ends):
        return super().prefix_scores(prompt, response, char_ends) + 0.01

    def assess_batch(self, prompts, responses, char_ends):
        found = super().assess_batch(prompts, responses, char_ends)
        return [Assessment(one.certificate, one.prefix_scores + 0.01) for one in found]


class ErasureLiar(VaderScorer):
    """Says of a text without some of its words that it is better than it is."""

    def score(self, texts):
        return super().score(texts) + [0.01 * (" it" in text) for text in texts]


class LexiconLiar(VaderScorer):
    """Has a word in its lexicon that is not there."""

    def lexicon_scores(self, text):
        return np.full(len(text.split()), 0.5)


def play(env_class, scorer, design, **kwargs):
    env = env_class(scorer=scorer, reward_design=design, verify=True, max_new_tokens=32, **kwargs)
    env.reset(seed=0, options={"prompt": PROMPT})
    ids = env.tokenizer.encode(RESPONSE)
    if env_class is SentimentTokenEnv:
        for token in [*ids, env.tokenizer.eos_token_id]:
            env.step(token)
    else:
        env.step([ids] if env_class is SentimentVectorEnv else ids)


@pytest.mark.parametrize("env_class", [SentimentEnv, SentimentVectorEnv, SentimentTokenEnv])
@pytest.mark.parametrize("design", PLAIN)
def test_what_a_scorer_says_of_prompt_and_response_is_what_is_proved(design, env_class):
    for liar in (PromptLiar, FullLiar):
        with pytest.raises(ValueError, match=r"scorer 'vader' certified the (prompt )?score .* but returned"):
            play(env_class, liar(), design)


@pytest.mark.whole
@pytest.mark.parametrize("boundary", ["closed", "open"])
@pytest.mark.parametrize("design", PLAIN)
def test_what_a_design_asks_for_is_proved(design, boundary):
    prefixed = DESIGNS[design].uses_prefixes
    liars = {
        PrefixLiar: "utility after token [0-9]+ must be" if prefixed else "",
        ErasureLiar: "utility of '.*' must be .*, as the text proves"
        if design in ("shapley", "leave_one_out")
        else "",
        LexiconLiar: "reward of token [0-9] must be .*, as 'lexicon' pays" if design == "lexicon" else "",
        VaderScorer: "",
    }
    for liar, message in liars.items():
        if message:
            with pytest.raises(CertificateError, match=message):
                play(SentimentEnv, liar(), design, boundary=boundary)
        else:
            play(SentimentEnv, liar(), design, boundary=boundary)


@pytest.mark.whole
@pytest.mark.parametrize("scorer", ["vader", "knowledge"])
@pytest.mark.parametrize("boundary", ["closed", "open"])
@pytest.mark.parametrize("design", PLAIN)
def test_honest_scorers_pass_under_every_design(design, boundary, scorer):
    if scorer == "knowledge":
        pytest.importorskip("networkx")
    for objective in ("positive", "strong"):
        env = SentimentEnv(
            scorer=scorer,
            reward_design=design,
            objective=objective,
            boundary=boundary,
            verify=True,
            max_new_tokens=32,
        )
        for seed, response in enumerate((*RESPONSES, "!? the pace is dead 😍x 1A")):
            env.reset(seed=seed)
            env.step(env.tokenizer.encode(response))


def test_an_objective_that_depends_on_the_batch_is_refused():
    fickle = Objective(
        "fickle", lambda scores: scores * np.asarray(scores).size, lambda scores: np.ones_like(scores)
    )
    env = SentimentVectorEnv(2, objective=fickle, verify=True)
    env.reset(seed=0, options={"prompt": PROMPT})
    ids = env.tokenizer.encode(RESPONSE)
    with pytest.raises(CertificateError, match=r"^utility must be 0.71.*, as the text proves, but is 1.4"):
        env.step([ids, ids])


def test_what_a_design_of_ones_own_was_told_is_proved():
    told: list[Evidence] = []

    def greedy(evidence, *, rng):
        told.append(evidence)
        rewards = np.zeros(evidence.mask.shape)
        rewards[: evidence.length] = evidence.prefix_utilities[: evidence.length]
        return rewards

    design = Design("greedy", greedy, uses_prefixes=True)
    play(SentimentEnv, VaderScorer(), design)
    assert told[0].utility == pytest.approx(0.7137676215155548, abs=1e-9)
    with pytest.raises(CertificateError, match="utility after token"):
        play(SentimentEnv, PrefixLiar(), design)


SERVED = sorted(name for name, design in DESIGNS.items() if design.needs in ("", "rules"))


@pytest.mark.parametrize("boundary", ["closed", "open"])
@pytest.mark.parametrize("design", SERVED)
def test_a_scorer_of_somebody_else_is_proved_by_its_own_checker(design, boundary, vowels):
    class PrefixLiar(vowels):
        def prefix_scores(self, prompt, response, char_ends):
            return super().prefix_scores(prompt, response, char_ends) + 0.01

    class ErasureLiar(vowels):
        def score(self, texts):
            return super().score(texts) + [0.01 * (" it" in text) for text in texts]

    for objective in ("positive", "strong"):
        play(SentimentEnv, vowels(), design, boundary=boundary, objective=objective)
    if DESIGNS[design].uses_prefixes:
        with pytest.raises(CertificateError, match=r"utility after token [0-9]+ must be"):
            play(SentimentEnv, PrefixLiar(), design, boundary=boundary)
    if design in ("shapley", "leave_one_out"):
        with pytest.raises(CertificateError, match=r"utility of '.*' must be .*, as the text proves"):
            play(SentimentEnv, ErasureLiar(), design, boundary=boundary)
    if design in RECOMPUTABLE:
        forged = Moved(**{item.name: getattr(DESIGNS[design], item.name) for item in fields(DESIGNS[design])})
        with pytest.raises(CertificateError, match=f"reward of token 0 must be .*, as '{design}' pays"):
            play(SentimentEnv, vowels(), forged, boundary=boundary)


def test_what_a_checker_does_not_prove_is_held_to_what_the_design_declares(vowels, monkeypatch):
    proved = CHECKERS["vowels"]
    monkeypatch.setitem(CHECKERS, "vowels", lambda *claims: proved(*claims) and None)
    for design in SERVED:
        play(SentimentEnv, vowels(), design)
    potential = DESIGNS["potential"]
    halved = replace(potential, function=lambda evidence, *, rng: potential(evidence, rng=rng) / 2)
    with pytest.raises(CertificateError, match="'potential' declares conserving=True"):
        play(SentimentEnv, vowels(), halved)
    forged = Moved(**{item.name: getattr(DESIGNS["terminal"], item.name) for item in fields(potential)})
    with pytest.raises(CertificateError, match=r"reward of token 0 must be .*, as 'terminal' pays"):
        play(SentimentEnv, vowels(), forged)


def test_prefixes_that_no_checker_proves_are_compared_with_the_scores_of_their_texts(vowels, monkeypatch):
    class PrefixLiar(vowels):
        def prefix_scores(self, prompt, response, char_ends):
            return super().prefix_scores(prompt, response, char_ends) + 0.01

    monkeypatch.setitem(CHECKERS, "vowels", lambda *claims: None)
    with pytest.raises(ValueError, match="scorer 'vowels' must give a text the same score in every form"):
        play(SentimentEnv, PrefixLiar(), "potential")
