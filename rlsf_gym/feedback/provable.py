"""Checks that certificates are of the kind that a scorer declares, so that rewards can rest on them."""

from __future__ import annotations

from typing import Any, cast

import numpy as np

from rlsf_gym.certificates.certificate import Certificate
from rlsf_gym.certificates.checking import find_checker, verify
from rlsf_gym.evidence import Evidence
from rlsf_gym.feedback.scoring import assess
from rlsf_gym.feedback.verdicts import check_verdict
from rlsf_gym.instance import Instance
from rlsf_gym.scorers.protocol import Scorer, needs_instance

__all__ = ["check_certificate", "check_provable", "check_rules"]

# Largest difference of what a scorer with proofs certifies and returns.
_TOLERANCE = 1e-9
# That of a scorer without proofs: neural ones vary with the batch.
_ROUGH = 1e-3


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
    check_verdict(scorer)
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
