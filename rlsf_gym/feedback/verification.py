"""Verifies feedback: proves scores from certificates, and rewards from the proved scores."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any, NamedTuple, cast

import numpy as np

from rlsf_gym.certificates.certificate import Certificate
from rlsf_gym.certificates.checking import find_checker, prove_response, verify
from rlsf_gym.certificates.claimed import CertificateError
from rlsf_gym.certificates.payments import UnprovedError
from rlsf_gym.certificates.proof import Known
from rlsf_gym.certificates.rewards import RECOMPUTABLE, compare_rewards, recompute_from
from rlsf_gym.designs import DESIGNS, Design
from rlsf_gym.evidence import Evidence, FloatArray, IntArray
from rlsf_gym.feedback.hindsight import ResponseHindsight
from rlsf_gym.feedback.scoring import assess
from rlsf_gym.instance import Instance
from rlsf_gym.scorers.protocol import Scorer, needs_instance

__all__ = ["Verification", "check_certificate", "check_provable", "check_rules"]

# Largest error of a score, a utility, a reward or a sum of rewards.
_TOLERANCE = 1e-9
# Largest difference of what a scorer without proofs certifies and returns: neural ones vary with the batch.
_ROUGH = 1e-3
# What a design is told before the utilities after each token.
_FACTS = ("prompt_score", "score", "prompt_utility", "utility")


def check_provable(scorer: Scorer, probe: tuple[Instance, str] | None = None) -> bool:
    """Checks that a scorer that declares proofs has a checker, which proves a certificate of it.

    Args:
        scorer: The scorer.
        probe: Instance and response that a third-party scorer is tried on; None for no trial.

    Returns:
        Whether that checker proves values of prefixes as well.

    Raises:
        ValueError: If `verifiable` is neither True nor False, or it is True and no checker is registered for
            the scorer, or a certificate of it does not hold; or if its `rules` are not names.
    """
    name, declared = cast(Any, scorer.name), cast(Any, scorer.verifiable)
    if not isinstance(declared, bool):
        raise ValueError(f"scorer {name!r} must have True or False as verifiable, got {declared!r}")
    check_rules(scorer)
    if not declared or _is_ours(scorer):
        return declared
    if find_checker(name) is None:
        raise ValueError(
            f"scorer {name!r} declares verifiable=True, but no checker is registered for it: call "
            f"rlsf_gym.checker.register_checker({name!r}, verify), or declare verifiable=False"
        )
    return probe is not None and _try(scorer, *probe)


def _try(scorer: Scorer, instance: Instance, response: str) -> bool:
    """Returns whether the checker of a scorer proves values of prefixes, once a certificate holds."""
    certificate = _certify(scorer, instance, response)
    try:
        _check_form(scorer, certificate)
        return verify(certificate, instance.prompt, response, instance).proves_prefixes
    except ValueError as error:
        raise ValueError(
            f"scorer {scorer.name!r} declares verifiable=True, but its certificate of "
            f"{instance.prompt + response!r} fails: {error}: mend it, or declare verifiable=False and return "
            "Certificate.opaque(...) from certify"
        ) from error


def _certify(scorer: Any, instance: Instance, response: str) -> Any:
    if needs_instance(scorer):
        return assess(scorer, [instance], [response], [np.zeros(0, np.int64)])[0].certificate
    return scorer.certify(instance.prompt, response)


def check_certificate(scorer: Scorer, evidence: Evidence, instance: Instance, response: str) -> None:
    """Checks that a certificate is of the kind that the scorer declares, and states the rewarded scores.

    So contributions of rules add up to the gain, whether anything is proved or not.

    Args:
        scorer: The scorer.
        evidence: Evidence on the response.
        instance: Instance of the episode.
        response: The response.

    Raises:
        ValueError: If it is not a `Certificate`, declares other proofs or rules than the scorer, or states
            other scores than the scorer returned.
        CertificateError: If its records do not add up to its scores, or it states other scores and does not
            hold.
    """
    certificate = evidence.certificate
    _check_form(scorer, certificate)
    assert certificate is not None
    certificate.check_amounts()
    close = _TOLERANCE if certificate.verifiable else _ROUGH
    for told, given, what in (
        (certificate.score, evidence.score, "score"),
        (certificate.prompt_score, evidence.prompt_score, "prompt score"),
    ):
        if told != given and abs(told - given) > close * max(1.0, abs(given)):
            if certificate.verifiable:
                verify(certificate, instance.prompt, response, instance)  # which of the two is wrong?
            text = instance.prompt if what == "prompt score" else instance.prompt + response
            raise ValueError(
                f"scorer {scorer.name!r} certified the {what} {told} but returned {given} for {text!r}"
            )


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

    def attributions(self, method: str) -> FloatArray:
        found = self.asked.attributions(method)
        if method == "lexicon":
            self.verification.check_lexicon(self.evidence, found)
        return found


def _is_ours(scorer: Scorer) -> bool:
    """Returns whether a scorer is of a class of this package, with no method replaced."""
    kind = type(scorer)
    return kind.__module__.startswith(("rlsf_gym.domains.", "rlsf_gym.scorers.")) and not any(
        hasattr(kind, one) for one in vars(scorer)
    )


def _rules_of(scorer: Scorer) -> tuple[str, ...]:
    """Returns the rules that a scorer declares; empty where it declares no rules."""
    return getattr(scorer, "rules", ())


def check_rules(scorer: Scorer) -> None:
    """Checks that the rules of a scorer are names, each of which can be part of a key of info.

    Raises:
        ValueError: If a rule is not such a name.
    """
    rules: Any = _rules_of(scorer)
    if not isinstance(rules, tuple) or not all(map(_is_rule, cast(tuple[Any, ...], rules))):
        raise ValueError(
            f"scorer {scorer.name!r} must have as rules a tuple of names of letters, digits and _, none of "
            f"them 'design', got {rules!r}"
        )
    if len(set(cast(tuple[str, ...], rules))) < len(cast(tuple[str, ...], rules)):
        raise ValueError(f"scorer {scorer.name!r} must have each of its rules once, got {rules!r}")


def _is_rule(rule: Any) -> bool:
    return isinstance(rule, str) and f"reward_{rule}".isidentifier() and rule != "design"


def _check_form(scorer: Scorer, certificate: Any) -> None:
    if not isinstance(certificate, Certificate):
        raise ValueError(
            f"scorer {scorer.name!r} must certify with a Certificate, got {type(certificate).__name__}"
        )
    if certificate.verifiable != scorer.verifiable:
        raise ValueError(
            f"scorer {scorer.name!r} declares verifiable={scorer.verifiable}, but certifies with "
            f"verifiable={certificate.verifiable}: return Certificate.opaque(...) where nothing can be proved"
        )
    if certificate.verifiable and certificate.scorer != scorer.name:  # another one's checker would prove it
        raise ValueError(
            f"scorer {scorer.name!r} must certify in its own name, got a certificate of "
            f"{certificate.scorer!r}: pass scorer=self.name to Certificate"
        )
    if certificate.rules != _rules_of(scorer):
        raise ValueError(
            f"scorer {scorer.name!r} declares the rules {_rules_of(scorer)}, but certifies by "
            f"{certificate.rules}: pass rules=self.rules to Certificate"
        )
    if certificate.verifiable and type(certificate) is not Certificate:
        raise ValueError(
            f"scorer {scorer.name!r} must certify with a Certificate itself where it declares "
            f"verifiable=True, got the subclass {type(certificate).__name__}"
        )


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
