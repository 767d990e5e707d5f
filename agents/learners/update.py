"""One update of a policy, and of its critic if any, from one batch: epochs of minibatches.

What is minimised is an argument. Where this departs from Schulman et al. (2017) and from the usual code:

1. Sums over tokens are divided by one constant, the batch's real tokens over its number of minibatches, never
   by the tokens of a response, a minibatch or a part of one.
2. The log-probs that generation gave are the old ones, as long as the first minibatch finds every ratio
   within 1e-4 of 1.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import NamedTuple, cast

import torch
from torch import Tensor

from agents.config import LearnerConfig
from agents.learners.loss import Loss
from agents.learners.update_stats import StepStats, UpdateStats, combine_parts, step_stats, summarise
from agents.maths.losses import ratio_statistics
from agents.maths.tensors import Batch, Rollout, Scored, split_rows, take_rows
from agents.parallel import ALONE, Processes
from agents.policies.policy import CausalLMPolicy
from agents.policies.scoring import KindsAsked, RefScores

RATIO_TOLERANCE = 1e-4
"""Largest distance from 1 of a ratio before the first step that rounding may explain."""


class Trained(NamedTuple):
    """One update, with what it learned from."""

    rollout: Rollout
    """Rollout as collected; rescored by the policy where log-probs and values were not its own."""
    batch: Batch
    """Batch that was prepared from the rollout."""
    stats: UpdateStats
    """The statistics of the update."""
    rescored: bool
    """Whether the rollout was scored again."""


Scoring = Callable[[CausalLMPolicy, Batch, bool], Scored]
"""From a policy, some rows of a batch, and whether the entropy is wanted, to scores with gradient."""


def score_batch(
    policy: CausalLMPolicy, batch: Batch, with_entropy: bool, *, reference: CausalLMPolicy | None = None
) -> Scored:
    """Returns the policy's scores of a batch's responses, with the kinds of next tokens that the batch has.

    Args:
        policy: Scores.
        batch: Its rows.
        with_entropy: Return the entropy.
        reference: The KL is measured from it, where the batch has its states; None: it is not.
    """
    kinds, asked = batch.kinds, None
    if kinds is not None:
        scores = None
        if reference is not None and kinds.ref_states is not None:
            scores = RefScores(reference.head, kinds.ref_states, batch.ref_logprobs)
        asked = KindsAsked(kinds.kind_of, kinds.values.shape[-1], scores)
    width = batch.response_mask.shape[1]
    return policy.score(batch.tokens, batch.attention_mask, width, with_entropy=with_entropy, asked=asked)


class StaleLogprobsError(Exception):
    """The rollout's log-probs are not those of the policy: score the rollout again."""


def train(
    policy: CausalLMPolicy,
    optimizer: torch.optim.Optimizer,
    rollout: Rollout,
    config: LearnerConfig,
    *,
    prepare: Callable[[Rollout], Batch],
    score: Scoring = score_batch,
    loss: Loss,
    generator: torch.Generator,
    processes: Processes = ALONE,
) -> Trained:
    """Updates the policy from a rollout, scored again first where generation's log-probs are not its own.

    Args:
        policy: Is changed in place.
        optimizer: Over the policy's parameters.
        rollout: Collected by the policy.
        config: Sizes and bounds of the update.
        prepare: From rollout to batch, without side effects.
        score: How the policy scores rows of the batch.
        loss: To be minimised.
        generator: On the CPU; shuffles the episodes.
        processes: Share the work, each with the whole rollout; by default this process alone.

    Raises:
        FloatingPointError: If a loss or gradient is not finite; the step was not taken.
    """
    for tolerance in (RATIO_TOLERANCE, math.inf):
        batch = prepare(rollout)
        try:
            stats = update(
                policy, optimizer, batch, config, score=score, loss=loss, generator=generator,
                ratio_tolerance=tolerance, processes=processes,
            )  # fmt: skip
        except StaleLogprobsError:
            rollout = rescore(policy, rollout, config.micro_batch_size, processes)
            continue
        return Trained(rollout, batch, stats, rescored=tolerance == math.inf)
    raise AssertionError("an infinite tolerance cannot be exceeded")


@torch.no_grad()
def rescore(policy: CausalLMPolicy, rollout: Rollout, rows: int, processes: Processes = ALONE) -> Rollout:
    """Returns the rollout with log-probs, values and probabilities of kinds as the policy scores them.

    Args:
        policy: Scores.
        rollout: As collected.
        rows: Episodes that are scored at a time.
        processes: Score a share each.
    """
    width = rollout.scores.shape[1]
    whole = processes.share(rollout.tokens), processes.share(rollout.attention_mask)
    pieces = zip(*(split_rows(x, rows) for x in whole), strict=True)
    kinds = rollout.kinds
    asked = None if kinds is None else KindsAsked(kinds.kind_of, kinds.rewards.shape[-1])
    scored = [policy.score(tokens, mask, width, asked=asked) for tokens, mask in pieces]
    if kinds is not None:
        found = torch.cat([piece.kinds for piece in scored if piece.kinds is not None])
        kinds = kinds._replace(probabilities=processes.gather_rows(found))
    return rollout._replace(
        logprobs=processes.gather_rows(torch.cat([piece.logprobs for piece in scored])),
        values=processes.gather_rows(torch.cat([piece.values for piece in scored])),
        kinds=kinds,
    )


def update(
    policy: CausalLMPolicy,
    optimizer: torch.optim.Optimizer,
    batch: Batch,
    config: LearnerConfig,
    *,
    score: Scoring = score_batch,
    loss: Loss,
    generator: torch.Generator,
    ratio_tolerance: float = RATIO_TOLERANCE,
    processes: Processes = ALONE,
) -> UpdateStats:
    """Runs the epochs of an update, in place, and returns its statistics.

    Parameters that do not require a gradient stay as they are.

    Args:
        policy: Is scored, and changed by the optimiser.
        optimizer: Over the policy's parameters.
        batch: A rollout, prepared.
        config: Sizes and bounds of the update.
        score: How the policy scores rows of the batch.
        loss: To be minimised.
        generator: On the CPU; shuffles the episodes.
        ratio_tolerance: Largest distance from 1 of a ratio of the first minibatch.
        processes: Share the rows of each minibatch; by default this process alone.

    Raises:
        StaleLogprobsError: If a ratio of the first minibatch is off 1; nothing was changed but the generator.
        FloatingPointError: If a loss or gradient is not finite; the step was not taken.
    """
    denominator = float(batch.response_mask.sum()) / config.minibatches
    has_tokens = batch.response_mask.any(-1).cpu()  # (B,) bool
    seen: list[StepStats] = []
    norms: list[float] = []
    for _ in range(config.num_ppo_epochs):
        order = torch.randperm(config.batch_size, generator=generator)
        for rows in split_rows(order, config.minibatch_size):
            if not bool(has_tokens[rows].any()):
                continue  # nothing to learn from, and a step would only follow Adam's momentum
            optimizer.zero_grad()
            stats = accumulate_gradients(
                policy, batch, rows, config, score=score, loss=loss, denominator=denominator,
                processes=processes,
            )  # fmt: skip
            if not seen and stats.ratio_error > ratio_tolerance:
                raise StaleLogprobsError(f"ratio off 1 by {stats.ratio_error:.2g} before the first step")
            seen.append(stats)
            if config.max_approxkl is not None and stats.approx_kl > config.max_approxkl:
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
    score: Scoring = score_batch,
    loss: Loss,
    denominator: float,
    processes: Processes = ALONE,
) -> StepStats:
    """Adds the gradients of a minibatch to the parameters, part by part, and returns its statistics.

    Of several processes each adds those of its own rows, and all return the statistics of the whole.

    Args:
        policy: Is scored with gradient.
        batch: A rollout, prepared.
        rows: (N,) int64, the episodes of the minibatch.
        config: `micro_batch_size` episodes are scored at a time, with their entropy if it has a weight.
        score: How the policy scores rows of the batch.
        loss: To be minimised.
        denominator: Constant that sums over tokens are divided by.
        processes: Share the rows; by default this process alone.
    """
    mine = split_rows(processes.share(rows).to(batch.tokens.device), config.micro_batch_size)
    parts: list[StepStats] = []
    for part in mine:
        taken = take_rows(batch, part)
        scored = score(policy, taken, config.entropy_coef > 0.0)
        found = loss(scored, taken, denominator)
        ratios = ratio_statistics(
            scored.logprobs, taken.logprobs, taken.response_mask, denominator=denominator
        )
        parts.append(step_stats(ratios, found.statistics))
        _check_finite(found.loss.item(), parts[-1])
        found.loss.backward()  # pyright: ignore[reportUnknownMemberType]
    tokens = [int(batch.response_mask[part].sum()) for part in mine]
    return combine_parts(parts, tokens, processes)


def _check_finite(loss: float, stats: StepStats) -> None:
    numbers = {**stats.terms, **stats._asdict(), "loss": loss}
    del numbers["terms"]
    wrong = [f"{name} {value}" for name, value in numbers.items() if not math.isfinite(value)]
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
