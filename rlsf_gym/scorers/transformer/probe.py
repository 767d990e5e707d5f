"""Finds out by two short texts how a sequence classifier reads positions and padding.

What a configuration says is not enough: RoBERTa's positions begin behind the index of its padding token, so
that two of the rows that it declares are out of reach, and XLNet's head reads the last place of a row,
padding or not.
"""

from __future__ import annotations

import inspect
from collections.abc import Mapping
from typing import Any, NamedTuple

import numpy as np

from rlsf_gym.arguments import one_line
from rlsf_gym.scorers.transformer.files import import_torch

__all__ = ["Probe", "Row", "check_length", "longest_text", "probe_classifier", "stack_rows", "takes"]

Row = Mapping[str, list[int]]
"""`input_ids` of a text of K tokens, and `token_type_ids` where they are not all 0."""

# Scores of the same text in two batches are promised to be as close.
_TOLERANCE = 1e-5
_UNLIMITED = 10**9  # tokenizers without a maximum say 10 ** 30


class Probe(NamedTuple):
    """Traits of a classifier's inputs, found by probing it."""

    positions: int | None
    """Number of tokens that its tables of positions hold; None where it has no such table."""
    pads: bool
    """Whether padding on the right leaves its answers alone."""


def probe_classifier(model: Any, tokenizer: Any, short: Row, long: Row, *, name: str) -> Probe:
    """Returns the traits of a classifier's inputs, from three small forward passes.

    Args:
        model: The classifier.
        tokenizer: Its tokenizer, with a padding token.
        short: A text.
        long: A text of more tokens.
        name: What messages call the model.

    Raises:
        ValueError: If the model takes no token ids, has fewer embeddings than the tokenizer has tokens, or
            can't read a short text.
    """
    pad_id: int = tokenizer.pad_token_id
    _check_inputs(model, max(_largest_id(tokenizer), pad_id, *short["input_ids"], *long["input_ids"]), name)
    alone, seen_short = _answer(model, stack_rows(model, [short], pad_id), name)
    other, seen_long = _answer(model, stack_rows(model, [long], pad_id), name)
    together, _ = _answer(model, stack_rows(model, [short, long], pad_id), name)
    added = len(long["input_ids"]) - len(short["input_ids"])
    apart = np.vstack([alone, other])
    distance = np.abs(together - apart).max() / max(1.0, float(np.abs(apart).max()))
    found = [
        after.rows - (after.last + 1 - len(long["input_ids"]))
        for before, after in zip(seen_short, seen_long, strict=False)
        if added and _is_position_table(before, after, len(short["input_ids"]), len(long["input_ids"]))
    ]
    return Probe(min(found, default=None), bool(added and distance <= _TOLERANCE))


def stack_rows(model: Any, rows: list[Row], pad_id: int) -> dict[str, Any]:
    """Returns those of `input_ids`, `attention_mask`, `token_type_ids` that a model takes and the rows have.

    Args:
        model: The classifier.
        rows: N texts.
        pad_id: Id of the padding token.

    Returns:
        (N, K) int64 tensors on the model's device, padded on the right; segments of padding are 0.
    """
    torch = import_torch()
    lengths = [len(row["input_ids"]) for row in rows]
    mask = np.arange(max(lengths)) < np.array(lengths)[:, None]  # (N, K) bool
    tokens = np.full(mask.shape, pad_id, dtype=np.int64)  # (N, K) int64
    tokens[mask] = np.concatenate([row["input_ids"] for row in rows])
    arrays = {"input_ids": tokens}
    if takes(model, "attention_mask"):
        arrays["attention_mask"] = mask.astype(np.int64)
    if any("token_type_ids" in row for row in rows) and takes(model, "token_type_ids"):
        types = np.zeros(mask.shape, np.int64)
        types[mask] = np.concatenate(
            [row.get("token_type_ids", [0] * length) for row, length in zip(rows, lengths, strict=True)]
        )
        arrays["token_type_ids"] = types
    return {key: torch.from_numpy(array).to(model.device) for key, array in arrays.items()}


def takes(model: Any, name: str) -> bool:
    """Returns whether a model's forward pass takes an argument of that name."""
    return name in inspect.signature(model.forward).parameters


def longest_text(config: Any, tokenizer: Any) -> int:
    """Returns the number of tokens that both the tokenizer and the configuration of the model allow."""
    declared = getattr(config, "max_position_embeddings", None)
    declared = declared if declared is not None and declared > 0 else _UNLIMITED  # XLM-like ones say -1
    return int(min(tokenizer.model_max_length, declared, _UNLIMITED))


def check_length(wanted: int | None, declared: int, positions: int | None) -> int:
    """Returns the number of tokens that a text may have.

    Raises:
        ValueError: If more are wanted than the model has positions.
    """
    if wanted is None:
        return min(declared, positions or declared)
    if positions is not None and wanted > positions:
        raise ValueError(f"max_length must be at most {positions}, the model's positions, got {wanted}")
    return wanted


class _Lookup(NamedTuple):
    """What was asked of one table of embeddings."""

    rows: int
    """Number of rows of the table."""
    last: int
    """Greatest row that was asked for."""
    distinct: int
    """Number of different rows that were asked for; 0 where they were not one per token."""


def _is_position_table(before: _Lookup, after: _Lookup, short: int, long: int) -> bool:
    """Returns whether the greatest row went up by one per token, each token having a row of its own.

    Relative positions, which are asked for once per pair of tokens, are left out: they have no end.
    """
    grown = after.rows == before.rows and after.last - before.last == long - short
    return grown and before.distinct >= short and after.distinct >= long


def _largest_id(tokenizer: Any) -> int:
    """Returns the greatest id that a text may get, special tokens inside it being plain text."""
    added = tokenizer.added_tokens_decoder
    special = {token for token, how in added.items() if how.special}
    return max((token for token in tokenizer.get_vocab().values() if token not in special), default=0)


def _check_inputs(model: Any, largest: int, name: str) -> None:
    if not takes(model, "input_ids"):
        raise ValueError(
            f"model must take input_ids, {name!r} of type {model.config.model_type!r} does not: use another "
            "classifier of text"
        )
    size = int(model.get_input_embeddings().weight.shape[0])
    if largest >= size:
        raise ValueError(
            f"model must have an embedding for each token, {name!r} has {size} and its tokenizer the id "
            f"{largest}: call resize_token_embeddings(len(tokenizer)) and train it, or save its own tokenizer"
        )


def _answer(model: Any, inputs: dict[str, Any], name: str) -> tuple[Any, list[_Lookup]]:
    """Returns the logits, float64 (N, L), and what was asked of tables of embeddings on the way."""
    torch = import_torch()
    seen: list[_Lookup] = []

    class Watch(torch.overrides.TorchFunctionMode):
        def __torch_function__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
            if func is torch.nn.functional.embedding:
                seen.append(_look_up(*args[:2]))
            return func(*args, **(kwargs or {}))

    try:
        with torch.inference_mode(), Watch():
            logits = model(**inputs).logits
    except Exception as error:
        reason = one_line(error, 200)
        raise ValueError(
            f"model must score a short text, {name!r} does not: {type(error).__name__}: {reason}"
        ) from error
    return logits.double().cpu().numpy(), seen


def _look_up(rows: Any, weight: Any) -> _Lookup:
    one_per_token = rows.ndim and rows.numel() == rows.shape[-1]
    distinct = int(rows.unique().numel()) if one_per_token else 0
    return _Lookup(int(weight.shape[0]), int(rows.max()), distinct)
