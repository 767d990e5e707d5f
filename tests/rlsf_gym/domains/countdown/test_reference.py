from fractions import Fraction

import gymnasium as gym
import numpy as np
import pytest

from rlsf_gym.domains import load_domain
from rlsf_gym.domains.countdown.scorer import CountdownScorer
from rlsf_gym.instance import Instance
from rlsf_gym.testing import check_domain
from tests.helpers.countdown import begin, draw, grow, value
from tests.helpers.infix import chance, follow

PUZZLE = Instance("1 12 3 -> 15: ", 0, {"numbers": [1, 12, 3], "target": 15})


def split(prefix, state):
    """Returns the state of the slow writer behind a prefix of whole symbols."""
    while prefix:
        symbol = max((text for text in grow(*state) if text and prefix.startswith(text)), key=len)
        prefix, state = prefix.removeprefix(symbol), grow(*state)[symbol]
    return state


def uniform(instance, prefix):
    """A policy that draws like the random writer of steps."""
    drawn = grow(*split(prefix, begin(instance.data["numbers"], instance.data["target"])))
    return dict.fromkeys(drawn, 1 / len(drawn))


def uniform_infix(instance, prefix):
    """A policy that draws like the random writer of infix answers."""
    symbols, rest = [], prefix
    while rest:
        digits = len(rest) - len(rest.lstrip("0123456789")) or 1
        symbols, rest = [*symbols, rest[:digits]], rest[digits:]
    drawn = follow(tuple(symbols), tuple(instance.data["numbers"]), "all")
    return {symbol or "": 1 / len(drawn) for symbol in drawn}


def careless(instance, prefix):
    """A policy that loves the number 12 and the plus sign, and writes nonsense half of the time."""
    drawn = grow(*split(prefix, begin(instance.data["numbers"], instance.data["target"])))
    weights = {symbol: 3 if symbol in ("12", "+") else 1 for symbol in drawn}
    total = sum(weights.values())
    return {symbol: weight / total / 2 for symbol, weight in weights.items()} | {"1234": 1 / 4, "?": 1 / 4}


def slow(prefix, state=None, text=""):
    """Returns the chance that `careless` ends right behind whole symbols, by walking over all answers."""
    state = begin([1, 12, 3], 15) if state is None else state
    if isinstance(state, Fraction):
        return float(state)
    odds = careless(PUZZLE, text)
    return sum(odds[one] * slow("", then, text + one) for one, then in grow(*state).items())


def assess(policy, response, **kwargs):
    scorer = CountdownScorer(value="reference", value_kwargs={"policy": policy}, **kwargs)
    return scorer.assess([PUZZLE], [response], [np.arange(len(response) + 1)])[0]


def test_the_value_under_a_uniform_policy_is_that_of_the_random_writer():
    start, rng = begin([1, 12, 3], 15), np.random.default_rng(0)
    for _ in range(20):
        text = draw(start, rng)[0]
        found = assess(uniform, text).prefix_scores
        expected = [float(value(start, text[:end])) for end in range(len(text) + 1)]
        assert found == pytest.approx(expected, abs=1e-12)


def test_the_same_in_infix():
    text = "1*(12+3)"
    found = assess(uniform_infix, text, form="expression").prefix_scores
    symbols = ("1", "*", "(", "12", "+", "3", ")")
    ends = [1, 2, 3, 5, 6, 7, 8]
    for count, end in enumerate(ends, start=1):
        if text[end - 1] not in "1":  # which may be 12 as well
            expected = float(chance(symbols[:count], (1, 12, 3), 15, "all"))
            assert found[end] == pytest.approx(expected, abs=1e-12)


def test_a_policy_weighs_symbols_and_what_is_not_well_formed_is_lost():
    found = assess(careless, "12+3=15,15*1=15").prefix_scores
    assert found[0] == pytest.approx(slow(""))
    # "1" begins 1, 12 and 1234: of the policy's 1/10, 3/10 and 1/4, each half of the former as 2 * 5 is 10.
    begun = careless(PUZZLE, "")
    one, twelve = (slow("", split(text, begin([1, 12, 3], 15)), text) for text in ("1", "12"))
    weighed = begun["1"] * one + begun["12"] * twelve
    assert found[1] == pytest.approx(weighed / (begun["1"] + begun["12"] + begun["1234"]))
    # "12" begins 12 and 1234.
    assert found[2] == pytest.approx(begun["12"] * twelve / (begun["12"] + begun["1234"]))
    assert found[3] == pytest.approx(slow("", split("12+", begin([1, 12, 3], 15)), "12+"))
    assert found[-1] < assess(careless, "12+3=15,15*1=15").certificate.score == 1.0


def test_spaces_change_nothing():
    dense, wide = assess(careless, "12+3=15,").prefix_scores, assess(careless, "12 + 3 = 15 , ").prefix_scores
    assert dense[[3, 4, 5, 8]].tolist() == wide[[4, 7, 8, 14]].tolist()


def test_what_is_lost_is_lost_for_the_same_reason():
    certificate = assess(careless, "12+3=16").certificate
    assert certificate.payload["because"] == "12+3 is 15, not 16"
    assert not certificate.verifiable
    assert certificate.payload["witness"] == "12+3=15,1*15=15"


@pytest.mark.parametrize(
    "policy",
    [
        lambda instance, prefix: {},
        lambda instance, prefix: None,
        lambda instance, prefix: dict.fromkeys(["1", "3", "12", "+", "-", "*", "/", "=", ",", ""], 0.5),
        lambda instance, prefix: {"1": 0.5, "3": 0.5, "12": 0.0},
        lambda instance, prefix: {"1": 0.5, "3": 0.5, "12": "much"},
        lambda instance, prefix: {**uniform(instance, prefix), "x": -0.1},
    ],
)
def test_policies_that_tell_no_probabilities_are_refused(policy):
    with pytest.raises(
        ValueError, match=r"policy of value='reference' must give each of \['1', '3', '12'\] a "
    ):
        assess(policy, "")


@pytest.mark.parametrize(
    ("kwargs", "message"),
    [
        ({"value": "reference"}, "value_kwargs must be {'policy': function} for value='reference'"),
        ({"value_kwargs": {"policy": uniform}}, "value_kwargs must be .* left out for others, got "),
        ({"value": "reference", "value_kwargs": {"policy": 3}}, "policy must be a function, got 3"),
        (
            {"value": "reference", "value_kwargs": {"policy": uniform}, "numbers": 4},
            "must be at most 3 for value",
        ),
    ],
)
def test_wrong_arguments_are_refused(kwargs, message):
    with pytest.raises(ValueError, match=message):
        load_domain("countdown", **kwargs)


def test_an_environment_takes_a_policy_by_its_place():
    kwargs = {"value": "reference", "value_kwargs": {"policy": f"{__name__}:uniform"}, "numbers": 2}
    env = gym.make("rlsf_gym/Countdown-v0", domain_kwargs=kwargs)
    env.reset(seed=0)
    env.step(env.action_space.sample())


@pytest.mark.whole
def test_the_domain_keeps_what_it_promises_under_a_policy():
    kwargs = {"value": "reference", "value_kwargs": {"policy": uniform}, "numbers": (2, 3)}
    check_domain("countdown", kwargs=kwargs, trials=10)
