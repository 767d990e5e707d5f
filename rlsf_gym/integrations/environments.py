"""Environments as scorers of responses that were sampled elsewhere.

A model may have more logits than its tokenizer has tokens, where its vocabulary was rounded up. An id from V
on, which the environment would read as the end of the response or refuse, is read as a token without text:
all of them as one further id.
"""

from __future__ import annotations

import operator
import warnings
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, NamedTuple, cast

import gymnasium as gym
import numpy as np
import numpy.typing as npt

from rlsf_gym.text.wider_tokenizer import WiderTokenizer

__all__ = ["EnvironmentScorer", "Scored"]

_VectorEnv = gym.vector.VectorEnv[Any, Any, Any]

_KEPT = 4  # environments, one per size of batch: the last batch of an epoch may be smaller
_BEGINNINGS = {
    "instance": "data, a dict or its JSON for each response: the column instance of TRL's data set, "
    "ground_truth of verl's and SkyRL's",
    "prompt": "a text: leave the column instance out, or name another domain, domain=...",
}
_STRANGE_SHARE = 0.1  # with more ids from V on than this, the trainer's tokenizer is another one


class Scored(NamedTuple):
    """Rewards of B responses."""

    rewards: npt.NDArray[np.float64]
    """Sum of the token rewards of each response, float64 (B,)."""
    token_rewards: list[list[float]]
    """Reward of each id that was given, B lists: 0 behind the first end token."""
    infos: dict[str, Any]
    """Infos of the vector environment, in columns of B rows."""

    def floats(self) -> dict[str, npt.NDArray[Any]]:
        """Returns the infos that are one float an episode, such as `score` and `solved`: columns (B,)."""
        columns = {name: np.asarray(column) for name, column in self.infos.items()}
        return {name: one for name, one in columns.items() if one.dtype.kind == "f" and one.ndim == 1}


class EnvironmentScorer:
    """Scorer of sampled responses: an environment whose step is one response of token ids.

    Args:
        env_id: Its id, such as `"rlsf_gym:rlsf_gym/Countdown-v0"`.
        **kwargs: Its keyword arguments, such as `tokenizer`, which must be the trainer's, and
            `max_new_tokens`, which must be at least the trainer's longest response.

    Example:
        >>> scorer = EnvironmentScorer("rlsf_gym:rlsf_gym/Sentiment-v0", tokenizer="bytes")
        >>> scored = scorer.score([[*b" good", 256, 256]], prompts=["The film was"])
        >>> scored.rewards.round(4).tolist(), [round(reward, 4) for reward in scored.token_rewards[0]]
        ([0.4404], [0.0, 0.0, 0.0, 0.0, 0.0, 0.4404, 0.0])
    """

    def __init__(self, env_id: str, **kwargs: Any) -> None:
        self.env_id, self._kwargs = env_id, kwargs
        self._envs: dict[int, _VectorEnv] = {}
        self._vocab_size: int | None = None  # of its tokenizer, once ids from V on have been seen
        self._given, self._given_strange = 0, 0  # ids so far, and those from V on

    def score(
        self, ids: Iterable[Any], *, named: str = "ids", **given: Sequence[Any] | npt.NDArray[Any]
    ) -> Scored:
        """Returns the rewards of B responses.

        Args:
            ids: Token ids that were sampled, B lists, arrays or tensors of any integer type and device,
                without padding. What stands behind the first end token is ignored.
            named: What the trainer calls them, for messages.
            **given: What the episodes begin with: `prompts`, B texts, or `instances`, B dicts.

        Raises:
            ValueError: If there are none, they are no ints, or ids of another tokenizer: any below 0, or more
                than a tenth of all that were ever given from V on. Fewer of those are read as tokens without
                text, with one warning. If prompts are given where episodes begin with data, or reversed.
            InvalidAction: If a response is longer than `max_new_tokens`.
        """
        whole = [_read_ids(row, named) for row in ids]
        if not whole:
            raise ValueError(f"{named} must be of at least one response, got none")
        options = {name: list(values) for name, values in given.items()}
        env, eos = self._begin(options, len(whole))
        rows = [row[: row.index(eos) + 1] if eos in row else row for row in whole]
        if self._meets_strange_ids(rows, env, named):
            env, _ = self._begin(options, len(rows))
        if self._vocab_size is not None:
            rows = [[min(token, self._vocab_size) for token in row] for row in rows]
        _, rewards, _, _, infos = env.step(rows)
        paid = [
            [*vector[: len(row)].tolist(), *[0.0] * (len(all_ids) - len(row))]
            for vector, row, all_ids in zip(infos["token_rewards"], rows, whole, strict=True)
        ]
        return Scored(rewards, paid, infos)

    def _begin(self, options: dict[str, list[Any]], size: int) -> tuple[_VectorEnv, int]:
        """Returns an environment that has been given what episodes begin with, and its end token."""
        if size not in self._envs:
            if len(self._envs) >= _KEPT:
                self.close()
            self._envs[size] = gym.make_vec(
                self.env_id, num_envs=size, autoreset_mode="Disabled", **self._kwargs
            )
        _check_opening(self._envs[size], options)
        _, infos = self._envs[size].reset(options=options)
        return self._envs[size], int(infos["eos_token_id"][0])

    def _meets_strange_ids(self, rows: list[list[int]], env: _VectorEnv, named: str) -> bool:
        """Returns whether there are the first ids from V on, for which it warns and widens the tokenizer.

        Raises:
            ValueError: If they are many, or any is below 0.
        """
        space = cast(Any, env).single_action_space  # partly typed
        if not isinstance(space, gym.spaces.MultiDiscrete):
            return False
        sizes = np.asarray(cast(Any, space).nvec)
        vocab_size = int(sizes.flat[0]) - 1 if self._vocab_size is None else self._vocab_size
        strange = [token for row in rows for token in row if not 0 <= token < vocab_size]
        # Over all batches, as trainers may score responses one by one, and short ones say little.
        given, given_strange = self._given + sum(map(len, rows)), self._given_strange + len(strange)
        if not strange:
            self._given = given
            return False
        tokenizer = getattr(env.unwrapped, "tokenizer", None)
        message = (
            f"{named} must be ids in [0, {vocab_size - 1}] of the environment's tokenizer, "
            f"got {strange[0]} ({len(strange)} of {sum(map(len, rows))} ids are outside)"
        )
        if min(strange) < 0 or tokenizer is None or given_strange > _STRANGE_SHARE * given:
            raise ValueError(f"{message}: give the environment the trainer's own tokenizer, tokenizer=...")
        self._given, self._given_strange = given, given_strange
        if self._vocab_size is not None:
            return False
        self._vocab_size = vocab_size
        self._kwargs["tokenizer"] = WiderTokenizer(tokenizer, vocab_size + 1)
        self.close()
        warnings.warn(
            f"{message}: such ids are taken for tokens without text, as a model has that has more logits "
            "than its tokenizer has tokens",
            stacklevel=4,
        )
        return True

    def close(self) -> None:
        """Closes its environments, up to four; one that is asked again makes them anew."""
        for env in self._envs.values():
            env.close()
        self._envs.clear()


def _check_opening(env: _VectorEnv, options: Mapping[str, Any]) -> None:
    """Raises ValueError where episodes begin with data and texts are given, or the other way round."""
    task = getattr(env.unwrapped, "task", None)
    if task is None or not options or not {task.option, f"{task.option}s"}.isdisjoint(options):
        return
    raise ValueError(
        f"{task.option}s must be given, got {', '.join(options)}: episodes of domain {task.domain.name!r} "
        f"begin with {_BEGINNINGS[task.option]}"
    )


def _read_ids(ids: Any, named: str) -> list[int]:
    if isinstance(ids, str):
        raise ValueError(
            f"{named} must be the token ids that were sampled, got text: tokenised again it may have other "
            "tokens, to which the rewards do not belong"
        )
    try:
        return list(map(operator.index, ids.tolist() if hasattr(ids, "tolist") else ids))
    except TypeError as error:
        raise ValueError(f"{named} must be flat lists of ints, got {ids!r:.80}") from error
