"""Holds a scorer to its protocol, over sample texts."""

from __future__ import annotations

import json
import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from itertools import pairwise
from typing import Any, Final, cast

import numpy as np
import numpy.typing as npt

from rlsf_gym.certificates.certificate import Certificate, CertificateError, Record
from rlsf_gym.contract import ContractError
from rlsf_gym.envs.task import is_exact
from rlsf_gym.scorers import Assessment, Scorer, find_assess_batch, load_scorer, prefix_scores_batch
from rlsf_gym.scorers.protocol import FloatArray, IntArray

__all__ = ["PAIRS", "check_scorer"]

PAIRS: Final = (
    ("The film was", " not very good, but I LOVED the ending!"),
    ("", ""),
    ("The film", ""),
    ("", "Awful."),
    ("I was so un", "happy with it"),
    (" \t\n", "\r\n  "),
    ("Ça va,", " naïve café ☕️ 😀👍🏽 e\u0301 \u200b\u2028ﬁne"),
    ("!?!", "?!?!?! ... :) :-( <br />"),
    ("zero", "\x00\x01\ufffd bad"),
    ("这部电影", "很好 очень хорошо جيد"),
    ("good " * 20, "terrible " * 40),
)
"""Prompts and responses that scorers are checked on."""

_EXACT: Final = 1e-9
_NEURAL: Final = 1e-5
_NO_ENDS: Final[IntArray] = np.zeros(0, np.int64)

Pair = tuple[str, str]


def check_scorer(
    scorer: Any, *, kwargs: Mapping[str, Any] | None = None, pairs: Sequence[Pair] = PAIRS
) -> None:
    """Checks that a scorer keeps the promises of `rlsf_gym.scorers.Scorer`.

    The same text gets the same score, to the bit where the scorer is exact and within 1e-5 otherwise (it is
    exact if its attribute `exact` says so, or else if it is `verifiable`); scores of prefixes are those of
    the prefixes as texts, within 1e-9 or 1e-5; what it certifies are its scores, and the amounts of its
    `rules` add up to the gain; and where it is `verifiable`, the checker that is registered for it proves its
    certificates, and refuses forged ones.

    Args:
        scorer: Anything that `load_scorer` takes.
        kwargs: Arguments of its factory.
        pairs: Prompts and responses to score.

    Raises:
        ContractError: If it breaks a promise: the message names the promise, with a text that shows it.
        ValueError: If there is no such scorer, it does not take the arguments or lacks a method, or there are
            no pairs.
    """
    if not pairs:
        raise ValueError("pairs must hold at least one prompt and its response, got none")
    checked = _Checked(load_scorer(scorer, **dict(kwargs or {})))
    checked.check_attributes()
    checked.check_scores(list(dict.fromkeys([*(prompt for prompt, _ in pairs), *map("".join, pairs)])))
    checked.check_prefixes(pairs)
    checked.check_certificates(pairs)


class _Checked:
    """A scorer under test, with how close its scores must come."""

    def __init__(self, scorer: Scorer) -> None:
        self._scorer = scorer
        self._exact = is_exact(scorer)
        self._close = _EXACT if self._exact else _NEURAL

    def check_attributes(self) -> None:
        """Checks name and flags."""
        name: Any = self._scorer.name
        if not isinstance(name, str) or not name:
            raise ContractError(f"scorer {type(self._scorer).__name__} must have a str as name, got {name!r}")
        for flag in ("bounded", "verifiable"):
            value: Any = getattr(self._scorer, flag)
            if not isinstance(value, bool):
                raise self._broken(f"must have True or False as {flag}, got {value!r}")

    def check_scores(self, texts: list[str]) -> None:
        """Checks the form of the scores, and that a text has one whatever stands beside it."""
        scores = self._score(texts)
        backwards = self._score(texts[::-1])[::-1]
        alone = np.concatenate([self._score([text]) for text in texts])
        for others, how in ((backwards, "in another batch"), (alone, "alone"), (self._score(texts), "again")):
            apart = np.abs(scores - others) > (0.0 if self._exact else _NEURAL)
            if apart.any():
                at = int(np.argmax(apart))
                hint = ": set exact = False if it is neural" if self._exact else ""
                raise self._broken(
                    f"must give a text the same score every time, got {float(scores[at])} and, {how}, "
                    f"{float(others[at])} for {texts[at]!r}{hint}"
                )

    def check_prefixes(self, pairs: Sequence[Pair]) -> None:
        """Checks that prefixes have the scores of the texts that they are, whoever is asked."""
        prompts, responses, ends = _split(pairs)
        rows = list(zip(prompts, responses, ends, strict=True))
        ways = {
            "prefix_scores": [self._scorer.prefix_scores(*row) for row in rows],
            "prefix_scores_batch": prefix_scores_batch(self._scorer, prompts, responses, ends),
        }
        if (assessed := self._assess(pairs)) is not None:
            ways["assess_batch"] = [one.prefix_scores for one in assessed]
        for method, found in ways.items():
            self._check_count(found, pairs, method)
            for row, scores in zip(rows, found, strict=True):
                self._check_prefix_scores(scores, *row, method)
        for prompt, response in pairs:
            self._check_form(self._scorer.prefix_scores(prompt, response, _NO_ENDS), [], "prefix_scores")

    def check_certificates(self, pairs: Sequence[Pair]) -> None:
        """Checks that certificates tell the scores, and that those of a verifiable scorer prove them."""
        prompts, responses, _ = _split(pairs)
        ways = {"certify": [self._scorer.certify(*pair) for pair in pairs]}
        batched = getattr(self._scorer, "certify_batch", None)
        if batched is not None:
            ways["certify_batch"] = batched(prompts, responses)
        if (assessed := self._assess(pairs)) is not None:
            ways["assess_batch"] = [one.certificate for one in assessed]
        for method, found in ways.items():
            self._check_count(found, pairs, method)
            for pair, certificate in zip(pairs, found, strict=True):
                self._check_certificate(certificate, *pair, method)
                if self._scorer.verifiable:
                    self._check_proof(certificate, *pair)

    def _assess(self, pairs: Sequence[Pair]) -> list[Assessment] | None:
        assess_batch = find_assess_batch(self._scorer)
        return None if assess_batch is None else assess_batch(*_split(pairs))

    def _check_count(self, found: Sequence[Any], pairs: Sequence[Pair], method: str) -> None:
        if len(found) != len(pairs):
            raise self._broken(
                f"must return one for each of {len(pairs)} pairs from {method}, got {len(found)}"
            )

    def _check_prefix_scores(
        self, scores: Any, prompt: str, response: str, ends: IntArray, method: str
    ) -> None:
        texts = [prompt + response[:end] for end in ends.tolist()]
        self._check_form(scores, texts, method)
        expected = self._score(texts)
        apart = np.abs(scores - expected) > self._close
        if apart.any():
            at = int(np.argmax(apart))
            raise self._broken(
                f"must give a prefix the score of its text, got {float(scores[at])} from {method} "
                f"and {float(expected[at])} from score for {texts[at]!r}"
            )

    def _check_certificate(self, certificate: Any, prompt: str, response: str, method: str) -> None:
        text = prompt + response
        if not isinstance(certificate, Certificate):
            raise self._broken(
                f"must certify with a Certificate, got {type(certificate).__name__} from {method}"
            )
        if certificate.verifiable != self._scorer.verifiable:
            raise self._broken(
                f"declares verifiable={self._scorer.verifiable}, but certifies {text!r} with "
                f"verifiable={certificate.verifiable}"
            )
        declared = getattr(self._scorer, "rules", ())
        if certificate.rules != declared:
            raise self._broken(
                f"declares the rules {declared}, but certifies {text!r} by {certificate.rules} from {method}"
            )
        told = (certificate.prompt_score, certificate.score)
        given = self._score([prompt, text]).tolist()
        if any(abs(one - other) > self._close for one, other in zip(told, given, strict=True)):
            raise self._broken(
                f"must certify its scores, got {told} from {method} and {given} from score for {text!r}"
            )
        if any(max(record.char_end, record.trigger_end) > len(text) for record in certificate.records):
            raise self._broken(f"must certify spans inside of the text, got one beyond {text!r}")
        try:
            json.dumps(certificate.as_records(), allow_nan=False)
        except (TypeError, ValueError) as error:
            raise self._broken(f"must certify records that JSON can write: {error}") from error
        self._check_amounts(certificate, text)

    def _check_amounts(self, certificate: Certificate, text: str) -> None:
        if not certificate.rules:
            return
        before, after = certificate.prompt_score, certificate.score
        promise = f"must certify amounts that add up to the gain {after - before:.9g}, got"
        try:
            amounts = certificate.rule_amounts(prompt_utility=before, utility=after, slope=1.0)
        except CertificateError as error:
            raise self._broken(f"{promise} others for {text!r}: {error}") from error
        total = math.fsum(amounts.values())
        if abs(total - (after - before)) > self._close:
            raise self._broken(f"{promise} {total:.9g} for {text!r}")

    def _check_proof(self, certificate: Certificate, prompt: str, response: str) -> None:
        try:
            certificate.check(prompt, response)
        except CertificateError as error:
            raise self._broken(
                f"declares verifiable=True, but its certificate of {prompt + response!r} fails: {error}"
            ) from error
        for forged, what in _forgeries(certificate):
            try:
                forged.check(prompt, response)
            except CertificateError:
                continue
            except Exception as error:  # whatever it is, it goes on as the cause
                raise self._broken(
                    f"has a checker that must raise CertificateError for a certificate of "
                    f"{prompt + response!r} with {what}, got {type(error).__name__}: {error}"
                ) from error
            raise self._broken(
                f"declares verifiable=True, but its certificate of {prompt + response!r} checks with {what}"
            )

    def _score(self, texts: list[str]) -> FloatArray:
        scores = self._scorer.score(texts)
        self._check_form(scores, texts, "score")
        return scores

    def _check_form(self, scores: Any, texts: list[str], method: str) -> None:
        shape = (len(texts),)
        if not isinstance(scores, np.ndarray):
            raise self._broken(
                f"must return float64 of shape {shape} from {method}, got {type(scores).__name__}"
            )
        array = cast(npt.NDArray[Any], scores)
        if array.dtype != np.float64 or array.shape != shape:
            found = f"{array.dtype} of shape {array.shape}"
            raise self._broken(f"must return float64 of shape {shape} from {method}, got {found}")
        for text, score in zip(texts, array.tolist(), strict=True):
            if not math.isfinite(score):
                raise self._broken(f"must return finite scores from {method}, got {score} for {text!r}")
            if self._scorer.bounded and abs(score) > 1.0 + _EXACT:
                raise self._broken(
                    f"declares bounded=True, but returns {score} for {text!r} from {method}, beyond [-1, 1]"
                )

    def _broken(self, promise: str) -> ContractError:
        return ContractError(f"scorer {self._scorer.name!r} {promise}")


def _split(pairs: Sequence[Pair]) -> tuple[list[str], list[str], list[IntArray]]:
    """Returns prompts, responses, and offsets into these."""
    responses = [response for _, response in pairs]
    return [prompt for prompt, _ in pairs], responses, list(map(_ends, responses))


def _ends(response: str) -> IntArray:
    """Returns every offset into the response, one of them twice."""
    return np.sort(np.append(np.arange(len(response) + 1), len(response) // 2))


def _forgeries(certificate: Certificate) -> Iterator[tuple[Certificate, str]]:
    """Yields certificates that claim what is not so, or what nothing proves."""
    for name in ("score", "prompt_score", "slope"):
        yield replace(certificate, **{name: getattr(certificate, name) + 0.25}), f"another {name}"
    both = {name: getattr(certificate, name) + 0.25 for name in ("score", "prompt_score")}
    yield replace(certificate, **both), "both scores moved"
    for name, claims in (
        ("version", f"{certificate.version} "),
        ("options", {**certificate.options, "forged": "1"}),
        ("labels", {**certificate.labels, "forged": 0.5}),
        ("rules", (*certificate.rules, "forged")),
    ):
        yield replace(certificate, **{name: claims}), f"other {name}"
    yield from _forged_payloads(certificate)
    for position, record in enumerate(certificate.records):
        for records, what in _forged_records(record):
            others = list(certificate.records)
            others[position : position + 1] = records
            yield replace(certificate, records=tuple(others)), f"{what} {position}"
    yield from _forged_sums(certificate)


def _forged_payloads(certificate: Certificate) -> Iterator[tuple[Certificate, str]]:
    """Yields certificates with a payload that says less, or more."""
    payload = dict(certificate.payload or {})
    yield replace(certificate, payload={**payload, "forged": 1}), "more payload"
    for key in payload:
        less = {name: value for name, value in payload.items() if name != key}
        yield replace(certificate, payload=less), f"no {key!r} in its payload"


def _forged_sums(certificate: Certificate) -> Iterator[tuple[Certificate, str]]:
    """Yields certificates of which two amounts are wrong, while all of them add up as before."""
    records = certificate.records
    for position, (record, other) in enumerate(pairwise(records)):
        sign = 1.0 if record.status == other.status else -1.0
        moved = record._replace(amount=record.amount + 0.5), other._replace(amount=other.amount - 0.5 * sign)
        forged = (*records[:position], *moved, *records[position + 2 :])
        yield (
            replace(certificate, records=forged),
            f"amounts moved between records {position} and {position + 1}",
        )


def _forged_records(record: Record) -> Iterator[tuple[tuple[Record, ...], str]]:
    """Yields what may stand in a record's place, and what that would be."""
    yield (), "no record"
    yield (record._replace(amount=record.amount + 0.5),), "another amount in record"
    yield (record._replace(since=record.since + 1, until=-1),), "another beginning of record"
    until = record.since + 1 if record.until != record.since + 1 else -1
    yield (record._replace(until=until),), "another end of record"
    yield (record, record._replace(status="passing", until=until)), "a passing record behind record"
