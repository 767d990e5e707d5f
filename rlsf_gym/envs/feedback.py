"""The one scoring core: prompts and token ids in, one info dict per response out.

Whatever the size of the batch, the scorer is called once for the prompts and full texts and, only where the
design reads prefixes, once for the prefixes.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal, NamedTuple

import numpy as np
import numpy.typing as npt

from rlsf_gym.alignment import closed_ends, decode_pieces, word_spans
from rlsf_gym.certificate import Certificate
from rlsf_gym.designs import Design
from rlsf_gym.evidence import BoolArray, Evidence, FloatArray, IntArray
from rlsf_gym.objectives import Objective
from rlsf_gym.scorers import Scorer, prefix_scores_batch
from rlsf_gym.tokenizer import Tokenizer

Boundary = Literal["closed", "open"]

_REMEMBERED = 65_536  # prompts whose score is kept; a data set of prompts is usually smaller


class Responses(NamedTuple):
    """A batch of responses, read from the token ids."""

    texts: list[str]
    """The decoded responses."""
    finish_reasons: list[str]
    """`eos`, `length` or `empty`."""
    mask: BoolArray
    """bool (B, T), True on real tokens."""
    char_ends: IntArray
    """int64 (B, T), characters of the response that are certain after each token; all of them at padding."""


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
        texts = [prompt + text for prompt, text in zip(prompts, responses.texts, strict=True)]
        scores = self._score(prompts, texts, responses)
        certificates = self._certify(prompts, responses.texts, scores)
        evidence = self._evidence(prompts, responses, scores, certificates)
        rewards = self._lay(evidence, rngs)  # (B, T) float64
        rows = zip(responses.texts, responses.finish_reasons, certificates, evidence, rewards, strict=True)
        infos = [self._info(*row) for row in rows]
        if self.judge is not None:
            for info, value in zip(infos, _judge(self.judge, texts), strict=True):
                info["judge"] = value
        return infos

    def _score(self, prompts: Sequence[str], texts: list[str], responses: Responses) -> _Scores:
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
        certificates = [self.scorer.certify(prompt, text) for prompt, text in pairs]
        if self.verify:
            for (prompt, text), certificate, score in zip(pairs, certificates, scores.full, strict=True):
                certificate.check(prompt, text)
                if abs(certificate.score - score) > 1e-9:
                    raise ValueError(
                        f"scorer {self.scorer.name!r} certified the score {certificate.score} "
                        f"but returned {score} for {prompt + text!r}"
                    )
        return certificates

    def _evidence(
        self, prompts: Sequence[str], responses: Responses, scores: _Scores, certificates: list[Certificate]
    ) -> list[Evidence]:
        utilities = self.objective(scores.full).tolist()
        slopes = self.objective.slope(scores.full).tolist()
        prompt_utilities = self.objective(scores.prompt).tolist()
        prefixes = None if scores.prefixes is None else self.objective(scores.prefixes)
        spans = _char_spans(responses.char_ends, np.array([len(prompt) for prompt in prompts]))
        return [
            Evidence(
                prompt_score=prompt_score,
                prompt_utility=prompt_utilities[row],
                score=score,
                utility=utilities[row],
                mask=responses.mask[row],
                char_spans=spans[row],
                slope=slopes[row],
                certificate=certificates[row],
                prefixes=None if prefixes is None else prefixes[row],
                **self._callables(prompts[row], responses.texts[row]),
            )
            for row, (prompt_score, score) in enumerate(
                zip(scores.prompt.tolist(), scores.full.tolist(), strict=True)
            )
        ]

    def _callables(self, prompt: str, response: str) -> dict[str, Callable[..., Any]]:
        def words() -> IntArray:
            return word_spans(response, len(prompt))

        def utility_without(numbers: Sequence[int]) -> float:
            kept = _without(prompt + response, words()[list(numbers)])
            return float(self.objective(self._in_range(self.scorer.score([kept]), 1))[0])

        def attributions(method: str) -> FloatArray:
            offered = getattr(self.scorer, "attributions", None)
            if offered is None:
                raise ValueError(f"scorer {self.scorer.name!r} offers no attributions, not {method!r} either")
            return offered(prompt, response, method)

        return {"word_spans": words, "utility_without": utility_without, "attributions": attributions}

    def _lay(self, evidence: list[Evidence], rngs: Sequence[np.random.Generator]) -> FloatArray:
        rewards: list[FloatArray] = []
        for one, rng in zip(evidence, rngs, strict=True):
            row = np.asarray(self.design(one, rng=rng, **self.design_kwargs), np.float64)
            if row.shape != one.mask.shape or not np.isfinite(row).all() or row[~one.mask].any():
                raise ValueError(
                    f"reward design {self.design.name!r} must return {one.mask.size} finite rewards, "
                    f"zero after the {one.length} real tokens, got {row.tolist()}"
                )
            rewards.append(row)
        return np.stack(rewards)

    def _info(
        self, text: str, finish_reason: str, certificate: Certificate, evidence: Evidence, rewards: FloatArray
    ) -> dict[str, Any]:
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


def read_responses(actions: IntArray, tokenizer: Tokenizer) -> Responses:
    """Returns what the token ids say.

    A response ends at the first end token, which is counted, or at the first V, which is not; what follows is
    ignored.

    Args:
        actions: int64 (B, T), ids from 0 to V.
        tokenizer: Says which bytes an id stands for.
    """
    vocab_size, eos = tokenizer.vocab_size, tokenizer.eos_token_id
    is_eos = np.equal(actions, eos)  # (B, T) bool
    stops = is_eos | np.equal(actions, vocab_size)
    earlier = np.cumsum(stops, axis=1) - stops  # (B, T) int64, stops before each token
    mask = np.less(actions, vocab_size) & np.equal(earlier, 0)
    lengths = mask.sum(axis=1)  # (B,) int64
    by_eos = (mask & is_eos).any(axis=1)
    char_ends = np.zeros(actions.shape, np.int64)
    texts: list[str] = []
    for row, length in enumerate(lengths.tolist()):
        pieces = [tokenizer.token_bytes(token) for token in actions[row, :length].tolist()]
        text, char_ends[row, :length] = decode_pieces(pieces)
        char_ends[row, length:] = len(text)
        texts.append(text)
    reasons = np.where(by_eos, "eos", np.where(lengths == 0, "empty", "length")).tolist()
    return Responses(texts, reasons, mask, char_ends)


def _char_spans(char_ends: IntArray, offsets: IntArray) -> IntArray:
    """Returns int64 (B, T, 2): the characters of prompt + response that each token completed."""
    starts = np.concatenate([np.zeros_like(char_ends[:, :1]), char_ends[:, :-1]], axis=1)
    return np.stack([starts, char_ends], axis=2) + offsets[:, None, None]


def _without(text: str, spans: IntArray) -> str:
    """Returns the text without the words of these spans, and without the space before each."""
    for start, end in sorted(spans.tolist(), reverse=True):
        text = text[:start].rstrip() + text[end:]
    return text


def _judge(judge: Any, texts: list[str]) -> list[float]:
    values = np.asarray(judge.predict(texts), np.float64)
    if values.shape != (len(texts),) or not ((values >= 0.0) & (values <= 1.0)).all():
        raise ValueError(f"judge must return {len(texts)} probabilities in [0, 1], got {values}")
    return values.tolist()
