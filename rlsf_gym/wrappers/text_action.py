"""Wrapper that takes strings as actions of an environment of token ids."""

from __future__ import annotations

from typing import Any, SupportsFloat, cast

import gymnasium as gym
import numpy as np
import numpy.typing as npt
from gymnasium import spaces
from gymnasium.core import ObsType
from gymnasium.utils import RecordConstructorArgs

from rlsf_gym.envs.spaces import read_text, text_space

__all__ = ["TextAction"]

Ids = npt.NDArray[np.int64]


class TextAction(gym.Wrapper[ObsType, str, ObsType, Ids], RecordConstructorArgs):
    """Wrapper that takes responses as text: encoded with the environment's tokenizer, and cut to T tokens.

    The action space becomes `UnicodeText`: every text that T tokens can spell, the empty one included. A
    text has no end token, so that `finish_reason` is `stop`, `length` or `empty`. Token rewards belong to
    the tokens of the encoded text. `rlsf_gym/SentimentText-v0` gives the prompts as text, too.

    Args:
        env: An environment whose step is a response of T token ids, and which has a tokenizer, such as
            `rlsf_gym/Sentiment-v0`.

    Raises:
        ValueError: If the environment has no tokenizer, or other actions.
    """

    def __init__(self, env: gym.Env[ObsType, Any]) -> None:
        RecordConstructorArgs.__init__(self)
        gym.Wrapper.__init__(self, env)
        self._tokenizer: Any = getattr(env.unwrapped, "tokenizer", None)
        if self._tokenizer is None:
            raise ValueError(
                f"env must have a tokenizer to encode text with, {type(env.unwrapped).__name__} has none"
            )
        self._no_token = int(self._tokenizer.vocab_size)
        space = cast(Any, env.action_space)  # partly typed
        if not isinstance(env.action_space, spaces.MultiDiscrete) or (space.nvec != self._no_token + 1).any():
            found = " ".join(repr(space).split())[:80]
            raise ValueError(
                f"env must have actions MultiDiscrete([V + 1] * T) with V = {self._no_token}, got {found}"
            )
        self._size: int = space.nvec.size
        sizes = [len(self._tokenizer.token_bytes(token)) for token in range(self._no_token)]
        self._texts = text_space(sizes, self._size)
        self.action_space = self._texts

    def step(self, action: str) -> tuple[ObsType, SupportsFloat, bool, bool, dict[str, Any]]:
        """Takes a step with a text as the response.

        Raises:
            InvalidAction: If it is not a text, is too long, or has a lone surrogate.
        """
        ids = self._tokenizer.encode(read_text(action, self._texts))[: self._size]
        row = np.full(self._size, self._no_token, np.int64)
        row[: len(ids)] = ids
        return cast(Any, self.env).step(row)
