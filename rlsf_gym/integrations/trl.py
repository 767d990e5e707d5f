"""Environments as reward functions, for trainers that generate by themselves.

TRL's `GRPOTrainer` and `RLOOTrainer` take functions that are given prompts and completions and return one
number per completion. Such a number is the sum of an environment's token rewards.

A model may have more logits than its tokenizer has tokens, where its vocabulary was rounded up. An id from V
on, which the environment would read as the end of the response or refuse, is read as a token without text.
"""

from __future__ import annotations

import operator
import warnings
from collections.abc import Callable, Mapping, Sequence
from typing import Any, cast

import gymnasium as gym
import numpy as np

from rlsf_gym.text.wider_tokenizer import WiderTokenizer

__all__ = ["reward_func"]

RewardFunction = Callable[..., list[float | None]]  # as TRL has it; ours never says None
_VectorEnv = gym.vector.VectorEnv[Any, Any, Any]

_KEPT = 4  # environments, one per size of batch: the last batch of an epoch may be smaller
_STRANGE_SHARE = 0.1  # with more ids from V on than this, the trainer's tokenizer is another one
_ROUNDING = 1024  # further ids are added by so many, so that this happens rarely


def reward_func(env_id: str, **kwargs: Any) -> RewardFunction:
    """Returns a function from prompts and completions to rewards, as TRL's trainers call it.

    The reward belongs to `completion_ids`, the ids that were sampled, never to re-tokenised text; so the
    trainer's tokenizer and the environment's must be the same. What stands behind the first end token, such
    as padding, is ignored. An id from V on counts as a token without text, with one warning; a batch in which
    more than a tenth of the ids are such is refused. A trainer that offers `log_metric` is given the means of
    the score, the utility, the rules' shares and whatever other floats the info holds. In a domain whose
    episodes begin with data, that of each prompt is the column `instance` of the trainer's data set.

    The function raises ValueError, in one line, for prompts that are no strings (a conversation), for missing
    `completion_ids` and for ids that are no ids of the environment's tokenizer.

    Args:
        env_id: An environment whose step is one response of token ids, such as
            `"rlsf_gym:rlsf_gym/Sentiment-v0"`.
        **kwargs: Its keyword arguments, such as `max_new_tokens`, which must be at least the trainer's
            `max_completion_length`.

    Example:
        >>> reward = reward_func("rlsf_gym:rlsf_gym/Sentiment-v0", tokenizer="bytes", max_prompt_tokens=32)
        >>> [round(paid, 4) for paid in reward(prompts=["The film was"], completion_ids=[list(b" good")])]
        [0.4404]
    """
    environments = _Environments(env_id, kwargs)

    def reward(
        *,
        prompts: Sequence[str],
        completion_ids: Sequence[Sequence[int]] | None = None,
        instance: Sequence[Mapping[str, Any]] | None = None,
        log_metric: Callable[[str, float], None] | None = None,
        **_: Any,
    ) -> list[float | None]:
        rows = _check_batch(prompts, completion_ids)
        if not rows:
            return []
        given = {"prompts": list(prompts)} if instance is None else {"instances": list(instance)}
        rewards, infos = environments.play(given, rows)
        if log_metric is not None:
            for name, values in infos.items():
                array = np.asarray(values)
                if array.dtype.kind == "f" and array.ndim == 1:
                    log_metric(f"env/{name}", float(array.mean()))
        return cast(list[float | None], rewards.tolist())

    reward.__name__ = env_id.rpartition("/")[2]  # the name under which trainers log it
    return reward


class _Environments:
    """The vector environments of one reward function, one per size of batch.

    Args:
        env_id: Id of the environments.
        kwargs: Their keyword arguments.
    """

    def __init__(self, env_id: str, kwargs: dict[str, Any]) -> None:
        self._env_id, self._kwargs = env_id, dict(kwargs)
        self._envs: dict[int, _VectorEnv] = {}
        self._tokenizer: Any = None  # the environment's own, once ids from V on have been seen
        self._width = 0

    def play(
        self, given: dict[str, list[Any]], rows: list[list[int]]
    ) -> tuple[np.ndarray[Any, Any], dict[str, Any]]:
        """Returns the rewards (B,) of B responses, and the infos that came with them.

        Args:
            given: The options of `reset`: `prompts` or `instances`, B of them.
            rows: Token ids of the B responses.
        """
        env, eos = self._begin(given, len(rows))
        rows = [row[: row.index(eos) + 1] if eos in row else row for row in rows]
        self._check_ids(rows, env)
        largest = max(max(row, default=0) for row in rows)
        if self._tokenizer is not None and largest >= self._width:
            self._width = (largest // _ROUNDING + 1) * _ROUNDING
            self._kwargs["tokenizer"] = WiderTokenizer(self._tokenizer, self._width)
            self._close()
            env, _ = self._begin(given, len(rows))
        _, rewards, _, _, infos = env.step(rows)
        return rewards, infos

    def _begin(self, given: dict[str, list[Any]], size: int) -> tuple[_VectorEnv, int]:
        """Returns an environment that has been given what episodes begin with, and its end token."""
        if size not in self._envs:
            if len(self._envs) >= _KEPT:
                self._close()
            self._envs[size] = gym.make_vec(
                self._env_id, num_envs=size, autoreset_mode="Disabled", **self._kwargs
            )
        _, infos = self._envs[size].reset(options=given)
        return self._envs[size], int(infos["eos_token_id"][0])

    def _check_ids(self, rows: list[list[int]], env: _VectorEnv) -> None:
        """Says so at the first ids that the tokenizer does not have, and raises where they are many."""
        space = cast(Any, env).single_action_space  # partly typed
        if not isinstance(space, gym.spaces.MultiDiscrete):
            return
        sizes = np.asarray(cast(Any, space).nvec)
        vocab_size = int(sizes.flat[0]) - 1 if self._tokenizer is None else self._tokenizer.vocab_size
        strange = [token for row in rows for token in row if not 0 <= token < vocab_size]
        if not strange:
            return
        tokenizer = getattr(env.unwrapped, "tokenizer", None)
        message = (
            f"completion_ids must be ids in [0, {vocab_size - 1}] of the environment's tokenizer, "
            f"got {strange[0]} ({len(strange)} of {sum(map(len, rows))} ids are none)"
        )
        if min(strange) < 0 or tokenizer is None or len(strange) > _STRANGE_SHARE * sum(map(len, rows)):
            raise ValueError(f"{message}: give the environment the trainer's own tokenizer, tokenizer=...")
        if self._tokenizer is None:
            self._tokenizer, self._width = tokenizer, vocab_size
            warnings.warn(
                f"{message}: such ids are taken for tokens without text, as a model has that has more logits "
                "than its tokenizer has tokens",
                stacklevel=4,
            )

    def _close(self) -> None:
        for env in self._envs.values():
            env.close()
        self._envs.clear()


def _check_batch(prompts: Any, completion_ids: Any) -> list[list[int]]:
    """Returns the ids as plain lists, one for each prompt; ValueError if they are not that."""
    if completion_ids is None:
        raise ValueError(
            "completion_ids must be given, the ids that were sampled, got completions as text alone: "
            "use a trainer that passes them, such as that of trl 0.20 or later"
        )
    for prompt in prompts:
        if not isinstance(prompt, str):
            raise ValueError(
                f"prompts must be strings, got {type(prompt).__name__}: a conversation is no one text that a "
                "response continues, so apply the chat template before"
            )
    if len(completion_ids) != len(prompts):
        raise ValueError(
            f"completion_ids must be one list for each of {len(prompts)} prompts, got {len(completion_ids)}"
        )
    return [list(map(operator.index, row)) for row in completion_ids]
