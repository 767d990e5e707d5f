"""Scores responses: turns prompts and token ids into one info dict per response.

Whatever the size of the batch, the scorer is called once for the prompts and full texts and, only where the
design reads prefixes, once for the prefixes.
"""

from __future__ import annotations

import copy
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any

import numpy as np
import numpy.typing as npt

from rlsf_gym.designs import Design, find_step
from rlsf_gym.evidence import Evidence, FloatArray, IntArray
from rlsf_gym.feedback.candidate_checks import check_candidates
from rlsf_gym.feedback.candidates import CandidateRewards, Known
from rlsf_gym.feedback.decoding import Pieces, Responses, char_spans, read_responses
from rlsf_gym.feedback.growing import GrowingResponse
from rlsf_gym.feedback.hindsight import ResponseHindsight
from rlsf_gym.feedback.provable import check_certificate, check_provable
from rlsf_gym.feedback.scoring import Boundary, Scores, Scoring
from rlsf_gym.feedback.verification import Verification
from rlsf_gym.instance import Instance, as_instances
from rlsf_gym.objectives import Objective
from rlsf_gym.scorers.protocol import Scorer, find_open_stream, has_verdict, needs_instance
from rlsf_gym.text.segmentation import Segmentation, choose_segmentation
from rlsf_gym.text.tokenizer import Tokenizer


@dataclass(eq=False, kw_only=True)
class Feedback:
    """Scores responses and assigns the reward to their tokens."""

    scorer: Scorer
    objective: Objective
    design: Design
    tokenizer: Tokenizer
    segmentation: Segmentation
    """Segmentation of text into units, used if the scorer brings no own one."""
    judges: Mapping[str, Any] = field(default_factory=dict[str, Any])
    """Held-out judges with `predict(texts) -> float64 (N,)` in [0, 1], by the key that reports them."""
    boundary: Boundary = "closed"
    """When a unit counts: once it is closed ("closed"), or with each of its pieces ("open")."""
    verify: bool = False
    """Whether scores and rewards are proved before they are returned."""
    candidates: bool = False
    """Whether infos say what each token of the vocabulary would have earned."""
    prefix_values: bool = False
    """Whether infos hold the utility that is known before each token."""
    probe: tuple[Instance, str] | None = None
    """Instance and response on which a scorer that declares proofs is checked when the object is made."""
    _scoring: Scoring = field(init=False, repr=False)
    _pieces: Pieces = field(init=False, repr=False)
    _candidates: CandidateRewards | None = field(default=None, init=False, repr=False)

    def __post_init__(self) -> None:
        """Prepares scoring, and checks the scorer's proofs on the probe.

        Raises:
            ValueError: If the scorer declares proofs, and its certificates cannot be proved; the segmentation
                lacks a method; or candidates are asked for and can't be served.
        """
        is_proved = check_provable(self.scorer, self.probe) and self.verify
        self._pieces = Pieces(self.tokenizer)
        self._scoring = Scoring(
            scorer=self.scorer,
            segmentation=choose_segmentation(self.scorer, self.segmentation),
            boundary=self.boundary,
            is_watched=not is_proved and not needs_instance(self.scorer),
        )
        if self.candidates:
            self._candidates = self._serve_candidates()

    def with_design(self, design: Design) -> Feedback:
        """Returns the same feedback under another design; parts and what they remember are shared.

        Raises:
            ValueError: If candidates are asked for, and can't be served under it.
        """
        feedback = copy.copy(self)
        feedback.design = design
        if self.candidates:
            feedback._candidates = feedback._serve_candidates()
        return feedback

    def _serve_candidates(self) -> CandidateRewards:
        return CandidateRewards(
            scoring=self._scoring,
            objective=self.objective,
            step=check_candidates(self.design, self._scoring, self.tokenizer.vocab_size),
            tokenizer=self.tokenizer,
            pieces=self._pieces,
        )

    def infos(
        self, instances: Sequence[str | Instance], actions: IntArray, rngs: Sequence[np.random.Generator]
    ) -> list[dict[str, Any]]:
        """Returns the step info of each response.

        Args:
            instances: B instances, or prompts of plain text.
            actions: int64 (B, T) token ids, V for no token.
            rngs: B generators for the designs that draw.

        Raises:
            ValueError: If the scorer, the design or the judge returns what it must not.
            CertificateError: If `verify` is set and a score or a reward does not check.
        """
        infos, columns = self.batch(instances, actions, rngs)
        return add_columns(infos, columns)

    def batch(
        self,
        instances: Sequence[str | Instance],
        actions: IntArray,
        rngs: Sequence[np.random.Generator],
        *,
        candidates: bool = True,
    ) -> tuple[list[dict[str, Any]], dict[str, npt.NDArray[Any]]]:
        """Returns the step info of each response, and the keys that are worked out for all of them at once.

        Args:
            instances: B instances, or prompts of plain text.
            actions: int64 (B, T) token ids, V for no token.
            rngs: B generators for the designs that draw.
            candidates: Whether candidates are among the keys, where they are asked for.

        Returns:
            B infos, and arrays of B rows by key, whose rows belong into the infos.

        Raises:
            ValueError: If the scorer, the design or the judge returns what it must not.
            CertificateError: If `verify` is set and a score or a reward does not check.
        """
        responses = read_responses(actions, self.tokenizer, self._pieces)
        given = as_instances(instances)
        scores = self._ask(given, responses)
        evidence = self._gather(given, responses, scores)
        serve = self._candidates if candidates else None
        drawn = None if serve is None else serve.draw(rngs, actions.shape[1])
        token_rewards = self._lay(given, responses, evidence, rngs).astype(np.float32)  # (B, T)
        response_mask = responses.mask.astype(np.int8)  # (B, T)
        rows = zip(
            responses.texts, responses.finish_reasons, evidence, token_rewards, response_mask, strict=True
        )
        infos = [self._info(*row) for row in rows]
        for key, judge in self.judges.items():
            for info, value in zip(infos, _judge(key, judge, _join(given, responses)), strict=True):
                info[key] = value
        columns: dict[str, npt.NDArray[Any]] = {}
        if serve is not None or self.prefix_values:
            known = self._look_around(scores, actions.shape, drawn)
            if serve is not None:
                columns |= serve.of_responses(given, actions, responses, known)
            if self.prefix_values:
                columns["prefix_values"] = known.values(responses.mask)
        return infos, columns

    def follow(self, instance: Instance) -> GrowingResponse | None:
        """Returns an object that rewards tokens as they are written, None where rewards need the whole text.

        That is so under `verify`, where nothing is paid without a proof, for designs that do not say by
        `find_step` what they pay, or that draw, and for scorers and segmentations that do not read on.
        """
        step = find_step(self.design)
        looks_ahead = needs_instance(self.scorer) or has_verdict(self.scorer)
        open_stream = None if looks_ahead else find_open_stream(self.scorer)
        count_closed = (
            len if self.boundary == "open" else getattr(self._scoring.segmentation, "count_closed", None)
        )
        if self.verify or step is None or step.draws or open_stream is None or count_closed is None:
            return None
        prompt = instance.prompt
        return GrowingResponse(
            stream=open_stream(prompt),
            utility=self._utility(float(self._scoring.score([prompt])[0])),
            measure=self._utility,
            count_closed=count_closed,
            step=step,
        )

    def _utility(self, score: float) -> float:
        """Returns the utility of a growing text's score, after checking the score's range."""
        return float(self.objective(self._scoring.in_range(score, (), lambda: ["the response so far"])))

    def reward_so_far(
        self, instance: str | Instance, ids: IntArray, rng: np.random.Generator, *, size: int
    ) -> float:
        """Returns the immediate reward of the last token of an unfinished response.

        A causal design's reward of a token does not change with what follows, so the response is looked at as
        if it ended with the next token. Any other design pays nothing before the end.

        Args:
            instance: The instance, or a prompt of plain text.
            ids: int64 (K,), the response so far, without an end.
            rng: Generator for the designs that draw; its state is left unchanged.
            size: T, the positions of a whole response, which is what designs that draw know beforehand.

        Raises:
            ValueError: If the scorer or the design returns what it must not.
            CertificateError: If `verify` is set and a score or a reward does not check.
        """
        if not self.design.causal:
            return 0.0
        ended = np.full((1, size), self.tokenizer.vocab_size, np.int64)
        ended[0, : len(ids)] = ids
        ended[0, len(ids)] = self.tokenizer.eos_token_id
        responses = read_responses(ended, self.tokenizer)
        given = as_instances([instance])
        evidence = self.evidence(given, responses)
        return float(np.float32(self._lay(given, responses, evidence, [copy.deepcopy(rng)])[0, len(ids) - 1]))

    def next_candidates(
        self, instance: Instance, ids: IntArray, rng: np.random.Generator, *, is_last: bool
    ) -> dict[str, Any]:
        """Returns what each token would earn as the next one of an unfinished response; nothing if not asked.

        Args:
            instance: The instance.
            ids: int64 (N,), the response so far, without an end.
            rng: Generator for the designs that draw; its state is left unchanged.
            is_last: Whether the next token is the last one, whichever it is.

        Raises:
            ValueError: If the scorer or the design returns what it must not.
        """
        if self._candidates is None:
            return {}
        count, ended = len(ids), np.append(ids, self.tokenizer.eos_token_id)[None]
        scores = self._ask([instance], read_responses(ended, self.tokenizer, self._pieces))
        drawn = self._candidates.draw([rng], count + 1)
        known = self._look_around(scores, ended.shape, drawn).at((slice(None), count))
        return self._candidates.of_next(instance, ids.tolist(), is_last, known)

    def evidence(self, instances: Sequence[str | Instance], responses: Responses) -> list[Evidence]:
        """Returns the evidence on each response that its reward design may use.

        Args:
            instances: B instances, or prompts of plain text.
            responses: B responses.

        Raises:
            ValueError: If the scorer returns what it must not.
            CertificateError: If a certificate does not add up to the scores that it states.
        """
        given = as_instances(instances)
        return self._gather(given, responses, self._ask(given, responses))

    def _ask(self, instances: Sequence[Instance], responses: Responses) -> Scores:
        """Returns the scores of B responses, and of prefixes where somebody reads them."""
        prefixes = self.design.uses_prefixes or self.prefix_values
        return self._scoring.ask(instances, responses, prefixes=prefixes)

    def _look_around(self, scores: Scores, shape: tuple[int, ...], drawn: FloatArray | None) -> Known:
        """Returns what is known around the tokens of B responses of T positions."""
        prompt = np.broadcast_to(self.objective(scores.prompt)[:, None], shape)  # (B, T)
        if scores.prefixes is None:
            return Known(prompt, None, drawn)
        after = self.objective(scores.prefixes)
        alive = None
        if has_verdict(self.scorer):
            alive = np.ones(shape, np.bool_)
            alive[:, 1:] = scores.prefixes[:, :-1] > 0.0
        return Known(prompt, np.concatenate([prompt[:, :1], after[:, :-1]], axis=1), drawn, alive)

    def _gather(self, given: Sequence[Instance], responses: Responses, scores: Scores) -> list[Evidence]:
        """Returns the evidence on each of B responses, given their scores."""
        prompts = [one.prompt for one in given]
        known = scores.prefixes if self.design.uses_prefixes else None
        prefixes = None if known is None else self.objective(known)
        prompt_scores, prompt_utilities = scores.prompt.tolist(), self.objective(scores.prompt).tolist()
        full_scores, utilities = scores.full.tolist(), self.objective(scores.full).tolist()
        slopes = self.objective.slope(scores.full).tolist()
        spans = char_spans(responses.char_ends, np.array([len(prompt) for prompt in prompts]))
        for array in (responses.mask, spans, *([] if prefixes is None else [prefixes])):
            array.setflags(write=False)  # and so are the rows that evidence holds
        hindsights = self._look_back(given, responses, prompt_scores, known)
        evidence = [
            Evidence.unchecked(  # ranges and shapes are those of the batch, which is checked above
                prompt_score=prompt_scores[row],
                prompt_utility=prompt_utilities[row],
                score=full_scores[row],
                utility=utilities[row],
                mask=responses.mask[row],
                char_spans=spans[row],
                slope=slopes[row],
                certificate=scores.certificates[row],
                prefixes=None if prefixes is None else prefixes[row],
                hindsight=hindsight,
            )
            for row, hindsight in enumerate(hindsights)
        ]
        for one, instance, text in zip(evidence, given, responses.texts, strict=True):
            check_certificate(self.scorer, one, instance, text)
        if not self.verify:
            return evidence
        worths = _Worths(self.objective)
        return [
            self._verification(given[row], responses, row, one, worths).guard(one, hindsights[row])
            for row, one in enumerate(evidence)
        ]

    def _look_back(
        self,
        instances: Sequence[Instance],
        responses: Responses,
        prompt_scores: list[float],
        values: FloatArray | None,
    ) -> list[ResponseHindsight]:
        """Returns the hindsight of each response; attributions are computed for all at once."""
        texts, method = responses.texts, self.design.needs
        prompts = [one.prompt for one in instances]
        attributed: list[dict[str, FloatArray]] = [{}] * len(texts)
        if method in getattr(self.scorer, "attribution_methods", ()):
            attributed = [{method: one} for one in self._scoring.attributions(prompts, texts, method)]
        rows = zip(
            instances,
            texts,
            responses.char_ends,
            responses.lengths.tolist(),
            attributed,
            strict=True,
        )
        return [
            ResponseHindsight(
                *row, self._scoring, self.objective, score, None if values is None else values[at]
            )
            for at, (row, score) in enumerate(zip(rows, prompt_scores, strict=True))
        ]

    def _lay(
        self,
        instances: Sequence[Instance],
        responses: Responses,
        evidence: list[Evidence],
        rngs: Sequence[np.random.Generator],
    ) -> FloatArray:
        """Returns the rewards of B responses, float64 (B, T), checked as far as `verify` asks for it."""
        step = find_step(self.design)
        rewards = self._pay(evidence, rngs) if step is None else step.pay_rows(evidence, rngs)  # (B, T)
        behind = rewards[~responses.mask]  # of padding
        if not np.isfinite(rewards).all() or behind.any():
            wrong = (~np.isfinite(rewards) | (~responses.mask & (rewards != 0.0))).any(axis=1)
            first = int(wrong.argmax())
            self._refuse(rewards[first], evidence[first])
        if self.verify:
            worths = _Worths(self.objective)
            for number, one in enumerate(evidence):
                self._verification(instances[number], responses, number, one, worths).check(
                    self.design, one, rewards[number]
                )
        return rewards

    def _pay(self, evidence: list[Evidence], rngs: Sequence[np.random.Generator]) -> FloatArray:
        """Returns what the design pays one response after the other, float64 (B, T)."""
        rows = [
            np.asarray(self.design(one, rng=rng), np.float64) for one, rng in zip(evidence, rngs, strict=True)
        ]
        for row, one in zip(rows, evidence, strict=True):
            if row.shape != one.mask.shape:
                self._refuse(row, one)
        return np.array(rows)

    def _verification(
        self,
        instance: Instance,
        responses: Responses,
        row: int,
        evidence: Evidence,
        worths: _Worths,
    ) -> Verification:
        length, text, ends = evidence.length, responses.texts[row], responses.char_ends[row]

        def closed_ends() -> list[int]:
            counted = self._scoring.counted_ends([text], ends[None], np.array([length]))[0]
            return counted[:length].tolist()

        return Verification(
            prompt=instance.prompt,
            response=text,
            char_ends=ends[:length].tolist(),
            boundary=self.boundary,
            utility=worths.__getitem__,
            closed_ends=closed_ends,
            instance=instance,
        )

    def _refuse(self, row: FloatArray, evidence: Evidence) -> None:
        raise ValueError(
            f"reward design {self.design.name!r} must return {evidence.mask.size} finite rewards, "
            f"zero after the {evidence.length} real tokens, got {row.tolist()}"
        )

    def _info(
        self,
        text: str,
        finish_reason: str,
        evidence: Evidence,
        token_rewards: npt.NDArray[np.float32],
        response_mask: npt.NDArray[np.int8],
    ) -> dict[str, Any]:
        certificate = evidence.certificate
        assert certificate is not None
        amounts = certificate.rule_amounts(
            prompt_utility=evidence.prompt_utility, utility=evidence.utility, slope=evidence.slope
        )
        payload = (
            {}
            if certificate.payload is None
            else {"certificate_payload": copy.deepcopy(dict(certificate.payload))}
        )
        return {
            "token_rewards": token_rewards,
            "response_mask": response_mask,
            "response_length": evidence.length,
            "response_text": text,
            "finish_reason": finish_reason,
            "score": evidence.score,
            "utility": evidence.utility,
            "reward_design": self.design.name,
            **dict(zip(_reward_names(tuple(amounts)), map(float, amounts.values()), strict=True)),
            **({"solved": float(evidence.score)} if has_verdict(self.scorer) else {}),
            "certificate": certificate.as_records(),
            **payload,
        }


def add_columns(infos: list[dict[str, Any]], columns: Mapping[str, npt.NDArray[Any]]) -> list[dict[str, Any]]:
    """Returns B infos with the rows of columns that belong into them."""
    if not columns:
        return infos
    rows = [dict(zip(columns, row, strict=True)) for row in zip(*columns.values(), strict=True)]
    return [info | row for info, row in zip(infos, rows, strict=True)]


@lru_cache(maxsize=64)
def _reward_names(rules: tuple[str, ...]) -> tuple[str, ...]:
    """Returns the keys of an info under which the shares of rules are."""
    return tuple(f"reward_{rule}" for rule in rules)


class _Worths(dict[float, float]):
    """Utilities of the scores of one batch, each asked for by itself, as texts of a batch have few scores."""

    def __init__(self, objective: Objective) -> None:
        super().__init__()
        self._objective = objective

    def __missing__(self, score: float) -> float:
        worth = self[score] = float(self._objective(score))
        return worth


def _join(instances: Sequence[Instance], responses: Responses) -> list[str]:
    return [one.prompt + text for one, text in zip(instances, responses.texts, strict=True)]


def _judge(key: str, judge: Any, texts: list[str]) -> list[float]:
    values = np.asarray(judge.predict(texts), np.float64)
    if values.shape != (len(texts),) or not ((values >= 0.0) & (values <= 1.0)).all():
        raise ValueError(f"{key} must return {len(texts)} probabilities in [0, 1], got {values}")
    return values.tolist()
