"""Plays one batch of episodes: reset, generate, step, score; the only place that pads.

Any Gymnasium `VectorEnv` whose episodes are one step long will do: observations Dict(`prompt_ids` (B, P),
`prompt_mask` (B, P)), actions MultiDiscrete([V + 1] * T) whose index V means no token, `token_rewards` and
`response_mask` in the info of a step, and `eos_token_id` in that of a reset. No other info is needed, but for
`prompt` in that of a reset where learners form groups; what else there is, is averaged if it is a number and
shown if it is the text under `prompt` or `response_text`. Token ids and numbers cross the border once each
way; what texts the info holds is passed on unread.
"""

from __future__ import annotations

import time
from collections.abc import Mapping
from typing import Any, NamedTuple, cast

import numpy as np
import numpy.typing as npt
import torch
from gymnasium import spaces
from gymnasium.vector import VectorEnv
from torch import Tensor

from agents.maths.losses import kl_k3
from agents.maths.tensors import Rollout
from agents.policies.decoding import Generation
from agents.policies.policy import CausalLMPolicy
from agents.policies.tokenizer_match import check_tokenizers
from agents.policies.trunks.trunk import Outputs
from agents.rollouts.env_answers import (
    EpisodeInfo,
    final_infos,
    read_eos_token_id,
    read_observation,
    read_step,
    split_infos,
)
from agents.rollouts.episode_rewards import read_token_rewards
from agents.runs.watchdog import deadline

"""Everything that the reset and the step said about one episode; keys as in the environment's documentation,
plus `reward`.
"""
Environment = VectorEnv[Any, Any, Any]
IntArray = npt.NDArray[np.int64]


class Shapes(NamedTuple):
    """Sizes that the spaces of an environment imply."""

    episodes: int
    """Episodes per step, the number of sub-environments."""
    prompt_length: int
    """P."""
    response_length: int
    """T."""
    vocab_size: int
    """V; also the index that stands for no token."""


class Collected(NamedTuple):
    """One batch of played episodes."""

    rollout: Rollout
    """Tensors on the policy's device."""
    episodes: list[EpisodeInfo]
    """One per episode, in order."""
    seconds: dict[str, float]
    """Wall-clock time by phase: `generate`, `score_env`, `score_reference`."""


def read_shapes(env: Environment) -> Shapes:
    """Returns the sizes of an environment with the spaces of the module docstring.

    Raises:
        ValueError: It is not a vector environment, or its spaces are others.
    """
    if not isinstance(cast(Any, env), VectorEnv):
        raise ValueError(
            f"env: expected a VectorEnv, got {type(env).__name__}; make one with gymnasium.make_vec"
        )
    action, observation = cast(Any, env).single_action_space, cast(Any, env).single_observation_space
    sizes: list[int] = (
        cast(Any, action).nvec.ravel().tolist() if isinstance(action, spaces.MultiDiscrete) else []
    )
    if not sizes or len(set(sizes)) != 1:
        raise ValueError(f"env: expected single_action_space MultiDiscrete([V + 1] * T), got {action}")
    if not isinstance(observation, spaces.Dict) or not {"prompt_ids", "prompt_mask"} <= set(
        cast(Any, observation)
    ):
        raise ValueError(f"env: expected observations Dict(prompt_ids, prompt_mask), got {observation}")
    prompt_length = int(cast(Any, observation["prompt_ids"]).shape[0])
    return Shapes(env.num_envs, prompt_length, len(sizes), int(sizes[0]) - 1)


def collect(
    env: Environment,
    policy: CausalLMPolicy,
    reference: CausalLMPolicy,
    *,
    seed: int | None = None,
    options: Mapping[str, Any] | None = None,
    generator: torch.Generator | None,
    lengths: Tensor | None = None,
    exact_kl: bool = True,
    deterministic: bool = False,
    step_timeout: float | None = None,
) -> Collected:
    """Returns one episode of each sub-environment, with what policy and reference say of its tokens.

    Args:
        env: As in the module docstring; autoreset SAME_STEP or DISABLED.
        policy: Samples the responses.
        reference: Scores them.
        seed: Passed to `reset`.
        options: Passed to `reset`, for instance `{"prompts": [...]}`.
        generator: On the CPU, for sampling; unused when deterministic.
        lengths: (B,) int64 in [1, T], the largest length of each response; None: T.
        exact_kl: `Rollout.kl` sums over the vocabulary; else it is k3.
        deterministic: Take the most probable tokens.
        step_timeout: Seconds within which the environment has to answer a reset or a step; the process ends
            where it does not, as `agents.runs.watchdog` says. None: it is waited for.

    Raises:
        ValueError: Spaces, infos or lengths are not as agreed, or the token rewards of an episode do not add
            up to its reward.
        FloatingPointError: A reward is not finite.
    """
    shapes = read_shapes(env)
    started = time.perf_counter()
    with deadline(step_timeout, "env.reset"):
        observation, reset_infos = env.reset(seed=seed, options=None if options is None else dict(options))
    openings = split_infos(reset_infos, shapes.episodes)
    tokenizers = {"policy": policy.tokenizer, "reference": reference.tokenizer}
    check_tokenizers(tokenizers, openings, shapes.vocab_size)
    prompt_ids, prompt_mask = read_observation(
        observation, width=shapes.prompt_length, vocab_size=shapes.vocab_size, episodes=shapes.episodes
    )
    was_reset = time.perf_counter()
    generation = policy.generate(
        prompt_ids,
        prompt_mask,
        lengths=_check_lengths(lengths, shapes),
        eos_token_id=read_eos_token_id(openings, shapes.vocab_size),
        generator=generator,
        deterministic=deterministic,
        keep_states=exact_kl,
    )
    actions = pad_actions(generation.response_ids, shapes)
    generated = time.perf_counter()
    with deadline(step_timeout, "env.step"):
        step = env.step(actions)
    rewards, infos = read_step(step, shapes.episodes)
    endings = split_infos(final_infos(infos), shapes.episodes)
    stepped = time.perf_counter()
    episodes = [
        {**opening, **ending, "reward": float(reward)}
        for opening, ending, reward in zip(openings, endings, rewards, strict=True)
    ]
    rollout = _assemble(prompt_ids, prompt_mask, generation, episodes, shapes=shapes, device=policy.device)
    rollout = _consult(reference, rollout, policy, generation.states)
    seconds = {
        "generate": generated - was_reset,
        "score_env": (was_reset - started) + (stepped - generated),
        "score_reference": time.perf_counter() - stepped,
    }
    return Collected(rollout, episodes, seconds)


def pad_actions(response_ids: Tensor, shapes: Shapes) -> IntArray:
    """Returns actions (B, T) int64: the responses, with V in every column that they leave.

    Args:
        response_ids: (B, K) int64 with K <= T, V after each end.
        shapes: Sizes of the environment.
    """
    actions = np.full((len(response_ids), shapes.response_length), shapes.vocab_size, dtype=np.int64)
    actions[:, : response_ids.shape[1]] = response_ids.cpu().numpy()
    return actions


def _check_lengths(lengths: Tensor | None, shapes: Shapes) -> Tensor:
    if lengths is None:
        return torch.full((shapes.episodes,), shapes.response_length, dtype=torch.int64)
    low, high = int(lengths.min()), int(lengths.max())
    if lengths.shape != (shapes.episodes,) or low < 1 or high > shapes.response_length:
        raise ValueError(
            f"lengths: expected shape ({shapes.episodes},) within [1, T = {shapes.response_length}], "
            f"got shape {tuple(lengths.shape)} within [{low}, {high}]"
        )
    return lengths


def _assemble(
    prompt_ids: Tensor,
    prompt_mask: Tensor,
    generation: Generation,
    episodes: list[EpisodeInfo],
    *,
    shapes: Shapes,
    device: torch.device,
) -> Rollout:
    """Returns the rollout without what the reference says, on the device."""
    spare = shapes.response_length - generation.response_ids.shape[1]
    sampled = torch.nn.functional.pad(generation.response_mask, (0, spare)).cpu()
    scores, mask = read_token_rewards(episodes, sampled, shapes.response_length)
    response = torch.as_tensor(pad_actions(generation.response_ids, shapes)).masked_fill(~mask, 0)
    prompt = prompt_ids.masked_fill(~prompt_mask, 0)
    figures = [
        torch.nn.functional.pad(x, (0, spare)) * mask.to(device)
        for x in (generation.logprobs, generation.values, generation.entropy)
    ]
    empty = torch.zeros_like(figures[0])
    return Rollout(
        tokens=torch.cat([prompt, response], dim=1).to(device),
        attention_mask=torch.cat([prompt_mask, mask], dim=1).to(device),
        response_mask=mask.to(device),
        scores=scores.to(device),
        logprobs=figures[0],
        values=figures[1],
        entropy=figures[2],
        ref_logprobs=empty,
        kl=empty,
    )


@torch.no_grad()
def _consult(
    reference: CausalLMPolicy, rollout: Rollout, policy: CausalLMPolicy, states: Outputs | None
) -> Rollout:
    """Returns the rollout with the reference's log-probs and the divergence from it.

    Args:
        reference: Scores.
        rollout: What was played.
        policy: That played.
        states: What its backbone said before each token, (B, T, ...), for the exact divergence.
    """
    against = None if states is None else (policy, states.take(rollout.response_mask[:, : len(states[0][0])]))
    width = rollout.scores.shape[1]
    scored = reference.score(rollout.tokens, rollout.attention_mask, width, against=against)
    kl = scored.kl
    if kl is None:
        kl = kl_k3(rollout.logprobs, scored.logprobs, rollout.response_mask)
    return rollout._replace(ref_logprobs=scored.logprobs, kl=kl)
