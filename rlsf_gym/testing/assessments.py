"""Holds a scorer of instances to its protocol."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from rlsf_gym.instance import Instance
from rlsf_gym.scorers import Assessment
from rlsf_gym.scorers.protocol import has_verdict
from rlsf_gym.testing.promises import Promises

__all__ = ["check_assessments"]

Case = tuple[Instance, str]


def check_assessments(promises: Promises, cases: Sequence[Case]) -> None:
    """Checks what a scorer that has `assess` says of instances and responses.

    A response gets the same assessment in any batch; values of prefixes are float64 (K,), finite and in the
    range that is declared, rest on the characters up to them alone, and the first of them, before any
    character, is the certificate's `prompt_score`. Of a scorer with a verdict, the score of a response is 1
    or 0, values are in [0, 1], the prompt's above 0, and nothing but 0 follows a 0, the score included.

    Args:
        promises: The scorer, with how close its numbers must come.
        cases: Instances with responses.

    Raises:
        ContractError: If it breaks a promise.
    """
    once = _assess(promises, cases)
    backwards = _assess(promises, cases[::-1])[::-1]
    alone = [_assess(promises, [case])[0] for case in cases]
    others = {"again": _assess(promises, cases), "in another batch": backwards, "alone": alone}
    for number, ((instance, response), one) in enumerate(zip(cases, once, strict=True)):
        for how, found in others.items():
            _check_same(promises, one, found[number], f"{response!r}, {how}")
        _check_assessment(promises, one, instance, response)
        _check_values(promises, one, instance, response)
        if has_verdict(promises.scorer):
            _check_verdict(promises, one, instance, response)


def _assess(promises: Promises, cases: Sequence[Case]) -> list[Assessment]:
    instances, responses = [instance for instance, _ in cases], [response for _, response in cases]
    scorer: Any = promises.scorer
    found = scorer.assess(instances, responses, [np.arange(len(text) + 1) for text in responses])
    promises.check_count(found, len(cases), "assess")
    for (instance, response), one in zip(cases, found, strict=True):
        text = instance.prompt + response
        promises.check_certificate(one.certificate, text, "assess")
        for score in (one.certificate.prompt_score, one.certificate.score):
            promises.check_score(score, text, "assess")
        prefixes = [instance.prompt + response[:end] for end in range(len(response) + 1)]
        promises.check_form(one.prefix_scores, prefixes, "assess")
    return list(found)


def _check_same(promises: Promises, one: Assessment, other: Assessment, where: str) -> None:
    numbers, others = (
        [found.certificate.prompt_score, found.certificate.score, *found.prefix_scores.tolist()]
        for found in (one, other)
    )
    for first, second in zip(numbers, others, strict=True):
        if abs(first - second) > promises.same:
            raise promises.broken(
                f"must give a response the same values every time, got {first} and {second} for {where}"
                f"{promises.hint}"
            )


def _check_assessment(promises: Promises, one: Assessment, instance: Instance, response: str) -> None:
    certificate, start = one.certificate, float(one.prefix_scores[0])
    if abs(start - certificate.prompt_score) > promises.close:
        raise promises.broken(
            f"must value no characters as its certificate does the prompt, {certificate.prompt_score}, "
            f"got {start} for {instance.prompt!r}"
        )
    if not promises.scorer.verifiable:
        return
    proof = promises.prove(certificate, instance.prompt, response, instance)
    if proof.values is not None:
        ends = range(len(response) + 1)
        promises.check_told(proof.values(list(ends)), one.prefix_scores.tolist(), "values of prefixes")


def _check_verdict(promises: Promises, one: Assessment, instance: Instance, response: str) -> None:
    """Checks that the score is a verdict, and the values of prefixes what is known of it."""
    score, values = one.certificate.score, one.prefix_scores
    text = f"{response!r} to {instance.prompt!r}"
    if score not in (0.0, 1.0):
        raise promises.broken(f"declares verdict=True, but scores {text} with {score}, not with 1 or 0")
    if not (values.min() >= 0.0 and values.max() <= 1.0):
        raise promises.broken(f"declares verdict=True, but values prefixes of {text} beyond [0, 1]")
    if values[0] == 0.0:
        raise promises.broken(
            f"declares verdict=True, but values the prompt {instance.prompt!r} with 0: no answer is right"
        )
    known = [*values.tolist(), score]
    lost = known.index(0.0) if 0.0 in known else len(known)
    if any(known[lost:]):
        raise promises.broken(
            f"declares verdict=True, whose values stay 0 where they are: {lost} characters of {text} are "
            "worth 0, and more of it is not"
        )


def _check_values(promises: Promises, one: Assessment, instance: Instance, response: str) -> None:
    """Checks that the value of a prefix is the same whatever follows."""
    scorer: Any = promises.scorer
    for end in range(len(response) + 1):
        for other in (response[:end], response[:end] + response):
            value = float(scorer.assess([instance], [other], [np.array([end])])[0].prefix_scores[0])
            if abs(value - float(one.prefix_scores[end])) > promises.same:
                raise promises.broken(
                    f"must value a prefix by its characters alone, got {one.prefix_scores[end]} for {end} "
                    f"characters of {response!r} and {value} of {other!r} to {instance.prompt!r}"
                )
