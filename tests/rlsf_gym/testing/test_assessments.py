"""check_scorer of a scorer of instances: what keeps its promises passes, and what is broken is named."""

from dataclasses import replace

import numpy as np
import pytest

from rlsf_gym.certificates import Certificate, CertificateError, Proof
from rlsf_gym.checker import CHECKERS
from rlsf_gym.contract import ContractError
from rlsf_gym.domains import Domain, Samples
from rlsf_gym.instance import Instance
from rlsf_gym.scorers import Assessment
from rlsf_gym.testing import check_scorer
from tests.helpers.digits import Verdict, make_digits


class Sums:
    """Is 1 where the digits of the response make the target; a prefix is worth 1 while they still can."""

    name = "sums"
    bounded = verifiable = True

    def assess(self, instances, responses, char_ends):
        return [self.assess_one(*row) for row in zip(instances, responses, char_ends, strict=True)]

    def assess_one(self, instance, response, ends):
        totals = np.cumsum([0, *map(int, response)])
        target = instance.data["target"]
        certificate = Certificate(
            scorer=self.name,
            version="1",
            verifiable=True,
            options={},
            prompt_score=1.0,
            score=float(totals[-1] == target),
            records=(),
            payload={"total": int(totals[-1])},
        )
        return Assessment(certificate, np.array(totals[ends] <= target, np.float64))


def prove(certificate, instance, prompt, response):
    totals = [sum(int(digit) for digit in response[:end]) for end in range(len(response) + 1)]
    target = instance.data["target"]
    score = float(totals[-1] == target)
    if certificate != ("sums", "1", True, {}, 1.0, score, (), {}, (), 1.0, (), {"total": totals[-1]}):
        raise CertificateError(f"certificate must tell of the sum {totals[-1]} for {target} and nothing else")
    return Proof.of(certificate, values=lambda ends: [float(totals[end] <= target) for end in ends])


class Targets:
    def sample(self, rng):
        target = int(rng.integers(1, 20))
        return Instance(f"Make {target}: ", target, {"target": target})

    def make(self, data):
        return Instance(f"Make {data['target']}: ", -1, data)


DOMAIN = Domain(
    name="sums",
    scorers={"sums": Sums},
    samples=Samples(pieces=(b"1", b"2", b"9")),
    segmentation=None,
    instances=lambda split: Targets(),
)


@pytest.fixture(autouse=True)
def registered(monkeypatch):
    monkeypatch.setitem(CHECKERS, "sums", prove)


def test_a_scorer_of_instances_keeps_its_promises():
    check_scorer(Sums, domain=DOMAIN)
    check_scorer(Sums(), pairs=[(Instance("", data={"target": 3}), text) for text in ("", "3", "12", "21")])


class Forgetful(Sums):
    """Gives what comes first in a batch another value."""

    def assess(self, instances, responses, char_ends):
        first, *others = super().assess(instances, responses, char_ends)
        return [first._replace(prefix_scores=first.prefix_scores / 2), *others]


class Late(Sums):
    """Values no characters at all as nothing."""

    def assess_one(self, instance, response, ends):
        one = super().assess_one(instance, response, ends)
        return one._replace(prefix_scores=np.where(ends == 0, 0.0, one.prefix_scores))


class Loud(Sums):
    def assess_one(self, instance, response, ends):
        one = super().assess_one(instance, response, ends)
        return one._replace(prefix_scores=3 * one.prefix_scores)


class Short(Sums):
    def assess(self, instances, responses, char_ends):
        return super().assess(instances, responses, char_ends)[1:]


class Whole(Sums):
    def assess_one(self, instance, response, ends):
        one = super().assess_one(instance, response, ends)
        return one._replace(prefix_scores=one.prefix_scores.astype(int))


class Ruled(Sums):
    """Certifies by a rule that it does not declare."""

    def assess_one(self, instance, response, ends):
        one = super().assess_one(instance, response, ends)
        return one._replace(certificate=replace(one.certificate, rules=("digit",)))


class Hopeful(Sums):
    """Values prefixes by another target than its checker."""

    def assess_one(self, instance, response, ends):
        one = super().assess_one(instance, response, ends)
        return one._replace(prefix_scores=np.ones(len(ends)))


@pytest.mark.parametrize(
    ("scorer", "message"),
    [
        (Forgetful, "must give a response the same values every time, got .* in another batch"),
        (Late, "must value no characters as its certificate does the prompt, 1.0, got 0.0"),
        (Loud, "declares bounded=True, but returns 3.0 for '.*' from assess, beyond"),
        (Short, "must return one for each of 12 pairs from assess, got 11"),
        (Whole, "must return float64 of shape .* from assess, got int64"),
        (Ruled, r"declares the rules \(\), but certifies '.*' by \('digit',\) from assess"),
        (Hopeful, "has a checker that tells 0.0 among the values of prefixes, got 1.0 from it"),
    ],
)
def test_a_scorer_of_instances_is_told_what_it_breaks(scorer, message):
    with pytest.raises(ContractError, match=f"scorer 'sums' {message}"):
        check_scorer(scorer, domain=DOMAIN)


def overlook_payload(certificate, instance, prompt, response):
    return prove(certificate._replace(payload={"total": sum(map(int, response))}), instance, prompt, response)


@pytest.mark.parametrize(
    ("checker", "what"),
    [
        (lambda *claims: None, "another score"),
        (overlook_payload, "more payload"),
    ],
)
def test_a_checker_of_instances_that_proves_too_much_is_told_what(monkeypatch, checker, what):
    monkeypatch.setitem(CHECKERS, "sums", checker)
    with pytest.raises(ContractError, match=f"scorer 'sums' declares verifiable=True, .* checks with {what}"):
        check_scorer(Sums, domain=DOMAIN)


def test_texts_have_no_instances_to_draw():
    with pytest.raises(ValueError, match=r"domain 'sentiment' has no instances .*: check its own domain"):
        check_scorer(Sums)
    with pytest.raises(ValueError, match="pairs must hold at least one prompt and its response, got none"):
        check_scorer(Sums, pairs=[])


class Sure(Verdict):
    """A verdict whose numbers are changed by a function."""

    def __init__(self, change):
        self.change = change

    def assess(self, instances, responses, char_ends):
        return [
            self.change(one, ends)
            for one, ends in zip(super().assess(instances, responses, char_ends), char_ends, strict=True)
        ]


def scored(one, **numbers):
    return one._replace(certificate=replace(one.certificate, **numbers))


def valued(one, ends, values):
    return one._replace(prefix_scores=np.array([values(int(end)) for end in ends], np.float64))


def test_a_verdict_keeps_its_promises():
    check_scorer(Verdict(), domain=make_digits())


CHANGES = [
    ({"score": 0.5}, None, "but scores .* with 0.5, not with 1 or 0"),
    ({"prompt_score": -0.5}, lambda end: -0.5, r"but values prefixes of .* beyond \[0, 1\]"),
    ({"prompt_score": 0.0}, lambda end: 0.0, "but values the prompt .* with 0: no answer is right"),
    ({"prompt_score": 1.0}, lambda end: float(end != 1), "1 characters of .* are worth 0, and more of it"),
    (
        {"prompt_score": 1.0, "score": 1.0},
        lambda end: float(end < 1),
        "1 characters of .* are worth 0, and more",
    ),
]


@pytest.mark.parametrize(("numbers", "values", "message"), CHANGES)
def test_a_verdict_that_breaks_one_is_told(numbers, values, message):
    def change(one, ends):
        changed = scored(one, **numbers)
        return changed if values is None else valued(changed, ends, values)

    with pytest.raises(ContractError, match=f"scorer 'verdict' declares verdict=True, .*{message}"):
        check_scorer(Sure(change), domain=make_digits())
