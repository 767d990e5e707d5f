"""Verifies feedback: proves scores from certificates, and rewards from the proved scores."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any, NamedTuple, cast

import numpy as np

from rlsf_gym.certificates.checking import prove_response
from rlsf_gym.certificates.claimed import CertificateError
from rlsf_gym.certificates.payments import UnprovedError
from rlsf_gym.certificates.proof import Known
from rlsf_gym.certificates.rewards import RECOMPUTABLE, compare_rewards, recompute_from
from rlsf_gym.designs import DESIGNS, Design
from rlsf_gym.evidence import BoolArray, Evidence, FloatArray, IntArray
from rlsf_gym.feedback.hindsight import ResponseHindsight

__all__ = ["Verification"]

# Largest error of a score, a utility, a reward or a sum of rewards.
_TOLERANCE = 1e-9
# What a design is told before the utilities after each token.
_FACTS = ("prompt_score", "score", "prompt_utility", "utility")


@dataclass(frozen=True, kw_only=True)
class Verification:
    """Proof of one response's scores, and the rewards that follow from it.

    Args:
        prompt: The prompt.
        response: The response.
        char_ends: For each of its K real tokens, how many characters are certain after it.
        boundary: "closed" or "open".
        utility: Objective: score to utility.
        closed_ends: Returns the number of characters in closed units after each token.
        instance: Instance of the episode, where the scorer's domain has instances.
    """

    prompt: str
    response: str
    char_ends: Sequence[int]
    boundary: str
    utility: Callable[[float], float]
    closed_ends: Callable[[], Sequence[int]]
    instance: Any = None

    def guard(self, evidence: Evidence, hindsight: ResponseHindsight) -> Evidence:
        """Returns the same evidence with a hindsight whose answers are checked against the proof.

        That is the utility of the text without some units, and what units are worth by the lexicon, as far as
        the scorer's checker proves such things. What a scorer attributes to characters, and how a text is
        divided into units, nothing proves.

        Args:
            evidence: Evidence on the response.
            hindsight: Hindsight whose answers are checked.
        """
        fields = {**vars(evidence), "hindsight": _Proved(self, evidence, hindsight)}
        return Evidence.unchecked(**fields)  # it was sound before

    def check(self, design: Design, evidence: Evidence, rewards: FloatArray) -> None:
        """Checks the scores of a response and the rewards of its tokens.

        The certificate is proved from the texts; all scores and utilities that a design is given, those of
        the prompt and of prefixes too, must be the ones that it proves. Rewards of a design in
        `rlsf_gym.checker.RECOMPUTABLE` are worked out again from text and certificate. Of any other design,
        whose rewards rest on more than these or on what the scorer's checker does not prove, what it declares
        is checked: that it conserves, that it is bounded.

        Args:
            design: Reward design that assigned the rewards.
            evidence: Evidence that the design was given.
            rewards: float64 (T,), the rewards that it assigned.

        Raises:
            CertificateError: If a check fails; the message names the record, the token or the
                promise.
        """
        known = self._prove(evidence)
        self._check_facts(evidence, known)
        kwargs = _recomputable_kwargs(design)
        proved = None if kwargs is None else self._recompute(known, design.name, evidence.slope, kwargs)
        if proved is None:
            _check_declared(design, evidence, rewards)
        else:
            compare_rewards(rewards[: len(self.char_ends)].tolist(), proved, design.name)

    def _prove(self, evidence: Evidence) -> Known:
        certificate = evidence.certificate
        assert certificate is not None
        return prove_response(
            certificate,
            self.prompt,
            self.response,
            char_ends=self.char_ends,
            instance=self.instance,
            closed_ends=self.closed_ends,
            units=lambda: cast(list[tuple[int, int]], evidence.hindsight.units().tolist()),
        )

    def _recompute(
        self, known: Known, design: str, slope: float, kwargs: dict[str, Any]
    ) -> list[float] | None:
        """Returns the rewards recomputed from the proof, None where they depend on more."""
        try:
            return recompute_from(
                known, design=design, utility=self.utility, slope=slope, boundary=self.boundary, **kwargs
            )
        except UnprovedError:
            return None

    def _check_facts(self, evidence: Evidence, known: Known) -> None:
        """Checks each score and each utility that a design was given against its proved value."""
        ends = [known.proof.prompt_score, known.proof.score]
        scores = None if evidence.prefixes is None else known.scores(self.boundary)
        told = [evidence.prompt_score, evidence.score, evidence.prompt_utility, evidence.utility]
        proved = [*ends, *map(self.utility, ends)]
        if evidence.prefixes is not None and scores is not None:
            told += evidence.prefixes.tolist()
            proved += map(self.utility, scores)
            proved += [proved[3]] * (len(told) - len(proved))
        if told == proved:  # mostly to the bit
            return
        for number, (claim, value) in enumerate(zip(told, proved, strict=True)):
            error = abs(claim - value)
            if not error <= _TOLERANCE and not error <= _TOLERANCE * abs(value):
                name = (
                    _FACTS[number] if number < len(_FACTS) else f"utility after token {number - len(_FACTS)}"
                )
                raise CertificateError(f"{name} must be {value!r}, as the text proves, but is {claim!r}")

    def check_utilities(self, evidence: Evidence, texts: Sequence[str], utilities: FloatArray) -> None:
        """Checks the utilities of the text without some units, as far as they are proved.

        Args:
            evidence: Evidence on the response.
            texts: N texts.
            utilities: float64 (N,), the utilities that the design is given.

        Raises:
            CertificateError: If one is not what the text proves.
        """
        prove_score = self._prove(evidence).proof.text_score
        if prove_score is None:
            return
        for text, told in zip(texts, utilities.tolist(), strict=True):
            proved = self.utility(prove_score(text))
            if not abs(told - proved) <= _TOLERANCE * max(1.0, abs(proved)):
                raise CertificateError(
                    f"utility of {text!r} must be {proved!r}, as the text proves, but is {told!r}"
                )

    def check_alive(self, evidence: Evidence, alive: BoolArray) -> None:
        """Checks where a right answer is possible, as far as values of prefixes are proved.

        Raises:
            CertificateError: If an entry is not what the text proves.
        """
        values = self._prove(evidence).scores(self.boundary)
        if values is None:
            return
        for token, (value, told) in enumerate(zip(values, alive.tolist(), strict=False)):
            if (value > 0.0) != told:
                raise CertificateError(
                    f"value after token {token} must be {value!r}, as the text proves, but a right answer is "
                    f"said to be {'possible' if told else 'impossible'}"
                )

    def check_core(self, evidence: Evidence, core: IntArray) -> None:
        """Checks the spans that share the blame against the proved payload, where it tells them as `core`.

        Raises:
            CertificateError: If they are others.
        """
        self._prove(evidence)
        certificate = evidence.certificate
        payload: Mapping[str, Any] = (None if certificate is None else certificate.payload) or {}
        if "core" in payload and (payload["core"] or []) != core.tolist():
            raise CertificateError(f"core must be {payload['core']}, as is proved, but is {core.tolist()}")

    def check_lexicon(self, evidence: Evidence, attributed: FloatArray) -> None:
        """Checks the lexicon's attributions to the tokens, as far as they are proved.

        Args:
            evidence: Evidence on the response.
            attributed: float64 (T,), the attributions that the design is given.

        Raises:
            CertificateError: If an entry is not what the text proves.
        """
        proved = self._recompute(self._prove(evidence), "lexicon", 0.0, {})
        if proved is not None:
            compare_rewards(attributed[: len(proved)].tolist(), proved, "lexicon")


class _Proved(NamedTuple):
    """Hindsight that checks its answers against the proof before it returns them."""

    verification: Verification
    evidence: Evidence
    asked: ResponseHindsight

    def units(self) -> IntArray:
        return self.asked.units()

    def unit_ends(self) -> IntArray:
        return self.asked.unit_ends()

    def groups(self) -> IntArray:
        return self.asked.groups()

    def utilities_without(self, absences: Sequence[Sequence[int]]) -> FloatArray:
        found = self.asked.utilities_without(absences)
        self.verification.check_utilities(self.evidence, self.asked.texts_without(absences), found)
        return found

    def alive(self) -> BoolArray:
        found = self.asked.alive()
        self.verification.check_alive(self.evidence, found)
        return found

    def partial_credits(self) -> dict[str, float]:
        return self.asked.partial_credits()

    def core(self) -> IntArray:
        found = self.asked.core()
        self.verification.check_core(self.evidence, found)
        return found

    def attributions(self, method: str) -> FloatArray:
        found = self.asked.attributions(method)
        if method == "lexicon":
            self.verification.check_lexicon(self.evidence, found)
        return found


def _recomputable_kwargs(design: Design) -> dict[str, Any] | None:
    """Returns the arguments of a design of this package that the checker can recompute, None for others."""
    if design.name not in RECOMPUTABLE or _bare(design.function) is not _bare(DESIGNS[design.name].function):
        return None
    function: Any = design.function
    return dict(function.keywords) if isinstance(function, partial) else {}


def _bare(function: Callable[..., Any]) -> Callable[..., Any]:
    return _bare(function.func) if isinstance(function, partial) else function


def _check_declared(design: Design, evidence: Evidence, rewards: FloatArray) -> None:
    paid = float(rewards.sum())
    if (
        evidence.length
        and design.conserving
        and abs(paid - evidence.gain) > _TOLERANCE * max(1.0, abs(evidence.gain))
    ):
        raise CertificateError(
            f"reward design {design.name!r} declares conserving=True: its rewards must add up to the gain "
            f"{evidence.gain}, got {paid}"
        )
    largest = float(np.abs(rewards).max(initial=0.0))
    if design.bounded and largest > 2.0 + _TOLERANCE:
        raise CertificateError(
            f"reward design {design.name!r} declares bounded=True: no reward may be beyond 2, got {largest}"
        )
