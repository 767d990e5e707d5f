"""Environments as reward functions, for trainers that generate by themselves.

TRL's `GRPOTrainer` and `RLOOTrainer` take functions that are given prompts and completions and return one
number per completion. Such a number is the sum of an environment's token rewards.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, cast

from rlsf_gym.integrations.environments import EnvironmentScorer
from rlsf_gym.integrations.reading import read_instance

__all__ = ["reward_func"]

RewardFunction = Callable[..., list[float | None]]  # as TRL has it; ours never says None


def reward_func(env_id: str, *, name: str | None = None, **kwargs: Any) -> RewardFunction:
    """Returns a function from prompts and completions to rewards, as TRL's trainers call it.

    The reward belongs to `completion_ids`, the ids that were sampled, never to re-tokenised text; so the
    trainer's tokenizer and the environment's must be the same. What stands behind the first end token, such
    as padding, is ignored. An id from V on counts as a token without text, with one warning; once more than a
    tenth of all ids are such, the batch is refused. A trainer that offers `log_metric` is given the means of
    the score, the utility, the rules' shares and whatever other floats the info holds. In a domain whose
    episodes begin with data, that of each prompt is the column `instance` of the trainer's data set, a dict
    or its JSON; prompts are not read then, and may be conversations.

    The function raises ValueError, in one line, for prompts of plain text that are no strings (a
    conversation), for a missing column `instance`, for missing `completion_ids` and for ids that are no ids
    of the environment's tokenizer.

    Args:
        env_id: An environment whose step is one response of token ids, such as
            `"rlsf_gym:rlsf_gym/Sentiment-v0"`.
        name: Name under which trainers log it, for several functions of one id: `rewards/NAME/mean`, and
            `NAME/score` and the like. By default `Sentiment-v0`, and `env/score`.
        **kwargs: Its keyword arguments, such as `max_new_tokens`, which must be at least the trainer's
            `max_completion_length`.

    Example:
        >>> reward = reward_func("rlsf_gym:rlsf_gym/Sentiment-v0", tokenizer="bytes", max_prompt_tokens=32)
        >>> [round(paid, 4) for paid in reward(prompts=["The film was"], completion_ids=[list(b" good")])]
        [0.4404]
    """
    scorer = EnvironmentScorer(env_id, **kwargs)

    def reward(
        *,
        prompts: Sequence[str],
        completion_ids: Sequence[Sequence[int]] | None = None,
        instance: Sequence[Mapping[str, Any] | str] | None = None,
        log_metric: Callable[[str, float], None] | None = None,
        **_: Any,
    ) -> list[float | None]:
        ids = _check_batch(prompts, completion_ids)
        if not len(ids):
            return []
        if instance is None:
            given = {"prompts": _check_texts(prompts)}
        else:
            given = {"instances": list(map(read_instance, instance))}
        scored = scorer.score(ids, named="completion_ids", **given)
        if log_metric is not None:
            for key, values in scored.floats().items():
                log_metric(f"{name or 'env'}/{key}", float(values.mean()))
        return cast(list[float | None], scored.rewards.tolist())

    reward.__name__ = name or env_id.rpartition("/")[2]  # the name under which trainers log it
    return reward


def _check_batch(prompts: Any, completion_ids: Any) -> Any:
    """Returns the ids, one list for each prompt; ValueError if they are not that."""
    if completion_ids is None:
        raise ValueError(
            "completion_ids must be given, the ids that were sampled, got completions as text alone: "
            "use a trainer that passes them, such as that of trl 0.20 or later"
        )
    if len(completion_ids) != len(prompts):
        raise ValueError(
            f"completion_ids must be one list for each of {len(prompts)} prompts, got {len(completion_ids)}"
        )
    return completion_ids


def _check_texts(prompts: Sequence[Any]) -> list[str]:
    """Returns prompts of plain text; ValueError if one is no string."""
    for prompt in prompts:
        if not isinstance(prompt, str):
            raise ValueError(
                f"prompts must be strings, got {type(prompt).__name__}: a conversation is no one text that a "
                "response continues, so apply the chat template before, or give what episodes begin with as "
                "a column instance"
            )
    return list(prompts)
