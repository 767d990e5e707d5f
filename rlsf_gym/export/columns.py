"""Columns of a dataset of responses: what a line of a samples file becomes in each."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable, Mapping
from typing import Any, NamedTuple

from rlsf_gym.render.samples_file import IDS, NUMBERS, TEXT, check_parts, is_number, token_bytes
from rlsf_gym.text.tokenizer import Tokenizer

__all__ = ["COLUMNS", "Column", "Line", "find_columns", "is_rule", "make_row"]

_PARTS = (
    *((key, *TEXT) for key in ("environment", "response")),
    ("response_ids", *IDS),
    ("prefix_values", *NUMBERS),
)
"""Parts of a line that a page does not read."""
_RULE = re.compile(r"reward_[A-Za-z0-9_.-]{1,64}")


class Line(NamedTuple):
    """Line of a samples file."""

    record: Mapping[str, Any]
    """The object, as it was parsed and checked."""
    pieces: list[bytes] | None
    """The bytes of each of T tokens; None: they are ids, and no tokenizer was given."""


class Column(NamedTuple):
    """Column of the dataset; a response of which nothing is known in it has null there."""

    name: str
    kind: str
    """`"string"`, `"int64"` or `"float64"`, behind `"list "` where it has one for each token."""
    told: str
    """What it holds, in words."""
    read: Callable[[Line], Any]
    """Returns what a line has for it."""


def find_columns(rules: Iterable[str]) -> list[Column]:
    """Returns all columns.

    Args:
        rules: Names of columns for the rules of scorers, such as `"reward_negation"`.
    """
    told = "what the rule of a scorer has of the utility gain"
    return [*COLUMNS, *(Column(name, "float64", told, _float(name)) for name in sorted(rules))]


def is_rule(key: str, value: Any) -> bool:
    """Returns whether a key of a line is a rule with its reward, or without one.

    Example:
        >>> is_rule("reward_negation", 0.5), is_rule("reward_model", "a name"), is_rule("rewards", [0.5])
        (True, False, False)
    """
    return bool(_RULE.fullmatch(key)) and (value is None or is_number(value))


def make_row(record: Mapping[str, Any], columns: Iterable[Column], tokenizer: Tokenizer | None) -> bytes:
    """Returns a line of the dataset, in UTF-8, without the line feed: every column is there.

    Args:
        record: Line of a samples file, as `parse_line` returned it.
        columns: As `find_columns` returned them.
        tokenizer: Of tokens that are ids.

    Raises:
        ValueError: If an id is not one of the tokenizer's, a number is not finite, or a part that pages do
            not read does not have its documented form.
    """
    check_parts(record, _PARTS)
    for key, name in (("response_ids", "an id"), ("prefix_values", "a value")):
        if len(record.get(key, record["tokens"])) != len(record["tokens"]):
            raise ValueError(
                f"expected {name} for each token, got {len(record[key])} in {key} for {len(record['tokens'])}"
            )
    is_known = tokenizer is not None or not any(type(token) is int for token in record["tokens"])
    line = Line(record, [token_bytes(token, tokenizer) for token in record["tokens"]] if is_known else None)
    row = {column.name: column.read(line) for column in columns}
    text = json.dumps(row, ensure_ascii=False, allow_nan=False)
    return text.encode("utf-8", "backslashreplace")


def _float(key: str) -> Callable[[Line], float | None]:
    return lambda line: None if line.record.get(key) is None else float(line.record[key])


def _floats(key: str) -> Callable[[Line], list[float] | None]:
    return lambda line: list(map(float, line.record[key])) if line.record.get(key) is not None else None


def _text(key: str) -> Callable[[Line], str | None]:
    return lambda line: _plain(line.record[key]) if isinstance(line.record.get(key), str) else None


def _json(key: str) -> Callable[[Line], str | None]:
    """Returns a function to the JSON of what a line has under a key: it may nest as it likes."""

    def read(line: Line) -> str | None:
        if line.record.get(key) is None:
            return None
        try:
            return _plain(json.dumps(line.record[key], ensure_ascii=False, allow_nan=False))
        except ValueError as error:
            raise ValueError(f"{key}: expected finite numbers, got one that is not") from error

    return read


def _plain(text: str) -> str:
    """Returns a text without halves of characters, which no file in UTF-8 holds: they are written out."""
    return text.encode("utf-8", "backslashreplace").decode()


def _response(line: Line) -> str | None:
    """Returns the text of a response; where the bytes of its tokens are unknown, the line may have it."""
    return _text("response")(line) if line.pieces is None else b"".join(line.pieces).decode(errors="replace")


def _ids(line: Line) -> list[int] | None:
    """Returns the ids of the tokens, from `tokens` or from `response_ids`."""
    tokens, ids = line.record["tokens"], line.record.get("response_ids")
    if ids is None and tokens and all(type(token) is int for token in tokens):
        return list(tokens)
    return ids


def _tokens(line: Line) -> list[str] | None:
    return None if line.pieces is None else [piece.decode(errors="replace") for piece in line.pieces]


def _hex(line: Line) -> list[str] | None:
    return None if line.pieces is None else [piece.hex() for piece in line.pieces]


COLUMNS = (
    Column("environment", "string", "id of the environment", _text("environment")),
    Column("group", "string", "heading of the response, such as before or after", _text("group")),
    Column("design", "string", "name of the reward design", _text("design")),
    Column("prompt", "string", "the prompt", _text("prompt")),
    Column("instance", "string", "data of the prompt, as JSON", _json("instance")),
    Column("response", "string", "text of all tokens", _response),
    Column("response_ids", "list int64", "id of each token", _ids),
    Column("tokens", "list string", "text of each token; bytes that are no character are U+FFFD", _tokens),
    Column("token_hex", "list string", "bytes of each token, in hexadecimal", _hex),
    Column("token_rewards", "list float64", "reward of each token", _floats("rewards")),
    Column("prefix_values", "list float64", "utility known before each token", _floats("prefix_values")),
    Column("score", "float64", "score of prompt + response", _float("score")),
    Column("utility", "float64", "the objective's value of the score", _float("utility")),
    Column("solved", "float64", "1 for a right answer, 0 for a wrong one", _float("solved")),
    Column("certificate", "string", "records of the certificate, as JSON", _json("certificate")),
    Column(
        "certificate_payload", "string", "what else proves the score, as JSON", _json("certificate_payload")
    ),
    Column("candidates", "string", "what other tokens would have earned, as JSON", _json("candidates")),
)
"""Columns that every dataset has, in their order."""
