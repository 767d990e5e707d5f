"""Plain data of a response for a page: tokens and records, split where a record's span begins or ends."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Mapping, Sequence
from itertools import pairwise
from typing import Any, NotRequired, TypedDict

from rlsf_gym.render.sample import view_record
from rlsf_gym.render.spans import IntArray, by_token, find_runs, tokens_of_span, tokens_of_word
from rlsf_gym.render.verdict import Verdict, mark_tokens, read_verdict, tell_verdict, tokens_of_change
from rlsf_gym.render.visible import show_controls, show_piece
from rlsf_gym.text.bytes import decode_pieces, token_spans
from rlsf_gym.text.segmentation import Segmentation

__all__ = ["Part", "Reading", "ReadingRecord", "ReadingToken", "make_reading"]


class Part(TypedDict):
    """Part of a token: characters of prompt + response that no record's span splits."""

    start: int
    """Offset of the first character; equal to `end` where only bytes stand."""
    end: int
    text: str
    """Characters of the part, controls made visible."""


class ReadingToken(TypedDict):
    """Token of the response, with its parts and the records about it."""

    parts: list[Part]
    """The characters that the token completed; one part with its bytes if it completed no character."""
    records: list[int]
    """Indices of the records about its words, about the word that it closes, and of those it triggers."""
    mark: NotRequired[str]
    """Its part in the verdict: "fatal", "core", "end" or "", as `mark_tokens` says; only with a verdict."""
    completion: NotRequired[str | None]
    """What would make the response up to it right, None if nothing can; only with a verdict."""


class ReadingRecord(TypedDict):
    """Record of the certificate, with the texts of its spans."""

    word: list[int]
    """Span of the word, [start, end] in prompt + response."""
    trigger: list[int]
    word_text: str
    trigger_text: str
    rule: str
    amount: float
    status: str
    path: NotRequired[list[str]]
    """Path in the knowledge graph that justifies the amount; only under the rule `knowledge`."""


class ReadingVerdict(TypedDict):
    """Verdict that the certificate proves, in words, as `ToldVerdict` has them, with its spans."""

    status: str
    lost: str
    reason: str
    because: str
    kept: str
    rest: str
    fatal: list[int] | None
    """Span of the symbol that lost it, [start, end] in prompt + response."""
    core: list[list[int]]
    """Spans of the symbols that share the blame."""


class Reading(TypedDict):
    """Plain data of a response: prompt, tokens and records."""

    prompt: list[Part]
    tokens: list[ReadingToken]
    records: list[ReadingRecord]
    verdict: NotRequired[ReadingVerdict]
    """Only where the payload of the certificate holds one."""


def make_reading(
    prompt: str,
    pieces: Sequence[bytes],
    certificate: Iterable[Mapping[str, Any]],
    segmentation: Segmentation | None = None,
    *,
    payload: Mapping[str, Any] | None = None,
) -> Reading:
    """Returns the plain data that links tokens to records, and records to characters.

    Offsets count the characters of prompt + response; a page compares them and never slices a text.

    Args:
        prompt: The prompt.
        pieces: The bytes of each of K tokens of the response; none for the end token.
        certificate: Plain records, as in `info["certificate"]`.
        segmentation: Says what a unit is; without it, what stands between white space is one.
        payload: What else the certificate holds, as in `info["certificate_payload"]`.
    """
    response, char_ends = decode_pieces(pieces)
    text = prompt + response
    spans = token_spans(char_ends) + len(prompt)  # (K, 2) int64
    plain, verdict = list(certificate), read_verdict(payload)
    marked = () if verdict is None else (*verdict.core, verdict.fatal or (0, 0))
    told_of = (offset for record in plain for offset in (*record["word"], *record["trigger"]))
    cuts = sorted({*told_of}.union(*marked))
    if verdict is None:
        words = find_runs(text, segmentation)
        places = [_tokens_of_record(words, spans, record) for record in plain]
    else:
        places = [set(tokens_of_change(spans, record)) for record in plain]
    told = by_token(places, len(pieces))
    tokens = [
        ReadingToken(parts=_parts(text, cuts, start, end) or [_bytes_part(piece, start)], records=records)
        for piece, (start, end), records in zip(pieces, spans.tolist(), told, strict=True)
    ]
    records = [_describe(record, text) for record in plain]
    reading = Reading(prompt=_parts(text, cuts, 0, len(prompt)), tokens=tokens, records=records)
    if verdict is not None:
        reading["verdict"] = _describe_verdict(verdict, prompt, response)
        marks = mark_tokens(verdict, spans, len(prompt))
        for token, mark, end in zip(tokens, marks, char_ends.tolist(), strict=True):
            token["mark"], token["completion"] = mark, verdict.completion(end)
    return reading


def _tokens_of_record(words: IntArray, spans: IntArray, record: Mapping[str, Any]) -> set[int]:
    return {*tokens_of_word(words, spans, *record["word"]), *tokens_of_span(spans, *record["trigger"])}


def _parts(text: str, cuts: Sequence[int], start: int, end: int) -> list[Part]:
    inside = cuts[bisect_right(cuts, start) : bisect_left(cuts, end)]
    edges = [start, *inside, end]
    return [
        Part(start=first, end=last, text=show_controls(text[first:last]))
        for first, last in pairwise(edges)
        if first < last
    ]


def _bytes_part(piece: bytes, offset: int) -> Part:
    return Part(start=offset, end=offset, text=show_piece(piece, ""))


def _describe(record: Mapping[str, Any], text: str) -> ReadingRecord:
    view = view_record(record, text)
    plain = ReadingRecord(
        word=list(record["word"]),
        trigger=list(record["trigger"]),
        word_text=view.word,
        trigger_text=view.trigger,
        rule=view.rule,
        amount=view.amount,
        status=view.status,
    )
    if "path" in record:
        plain["path"] = list(record["path"])
    return plain


def _describe_verdict(verdict: Verdict, prompt: str, response: str) -> ReadingVerdict:
    return ReadingVerdict(
        **tell_verdict(verdict, prompt, response)._asdict(),
        fatal=None if verdict.fatal is None else list(verdict.fatal),
        core=[list(span) for span in verdict.core],
    )
