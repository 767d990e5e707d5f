"""With verify=True, feedback that does not check is refused."""

from dataclasses import fields, replace

import numpy as np
import pytest

from rlsf_gym.certificate import CertificateError
from rlsf_gym.checker import RECOMPUTABLE
from rlsf_gym.designs import DESIGNS, Design, load_design
from rlsf_gym.envs import SentimentEnv, SentimentTokenEnv

RECOMPUTED = [
    *((name, {}) for name in RECOMPUTABLE),
    ("rlsf_mask", {"form": "neutral"}),
    ("rule_certificate", {"at": "word"}),
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
