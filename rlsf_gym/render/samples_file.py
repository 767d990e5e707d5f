r"""Reads any JSONL file of tokens and rewards as samples, which a page shows.

Each line is an object. `tokens` and `rewards`, as many of one as of the other, must be there; a token is a
text, the list of its bytes (for one that ends inside a character), or an id (read with a tokenizer, shown as
its number without). What may be there: `prompt`, `group` (heading, such as "before") and `design`, texts;
`score` and `utility`, numbers; `solved`, 1 or 0; `certificate`, a list of records, and `certificate_payload`,
the object beside them; `candidates`, what other tokens would have earned in the place of each; `instance`,
the data of the prompt, from which a puzzle is drawn; `environment`, its id. Other keys are left to whoever
wrote them.

    {"prompt": "2 + 2 =", "tokens": [" 4", "."], "rewards": [1.0, 0]}
"""

from __future__ import annotations

import math
import os
import sys
from collections.abc import Callable, Iterable, Mapping
from itertools import accumulate
from pathlib import Path
from typing import Any, NamedTuple, cast

from rlsf_gym.render.build import make_sample
from rlsf_gym.render.json_lines import at_line, parse_object, quote_value, read_lines
from rlsf_gym.render.sample import Sample
from rlsf_gym.render.standing import Choice, Standing
from rlsf_gym.render.verdict import read_verdict
from rlsf_gym.render.visible import show_token
from rlsf_gym.text.tokenizer import Tokenizer

__all__ = [
    "IDS",
    "NUMBERS",
    "TEXT",
    "Excerpt",
    "check_parts",
    "is_number",
    "parse_line",
    "plain_token",
    "read_excerpt",
    "read_samples",
    "token_bytes",
]

MOST_RESPONSES = 1_000
"""Responses that an excerpt holds where nobody says how many."""
MOST_TOKENS = 250_000
"""Tokens of these together: a page of them has some 50 to 90 MB, which browsers still show."""

PLACED = ("certificate", "certificate_payload")
"""Keys of a line that speak of characters of prompt + response."""

Check = Callable[[Any], bool]


def plain_token(piece: bytes) -> Any:
    r"""Returns a token's bytes as a line of the file holds them: as text if they are UTF-8, else as a list.

    Example:
        >>> plain_token(b" good"), plain_token("\u00e9".encode()[:1])
        (' good', [195])
    """
    try:
        return piece.decode()
    except UnicodeDecodeError:
        return list(piece)


class Excerpt(NamedTuple):
    """The first responses of a file."""

    samples: list[Sample]
    total: int
    """Number of responses of the whole file."""
    unplaced: int = 0
    """Number of samples without the certificate that their line has: see `read_samples`."""


def read_samples(path: str | os.PathLike[str], *, tokenizer: Tokenizer | None = None) -> list[Sample]:
    """Returns the samples of a file, one a line; empty lines are skipped.

    A certificate speaks of characters. Where tokens are ids and there is no tokenizer, nobody knows which
    token has which, so that certificate, verdict and puzzle are left out.

    Args:
        path: The file, in UTF-8.
        tokenizer: Tokenizer of tokens that are ids; without it they are shown as numbers.

    Raises:
        ValueError: If a line does not have the documented form: the message has its number.
        OSError: If the file can't be read.
    """
    return read_excerpt(path, tokenizer=tokenizer, most=sys.maxsize).samples


def read_excerpt(
    path: str | os.PathLike[str], *, tokenizer: Tokenizer | None = None, most: int | None = None
) -> Excerpt:
    """Returns the first samples of a file; lines behind them are counted, and not looked at.

    Args:
        path: The file, in UTF-8; of any size.
        tokenizer: Tokenizer of tokens that are ids; without it they are shown as numbers.
        most: Most samples; by default as many as a page can show: 1,000, or as many as have 250,000 tokens
            together, at least one.

    Raises:
        ValueError: If one of their lines does not have the documented form: the message has its number.
        OSError: If the file can't be read.
    """
    place, samples, total, unplaced = Path(path), list[Sample](), 0, 0
    room = MOST_TOKENS if most is None else sys.maxsize
    for number, line in read_lines(place):
        total += 1
        if len(samples) >= (most or MOST_RESPONSES) or room <= 0:
            continue
        with at_line(place, number):
            record = parse_line(line)
            sample = _make(record, tokenizer)
        room -= len(sample.tokens)
        if room >= 0 or not samples:
            samples.append(sample)
            unplaced += not _is_placed(record, tokenizer) and any(record.get(key) for key in PLACED)
    if not samples:
        raise ValueError(f"{place}: expected a JSON object in each line, got none")
    return Excerpt(samples, total, unplaced)


def parse_line(line: bytes) -> dict[str, Any]:
    """Returns the object of a line, with all parts that it has of their documented form.

    Raises:
        ValueError: If it does not have the documented form.
    """
    record = parse_object(line)
    check_parts(record, PARTS)
    for key in ("tokens", "rewards"):
        if key not in record:
            raise ValueError(f"expected {key} in it, got {quote_value(list(record))}")
    tokens = record["tokens"]
    for key, name in (("rewards", "a reward"), ("candidates", "candidates")):
        if len(record.get(key, tokens)) != len(tokens):
            raise ValueError(f"expected {name} for each token, got {len(record[key])} for {len(tokens)}")
    return record


def check_parts(record: Mapping[str, Any], parts: Iterable[tuple[str, Check, str]]) -> None:
    """Checks those parts that a record has.

    Args:
        record: Object of a line.
        parts: Key, test and name in words of each.

    Raises:
        ValueError: If one of them does not pass its test.
    """
    for key, holds, expected in parts:
        if key in record and not holds(record[key]):
            raise ValueError(f"{key}: expected {expected}, got {quote_value(record[key])}")


def token_bytes(token: Any, tokenizer: Tokenizer | None) -> bytes:
    r"""Returns the bytes of a token of a line; of an id without a tokenizer, those of its number in brackets.

    Args:
        token: A text, a list of bytes, or an id.
        tokenizer: Tokenizer of ids.

    Raises:
        ValueError: If the tokenizer does not have the id.

    Example:
        >>> token_bytes(" good", None), token_bytes([195], None), token_bytes(71, None)
        (b' good', b'\xc3', b'[71]')
    """
    if isinstance(token, str):
        return token.encode("utf-8", "backslashreplace")
    if not isinstance(token, int):
        return bytes(token)
    if tokenizer is None:
        return f"[{token}]".encode()
    if token >= tokenizer.vocab_size:
        raise ValueError(f"tokens: expected ids below {tokenizer.vocab_size}, got {token}")
    return tokenizer.token_bytes(token)


def _make(record: Mapping[str, Any], tokenizer: Tokenizer | None) -> Sample:
    if not all(map(math.isfinite, accumulate(map(float, record["rewards"])))):
        raise ValueError("rewards: expected a finite running total, got an infinite one")
    if not _is_placed(record, tokenizer):
        record = _without_certificate(record)
    return make_sample(
        record.get("prompt", ""),
        [token_bytes(token, tokenizer) for token in record["tokens"]],
        record["rewards"],
        score=record.get("score"),
        utility=record.get("utility"),
        design=record.get("design", ""),
        certificate=record.get("certificate", ()),
        group=record.get("group", ""),
        standings=[_standing(one, tokenizer) for one in record.get("candidates", ())],
        payload=record.get("certificate_payload"),
        solved=record.get("solved"),
        instance=_instance(record.get("instance")),
        environment=_environment(record.get("environment")),
    )


def _is_placed(record: Mapping[str, Any], tokenizer: Tokenizer | None) -> bool:
    """Returns whether it is known which characters each token has."""
    return tokenizer is not None or not any(isinstance(token, int) for token in record["tokens"])


def _without_certificate(record: Mapping[str, Any]) -> dict[str, Any]:
    """Returns a line without what speaks of characters; whether it was solved needs none of them."""
    verdict = read_verdict(record.get("certificate_payload"))
    kept = {key: value for key, value in record.items() if key not in PLACED}
    return kept if verdict is None else {"solved": float(verdict.status == "solved"), **kept}


def _environment(found: Any) -> str:
    """Returns the id of an environment; what other trainers may write there is left to them."""
    return found if isinstance(found, str) else ""


def _instance(found: Any) -> Mapping[str, Any] | None:
    """Returns the data of a prompt; what other trainers may write there is left to them."""
    return cast("dict[str, Any]", found) if isinstance(found, dict) else None


def _standing(found: Any, tokenizer: Tokenizer | None) -> Standing | None:
    """Returns what a line says of a token among others, None where it says nothing."""
    if found is None:
        return None
    best, worst = (
        tuple(
            Choice(show_token(token_bytes(token, tokenizer)), float(reward))
            for token, reward in found.get(key, ())
        )
        for key in ("best", "worst")
    )
    return Standing(best, worst, found.get("rank"), found.get("shared", 1), found.get("of"))


def _is_text(value: Any) -> bool:
    return isinstance(value, str)


def is_number(value: Any) -> bool:
    """Returns whether a value is a number that a float can hold, and finite.

    Example:
        >>> is_number(1), is_number(10**400), is_number(float("nan")), is_number(True)
        (True, False, False, False)
    """
    plain = isinstance(value, int | float) and not isinstance(value, bool)
    return plain and abs(value) <= sys.float_info.max


def _is_id(value: Any) -> bool:
    return type(value) is int and 0 <= value < 1 << 63


def _is_list(holds: Check) -> Check:
    return lambda value: isinstance(value, list) and all(map(holds, cast("list[Any]", value)))


def _is_token(value: Any) -> bool:
    return _is_text(value) or _is_id(value) or _is_list(lambda one: _is_id(one) and one < 256)(value)


def _is_record(value: Any) -> bool:
    """Returns whether a value is a record of a certificate, as far as a page shows one."""
    if not isinstance(value, Mapping):
        return False
    record = cast("Mapping[str, Any]", value)
    spans = [record.get(key) for key in ("word", "trigger")]
    return (
        all(_is_list(_is_id)(span) and len(cast("list[Any]", span)) == 2 for span in spans)
        and all(_is_text(record.get(key)) for key in ("rule", "status"))
        and is_number(record.get("amount"))
    )


def _is_choice(value: Any) -> bool:
    """Returns whether a value is a token with its reward."""
    if not isinstance(value, list) or len(cast("list[Any]", value)) != 2:
        return False
    token, reward = cast("list[Any]", value)
    return _is_token(token) and is_number(reward)


def _is_standing(value: Any) -> bool:
    """Returns whether a value says where a token stands among others, or null."""
    if not isinstance(value, Mapping):
        return value is None
    found = cast("Mapping[str, Any]", value)
    counts = [found[key] for key in ("rank", "shared", "of") if key in found]
    return (
        all(_is_list(_is_choice)(found.get(key, [])) for key in ("best", "worst"))
        and all(_is_id(count) and count > 0 for count in counts)
        and max([*counts, 1]) <= found.get("of", math.inf)
    )


TEXT: tuple[Check, str] = _is_text, "a text"
NUMBERS: tuple[Check, str] = _is_list(is_number), "a list of finite numbers"
IDS: tuple[Check, str] = _is_list(_is_id), "a list of ids"
PARTS: tuple[tuple[str, Check, str], ...] = (
    ("tokens", _is_list(_is_token), "a list of texts, lists of bytes, or ids"),
    ("rewards", *NUMBERS),
    *((key, *TEXT) for key in ("prompt", "group", "design")),
    *((key, is_number, "a finite number") for key in ("score", "utility")),
    ("solved", lambda value: is_number(value) and value in (0, 1), "1 or 0"),
    ("certificate_payload", lambda value: isinstance(value, dict), "an object"),
    ("certificate", _is_list(_is_record), "a list of records with word, trigger, rule, amount and status"),
    ("candidates", _is_list(_is_standing), "a list of null or of objects with best, worst, rank, shared, of"),
)
"""Key, test and name in words of each part of a line."""
