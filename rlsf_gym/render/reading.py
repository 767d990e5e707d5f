"""Plain data of a response for a page: tokens and records, split where a record's span begins or ends."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Mapping, Sequence
from itertools import pairwise
from typing import Any, NotRequired, TypedDict

from rlsf_gym.render.sample import (
    IntArray,
    by_token,
    find_runs,
    tokens_of_span,
    tokens_of_word,
    view_record,
)
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


class Reading(TypedDict):
    """Plain data of a response: prompt, tokens and records."""

    prompt: list[Part]
    tokens: list[ReadingToken]
    records: list[ReadingRecord]


def make_reading(
    prompt: str,
    pieces: Sequence[bytes],
    certificate: Iterable[Mapping[str, Any]],
    segmentation: Segmentation | None = None,
) -> Reading:
    """Returns the plain data that links tokens to records, and records to characters.

    Offsets count the characters of prompt + response; a page compares them and never slices a text.

    Args:
        prompt: The prompt.
        pieces: The bytes of each of K tokens of the response; none for the end token.
        certificate: Plain records, as in `info["certificate"]`.
        segmentation: Says what a unit is; without it, what stands between white space is one.
    """
    response, char_ends = decode_pieces(pieces)
    text = prompt + response
    spans = token_spans(char_ends) + len(prompt)  # (K, 2) int64
    plain = list(certificate)
    cuts = sorted({offset for record in plain for offset in (*record["word"], *record["trigger"])})
    words = find_runs(text, segmentation)
    told = by_token([_tokens_of_record(words, spans, record) for record in plain], len(pieces))
    tokens = [
        ReadingToken(parts=_parts(text, cuts, start, end) or [_bytes_part(piece, start)], records=records)
        for piece, (start, end), records in zip(pieces, spans.tolist(), told, strict=True)
    ]
    records = [_describe(record, text) for record in plain]
    return Reading(prompt=_parts(text, cuts, 0, len(prompt)), tokens=tokens, records=records)


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
