"""Promises of a scorer about its attributes, its numbers and its certificates."""

from __future__ import annotations

import json
import math
from collections.abc import Sequence
from typing import Any, Final, cast

import numpy as np
import numpy.typing as npt

from rlsf_gym.certificates import Certificate, CertificateError, Proof
from rlsf_gym.certificates.checking import verify
from rlsf_gym.contract import ContractError
from rlsf_gym.envs.task import is_exact
from rlsf_gym.feedback.provable import check_rules
from rlsf_gym.feedback.verdicts import check_verdict
from rlsf_gym.scorers import Scorer
from rlsf_gym.testing.forgeries import forge

__all__ = ["EXACT", "Promises"]

EXACT: Final = 1e-9
"""Largest difference of numbers that exact scorers give in different ways."""
_NEURAL: Final = 1e-5


class Promises:
    """Checks of what any scorer promises, each of which raises `ContractError`.

    Args:
        scorer: The scorer.
    """

    def __init__(self, scorer: Scorer) -> None:
        self.scorer = scorer
        is_close = is_exact(scorer)
        self.close = EXACT if is_close else _NEURAL
        """Largest difference of a number that is told in two ways."""
        self.same = 0.0 if is_close else _NEURAL
        """Largest difference of a number that is told twice."""
        self.hint = ": set exact = False if it is neural" if is_close else ""

    def broken(self, promise: str) -> ContractError:
        """Returns the error that says what is broken."""
        return ContractError(f"scorer {self.scorer.name!r} {promise}")

    def check_attributes(self) -> None:
        """Checks name, flags and rules."""
        name: Any = self.scorer.name
        if not isinstance(name, str) or not name:
            raise ContractError(f"scorer {type(self.scorer).__name__} must have a str as name, got {name!r}")
        for flag in ("bounded", "verifiable"):
            value: Any = getattr(self.scorer, flag)
            if not isinstance(value, bool):
                raise self.broken(f"must have True or False as {flag}, got {value!r}")
        try:
            check_rules(self.scorer)
            check_verdict(self.scorer)
        except ValueError as error:
            raise ContractError(str(error)) from error

    def check_count(self, found: Sequence[Any], count: int, method: str) -> None:
        """Checks that a method for a batch returned one for each pair."""
        if len(found) != count:
            raise self.broken(f"must return one for each of {count} pairs from {method}, got {len(found)}")

    def check_form(self, scores: Any, texts: Sequence[str], method: str) -> None:
        """Checks that scores are float64 (N,), finite and in the range that is declared.

        Args:
            scores: What the method returned.
            texts: What was scored.
            method: Its name.
        """
        shape = (len(texts),)
        if not isinstance(scores, np.ndarray):
            raise self.broken(
                f"must return float64 of shape {shape} from {method}, got {type(scores).__name__}"
            )
        array = cast(npt.NDArray[Any], scores)
        if array.dtype != np.float64 or array.shape != shape:
            found = f"{array.dtype} of shape {array.shape}"
            raise self.broken(f"must return float64 of shape {shape} from {method}, got {found}")
        for text, score in zip(texts, array.tolist(), strict=True):
            self.check_score(score, text, method)

    def check_score(self, score: float, text: str, method: str) -> None:
        """Checks that a score is finite and in the range that is declared."""
        if not math.isfinite(score):
            raise self.broken(f"must return finite scores from {method}, got {score} for {text!r}")
        if self.scorer.bounded and abs(score) > 1.0 + EXACT:
            raise self.broken(
                f"declares bounded=True, but returns {score} for {text!r} from {method}, beyond [-1, 1]"
            )

    def check_certificate(
        self, certificate: Any, text: str, method: str, given: Sequence[float] | None = None
    ) -> None:
        """Checks that a certificate is of the kind that is declared, plain, and adds up.

        Args:
            certificate: What the method returned.
            text: Prompt and response.
            method: Its name.
            given: Scores of the prompt and of the text that it must tell; None where nothing else tells them.
        """
        if not isinstance(certificate, Certificate):
            raise self.broken(
                f"must certify with a Certificate, got {type(certificate).__name__} from {method}"
            )
        if certificate.verifiable != self.scorer.verifiable:
            raise self.broken(
                f"declares verifiable={self.scorer.verifiable}, but certifies {text!r} with "
                f"verifiable={certificate.verifiable}"
            )
        if certificate.verifiable and type(certificate) is not Certificate:
            raise self.broken(
                f"must certify with a Certificate itself where it declares verifiable=True, got the subclass "
                f"{type(certificate).__name__} from {method}"
            )
        declared = getattr(self.scorer, "rules", ())
        if certificate.rules != declared:
            raise self.broken(
                f"declares the rules {declared}, but certifies {text!r} by {certificate.rules} from {method}"
            )
        told = (certificate.prompt_score, certificate.score)
        if given is not None and any(
            abs(one - other) > self.close for one, other in zip(told, given, strict=True)
        ):
            raise self.broken(
                f"must certify its scores, got {told} from {method} and {list(given)} from score for {text!r}"
            )
        if any(max(record.char_end, record.trigger_end) > len(text) for record in certificate.records):
            raise self.broken(f"must certify spans inside of the text, got one beyond {text!r}")
        try:
            json.dumps(certificate.as_records(), allow_nan=False)
        except (TypeError, ValueError) as error:
            raise self.broken(f"must certify records that JSON can write: {error}") from error
        if certificate.rules:
            self._check_amounts(certificate, text)

    def prove(self, certificate: Certificate, prompt: str, response: str, instance: Any = None) -> Proof:
        """Returns the proof of the scorer's checker, after checking that it refuses forged certificates.

        Args:
            certificate: The certificate.
            prompt: The prompt.
            response: The response.
            instance: What the episode is about, in a domain of instances.
        """
        try:
            proof = verify(certificate, prompt, response, instance)
        except CertificateError as error:
            raise self.broken(
                f"declares verifiable=True, but its certificate of {prompt + response!r} fails: {error}"
            ) from error
        for forged, what in forge(certificate):
            try:
                verify(forged, prompt, response, instance)
            except CertificateError:
                continue
            except Exception as error:  # whatever it is, it goes on as the cause
                raise self.broken(
                    f"has a checker that must raise CertificateError for a certificate of "
                    f"{prompt + response!r} with {what}, got {type(error).__name__}: {error}"
                ) from error
            raise self.broken(
                f"declares verifiable=True, but its certificate of {prompt + response!r} checks with {what}: "
                "its checker must refuse all that it can't prove"
            )
        return proof

    def check_told(self, told: Sequence[float], expected: Sequence[float], what: str) -> None:
        """Checks that the checker of the scorer tells the same as the scorer.

        Args:
            told: N numbers of the checker.
            expected: N numbers of the scorer.
            what: What they are of.
        """
        if len(told) != len(expected):
            raise self.broken(f"has a checker that must tell {len(expected)} {what}, got {len(told)}")
        for one, other in zip(told, expected, strict=True):
            if not abs(one - other) <= self.close * max(1.0, abs(other)):
                raise self.broken(f"has a checker that tells {one!r} among the {what}, got {other!r} from it")

    def _check_amounts(self, certificate: Certificate, text: str) -> None:
        before, after = certificate.prompt_score, certificate.score
        promise = f"must certify amounts that add up to the gain {after - before:.9g}, got"
        try:
            amounts = certificate.rule_amounts(prompt_utility=before, utility=after, slope=1.0)
        except CertificateError as error:
            raise self.broken(f"{promise} others for {text!r}: {error}") from error
        total = math.fsum(amounts.values())
        if abs(total - (after - before)) > self.close:
            raise self.broken(f"{promise} {total:.9g} for {text!r}")
