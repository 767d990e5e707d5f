"""Assigns what units earn to the tokens that completed them."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from rlsf_gym.evidence import Evidence, FloatArray, IntArray

__all__ = ["completing_tokens", "conserve", "assign_to_tokens", "list_players", "share_out"]

# Rewards whose absolute values add up to less are rounding: nothing to be in proportion to.
_NOTHING = 1e-12


def completing_tokens(evidence: Evidence, char_ends: npt.ArrayLike) -> IntArray:
    """Returns the position of the token that completed the character before each offset, int64 (N,).

    Args:
        evidence: The response.
        char_ends: Offsets into prompt + response, beyond the prompt, (N,).
    """
    return np.searchsorted(evidence.char_spans[: evidence.length, 1], char_ends).astype(np.int64)


def list_players(evidence: Evidence) -> list[list[int]]:
    """Returns the response's units as the players of a game: those that one token completed are one player.

    A token is paid once, so that what its units do apart cannot be told by its reward; and one player's
    marginal contributions never exceed the range of the utility.

    Returns:
        Numbers of units (rows of `evidence.hindsight.units()`), by player in the order of the text.
    """
    ends = evidence.hindsight.unit_ends()
    starts = np.flatnonzero(np.diff(completing_tokens(evidence, ends), prepend=-1))
    numbers = np.arange(len(ends))
    return [player.tolist() for player in np.split(numbers, starts[1:])] if len(ends) else []


def assign_to_tokens(evidence: Evidence, players: list[list[int]], shares: FloatArray) -> FloatArray:
    """Returns the players' shares on the tokens that completed their units, float64 (T,).

    Args:
        evidence: The response.
        players: Numbers of units, by player.
        shares: float64 (N,), one share per player.
    """
    rewards = np.zeros(evidence.mask.shape)
    if players:
        ends = evidence.hindsight.unit_ends()[[player[-1] for player in players]]
        rewards[completing_tokens(evidence, ends)] = shares
    return rewards


def conserve(evidence: Evidence, rewards: FloatArray) -> FloatArray:
    """Returns the rewards with what they lack of the gain shared out on them.

    Args:
        evidence: The response.
        rewards: float64 (T,), zero at padding.
    """
    return share_out(evidence, rewards, evidence.gain - float(rewards.sum()))


def share_out(evidence: Evidence, rewards: FloatArray, amount: float) -> FloatArray:
    """Returns the rewards with an amount added in proportion to their absolute values, float64 (T,).

    Where all rewards are 0, the last token gets it.

    Args:
        evidence: The response.
        rewards: float64 (T,), zero at padding.
        amount: What is added in all.
    """
    if not evidence.length:
        return rewards
    weights = np.abs(rewards)
    total = weights.sum()
    if total > _NOTHING:
        return rewards + amount * (weights / total)
    shared = rewards.copy()
    shared[evidence.length - 1] += amount
    return shared
