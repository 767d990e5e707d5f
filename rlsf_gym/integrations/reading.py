"""Tokenizers and rows of data sets of other trainers, as the environments take them, and infos as they do."""

from __future__ import annotations

import contextlib
import json
from collections.abc import Mapping, Sequence
from typing import Any, cast

import numpy as np

from rlsf_gym.text.tokenizer import Tokenizer, load_tokenizer

__all__ = ["read_instance", "read_opening", "read_settings", "read_tokenizer", "to_plain"]


def read_tokenizer(tokenizer: Any) -> Tokenizer:
    """Returns a trainer's tokenizer as the environments take one.

    Args:
        tokenizer: A tokenizer of transformers, or one that environments take as it is.

    Raises:
        ValueError: If it is not byte-level BPE of the tokenizers library.
    """
    if not hasattr(tokenizer, "token_bytes") and getattr(tokenizer, "backend_tokenizer", None) is None:
        raise ValueError(
            "tokenizer must be one of the tokenizers library (a fast one of transformers), got "
            f"{type(tokenizer).__name__}: name the environment's tokenizer in its arguments, tokenizer=..."
        )
    return load_tokenizer(tokenizer)


def read_opening(truth: Any, named: str) -> dict[str, Any]:
    """Returns what an episode begins with, as options of a vector environment of one episode.

    Args:
        truth: The instance, a dict (arrays in it become lists) or the JSON of one, or the text of the prompt
            in domains of plain text.
        named: What the trainer calls it, for the message.

    Raises:
        ValueError: If it is neither.

    Example:
        >>> read_opening({"numbers": np.array([3, 5]), "target": 8}, "ground_truth")
        {'instances': [{'numbers': [3, 5], 'target': 8}]}
        >>> read_opening('{"numbers": [3, 5], "target": 8}', "ground_truth")
        {'instances': [{'numbers': [3, 5], 'target': 8}]}
        >>> read_opening("The film was", "ground_truth")
        {'prompts': ['The film was']}
    """
    instance = read_instance(truth)
    if isinstance(instance, dict):
        return {"instances": [instance]}
    if isinstance(truth, str):
        return {"prompts": [truth]}
    raise ValueError(
        f"{named} must be the data of the episode's instance, a dict or its JSON, or the text of its prompt, "
        f"got {truth!r:.80}"
    )


def read_instance(data: Any) -> Any:
    """Returns the data of an instance as a column of a table has it: a dict of plain data where it is one.

    A table has one type a column, so that lists of lists and words, such as statements of knights and knaves,
    fit in as JSON alone. What is no dict, nor JSON of one, is returned as it is.

    Raises:
        TypeError: If a dict holds more than plain data and arrays.
        ValueError: If a number in it is not finite.

    Example:
        >>> read_instance('{"statements": [["is", "A", "knave"]]}')
        {'statements': [['is', 'A', 'knave']]}
        >>> read_instance("The film was")
        'The film was'
    """
    if isinstance(data, Mapping):
        return to_plain(cast(Mapping[str, Any], data), "instance")
    if isinstance(data, str) and data.lstrip().startswith("{"):
        with contextlib.suppress(ValueError):
            return json.loads(data)
    return data


def read_settings(settings: Any) -> Any:
    """Returns settings of a configuration, such as one of OmegaConf, as dicts and lists.

    Example:
        >>> import collections
        >>> read_settings(collections.UserDict(a=(1, 2), b="c"))
        {'a': [1, 2], 'b': 'c'}
    """
    if isinstance(settings, Mapping):
        return {key: read_settings(one) for key, one in cast(Mapping[str, Any], settings).items()}
    if isinstance(settings, Sequence) and not isinstance(settings, str):
        return [read_settings(one) for one in cast(Sequence[Any], settings)]
    return settings


def to_plain(data: Mapping[str, Any], named: str) -> dict[str, Any]:
    """Returns data as JSON holds it: arrays become lists, NumPy's scalars Python's.

    Args:
        data: An instance, or the info of a step.
        named: Which of them, for the message.

    Raises:
        TypeError: If it holds more than plain data and arrays.
        ValueError: If a number in it is not finite.

    Example:
        >>> to_plain({"numbers": np.array([3, 5]), "target": np.int64(8)}, "instance")
        {'numbers': [3, 5], 'target': 8}
    """

    def unpack(value: Any) -> Any:
        if isinstance(value, np.ndarray | np.generic):
            return cast(Any, value).tolist()
        raise TypeError(f"{named} must hold plain data and arrays, got {type(value).__name__}")

    try:
        return json.loads(json.dumps(dict(data), default=unpack, allow_nan=False))
    except ValueError as error:
        raise ValueError(f"{named} must hold finite numbers, got {data!r:.80} ({error})") from error
