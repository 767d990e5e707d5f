"""Actions of a policy for given observations, in the manner of Stable-Baselines3."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import torch

from agents.policies.policy import CausalLMPolicy
from agents.rollouts.collect import IntArray, Shapes, pad_actions
from agents.rollouts.env_answers import read_observation


def predict_actions(
    policy: CausalLMPolicy,
    obs: Mapping[str, Any],
    shapes: Shapes,
    *,
    longest: int,
    eos_token_id: int,
    generator: torch.Generator,
    deterministic: bool,
) -> IntArray:
    """Returns actions, int64 (T,) or (B, T), V after the end of each response.

    Args:
        policy: Responds.
        obs: Dict(`prompt_ids`, `prompt_mask`), of one episode (P,) or several (B, P).
        shapes: Sizes of the environment.
        longest: Largest length of a response.
        eos_token_id: Ends a response.
        generator: On the CPU; unused when deterministic.
        deterministic: Take the most probable tokens instead of sampling.
    """
    single = np.ndim(obs["prompt_ids"]) == 1
    prompt_ids, prompt_mask = read_observation(
        {key: np.atleast_2d(value) for key, value in obs.items()},
        width=shapes.prompt_length,
        vocab_size=shapes.vocab_size,
    )
    generation = policy.generate(
        prompt_ids,
        prompt_mask,
        lengths=torch.full((len(prompt_ids),), longest),
        eos_token_id=eos_token_id,
        generator=generator,
        deterministic=deterministic,
    )
    actions = pad_actions(generation.response_ids, shapes)
    return actions[0] if single else actions
