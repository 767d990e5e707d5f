"""Forms of observations and actions: token ids, or text."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from typing import Any, Protocol, cast

import numpy as np
import numpy.typing as npt
from gymnasium import spaces
from gymnasium.error import InvalidAction

from rlsf_gym.envs.spaces import (
    IntArray,
    prompt_space,
    read_action,
    read_actions,
    read_text,
    response_space,
    text_space,
)
from rlsf_gym.envs.task import Task
from rlsf_gym.remembered import Remembered
from rlsf_gym.text.tokenizer import Tokenizer

__all__ = ["Form", "TextForm", "TokenForm"]


class Form(Protocol):
    """Protocol of a form: the observation and action spaces, with conversion to and from token ids."""

    def __init__(self, task: Task) -> None: ...

    @property
    def observation_space(self) -> spaces.Space[Any]:
        """Space of the observations that `observe` returns."""
        ...

    @property
    def action_space(self) -> spaces.Space[Any]:
        """Space of the actions that `read` takes."""
        ...

    def observe(self, prompt: str) -> Any:
        """Returns a fresh observation of a prompt; ValueError if it has more than P tokens."""
        ...

    def stack(self, observations: Sequence[Any]) -> Any:
        """Returns B observations as one of the batched space, with fresh arrays."""
        ...

    def read(self, action: Any) -> IntArray:
        """Returns an action as token ids, int64 (T,), padded with V; InvalidAction if it is not one."""
        ...

    def read_batch(self, actions: Any, num_envs: int) -> IntArray:
        """Returns B actions as token ids, int64 (B, T), padded with V; InvalidAction if one is not."""
        ...


class TokenForm:
    """Form of token ids: observations are left-padded prompt ids, actions are padded response ids."""

    def __init__(self, task: Task) -> None:
        self._task = task
        self._vocab_size = task.tokenizer.vocab_size
        self._padded = Remembered[tuple[IntArray, npt.NDArray[np.int8]]](_measure)
        self.observation_space = prompt_space(self._vocab_size, task.max_prompt_tokens)
        self.action_space = response_space(self._vocab_size, task.max_new_tokens)

    def observe(self, prompt: str) -> dict[str, npt.NDArray[Any]]:
        """Returns `prompt_ids` int64 (P,) and `prompt_mask` int8 (P,)."""
        padded = self._padded.get(prompt)
        if padded is None:
            padded = self._pad(self._task.encode_prompt(prompt))
            self._padded.put(prompt, padded)
        prompt_ids, prompt_mask = padded
        return {"prompt_ids": prompt_ids.copy(), "prompt_mask": prompt_mask.copy()}

    def _pad(self, ids: IntArray) -> tuple[IntArray, npt.NDArray[np.int8]]:
        """Returns a prompt's K ids behind padding, int64 (P,), and which are ids, int8 (P,)."""
        width = self._task.max_prompt_tokens
        prompt_ids = np.zeros(width, np.int64)
        prompt_ids[width - len(ids) :] = ids
        prompt_mask = np.zeros(width, np.int8)
        prompt_mask[width - len(ids) :] = 1
        return prompt_ids, prompt_mask

    def stack(self, observations: Sequence[Any]) -> dict[str, npt.NDArray[Any]]:
        """Returns `prompt_ids` int64 (B, P) and `prompt_mask` int8 (B, P)."""
        return {key: np.array([one[key] for one in observations]) for key in ("prompt_ids", "prompt_mask")}

    def read(self, action: Any) -> IntArray:
        """Returns T ids from an integer array (T,) padded with V, or a list of up to T ids."""
        return read_action(action, self._vocab_size, self._task.max_new_tokens)

    def read_batch(self, actions: Any, num_envs: int) -> IntArray:
        """Returns (B, T) ids from an integer array (B, T), or a list of B single actions."""
        return read_actions(actions, num_envs, self._vocab_size, self._task.max_new_tokens)


class TextForm:
    """Form of text: observations and actions are strings; a response is cut to its first T tokens."""

    def __init__(self, task: Task) -> None:
        self._task = task
        sizes = _token_sizes(task.tokenizer)
        self.observation_space = text_space(sizes, task.max_prompt_tokens)
        self.action_space = text_space(sizes, task.max_new_tokens)

    def observe(self, prompt: str) -> str:
        """Returns the prompt."""
        self._task.encode_prompt(prompt)  # says so if it is too long
        return prompt

    def stack(self, observations: Sequence[Any]) -> tuple[str, ...]:
        """Returns the B prompts."""
        return tuple(observations)

    def read(self, action: Any) -> IntArray:
        """Returns the first T ids of a text."""
        text = read_text(action, self.action_space)
        try:
            ids = self._task.tokenizer.encode(text)[: self._task.max_new_tokens]
        except ValueError as error:  # a vocabulary that can't spell every text
            raise InvalidAction(f"action can't be encoded: {error}") from error
        row = np.full(self._task.max_new_tokens, self._task.tokenizer.vocab_size, np.int64)
        row[: len(ids)] = ids
        return row

    def read_batch(self, actions: Any, num_envs: int) -> IntArray:
        """Returns (B, T) ids from B texts."""
        if isinstance(actions, str) or not isinstance(actions, Sequence | np.ndarray):
            raise InvalidAction(f"actions must be {num_envs} texts, got {type(actions).__name__}")
        texts = cast(Sequence[Any], actions)
        if len(texts) != num_envs:
            raise InvalidAction(f"actions must be one for each of {num_envs} environments, got {len(texts)}")
        return np.stack([self.read(text) for text in texts])


def _measure(arrays: tuple[IntArray, npt.NDArray[np.int8]]) -> int:
    return sum(map(sys.getsizeof, arrays))


def _token_sizes(tokenizer: Tokenizer) -> list[int]:
    return [len(tokenizer.token_bytes(token)) for token in range(tokenizer.vocab_size)]
