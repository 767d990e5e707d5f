"""Observation and action spaces of the environments, and parsing of actions.

V token ids run from 0 to V - 1; index V stands for "no token", which a response shorter than T is padded
with.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, cast

import numpy as np
import numpy.typing as npt
from gymnasium import spaces
from gymnasium.error import InvalidAction

from rlsf_gym.envs.unicode_text import UnicodeText

__all__ = [
    "UnicodeText",
    "prompt_space",
    "read_action",
    "read_actions",
    "read_text",
    "read_token",
    "response_space",
    "text_space",
    "writing_space",
]

IntArray = npt.NDArray[np.int64]


def prompt_space(vocab_size: int, max_prompt_tokens: int) -> spaces.Dict:
    """Returns the space of left-padded prompts: `prompt_ids` int64 (P,) and `prompt_mask` int8 (P,)."""
    ids = spaces.Box(0, vocab_size - 1, (max_prompt_tokens,), np.int64)
    return spaces.Dict({"prompt_ids": ids, "prompt_mask": spaces.MultiBinary(max_prompt_tokens)})


def response_space(vocab_size: int, max_new_tokens: int) -> spaces.MultiDiscrete:
    """Returns the space of responses: T token ids, index V standing for no token."""
    return spaces.MultiDiscrete(np.full(max_new_tokens, vocab_size + 1))


def text_space(token_bytes: Sequence[int], max_tokens: int) -> UnicodeText:
    """Returns the space of texts, which contains every text that `max_tokens` tokens can spell.

    Args:
        token_bytes: Number of bytes of each token of the vocabulary.
        max_tokens: Number of tokens.
    """
    return UnicodeText(max_tokens * max(token_bytes))


def writing_space(vocab_size: int, max_tokens: int) -> spaces.Dict:
    """Returns the space of texts being written: `input_ids` int64 (N,) and `attention_mask` int8 (N,)."""
    ids = spaces.Box(0, vocab_size - 1, (max_tokens,), np.int64)
    return spaces.Dict({"input_ids": ids, "attention_mask": spaces.MultiBinary(max_tokens)})


def read_text(action: Any, space: UnicodeText) -> str:
    """Returns an action as text after checking it.

    Raises:
        InvalidAction: If it is not a text, is too long, or has a lone surrogate.
    """
    if not isinstance(action, str):
        raise InvalidAction(f"action must be a str, got {type(action).__name__}")
    if len(action) > space.max_length:
        raise InvalidAction(
            f"action must have at most {space.max_length} characters, got {len(action)}: "
            "a larger max_new_tokens allows more"
        )
    if action not in space:
        raise InvalidAction(f"action must be text without lone surrogates, got {action!r}")
    return action


def read_token(action: Any, vocab_size: int) -> int:
    """Returns an action as one token id after checking it.

    Raises:
        InvalidAction: If it is not an integer in [0, V - 1].
    """
    if isinstance(action, np.ndarray) and cast(npt.NDArray[Any], action).shape == ():
        action = cast(npt.NDArray[Any], action)[()]
    if isinstance(action, bool | np.bool_) or not isinstance(action, int | np.integer):
        raise InvalidAction(f"action must be one integer token id, got {action!r}")
    token = int(cast(int, action))
    if not 0 <= token < vocab_size:
        raise InvalidAction(f"action must be an id in [0, {vocab_size - 1}], got {token}")
    return token


def read_action(action: Any, vocab_size: int, max_new_tokens: int) -> IntArray:
    """Returns one action as int64 (T,), padded with V.

    Args:
        action: An integer array (T,), or a list or tuple of up to T ids.
        vocab_size: V.
        max_new_tokens: T.

    Raises:
        InvalidAction: If its shape, dtype or range is wrong.

    Example:
        >>> read_action([5, 6], vocab_size=10, max_new_tokens=4).tolist()
        [5, 6, 10, 10]
    """
    if isinstance(action, list | tuple):
        action = _pad(cast(Sequence[Any], action), vocab_size, max_new_tokens)
    return _check(action, (max_new_tokens,), vocab_size, "action")


def read_actions(actions: Any, num_envs: int, vocab_size: int, max_new_tokens: int) -> IntArray:
    """Returns a batch of actions as int64 (B, T), padded with V.

    Args:
        actions: An integer array (B, T), or a list or tuple of B single actions.
        num_envs: B.
        vocab_size: V.
        max_new_tokens: T.

    Raises:
        InvalidAction: If the shape, dtype or range of one is wrong.
    """
    if isinstance(actions, list | tuple):
        rows = cast(Sequence[Any], actions)
        if len(rows) != num_envs:
            raise InvalidAction(f"actions must be one for each of {num_envs} environments, got {len(rows)}")
        return np.stack([read_action(row, vocab_size, max_new_tokens) for row in rows])
    return _check(actions, (num_envs, max_new_tokens), vocab_size, "actions")


def _pad(ids: Sequence[Any], vocab_size: int, max_new_tokens: int) -> IntArray:
    if len(ids) > max_new_tokens:
        raise InvalidAction(f"action must hold at most max_new_tokens={max_new_tokens} ids, got {len(ids)}")
    strange = [part for part in ids if isinstance(part, bool) or not isinstance(part, int | np.integer)]
    if strange:
        raise InvalidAction(f"action must be a list of integer token ids, got {strange[0]!r} in it")
    outside = [part for part in ids if not 0 <= part <= vocab_size]
    if outside:
        raise InvalidAction(_range_message("action", vocab_size, outside[0]))
    row = np.full(max_new_tokens, vocab_size, np.int64)
    row[: len(ids)] = ids
    return row


def _check(action: Any, shape: tuple[int, ...], vocab_size: int, name: str) -> IntArray:
    if not isinstance(action, np.ndarray):
        mend = ": encode it by tokenizer.encode, or make the ...Text-v0 id" if isinstance(action, str) else ""
        raise InvalidAction(
            f"{name} must be an integer array of shape {shape}, got {type(action).__name__}{mend}"
        )
    array = cast(npt.NDArray[Any], action)
    if array.dtype.kind not in "iu" or array.shape != shape:
        raise InvalidAction(
            f"{name} must be an integer array of shape {shape}, got {array.dtype} of shape {array.shape}"
        )
    if array.size and (array.min() < 0 or array.max() > vocab_size):
        outside = array[(array < 0) | (array > vocab_size)][0]
        raise InvalidAction(_range_message(name, vocab_size, outside))
    return array.astype(np.int64)


def _range_message(name: str, vocab_size: int, value: Any) -> str:
    return f"{name} must hold ids in [0, {vocab_size}] ({vocab_size} stands for no token), got {int(value)}"
