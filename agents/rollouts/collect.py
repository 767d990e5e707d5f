"""Collects episodes: reset, generate, step, score; the only place that pads responses.

Token ids and numbers cross the border to the environment once each way; what texts its info holds is passed
on unread.
"""

from __future__ import annotations

import time
from collections.abc import Mapping
from typing import Any, NamedTuple

import numpy as np
import torch
from torch import Tensor

from agents.maths.kinds import KindRewards
from agents.maths.losses import kl_k3
from agents.maths.tensors import Rollout
from agents.policies.decoding import Generation
from agents.policies.policy import CausalLMPolicy
from agents.policies.tokenizer_match import check_tokenizers
from agents.policies.trunks.trunk import Outputs
from agents.rollouts.candidates import Feedback, read_candidates, sends_candidates
from agents.rollouts.env_answers import (
    EpisodeInfo,
    final_infos,
    read_eos_token_id,
    read_observation,
    read_step,
    split_infos,
)
from agents.rollouts.episode_rewards import read_prefix_values, read_token_rewards
from agents.rollouts.player import IntArray, Player, Shapes
from agents.rollouts.standings import KEYS
from agents.runs.watchdog import deadline


class Collected(NamedTuple):
    """One batch of collected episodes."""

    rollout: Rollout
    """Tensors on the policy's device."""
    episodes: list[EpisodeInfo]
    """Infos of reset and step of each episode, in order: the environment's keys, plus `reward`."""
    seconds: dict[str, float]
    """Wall-clock time by phase: `generate`, `score_env`, `score_reference`."""
    feedback: Feedback | None = None
    """What every next token would have earned, where it was asked for."""


def collect(
    player: Player,
    *,
    seed: int | None = None,
    options: Mapping[str, Any] | None = None,
    generator: torch.Generator | None,
    lengths: Tensor | None = None,
    exact_kl: bool = True,
    deterministic: bool = False,
    with_candidates: bool | None = False,
) -> Collected:
    """Returns one episode of each sub-environment of this process, scored by policy and reference.

    Args:
        player: Environment, policy and reference.
        seed: Passed to `reset`.
        options: Passed to `reset`, for instance `{"prompts": [...]}`.
        generator: On the CPU, for sampling; unused when deterministic.
        lengths: (B,) int64 in [1, T], the largest length of each response; None: T.
        exact_kl: `Rollout.kl` sums over the vocabulary; else it is k3.
        deterministic: Take the most probable tokens.
        with_candidates: Read what every next token would have earned; needs `exact_kl`. None: where the
            environment sends it.

    Raises:
        ValueError: If spaces, infos or lengths are not as agreed, or the token rewards of an episode do not
            add up to its reward.
        FloatingPointError: If a reward is not finite.
    """
    env, policy, reference = player.env, player.policy, player.reference
    shapes = player.shapes
    started = time.perf_counter()
    with deadline(player.step_timeout, "env.reset"):
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
    with deadline(player.step_timeout, "env.step"):
        step = env.step(actions)
    rewards, infos = read_step(step, shapes.episodes)
    ended = final_infos(infos)
    endings = split_infos(ended, shapes.episodes)
    episodes = [
        {**opening, **ending, "reward": float(reward)}
        for opening, ending, reward in zip(openings, endings, rewards, strict=True)
    ]
    rollout = _assemble(prompt_ids, prompt_mask, generation, episodes, shapes=shapes, device=policy.device)
    candidates = None
    if with_candidates or (with_candidates is None and sends_candidates(ended)):
        candidates = read_candidates(ended, rollout, vocab_size=shapes.vocab_size)
        episodes = [{key: value for key, value in info.items() if key not in KEYS} for info in episodes]
    del step, infos, ended, endings  # which hold the candidates, before the reference needs memory
    read = time.perf_counter()
    rollout, feedback = _consult(reference, rollout, policy, generation.states, candidates)
    seconds = {
        "generate": generated - was_reset,
        "score_env": (was_reset - started) + (read - generated),
        "score_reference": time.perf_counter() - read,
    }
    return Collected(rollout, episodes, seconds, feedback)


def predict_actions(
    player: Player,
    obs: Mapping[str, Any],
    *,
    longest: int,
    eos_token_id: int,
    generator: torch.Generator | None,
) -> IntArray:
    """Returns the policy's actions for given observations, int64 (T,) or (B, T), V after each response's end.

    Args:
        player: Its policy responds; its environment is not asked.
        obs: Dict(`prompt_ids`, `prompt_mask`), of one episode (P,) or several (B, P).
        longest: Largest length of a response, <= T.
        eos_token_id: Ends a response.
        generator: On the CPU, for sampling; None: take the most probable tokens.
    """
    shapes = player.shapes
    prompt_ids, prompt_mask = read_observation(
        {key: np.atleast_2d(value) for key, value in obs.items()},
        width=shapes.prompt_length,
        vocab_size=shapes.vocab_size,
    )
    generation = player.policy.generate(
        prompt_ids,
        prompt_mask,
        lengths=torch.full((len(prompt_ids),), longest),
        eos_token_id=eos_token_id,
        generator=generator,
        deterministic=generator is None,
    )
    actions = pad_actions(generation.response_ids, shapes)
    return actions[0] if np.ndim(obs["prompt_ids"]) == 1 else actions


def pad_actions(response_ids: Tensor, shapes: Shapes) -> IntArray:
    """Returns actions (B, T) int64: the responses, padded with V to T columns.

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
    """Returns the rollout before the reference has scored it, on the device."""
    spare = shapes.response_length - generation.response_ids.shape[1]
    sampled = torch.nn.functional.pad(generation.response_mask, (0, spare)).cpu()
    scores, mask = read_token_rewards(episodes, sampled, shapes.response_length)
    known = read_prefix_values(episodes, mask)
    response = torch.as_tensor(pad_actions(generation.response_ids, shapes)).masked_fill(~mask, 0)
    prompt = prompt_ids.masked_fill(~prompt_mask, 0)
    sampled_fields = [
        torch.nn.functional.pad(x, (0, spare)) * mask.to(device)
        for x in (generation.logprobs, generation.values, generation.entropy)
    ]
    empty = torch.zeros_like(sampled_fields[0])
    return Rollout(
        tokens=torch.cat([prompt, response], dim=1).to(device),
        attention_mask=torch.cat([prompt_mask, mask], dim=1).to(device),
        response_mask=mask.to(device),
        scores=scores.to(device),
        logprobs=sampled_fields[0],
        values=sampled_fields[1],
        entropy=sampled_fields[2],
        ref_logprobs=empty,
        kl=empty,
        prefix_values=None if known is None else known.to(device),
    )


@torch.no_grad()
def _consult(
    reference: CausalLMPolicy,
    rollout: Rollout,
    policy: CausalLMPolicy,
    states: Outputs | None,
    candidates: KindRewards | None,
) -> tuple[Rollout, Feedback | None]:
    """Returns the rollout with the reference's log-probs and the KL from it, and the feedback, if any.

    Args:
        reference: Scores.
        rollout: To be scored.
        policy: That sampled it.
        states: Outputs of its backbone before each token, (B, T, ...), for the exact KL.
        candidates: What the next tokens would have earned; None: it was not read.
    """
    own = None if states is None else states.take(rollout.response_mask[:, : len(states[0][0])])
    width = rollout.scores.shape[1]
    scored = reference.score(
        rollout.tokens,
        rollout.attention_mask,
        width,
        against=None if own is None else (policy, own),
        keep_states=candidates is not None,
    )
    kl = scored.kl
    if kl is None:
        kl = kl_k3(rollout.logprobs, scored.logprobs, rollout.response_mask)
    rollout = rollout._replace(ref_logprobs=scored.logprobs, kl=kl)
    if candidates is None or own is None or scored.states is None:
        return rollout, None
    return rollout, Feedback(candidates, own, scored.states)
