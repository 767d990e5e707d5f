"""Environments as reward functions, for trainers that generate by themselves.

TRL's `GRPOTrainer` and `RLOOTrainer` take functions that are given prompts and completions and return one
number per completion. Such a number is the sum of an environment's token rewards.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, cast

import gymnasium as gym

__all__ = ["reward_func"]

RewardFunction = Callable[..., list[float]]


def reward_func(env_id: str, **kwargs: Any) -> RewardFunction:
    """Returns a function from prompts and completions to rewards, as TRL's trainers call it.

    The reward is laid on `completion_ids`, the ids that were sampled, never on re-tokenised text; so the
    trainer's tokenizer and the environment's must be the same. A trainer that offers `log_metric` is given
    the means of the score, the utility, the rules' shares and whatever other floats the info holds.

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
    batches: dict[int, gym.vector.VectorEnv[Any, Any, Any]] = {}  # the last batch of an epoch may be smaller

    def reward(
        *,
        prompts: Sequence[str],
        completion_ids: Sequence[Sequence[int]],
        log_metric: Callable[[str, float], None] | None = None,
        **_: Any,
    ) -> list[float]:
        size = len(prompts)
        if size not in batches:
            batches[size] = gym.make_vec(env_id, num_envs=size, autoreset_mode="Disabled", **kwargs)
        batches[size].reset(options={"prompts": list(prompts)})
        _, rewards, _, _, infos = batches[size].step([list(ids) for ids in completion_ids])
        if log_metric is not None:
            for name, values in infos.items():
                if values.dtype.kind == "f" and values.ndim == 1:
                    log_metric(f"env/{name}", float(values.mean()))
        return cast(list[float], rewards.tolist())

    reward.__name__ = env_id.rpartition("/")[2]  # the name under which trainers log it
    return reward
