"""The one scoring core: prompts and token ids in, one info dict per response out.

Whatever the size of the batch, the scorer is called once for the prompts and full texts and, only where the
design reads prefixes, once for the prefixes.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, Literal, NamedTuple

import numpy as np
import numpy.typing as npt

from rlsf_gym.alignment import closed_ends, word_spans
from rlsf_gym.certificate import Certificate
from rlsf_gym.designs import Design
from rlsf_gym.envs.decoding import Responses, char_spans, read_responses
from rlsf_gym.evidence import Evidence, FloatArray, IntArray
from rlsf_gym.objectives import Objective
from rlsf_gym.scorers import Scorer, prefix_scores_batch
from rlsf_gym.tokenizer import Tokenizer

Boundary = Literal["closed", "open"]

_REMEMBERED = 65_536  # prompts whose score is kept; a data set of prompts is usually smaller


class _Scores(NamedTuple):
    """The scores of a batch."""

    prompt: FloatArray  # (B,)
    full: FloatArray  # (B,)
    prefixes: FloatArray | None  # (B, T)


@dataclass(eq=False, kw_only=True)
class Feedback:
    """Scores responses and lays the reward onto their tokens."""

    scorer: Scorer
    objective: Objective
    design: Design
    design_kwargs: dict[str, Any]
    tokenizer: Tokenizer
    judge: Any = None
    """Anything with `predict(texts) -> float64 (N,)` in [0, 1]; reported as `info["judge"]`."""
    boundary: Boundary = "closed"
    """Whether a word counts when it is closed, or with each of its pieces."""
    verify: bool = False
    """Whether every certificate is checked before it is handed out."""
    _prompt_scores: dict[str, float] = field(default_factory=dict[str, float], init=False, repr=False)

    def infos(
        self, prompts: Sequence[str], actions: IntArray, rngs: Sequence[np.random.Generator]
    ) -> list[dict[str, Any]]:
        """Returns the step info of each response.

        Args:
            prompts: B prompts.
            actions: int64 (B, T) token ids, V for no token.
            rngs: B generators for the designs that draw.

        Raises:
            ValueError: If the scorer, the design or the judge returns what it must not.
            CertificateError: If `verify` is set and a record does not hold.
        """
        responses = read_responses(actions, self.tokenizer)
        evidence = self.evidence(prompts, responses)
        rewards = self._lay(evidence, rngs)  # (B, T) float64
        rows = zip(responses.texts, responses.finish_reasons, evidence, rewards, strict=True)
        infos = [self._info(*row) for row in rows]
        if self.judge is not None:
            for info, value in zip(infos, _judge(self.judge, _join(prompts, responses)), strict=True):
                info["judge"] = value
        return infos

    def evidence(self, prompts: Sequence[str], responses: Responses) -> list[Evidence]:
        """Returns what the reward design may know of each response.

        Args:
            prompts: B prompts.
            responses: B responses.

        Raises:
            ValueError: If the scorer returns what it must not.
            CertificateError: If `verify` is set and a record does not hold.
        """
        scores = self._score(prompts, responses)
        certificates = self._certify(prompts, responses.texts, scores)
        prefixes = None if scores.prefixes is None else self.objective(scores.prefixes)
        utilities = self.objective(scores.full).tolist()
        prompt_utilities = self.objective(scores.prompt).tolist()
        slopes = self.objective.slope(scores.full).tolist()
        spans = char_spans(responses.char_ends, np.array([len(prompt) for prompt in prompts]))
        evidence: list[Evidence] = []
        for row, (prompt, text) in enumerate(zip(prompts, responses.texts, strict=True)):
            hindsight = _Hindsight(prompt, text, self)
            one = Evidence(
                prompt_score=float(scores.prompt[row]),
                prompt_utility=prompt_utilities[row],
                score=float(scores.full[row]),
                utility=utilities[row],
                mask=responses.mask[row],
                char_spans=spans[row],
                slope=slopes[row],
                certificate=certificates[row],
                prefixes=None if prefixes is None else prefixes[row],
                word_spans=hindsight.word_spans,
                utility_without=hindsight.utility_without,
                attributions=hindsight.attributions,
            )
            evidence.append(one)
        return evidence

    def utility_of(self, text: str) -> float:
        """Returns the utility of any text."""
        return float(self.objective(self._in_range(self.scorer.score([text]), 1))[0])

    def _score(self, prompts: Sequence[str], responses: Responses) -> _Scores:
        texts = _join(prompts, responses)
        known = self._prompt_scores
        wanted = dict.fromkeys([*prompts, *texts])
        missing = [text for text in wanted if text not in known]
        fresh = self._in_range(self.scorer.score(missing), len(missing)) if missing else ()
        lookup = {text: known[text] for text in wanted if text in known}
        lookup.update(zip(missing, fresh, strict=True))
        if len(known) > _REMEMBERED:
            known.clear()
        known.update((prompt, lookup[prompt]) for prompt in prompts)
        prompt_scores = np.array([lookup[prompt] for prompt in prompts], np.float64)
        full = np.array([lookup[text] for text in texts], np.float64)
        if not self.design.uses_prefixes:
            return _Scores(prompt_scores, full, None)
        return _Scores(prompt_scores, full, self._score_prefixes(prompts, responses, prompt_scores, full))

    def _score_prefixes(
        self, prompts: Sequence[str], responses: Responses, prompt_scores: FloatArray, full: FloatArray
    ) -> FloatArray:
        """Returns float64 (B, T): the score that is known after each token.

        Before the first character counts that is the prompt's, and with the last one it is the full text's,
        to the bit: so nothing is paid for nothing, and the differences telescope.
        """
        ends = self._counted_ends(responses)
        sizes = np.array([len(text) for text in responses.texts])[:, None]
        known = np.where(ends == sizes, full[:, None], prompt_scores[:, None])
        inside = (ends > 0) & (ends < sizes)
        rows = np.flatnonzero(inside.any(axis=1)).tolist()
        if rows:
            found = prefix_scores_batch(
                self.scorer,
                [prompts[row] for row in rows],
                [responses.texts[row] for row in rows],
                [ends[row, inside[row]] for row in rows],
            )
            known[inside] = self._in_range(np.concatenate(found), int(inside.sum()))
        return known

    def _counted_ends(self, responses: Responses) -> IntArray:
        """Returns int64 (B, T): how many characters of the response count after each token."""
        if self.boundary == "open":
            return responses.char_ends
        ends = responses.char_ends.copy()
        for row, (text, mask) in enumerate(zip(responses.texts, responses.mask, strict=True)):
            length = np.count_nonzero(mask)
            ends[row, :length] = closed_ends(text, ends[row, :length])
        return ends

    def _in_range(self, scores: npt.ArrayLike, size: int) -> FloatArray:
        array = np.asarray(scores, np.float64)
        if array.shape != (size,) or not np.isfinite(array).all():
            raise ValueError(f"scorer {self.scorer.name!r} must return {size} finite scores, got {array}")
        if self.scorer.bounded and size and np.abs(array).max() > 1.0 + 1e-9:
            raise ValueError(
                f"scorer {self.scorer.name!r} declares bounded=True: scores must be in [-1, 1], "
                f"got {array[np.abs(array).argmax()]}"
            )
        return array

    def _certify(self, prompts: Sequence[str], texts: list[str], scores: _Scores) -> list[Certificate]:
        pairs = list(zip(prompts, texts, strict=True))
        batched = getattr(
            self.scorer, "certify_batch", None
        )  # optional: a neural scorer's single calls are slow
        certificates: list[Certificate] = (
            [self.scorer.certify(*pair) for pair in pairs] if batched is None else batched(prompts, texts)
        )
        if self.verify:
            for (prompt, text), certificate, score in zip(pairs, certificates, scores.full, strict=True):
                certificate.check(prompt, text)
                if abs(certificate.score - score) > 1e-9:
                    raise ValueError(
                        f"scorer {self.scorer.name!r} certified the score {certificate.score} "
                        f"but returned {score} for {prompt + text!r}"
                    )
        return certificates

    def _lay(self, evidence: list[Evidence], rngs: Sequence[np.random.Generator]) -> FloatArray:
        rows = [
            np.asarray(self.design(one, rng=rng, **self.design_kwargs), np.float64)
            for one, rng in zip(evidence, rngs, strict=True)
        ]
        for row, one in zip(rows, evidence, strict=True):
            if row.shape != one.mask.shape:
                self._refuse(row, one)
        rewards = np.stack(rows)  # (B, T) float64
        mask = np.stack([one.mask for one in evidence])  # (B, T)
        wrong = ~np.isfinite(rewards).all(axis=1) | np.where(mask, 0.0, rewards).any(axis=1)
        for position in np.flatnonzero(wrong).tolist():
            self._refuse(rows[position], evidence[position])
        return rewards

    def _refuse(self, row: FloatArray, evidence: Evidence) -> None:
        raise ValueError(
            f"reward design {self.design.name!r} must return {evidence.mask.size} finite rewards, "
            f"zero after the {evidence.length} real tokens, got {row.tolist()}"
        )

    def _info(self, text: str, finish_reason: str, evidence: Evidence, rewards: FloatArray) -> dict[str, Any]:
        certificate = evidence.certificate
        assert certificate is not None
        amounts = certificate.rule_amounts(
            prompt_utility=evidence.prompt_utility, utility=evidence.utility, slope=evidence.slope
        )
        return {
            "token_rewards": rewards.astype(np.float32),
            "response_mask": evidence.mask.astype(np.int8),
            "response_length": evidence.length,
            "response_text": text,
            "finish_reason": finish_reason,
            "score": evidence.score,
            "utility": evidence.utility,
            "reward_design": self.design.name,
            **{f"reward_{rule}": float(amount) for rule, amount in amounts.items()},
            "certificate": certificate.as_records(),
        }


@dataclass(frozen=True)
class _Hindsight:
    """What a design can ask about a whole response, so that designs never import scorers."""

    prompt: str
    response: str
    feedback: Feedback

    def word_spans(self) -> IntArray:
        return word_spans(self.response, len(self.prompt))

    def utility_without(self, words: Sequence[int]) -> float:
        kept = self.prompt + self.response
        for start, end in sorted(self.word_spans()[list(words)].tolist(), reverse=True):
            kept = kept[:start].rstrip() + kept[end:]
        return self.feedback.utility_of(kept)

    def attributions(self, method: str) -> FloatArray:
        scorer = self.feedback.scorer
        offered = getattr(scorer, "attributions", None)
        if offered is None:
            raise ValueError(f"scorer {scorer.name!r} offers no attributions, asked for {method!r}")
        return offered(self.prompt, self.response, method)


def _join(prompts: Sequence[str], responses: Responses) -> list[str]:
    return [prompt + text for prompt, text in zip(prompts, responses.texts, strict=True)]


def _judge(judge: Any, texts: list[str]) -> list[float]:
    values = np.asarray(judge.predict(texts), np.float64)
    if values.shape != (len(texts),) or not ((values >= 0.0) & (values <= 1.0)).all():
        raise ValueError(f"judge must return {len(texts)} probabilities in [0, 1], got {values}")
    return values.tolist()
