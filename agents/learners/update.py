"""One update of policy and critic, if any, from one batch: shaped rewards, advantages, epochs of minibatches.

Where this departs from Schulman et al. (2017) and from the usual code:

1. Sums over tokens are divided by one constant, the batch's real tokens over its number of minibatches, never
   by the tokens of a response, a minibatch or a part of one.
2. Rewards are scaled without shifting their mean; advantages are centred and scaled over all real tokens of
   the batch.
3. The log-probs that generation gave are the old ones, as long as the first minibatch finds every ratio
   within 1e-4 of 1.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from typing import NamedTuple, cast

import torch
from torch import Tensor

from agents.config import LearnerConfig
from agents.learners.update_stats import StepFigures, UpdateFigures, combine_parts, summarise
from agents.maths.losses import clipped_surrogate, masked_sum, value_loss
from agents.maths.returns import charge_missing_end, entropy_share, kl_shaped_rewards
from agents.maths.tensors import Batch, Estimates, Rollout, split_rows, take_rows, whiten
from agents.parallel import ALONE, Processes
from agents.policies.policy import CausalLMPolicy

RATIO_TOLERANCE = 1e-4
"""Largest distance from 1 of a ratio before the first step that rounding may explain."""


class Trained(NamedTuple):
    """One update, with what it learned from."""

    rollout: Rollout
    """As played; with log-probs and values scored again, where those of generation were not the policy's."""
    rewards: Tensor
    """(B, T) float32: scores less the price of divergence."""
    batch: Batch
    """What the update read."""
    figures: UpdateFigures
    """What the update measured."""
    rescored: bool
    """Whether the rollout was scored again."""


Estimator = Callable[[Rollout, Tensor], Estimates]
"""From a rollout and its shaped rewards (B, T) float32 to what an update learns from."""


class StaleLogprobsError(Exception):
    """The rollout's log-probs are not those of the policy: score the rollout again."""


def train(
    policy: CausalLMPolicy,
    optimizer: torch.optim.Optimizer,
    rollout: Rollout,
    config: LearnerConfig,
    *,
    estimate: Estimator,
    kl_coef: float,
    score_scale: float = 1.0,
    eos_token_id: int,
    generator: torch.Generator,
    processes: Processes = ALONE,
) -> Trained:
    """Updates the policy from a rollout, scored again first where generation's log-probs are not its own.

    Args:
        policy: Is changed in place.
        optimizer: Over the policy's parameters.
        rollout: What the policy played.
        config: Settings of the update.
        estimate: From rewards to advantages.
        kl_coef: Price of a nat of divergence.
        score_scale: Scores are divided by it, > 0.
        eos_token_id: Id of the end token.
        generator: On the CPU; shuffles the episodes.
        processes: Who shares the work, each with the whole rollout; by default this process alone.

    Raises:
        FloatingPointError: A loss or gradient is not finite; the step was not taken.
    """
    for tolerance in (RATIO_TOLERANCE, math.inf):
        rewards = shape_rewards(
            rollout, config, kl_coef=kl_coef, score_scale=score_scale, eos_token_id=eos_token_id
        )
        batch = make_batch(rollout, rewards, config, estimate)
        try:
            figures = update(
                policy, optimizer, batch, config, generator=generator, ratio_tolerance=tolerance,
                processes=processes,
            )  # fmt: skip
        except StaleLogprobsError:
            rollout = rescore(policy, rollout, config.micro_batch_size, processes)
            continue
        return Trained(rollout, rewards, batch, figures, rescored=tolerance == math.inf)
    raise AssertionError("an infinite tolerance cannot be exceeded")


def shape_rewards(
    rollout: Rollout,
    config: LearnerConfig,
    *,
    kl_coef: float,
    score_scale: float = 1.0,
    eos_token_id: int,
) -> Tensor:
    """Returns scores over their scale, less the price of divergence and of a missing end, (B, T) float32.

    Where `reward_share` is "entropy", what the environment laid on the tokens of a response is laid on them
    anew first, in proportion to the policy's entropies.
    """
    mask, scores = rollout.response_mask, rollout.scores / score_scale
    if config.reward_share == "entropy":
        scores = entropy_share(scores.sum(-1), rollout.entropy, mask)
    rewards = kl_shaped_rewards(scores, rollout.logprobs, rollout.ref_logprobs, mask, kl_coef)
    if config.missing_eos_penalty:
        response = rollout.tokens[:, rollout.prompt_length :]
        rewards = charge_missing_end(
            rewards, response, mask, eos_token_id=eos_token_id, penalty=config.missing_eos_penalty
        )
    return rewards


def make_batch(rollout: Rollout, rewards: Tensor, config: LearnerConfig, estimate: Estimator) -> Batch:
    """Returns what an update reads: the rollout with advantages and the critic's targets.

    Args:
        rollout: What was played.
        rewards: (B, T) float32, from `shape_rewards`.
        config: The two whitenings are read.
        estimate: From rewards to advantages.
    """
    mask = rollout.response_mask
    if config.whiten_rewards:
        rewards = whiten(rewards, mask, shift_mean=False)
    advantages, returns = estimate(rollout, rewards)
    if config.whiten_advantages:
        advantages = whiten(advantages, mask, shift_mean=True)
    return Batch(
        tokens=rollout.tokens,
        attention_mask=rollout.attention_mask,
        response_mask=mask,
        logprobs=rollout.logprobs,
        values=rollout.values,
        advantages=advantages,
        returns=returns,
    )


@torch.no_grad()
def rescore(policy: CausalLMPolicy, rollout: Rollout, rows: int, processes: Processes = ALONE) -> Rollout:
    """Returns the rollout with log-probs and values as the policy scores them, `rows` episodes at a time."""
    width = rollout.scores.shape[1]
    whole = processes.share(rollout.tokens), processes.share(rollout.attention_mask)
    pieces = zip(*(split_rows(x, rows) for x in whole), strict=True)
    scored = [policy.score(tokens, mask, width) for tokens, mask in pieces]
    return rollout._replace(
        logprobs=processes.gather_rows(torch.cat([piece.logprobs for piece in scored])),
        values=processes.gather_rows(torch.cat([piece.values for piece in scored])),
    )


def update(
    policy: CausalLMPolicy,
    optimizer: torch.optim.Optimizer,
    batch: Batch,
    config: LearnerConfig,
    *,
    generator: torch.Generator,
    ratio_tolerance: float = RATIO_TOLERANCE,
    processes: Processes = ALONE,
) -> UpdateFigures:
    """Runs the epochs of an update, in place, and returns what they measured.

    Parameters that do not require a gradient stay as they are.

    Args:
        policy: Is scored, and changed by the optimiser.
        optimizer: Over the policy's parameters.
        batch: From `make_batch`.
        config: Settings of the update.
        generator: On the CPU; shuffles the episodes.
        ratio_tolerance: Largest distance from 1 of a ratio of the first minibatch.
        processes: Who shares the rows of each minibatch; by default this process alone.

    Raises:
        StaleLogprobsError: A ratio of the first minibatch is off 1; nothing was changed but the generator.
        FloatingPointError: A loss or gradient is not finite; the step was not taken.
    """
    denominator = float(batch.response_mask.sum()) / config.minibatches
    told = batch.response_mask.any(-1).cpu()  # (B,) bool, of the responses that have tokens
    seen: list[StepFigures] = []
    norms: list[float] = []
    for _ in range(config.num_ppo_epochs):
        order = torch.randperm(config.batch_size, generator=generator)
        for rows in split_rows(order, config.minibatch_size):
            if not bool(told[rows].any()):
                continue  # nothing to learn from, and a step would only follow Adam's momentum
            optimizer.zero_grad()
            figures = accumulate_gradients(
                policy, batch, rows, config, denominator=denominator, processes=processes
            )
            if not seen and figures.ratio_error > ratio_tolerance:
                raise StaleLogprobsError(f"ratio off 1 by {figures.ratio_error:.2g} before the first step")
            seen.append(figures)
            if config.max_approxkl is not None and figures.approx_kl > config.max_approxkl:
                return summarise(seen, norms)
            processes.sum_gradients(policy.parameters())
            norms.append(_step(policy, optimizer, config))
    return summarise(seen, norms)


def accumulate_gradients(
    policy: CausalLMPolicy,
    batch: Batch,
    rows: Tensor,
    config: LearnerConfig,
    *,
    denominator: float,
    processes: Processes = ALONE,
) -> StepFigures:
    """Adds the gradients of a minibatch to the parameters, part by part, and returns what it measured.

    Of several processes each adds those of its own rows, and all return what the whole minibatch measured.

    Args:
        policy: Is scored with gradient.
        batch: From `make_batch`.
        rows: (N,) int64, the episodes of the minibatch.
        config: Settings of the losses; `micro_batch_size` episodes are scored at a time.
        denominator: Constant that sums over tokens are divided by.
        processes: Who shares the rows; by default this process alone.
    """
    mine = split_rows(processes.share(rows).to(batch.tokens.device), config.micro_batch_size)
    parts = [
        _part_gradients(policy, take_rows(batch, part), config, denominator=denominator) for part in mine
    ]
    tokens = [int(batch.response_mask[part].sum()) for part in mine]
    return combine_parts(parts, tokens, processes)


def _part_gradients(
    policy: CausalLMPolicy, part: Batch, config: LearnerConfig, *, denominator: float
) -> StepFigures:
    mask = part.response_mask
    scored = policy.score(
        part.tokens, part.attention_mask, mask.shape[1], with_entropy=config.entropy_coef > 0.0
    )
    surrogate = clipped_surrogate(
        scored.logprobs,
        part.logprobs,
        part.advantages,
        mask,
        cliprange=config.cliprange,
        cliprange_high=config.cliprange_high,
        denominator=denominator,
    )
    loss, critic_loss = surrogate.loss, 0.0
    if config.critic is not None and part.returns is not None:
        critic = value_loss(
            scored.values,
            part.values,
            part.returns,
            mask,
            cliprange_value=config.critic.cliprange_value,
            denominator=denominator,
        )
        loss, critic_loss = loss + config.critic.vf_coef * critic, critic.item()
    if scored.entropy is not None:
        loss = loss - config.entropy_coef * masked_sum(scored.entropy, mask, denominator)
    figures = StepFigures(surrogate.loss.item(), critic_loss, *(figure.item() for figure in surrogate[1:]))
    _check_finite({**figures._asdict(), "total_loss": loss.item()})
    loss.backward()  # pyright: ignore[reportUnknownMemberType]
    return figures


def _check_finite(figures: Mapping[str, float]) -> None:
    wrong = [f"{name} {value}" for name, value in figures.items() if not math.isfinite(value)]
    if wrong:
        raise FloatingPointError(f"loss is not finite, no step was taken: {', '.join(wrong)}")


def _step(policy: CausalLMPolicy, optimizer: torch.optim.Optimizer, config: LearnerConfig) -> float:
    """Takes one step and returns the gradient's norm before it was scaled down."""
    parameters = [p for p in policy.parameters() if p.grad is not None]
    total = torch.nn.utils.get_total_norm([cast(Tensor, p.grad) for p in parameters])
    norm = total.item()
    if not math.isfinite(norm):
        raise FloatingPointError(f"norm of the gradients is not finite, no step was taken: {norm}")
    if norm > config.max_grad_norm:  # below it, torch would multiply all by 1
        torch.nn.utils.clip_grads_with_norm_(parameters, config.max_grad_norm, total)
    optimizer.step()
    return norm
