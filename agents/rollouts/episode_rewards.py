"""Reads rewards and values per token from infos, and refuses infos that contradict each other or the reward.

An environment reports three things of a response: `reward`, what the step returned; `token_rewards`
(T,), what each token earned of it; `response_mask` (T,), which tokens count. All three must say the same:

    reward = sum over t of token_rewards[t],    token_rewards[t] = 0 where response_mask[t] = 0,

and the mask is 1 on the first tokens of the response and 0 on the rest. A wrapper that changes the one and
not the other, or a design that loses a token, is found here and not in a learning curve.

The sum is taken in float64. An environment that added up float32 numbers, in whatever order, is off by at
most T eps sum |r_t| (Higham 2002, eq. 4.4, with eps the spacing of float32 at 1); that much is allowed, and
no more.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

Info = Mapping[str, Any]
FloatArray = npt.NDArray[np.float64]
BoolArray = npt.NDArray[np.bool_]


def read_token_rewards(episodes: Sequence[Info], sampled: Tensor, width: int) -> tuple[Tensor, Tensor]:
    """Returns token rewards (B, T) float32 and the response mask (B, T) bool that an environment reports.

    Args:
        episodes: Info of each episode, with `token_rewards`, `response_mask` and `reward`; where there is a
            `response_length`, it is held against the mask.
        sampled: (B, T) bool, True on the tokens that were sampled.
        width: T.

    Raises:
        ValueError: If a row is missing, of another shape or of no numeric dtype; a mask is no prefix of the
            sampled tokens; a reward lies outside of it; or the rewards do not add up to that of the step.
        FloatingPointError: If a token reward or a reward is not finite.
    """
    paid = _stack(episodes, "token_rewards", width)  # (B, T), of the environment's dtype
    said = _stack(episodes, "response_mask", width)
    rewards = np.array([float(info["reward"]) for info in episodes])  # (B,) float64
    with np.errstate(over="ignore"):  # becomes infinite, and is refused
        scores = paid.astype(np.float32)  # (B, T)
    for b in np.flatnonzero(~np.isfinite(scores).all(axis=1))[:1]:
        raise FloatingPointError(f"info['token_rewards'] of episode {b}: not finite: {paid[b].tolist()}")
    for b in np.flatnonzero(~np.isfinite(rewards))[:1]:
        raise FloatingPointError(f"reward of episode {b}: expected a finite number, got {rewards[b]}")
    mask = _check_mask(episodes, said, sampled.numpy(), scores)
    _check_sums(paid, rewards)
    return torch.as_tensor(scores), torch.as_tensor(mask)


def read_prefix_values(episodes: Sequence[Info], mask: Tensor) -> Tensor | None:
    """Returns the values of the states before tokens (B, T) float32 that an environment reports, if it does.

    Args:
        episodes: Info of each episode; all have `prefix_values`, or none has.
        mask: (B, T) bool, True on the real tokens.

    Raises:
        ValueError: If a row is missing, of another shape or of no numeric dtype, or has a value outside the
            mask.
        FloatingPointError: If a value is not finite.
    """
    if not any("prefix_values" in info for info in episodes):
        return None
    said = _stack(episodes, "prefix_values", mask.shape[1])
    with np.errstate(over="ignore"):
        values = said.astype(np.float32)  # (B, T)
    for b in np.flatnonzero(~np.isfinite(values).all(axis=1))[:1]:
        raise FloatingPointError(f"info['prefix_values'] of episode {b}: not finite: {said[b].tolist()}")
    for b in np.flatnonzero((~mask.numpy() & (values != 0.0)).any(axis=1))[:1]:
        raise ValueError(
            f"info['prefix_values'] of episode {b}: expected 0 where info['response_mask'] is 0, "
            f"got {said[b].tolist()} for {int(mask[b].sum())} tokens"
        )
    return torch.as_tensor(values)


def _stack(episodes: Sequence[Info], key: str, width: int) -> npt.NDArray[Any]:
    """Returns the rows under a key of the infos, (B, T), of numbers."""
    for b, info in enumerate(episodes):
        if key not in info or np.shape(info[key]) != (width,):
            got = f"shape {np.shape(info[key])}" if key in info else "none"
            raise ValueError(f"info[{key!r}] of episode {b}: expected shape (T,) = ({width},), got {got}")
    rows = np.stack([np.asarray(info[key]) for info in episodes])
    if rows.dtype.kind not in "fiub":
        raise ValueError(f"info[{key!r}]: expected real numbers, got dtype {rows.dtype}")
    return rows


def _check_mask(
    episodes: Sequence[Info], said: npt.NDArray[Any], sampled: BoolArray, scores: npt.NDArray[np.float32]
) -> BoolArray:
    """Returns the masks (B, T) bool, after holding them against tokens, rewards and lengths."""
    mask = said == 1
    wrong = ((mask & ~sampled) | (~mask & (scores != 0.0))).any(axis=1)
    for b in np.flatnonzero(wrong)[:1]:
        raise ValueError(
            f"info['response_mask'] of episode {b}: expected 1 on sampled tokens only, no reward elsewhere, "
            f"got mask {said[b].tolist()} for {int(sampled[b].sum())} sampled tokens"
        )
    holes = (mask[:, 1:] & ~mask[:, :-1]).any(axis=1) | ((said != 0) & ~mask).any(axis=1)
    for b in np.flatnonzero(holes)[:1]:
        raise ValueError(
            f"info['response_mask'] of episode {b}: expected 1 on the first tokens and 0 on the rest, "
            f"got {said[b].tolist()}"
        )
    lengths = mask.sum(axis=1)  # (B,) int64
    for b, info in enumerate(episodes):
        if "response_length" in info and info["response_length"] != lengths[b]:
            raise ValueError(
                f"info['response_length'] of episode {b}: expected {lengths[b]}, the number of tokens in "
                f"info['response_mask'], got {info['response_length']}"
            )
    return mask


def _check_sums(paid: npt.NDArray[Any], rewards: FloatArray) -> None:
    """Checks that the token rewards of each episode add up to its reward, to rounding."""
    coarsest = max(np.finfo(np.float32).eps, np.finfo(paid.dtype).eps if paid.dtype.kind == "f" else 0.0)
    exact = paid.astype(np.float64)  # (B, T)
    sums = exact.sum(axis=1)  # (B,) float64
    tolerances = paid.shape[1] * float(coarsest) * np.abs(exact).sum(axis=1)  # (B,) float64
    for b in np.flatnonzero(np.abs(sums - rewards) > tolerances)[:1]:
        raise ValueError(
            f"info['token_rewards'] of episode {b}: expected a sum of {rewards[b]}, the reward of the step, "
            f"within {tolerances[b]:.2g}, got {sums[b]}; a wrapper that changes the one must change the other"
        )
