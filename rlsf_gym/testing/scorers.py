"""Holds a scorer to its protocol, over sample texts."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

import numpy as np

from rlsf_gym.certificates import Certificate
from rlsf_gym.domains import Domain, load_domain
from rlsf_gym.instance import Instance, as_instances
from rlsf_gym.scorers import Assessment, find_assess_batch, load_scorer, prefix_scores_batch
from rlsf_gym.scorers.protocol import FloatArray, IntArray, find_candidates
from rlsf_gym.testing.assessments import check_assessments
from rlsf_gym.testing.candidates import check_candidates
from rlsf_gym.testing.promises import Promises

__all__ = ["check_scorer", "draw_cases"]

_NO_ENDS: Final[IntArray] = np.zeros(0, np.int64)
_DRAWN = 12  # responses to instances where no pairs are given

Pair = tuple[str, str]


def check_scorer(
    scorer: Any,
    *,
    kwargs: Mapping[str, Any] | None = None,
    pairs: Sequence[tuple[str | Instance, str]] | None = None,
    domain: Any = "sentiment",
) -> None:
    """Checks that a scorer keeps the promises of `rlsf_gym.scorers.Scorer`.

    The same text gets the same score, to the bit where the scorer is exact and within 1e-5 otherwise (it is
    exact if its attribute `exact` says so, or else if it is `verifiable`); scores of prefixes are those of
    the prefixes as texts, within 1e-9 or 1e-5; what it certifies are its scores, and the amounts of its
    `rules` add up to the gain; and where it is `verifiable`, the checker that is registered for it proves its
    certificates, tells the same as the scorer, and refuses forged ones. A scorer of instances, which has
    `assess`, is held to the same but for scores of texts. Where it tells the scores of candidates, they are
    those of the texts that the tokens make, tried out with the domain's sample pieces as a vocabulary.

    Args:
        scorer: Anything that `load_scorer` takes.
        kwargs: Arguments of its factory.
        pairs: Prompts and responses to score, or instances and responses. By default the domain's samples, or
            random responses to instances that are drawn.
        domain: Anything that `load_domain` takes.

    Raises:
        ContractError: If it breaks a promise: the message names the promise, with a text that shows it.
        ValueError: If there is no such scorer, it does not take the arguments or lacks a method, or there are
            no pairs.
    """
    promises = Promises(load_scorer(scorer, **dict(kwargs or {})))
    has_instances = hasattr(promises.scorer, "assess")
    if pairs is None:
        found = load_domain(domain)
        pairs = draw_cases(found) if has_instances else found.samples.pairs
    if not pairs:
        raise ValueError("pairs must hold at least one prompt and its response, got none")
    promises.check_attributes()
    if has_instances:
        instances = as_instances([prompt for prompt, _ in pairs])
        check_assessments(promises, list(zip(instances, (text for _, text in pairs), strict=True)))
    else:
        _check_texts(
            promises, [(prompt if isinstance(prompt, str) else prompt.prompt, text) for prompt, text in pairs]
        )
    if find_candidates(promises.scorer) is not None:
        check_candidates(promises, pairs, load_domain(domain).samples.pieces)


def draw_cases(domain: Domain) -> list[tuple[Instance, str]]:
    """Returns instances of a domain with responses made of its pieces, the same each time.

    Raises:
        ValueError: If it is a domain of plain text, which has no instances.
    """
    if domain.instances is None:
        raise ValueError(
            f"domain {domain.name!r} has no instances for a scorer of instances: check its own domain, which "
            "checks its scorers, or pass pairs of an Instance and a response"
        )
    rng, source, pieces = np.random.default_rng(0), domain.instances("train"), domain.samples.pieces
    cases: list[tuple[Instance, str]] = []
    for number in range(_DRAWN):
        chosen: list[int] = rng.integers(len(pieces), size=number).tolist()  # the first response is empty
        response = b"".join(pieces[one] for one in chosen).decode("utf-8", "replace")
        cases.append((source.sample(rng), response))
    return cases


def _check_texts(promises: Promises, pairs: Sequence[Pair]) -> None:
    checked = _CheckedTexts(promises)
    checked.check_scores(list(dict.fromkeys([*(prompt for prompt, _ in pairs), *map("".join, pairs)])))
    checked.check_prefixes(pairs)
    checked.check_certificates(pairs)


class _CheckedTexts:
    """A scorer of texts under test."""

    def __init__(self, promises: Promises) -> None:
        self._promises = promises
        self._scorer = promises.scorer

    def check_scores(self, texts: list[str]) -> None:
        """Checks the form of the scores, and that a text has one whatever stands beside it."""
        scores = self._score(texts)
        backwards = self._score(texts[::-1])[::-1]
        alone = np.concatenate([self._score([text]) for text in texts])
        for others, how in ((backwards, "in another batch"), (alone, "alone"), (self._score(texts), "again")):
            apart = np.abs(scores - others) > self._promises.same
            if apart.any():
                at = int(np.argmax(apart))
                raise self._promises.broken(
                    f"must give a text the same score every time, got {float(scores[at])} and, {how}, "
                    f"{float(others[at])} for {texts[at]!r}{self._promises.hint}"
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
            self._promises.check_count(found, len(pairs), method)
            for row, scores in zip(rows, found, strict=True):
                self._check_prefix_scores(scores, *row, method)
        for prompt, response in pairs:
            self._promises.check_form(
                self._scorer.prefix_scores(prompt, response, _NO_ENDS), [], "prefix_scores"
            )

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
            self._promises.check_count(found, len(pairs), method)
            for pair, certificate in zip(pairs, found, strict=True):
                given = self._score([pair[0], "".join(pair)]).tolist()
                self._promises.check_certificate(certificate, "".join(pair), method, given)
                if self._scorer.verifiable:
                    self._check_proof(certificate, *pair)

    def _assess(self, pairs: Sequence[Pair]) -> list[Assessment] | None:
        assess_batch = find_assess_batch(self._scorer)
        return None if assess_batch is None else assess_batch(*_split(pairs))

    def _check_prefix_scores(
        self, scores: Any, prompt: str, response: str, ends: IntArray, method: str
    ) -> None:
        texts = [prompt + response[:end] for end in ends.tolist()]
        self._promises.check_form(scores, texts, method)
        expected = self._score(texts)
        apart = np.abs(scores - expected) > self._promises.close
        if apart.any():
            at = int(np.argmax(apart))
            raise self._promises.broken(
                f"must give a prefix the score of its text, got {float(scores[at])} from {method} "
                f"and {float(expected[at])} from score for {texts[at]!r}"
            )

    def _check_proof(self, certificate: Certificate, prompt: str, response: str) -> None:
        proof = self._promises.prove(certificate, prompt, response)
        ends = list(range(len(response) + 1))
        texts = [prompt + response[:end] for end in ends]
        scores = self._score(texts).tolist()
        if proof.prefix_scores is not None:
            self._promises.check_told(proof.prefix_scores(ends), scores, "scores of prefixes")
        if proof.text_score is not None:
            self._promises.check_told(list(map(proof.text_score, texts)), scores, "scores of texts")

    def _score(self, texts: list[str]) -> FloatArray:
        scores = self._scorer.score(texts)
        self._promises.check_form(scores, texts, "score")
        return scores


def _split(pairs: Sequence[Pair]) -> tuple[list[str], list[str], list[IntArray]]:
    """Returns prompts, responses, and offsets into these."""
    responses = [response for _, response in pairs]
    return [prompt for prompt, _ in pairs], responses, list(map(_ends, responses))


def _ends(response: str) -> IntArray:
    """Returns every offset into the response, one of them twice."""
    return np.sort(np.append(np.arange(len(response) + 1), len(response) // 2))
