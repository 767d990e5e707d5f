"""Refuses feedback that does not check: scores without proof, and rewards that the proof does not give."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import Any, cast

import numpy as np

from rlsf_gym.certificates.certificate import Certificate
from rlsf_gym.designs import DESIGNS, Design
from rlsf_gym.domains.sentiment.checker import (
    PROVABLE,
    RECOMPUTABLE,
    CertificateError,
    Known,
    compare_rewards,
    prove_response,
    prove_score,
    read_rules,
    recompute_from,
    verify,
)
from rlsf_gym.domains.sentiment.erasure import erase_words
from rlsf_gym.evidence import Evidence, FloatArray
from rlsf_gym.scorers import Scorer

__all__ = ["Verification", "check_certificate", "check_provable"]

# Largest error of a score, a utility, a reward or a sum of rewards.
_TOLERANCE = 1e-9
# Largest difference of what a scorer without proofs certifies and returns: neural ones vary with the batch.
_ROUGH = 1e-3
# On these a scorer of somebody's own that declares proofs is tried before the first episode.
_PROBE = ("The film was", " not very good, but I LOVED the ending!")


def check_provable(scorer: Scorer) -> None:
    """Checks that a scorer that declares proofs has certificates that the checker can prove.

    Raises:
        ValueError: If `verifiable` is neither True nor False, or it is True and the scorer is not one of
            `rlsf_gym.checker.PROVABLE`, or a certificate of it does not hold.
    """
    name, declared = cast(Any, scorer.name), cast(Any, scorer.verifiable)
    if not isinstance(declared, bool):
        raise ValueError(f"scorer {name!r} must have True or False as verifiable, got {declared!r}")
    if not declared or _is_ours(scorer):
        return
    if name not in PROVABLE:
        raise ValueError(
            f"scorer {name!r} declares verifiable=True, but only the certificates of "
            f"{' and '.join(map(repr, PROVABLE))} can be checked, and only their amounts are sums that "
            "rewards can be made of: declare verifiable=False and return Certificate.opaque(...) from certify"
        )
    certificate = scorer.certify(*_PROBE)
    try:
        _check_form(scorer, certificate)
        verify(certificate, *_PROBE)
    except ValueError as error:
        raise ValueError(
            f"scorer {name!r} declares verifiable=True, but its certificate of {''.join(_PROBE)!r} fails: "
            f"{error}: declare verifiable=False and return Certificate.opaque(...) from certify"
        ) from error


def check_certificate(scorer: Scorer, evidence: Evidence, prompt: str, response: str) -> None:
    """Checks that a certificate is of the kind that the scorer declares, and tells what is paid for.

    So that what rules contribute adds up to what is gained, whether anything is proved or not.

    Args:
        scorer: The scorer.
        evidence: What is known of a response.
        prompt: The prompt.
        response: The response.

    Raises:
        ValueError: If it is no certificate, declares other proofs than the scorer, or tells other scores than
            the scorer returned.
        CertificateError: If its records do not add up to its scores, or it tells other scores and does not
            hold.
    """
    certificate = evidence.certificate
    _check_form(scorer, certificate)
    assert certificate is not None
    if certificate.verifiable:
        certificate.totals()
    close = _TOLERANCE if certificate.verifiable else _ROUGH
    for told, given, what in (
        (certificate.score, evidence.score, "score"),
        (certificate.prompt_score, evidence.prompt_score, "prompt score"),
    ):
        if told != given and abs(told - given) > close * max(1.0, abs(given)):
            if certificate.verifiable:
                verify(certificate, prompt, response)  # which of the two is wrong?
            text = prompt if what == "prompt score" else prompt + response
            raise ValueError(
                f"scorer {scorer.name!r} certified the {what} {told} but returned {given} for {text!r}"
            )


@dataclass(frozen=True, kw_only=True)
class Verification:
    """The proof of one response, and what may be paid for it.

    Args:
        prompt: The prompt.
        response: The response.
        char_ends: For each of its K real tokens, how many characters are certain after it.
        boundary: "closed" or "open".
        utility: What a score is worth.
    """

    prompt: str
    response: str
    char_ends: Sequence[int]
    boundary: str
    utility: Callable[[float], float]

    def guard(self, evidence: Evidence) -> Evidence:
        """Returns the same evidence, what it can be asked for held against the rules as it is asked for.

        That is the utility of the text without some words, and what words are worth by the lexicon. What a
        scorer attributes to characters, and how it divides a text into words, no rule proves.
        """
        return replace(
            evidence,
            utilities_without=partial(self._utilities_without, evidence),
            lexicon_utilities=partial(self._lexicon_utilities, evidence),
        )

    def check(self, design: Design, evidence: Evidence, rewards: FloatArray) -> None:
        """Checks the scores of a response and the rewards of its tokens.

        The certificate is proved from the texts; all scores and utilities that any design is told, those of
        the prompt and of prefixes too, must be the ones that it proves. Rewards of a design in
        `rlsf_gym.checker.RECOMPUTABLE` are worked out again from text and certificate. Of any other design,
        whose rewards rest on more than these, what it declares is checked: that it conserves, that it is
        bounded.

        Args:
            design: What laid the rewards.
            evidence: What it was told.
            rewards: float64 (T,), what it laid.

        Raises:
            CertificateError: If something does not hold; the message names the record, the token or the
                promise.
        """
        certificate = evidence.certificate
        assert certificate is not None
        known = prove_response(certificate, self.prompt, self.response, char_ends=self.char_ends)
        for name, told, proved in self._facts(evidence, known):
            if not abs(told - proved) <= _TOLERANCE * max(1.0, abs(proved)):
                raise CertificateError(f"{name} must be {proved!r}, as the text proves, but is {told!r}")
        kwargs = _recomputable_kwargs(design)
        if kwargs is None:
            _check_declared(design, evidence, rewards)
            return
        proved = recompute_from(
            known,
            design=design.name,
            utility=self.utility,
            slope=evidence.slope,
            boundary=self.boundary,
            **kwargs,
        )
        compare_rewards(rewards[: len(self.char_ends)].tolist(), proved, design.name)

    def _facts(self, evidence: Evidence, known: Known) -> Iterator[tuple[str, float, float]]:
        """Yields the name of each number that a design was told, the number, and what is proved."""
        prompt, full = known.proved.prompt_score, known.proved.score
        yield "prompt_score", evidence.prompt_score, prompt
        yield "score", evidence.score, full
        yield "prompt_utility", evidence.prompt_utility, self.utility(prompt)
        yield "utility", evidence.utility, self.utility(full)
        if evidence.prefixes is None:
            return
        scores = known.scores(self.boundary)
        for token, told in enumerate(evidence.prefixes.tolist()):
            score = scores[token] if token < len(scores) else full
            yield f"utility after token {token}", told, self.utility(score)

    def _utilities_without(self, evidence: Evidence, absences: Sequence[Sequence[int]]) -> FloatArray:
        found = evidence.utilities_without(absences)
        certificate = evidence.certificate
        assert certificate is not None
        rules, spans = read_rules(certificate), evidence.word_spans()
        texts = erase_words(self.prompt + self.response, spans, absences)
        for number, words in enumerate(absences):
            text = self.prompt if len(spans) and len(set(words)) == len(spans) else texts[number]
            proved = self.utility(prove_score(text, rules))
            if not abs(found[number] - proved) <= _TOLERANCE * max(1.0, abs(proved)):
                raise CertificateError(
                    f"utility of {text!r} must be {proved!r}, as the text proves, "
                    f"but is {float(found[number])!r}"
                )
        return found

    def _lexicon_utilities(self, evidence: Evidence) -> FloatArray:
        found = evidence.lexicon_utilities()
        certificate = evidence.certificate
        assert certificate is not None
        known = prove_response(certificate, self.prompt, self.response, char_ends=self.char_ends)
        proved = recompute_from(
            known, design="lexicon", utility=self.utility, slope=0.0, boundary=self.boundary
        )
        compare_rewards(np.diff(found, prepend=0.0)[: len(proved)].tolist(), proved, "lexicon")
        return found


def _is_ours(scorer: Scorer) -> bool:
    """Whether it is an object of a class of ours, on which nothing was replaced."""
    kind = type(scorer)
    return kind.__module__.startswith(("rlsf_gym.domains.", "rlsf_gym.scorers.")) and not any(
        hasattr(kind, one) for one in vars(scorer)
    )


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
    if certificate.verifiable and type(certificate) is not Certificate:
        raise ValueError(
            f"scorer {scorer.name!r} must certify with a Certificate itself where it declares "
            f"verifiable=True, got the subclass {type(certificate).__name__}"
        )


def _recomputable_kwargs(design: Design) -> dict[str, Any] | None:
    """Returns the arguments of a design of ours that the checker knows, None for any other."""
    if design.name not in RECOMPUTABLE or _bare(design.function) is not _bare(DESIGNS[design.name].function):
        return None
    function: Any = design.function
    return dict(function.keywords) if isinstance(function, partial) else {}


def _bare(function: Callable[..., Any]) -> Callable[..., Any]:
    return _bare(function.func) if isinstance(function, partial) else function


def _check_declared(design: Design, evidence: Evidence, rewards: FloatArray) -> None:
    paid = float(rewards.sum())
    if design.conserving and abs(paid - evidence.gain) > _TOLERANCE * max(1.0, abs(evidence.gain)):
        raise CertificateError(
            f"reward design {design.name!r} declares conserving=True: its rewards must add up to the gain "
            f"{evidence.gain}, got {paid}"
        )
    largest = float(np.abs(rewards).max(initial=0.0))
    if design.bounded and largest > 2.0 + _TOLERANCE:
        raise CertificateError(
            f"reward design {design.name!r} declares bounded=True: no reward may be beyond 2, got {largest}"
        )
