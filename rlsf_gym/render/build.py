"""Builds samples: from the bytes of tokens with their rewards, or from the info of a step."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from itertools import accumulate
from typing import Any

import numpy as np
import numpy.typing as npt

from rlsf_gym.domains import draw_board
from rlsf_gym.render.proof import tell_proof
from rlsf_gym.render.sample import Sample, TokenView, view_record
from rlsf_gym.render.spans import IntArray, by_token, find_runs, tokens_of_span, tokens_of_word
from rlsf_gym.render.standing import Standing, make_standings, rankings_from_info
from rlsf_gym.render.verdict import (
    Verdict,
    find_values,
    mark_tokens,
    read_verdict,
    tell_verdict,
    tokens_of_change,
)
from rlsf_gym.render.visible import show_controls, show_piece
from rlsf_gym.text.bytes import decode_pieces, token_spans
from rlsf_gym.text.segmentation import Segmentation
from rlsf_gym.text.tokenizer import Tokenizer

__all__ = ["make_sample", "sample_from_info"]


def make_sample(
    prompt: str,
    pieces: Sequence[bytes],
    token_rewards: Sequence[float] | npt.NDArray[np.floating[Any]],
    *,
    score: float | None = None,
    utility: float | None = None,
    design: str = "",
    certificate: Iterable[Mapping[str, Any]] = (),
    group: str = "",
    segmentation: Segmentation | None = None,
    standings: Sequence[Standing | None] = (),
    payload: Mapping[str, Any] | None = None,
    solved: float | None = None,
    instance: Mapping[str, Any] | None = None,
    environment: str = "",
) -> Sample:
    """Returns a sample from the bytes of its tokens.

    Args:
        prompt: The prompt.
        pieces: The bytes of each of K tokens of the response; none for the end token.
        token_rewards: K rewards.
        score: Score of prompt + response, where it is known.
        utility: The objective's value of it, where it is known.
        design: Name of the reward design.
        certificate: Plain records, as in `info["certificate"]`; passing ones are left out, as they are part
            of neither score.
        group: Heading that the sample stands under.
        segmentation: Says what a unit is; without it, what stands between white space is one.
        standings: Each token among those that could have stood in its place; none: unknown.
        payload: What else the certificate holds, as in `info["certificate_payload"]`.
        solved: 1 for a right answer, 0 for a wrong one; by default as a verdict in the payload says.
        instance: Data of the prompt, as in `info["instance"]`, which a puzzle is drawn from.
        environment: Id of the environment; samples of several are told apart on a page.

    Raises:
        ValueError: If there are not as many rewards, or standings, as tokens.
    """
    if len(pieces) != len(token_rewards):
        raise ValueError(
            f"token_rewards must be one for each of {len(pieces)} tokens, got {len(token_rewards)}"
        )
    if len(standings) not in (0, len(pieces)):
        raise ValueError(
            f"standings must be one for each of {len(pieces)} tokens, or none, got {len(standings)}"
        )
    response, char_ends = decode_pieces(pieces)
    text = prompt + response
    spans = token_spans(char_ends) + len(prompt)  # (K, 2) int64
    plain = [record for record in certificate if record["status"] != "passing"]
    views = tuple(view_record(record, text) for record in plain)
    verdict = read_verdict(payload)
    if verdict is None:
        words = find_runs(text, segmentation)
        places = [tokens_of_word(words, spans, *record["word"]) for record in plain]
    else:
        places = [tokens_of_change(spans, record) for record in plain]
    told = by_token(places, len(pieces))
    found = _evidence(plain if verdict is None else [], spans)  # of a verdict each record is about a change
    rewards = [float(reward) for reward in token_rewards]
    tokens = [
        TokenView(
            show_piece(piece, text[start:end]),
            reward,
            total,
            tuple(views[record] for record in records),
            found[number],
            standings[number] if standings else None,
        )
        for number, (piece, (start, end), reward, total, records) in enumerate(
            zip(pieces, spans.tolist(), rewards, accumulate(rewards), told, strict=True)
        )
    ]
    sample = Sample(
        show_controls(prompt), tuple(tokens), _number(score), _number(utility), design, views, group,
        solved=_number(solved), environment=environment,
    )  # fmt: skip
    if verdict is None:
        return sample
    told = _with_verdict(sample, verdict, plain, (prompt, response, spans))
    proved: Mapping[str, Any] = payload or {}
    board = draw_board(instance or {}, len(prompt), response, proved)
    return replace(told, proof=tell_proof(proved), board=board)


def _with_verdict(
    sample: Sample,
    verdict: Verdict,
    records: Sequence[Mapping[str, Any]],
    texts: tuple[str, str, IntArray],
) -> Sample:
    """Returns the sample with what its certificate proves, token by token.

    Args:
        sample: The sample.
        verdict: The verdict.
        records: Plain records.
        texts: Prompt and response, and int64 (K, 2), the characters that each token completed.
    """
    prompt, response, spans = texts
    score = float(verdict.status == "solved")
    ends = [len(prompt), *spans[:, 1].tolist()]
    before, *values = find_values(records, ends, score)
    marks = mark_tokens(verdict, spans, len(prompt))
    rows = zip(sample.tokens, values, marks, ends[1:], strict=True)
    tokens = tuple(
        replace(token, value=value, mark=mark, completion=verdict.completion(end - len(prompt)))
        for token, value, mark, end in rows
    )
    return replace(
        sample,
        tokens=tokens,
        solved=score if sample.solved is None else sample.solved,
        verdict=tell_verdict(verdict, prompt, response),
        prompt_value=before,
    )


def _number(value: float | None) -> float | None:
    return None if value is None else float(value)


def sample_from_info(
    info: Mapping[str, Any],
    *,
    prompt: str,
    ids: Sequence[int] | npt.NDArray[np.int64],
    tokenizer: Tokenizer,
    group: str = "",
    segmentation: Segmentation | None = None,
    instance: Mapping[str, Any] | None = None,
) -> Sample:
    """Returns a sample from the info of a step.

    Args:
        info: The step's info dict.
        prompt: `info["prompt"]` of the reset.
        ids: The action, (T,); what follows the end of the response is ignored.
        tokenizer: The environment's tokenizer.
        group: Heading that the sample stands under.
        segmentation: Says what a unit is, as `make_sample` takes it.
        instance: `info["instance"]` of the reset, where there is one.
    """
    length = int(info["response_length"])
    rankings = rankings_from_info(info, chosen=ids[:length], vocab_size=tokenizer.vocab_size)
    return make_sample(
        prompt,
        [tokenizer.token_bytes(int(token_id)) for token_id in ids[:length]],
        info["token_rewards"][:length],
        score=info["score"],
        utility=info["utility"],
        design=info["reward_design"],
        certificate=info["certificate"],
        group=group,
        segmentation=segmentation,
        standings=make_standings(rankings, tokenizer),
        payload=info.get("certificate_payload"),
        solved=info.get("solved"),
        instance=instance,
    )


def _evidence(certificate: Sequence[Mapping[str, Any]], spans: IntArray) -> list[float]:
    """Returns the sum of the amounts that stand on each token; a classifier's stands on no word."""
    held = [one for one in certificate if one["status"] in ("kept", "added") and "labels" not in one]
    amounts = [float(record["amount"]) for record in held]
    standing = by_token([tokens_of_span(spans, *record["word"]) for record in held], len(spans))
    return [sum((amounts[record] for record in records), 0.0) for records in standing]
