"""A domain that keeps its promises passes; one with a fault is told which one it is."""

from dataclasses import replace
from itertools import count

import numpy as np
import pytest

from rlsf_gym.certificates import Proof
from rlsf_gym.checker import CHECKERS
from rlsf_gym.domains import DOMAINS, register_domain
from rlsf_gym.instance import Instance
from rlsf_gym.scorers import Assessment
from rlsf_gym.testing import ContractError, check_domain
from rlsf_gym.text.segmentation import Symbols
from tests.helpers.digits import Digits, Targets, Verdict, make_digits, prove


def test_a_strangers_domain_passes():
    check_domain(make_digits())
    check_domain(make_digits, kwargs={"scorer": Verdict()})


def test_a_domain_of_plain_text_passes():
    check_domain("sentiment", scorers=["vader"], trials=6)


def test_a_registered_domain_is_found(monkeypatch):
    monkeypatch.setattr("rlsf_gym.domains.DOMAINS", DOMAINS.copy())
    register_domain("digits", make_digits)
    check_domain("digits", scorers=["verdict"], trials=4)


class Faulty(Digits):
    """A scorer of digits with a change of what it assesses."""

    def __init__(self, spoil):
        self.spoil = spoil

    def assess(self, instances, responses, char_ends):
        found = super().assess(instances, responses, char_ends)
        return [self.spoil(*row) for row in zip(found, instances, responses, char_ends, strict=True)]


def certified(found, **changes):
    return found._replace(certificate=replace(found.certificate, **changes))


def shifted(found, instance, response, ends):
    return Assessment(found.certificate, found.prefix_scores * (1 - len(response) / 100))


def infinite(found, instance, response, ends):
    return Assessment(found.certificate, found.prefix_scores + np.inf)


def beyond(found, instance, response, ends):
    return Assessment(found.certificate, found.prefix_scores * 0 + 1.5)


def short(found, instance, response, ends):
    return Assessment(found.certificate, found.prefix_scores[1:])


def rounded(found, instance, response, ends):
    return Assessment(found.certificate, found.prefix_scores.astype(np.float32))


CALLS = count()


def changing(found, instance, response, ends):
    return Assessment(found.certificate, found.prefix_scores * 0 + next(CALLS) % 7 / 7)


def without_rules(found, instance, response, ends):
    return certified(found, rules=(), records=())


def opaque(found, instance, response, ends):
    return certified(found, verifiable=False)


def unsummed(found, instance, response, ends):
    return certified(found, score=found.certificate.score + 0.01)


SPOILT = [
    (shifted, "must value a prefix by its characters alone, got "),
    (infinite, "must return finite scores from assess, got inf"),
    (beyond, "declares bounded=True, but returns 1.5"),
    (short, r"must return float64 of shape \(1,\) from assess, got float64 of shape \(0,\)"),
    (rounded, "must return float64 of shape .* got float32 of shape"),
    (changing, "must give a response the same values every time, got"),
    (without_rules, r"declares the rules \('digit',\), but certifies .* by \(\) from assess"),
    (opaque, "declares verifiable=True, but certifies .* with verifiable=False"),
    (unsummed, "must certify amounts that add up to the gain"),
]


@pytest.mark.parametrize(("spoil", "message"), SPOILT)
def test_a_fault_of_the_scorer_is_told(spoil, message):
    scorer = Faulty(spoil)
    with pytest.raises(ContractError, match=f"^scorer 'digits' {message}"):
        check_domain(make_digits(scorer))


def forgets(field):
    """A checker that takes whatever is said in one field: it sets it right before it proves."""

    def check(certificate, instance, prompt, response):
        honest = Digits().certify(instance, response)
        given = {name: getattr(certificate, name) for name in FIELDS}
        given[field] = getattr(honest, field)
        return prove(Claimed(**given), instance, prompt, response)

    return check


FIELDS = (
    *("scorer", "version", "verifiable", "options", "prompt_score", "score", "records", "labels"),
    *("rules", "slope", "spread", "payload"),
)


class Claimed:
    def __init__(self, **given):
        self.__dict__.update(given)


# The scorer's name chooses the checker; one score alone is refused by the sum of the amounts, whoever checks.
@pytest.mark.parametrize("field", ["version", "options", "labels", "rules", "slope", "payload", "records"])
def test_a_checker_that_does_not_look_at_a_field_is_told(monkeypatch, field):
    monkeypatch.setitem(CHECKERS, "digits", forgets(field))
    with pytest.raises(ContractError, match=r"scorer 'digits' .*(checks with|has a checker that must raise)"):
        check_domain(make_digits(Digits(), checkers={}))


# There is but one rule, and another status is refused by the sum of the amounts, whoever checks.
@pytest.mark.parametrize("place", [0, 1, 3, 4, 5, 7, 8, 9])
def test_a_checker_that_does_not_look_at_a_part_of_records_is_told(monkeypatch, place):
    def check(certificate, instance, prompt, response):
        given = {name: getattr(certificate, name) for name in FIELDS}
        honest = Digits().certify(instance, response).records
        if len(honest) == len(certificate.records):
            pairs = zip(certificate.records, honest, strict=True)
            given["records"] = [
                (*tuple(told)[:place], right[place], *tuple(told)[place + 1 :]) for told, right in pairs
            ]
        return prove(Claimed(**given), instance, prompt, response) and Proof.of(certificate)

    monkeypatch.setitem(CHECKERS, "digits", check)
    with pytest.raises(ContractError, match=r"its certificate of .* checks with"):
        check_domain(make_digits(Digits(), checkers={}))


def test_a_checker_that_refuses_what_is_right_is_told(monkeypatch):
    monkeypatch.setitem(CHECKERS, "digits", lambda *claims: prove(*claims[:3], claims[3] + "1"))
    with pytest.raises(ContractError, match=r"declares verifiable=True, but its certificate of .* fails"):
        check_domain(make_digits(Digits(), checkers={}))


class Unseeded(Targets):
    calls = count()

    def sample(self, rng):
        return super().sample(np.random.default_rng(next(self.calls)))


class Mixed(Targets):
    def __init__(self, split):
        super().__init__("all")


class Tuples(Targets):
    def sample(self, rng):
        return super().sample(rng)._replace(data={"target": (1, 2)})


class Otherwise(Targets):
    def make(self, data):
        return Instance("1=", -1, data)


class Trusting(Targets):
    def make(self, data):
        return Instance(f"{data['target']}=", -1, data)


class Forgiving(Targets):
    def make(self, data):
        return (
            super().make({key: value for key, value in data.items() if key == "target"})._replace(data=data)
        )


class Texts(Targets):
    def sample(self, rng):
        return "1="


@pytest.mark.parametrize(
    ("source", "message"),
    [
        (Unseeded, "must draw the same instances for the same seed in split 'train'"),
        (Mixed, "must keep instances of 'train' out of 'eval', got .* in both"),
        (Tuples, "must draw instances of plain data: data of an instance must come back from JSON"),
        (Otherwise, "must make an instance again from its data, got Instance"),
        (Texts, "must draw an Instance with a prompt and a number from 0, got '1='"),
        (Trusting, r"has instances whose make must raise ValueError for data .*, such as \{\}, got KeyError"),
        (Forgiving, r"has instances whose make .*, such as \{'target': ., '\?': 0\}, got Instance"),
    ],
)
def test_a_fault_of_the_instances_is_told(source, message):
    with pytest.raises(ContractError, match=f"^domain 'digits' {message}"):
        check_domain(make_digits(instances=source))


class Foresighted(Symbols):
    def closed_ends(self, text, char_ends):
        return np.full(len(char_ends), len(text))


class Unordered(Symbols):
    def units(self, text):
        return super().units(text)[::-1]


@pytest.mark.parametrize("kind", [Foresighted, Unordered])
def test_a_fault_of_the_segmentation_is_told(kind):
    with pytest.raises(ContractError, match=f"segmentation {kind.__name__} must return"):
        check_domain(make_digits(segmentation=kind("[0-9]")))


def test_a_checker_that_believes_both_scores_is_told(monkeypatch):
    def check(certificate, instance, prompt, response):
        given = {name: getattr(certificate, name) for name in FIELDS}
        honest = Digits().certify(instance, response)
        given |= {"score": honest.score, "prompt_score": honest.prompt_score}
        return prove(Claimed(**given), instance, prompt, response) and Proof.of(certificate)

    monkeypatch.setitem(CHECKERS, "digits", check)
    with pytest.raises(ContractError, match=r"its certificate of .* checks with both scores moved"):
        check_domain(make_digits(Digits(), checkers={}))
