"""Designs that ask what the utility would be without some of the units.

The players are the response's units, N of them, the units that one token completes as one. v(S) is the
utility when all players outside S are absent; what the text is then, the domain's segmentation says. v of no
player is the utility of the prompt, and v of all that of prompt + response. A player's share is paid on the
token that completes its unit.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from math import factorial
from typing import Literal, get_args

import numpy as np

from rlsf_gym.designs.design import Design
from rlsf_gym.designs.units import assign_to_tokens, conserve, list_players
from rlsf_gym.evidence import BoolArray, Evidence, FloatArray, IntArray

__all__ = ["leave_one_out", "leave_one_out_design", "sample_shares", "shapley", "shapley_design"]

By = Literal["unit", "group"]
Worth = Callable[[BoolArray], FloatArray]

_MOST_CELLS = 2**22  # players in all coalitions that are asked for at once: about 25 MB of text
_ERASED = "the scores of the text without some of its units"


def leave_one_out(evidence: Evidence, *, rng: np.random.Generator, conserving: bool = False) -> FloatArray:
    """Returns what each unit is missed by: share_i = v(all) - v(all but i).

    Occlusion (Zeiler and Fergus 2014): cheap, and blind to units that stand in for each other: of two
    triggers that each suffice, neither is missed. Bounded, neither causal nor conserving; N + 1 texts, so
    that its time is quadratic in the length of the response.

    Args:
        evidence: What is known of the response, with its hindsight.
        rng: Not drawn from.
        conserving: Add what the shares lack of the gain, in proportion to their absolute values. Then it
            conserves, and is no longer bounded.

    Returns:
        float64 (T,).
    """
    players = list_players(evidence)
    shares = evidence.utility - evidence.hindsight.utilities_without(players)  # (N,) float64
    rewards = assign_to_tokens(evidence, players, shares)
    return conserve(evidence, rewards) if conserving else rewards


def leave_one_out_design(conserving: bool = False) -> Design:
    """Returns the design `leave_one_out`, with what it declares under the argument."""
    return Design(
        "leave_one_out",
        partial(leave_one_out, conserving=conserving),
        conserving=conserving,
        bounded=not conserving,
        cost=_every_unit,
        rests_on=_ERASED,
        variant=leave_one_out_design,
    )


def shapley(
    evidence: Evidence,
    *,
    rng: np.random.Generator,
    by: By = "unit",
    exact_units: int = 8,
    permutations: int = 32,
) -> FloatArray:
    """Returns the Shapley value of each unit, or its Owen value within the groups.

    share_i = sum over S without i of |S|! (N - |S| - 1)! / N! (v(S + i) - v(S)): what the player adds, on
    average over all orders in which players may join (Shapley 1953; for rewards of tokens Cao et al. 2025,
    arXiv 2505.20417). By group (such as the clause), the groups join as wholes in any order, and the
    units of each in any order (Owen 1977). Hindsight: conserving and bounded, not causal, so that the optimal
    policy may change.

    Exact for up to `exact_units` players: at most 2^exact_units texts. Beyond, the average over so many
    random orders, each second one the reverse of the one before it. Both exact values and estimates add up to
    the gain. The standard error of a share from M orders is at most 2 sqrt(2 / M), v ranging over 2;
    `sample_shares` returns its estimate. An order asks for N texts, so that the time is quadratic in the
    length of the response.

    Args:
        evidence: What is known of the response, with its hindsight.
        rng: Draws the orders.
        by: "unit", or "group" for Owen values.
        exact_units: Largest number of players that is worked out exactly, from 0 to 16.
        permutations: Number of orders beyond, even and at least 2.

    Returns:
        float64 (T,).
    """
    players = list_players(evidence)
    if not players:
        return conserve(evidence, np.zeros(evidence.mask.shape))
    groups = _group(evidence, players, by)
    worth = partial(_worth, evidence, players)
    if _count_texts(groups) <= 2**exact_units:
        shares = _exact_shares(groups, worth)
    else:
        shares, _ = sample_shares(groups, worth, rng, permutations)
    return assign_to_tokens(evidence, players, shares)


def shapley_design(by: By = "unit", exact_units: int = 8, permutations: int = 32) -> Design:
    """Returns the design `shapley`, with what it declares under the arguments.

    Raises:
        ValueError: If an argument is out of its range.
    """
    if by not in get_args(By):
        raise ValueError(f"by must be 'unit' or 'group', got {by!r}")
    if not 0 <= exact_units <= 16:
        raise ValueError(f"exact_units must be from 0 to 16, got {exact_units!r}")
    if permutations < 2 or permutations % 2:
        raise ValueError(f"permutations must be even and at least 2, got {permutations!r}")
    return Design(
        "shapley",
        partial(shapley, by=by, exact_units=exact_units, permutations=permutations),
        conserving=True,
        bounded=True,
        cost=partial(_most_texts, exact_units, permutations),
        rests_on=_ERASED,
        draws=True,
        variant=shapley_design,
    )


def sample_shares(
    groups: Sequence[Sequence[int]], worth: Worth, rng: np.random.Generator, permutations: int
) -> tuple[FloatArray, FloatArray]:
    """Returns estimates of the players' Owen values and their standard errors, two of float64 (N,).

    Orders come in pairs of one and its reverse, whose errors partly cancel (antithetic sampling; Mitchell et
    al. 2022, arXiv 2104.12199); the errors are those of the mean over pairs, NaN for a single pair.

    Args:
        groups: Numbers of the players, by group; one group of all gives Shapley values.
        worth: bool (M, N), who is present, to v of each row, float64 (M,).
        rng: Draws the orders.
        permutations: Number of orders, even.
    """
    drawn = [_draw_order(groups, rng) for _ in range(permutations // 2)]
    orders = np.array([order for one in drawn for order in (one, one[::-1])])  # (M, N) int64
    count, size = orders.shape
    ranks: IntArray = np.argsort(orders, axis=1)  # a player is present in the coalitions behind its rank
    present: BoolArray = np.less(
        ranks[:, None, :], np.arange(int(size) + 1, dtype=np.int64)[None, :, None]
    )  # (M, N + 1, N)
    values = _ask_in_parts(worth, present.reshape(-1, size)).reshape(count, size + 1)
    added = np.empty((count, size))
    np.put_along_axis(added, orders, np.diff(values, axis=1), axis=1)
    pairs = added.reshape(-1, 2, size).mean(axis=1)  # (M / 2, N)
    spread = pairs.std(axis=0, ddof=1) if len(pairs) > 1 else np.full(size, np.nan)
    return pairs.mean(axis=0), spread / np.sqrt(len(pairs))


def _ask_in_parts(worth: Worth, present: BoolArray) -> FloatArray:
    """Returns v of each row, float64 (M,), asked for so many at a time that their texts fit in memory."""
    rows = max(1, _MOST_CELLS // max(1, present.shape[1]))
    parts = [worth(present[start : start + rows]) for start in range(0, len(present), rows)]
    return np.concatenate(parts)


def _exact_shares(groups: Sequence[Sequence[int]], worth: Worth) -> FloatArray:
    """Owen values: Shapley values within each group, of the game averaged over the other groups."""
    bits = [np.array([sum(1 << player for player in group)]) for group in groups]
    asked: list[IntArray] = []  # by group (2^(m - 1), 2^k), coalitions as bit masks
    for number, group in enumerate(groups):
        others = _unions([one for at, one in enumerate(bits) if at != number])
        own = _unions([np.array([1 << player]) for player in group])
        asked.append(others[:, None] | own[None, :])
    masks: IntArray
    places: IntArray
    masks, places = np.unique(np.concatenate([one.ravel() for one in asked]), return_inverse=True)
    size = sum(map(len, groups))
    values = worth((masks[:, None] >> np.arange(size) & 1).astype(np.bool_))[places]
    shares = np.zeros(size)
    start = 0
    for group, one in zip(groups, asked, strict=True):
        found = values[start : start + one.size].reshape(one.shape)
        start += one.size
        averaged = _weights(len(groups)) @ found  # (2^k,)
        shares[list(group)] = _shares_of_game(averaged, len(group))
    return shares


def _shares_of_game(values: FloatArray, size: int) -> FloatArray:
    """Shapley values, float64 (k,), of the values (2^k,) of all coalitions by bit mask."""
    masks = np.arange(2**size, dtype=np.int64)
    weights = _weights(size)
    shares = np.empty(size)
    for player in range(size):
        without: IntArray = masks[
            (masks >> player & 1) == 0
        ]  # (2^(k - 1),), in the order of the others' masks
        shares[player] = weights @ (values[without | 1 << player] - values[without])
    return shares


def _weights(size: int) -> FloatArray:
    """Share of the orders in which exactly S of the others come before a player, for each S, (2^(k - 1),)."""
    by_count = [factorial(count) * factorial(size - count - 1) / factorial(size) for count in range(size)]
    return np.array([by_count[mask.bit_count()] for mask in range(2 ** (size - 1))])


def _unions(parts: Sequence[IntArray]) -> IntArray:
    """All unions of bit masks, int64 (2^k,): number b holds part j where bit j of b is set."""
    unions = np.zeros(1, np.int64)
    for part in parts:
        unions = np.concatenate([unions, unions | part])
    return unions


def _draw_order(groups: Sequence[Sequence[int]], rng: np.random.Generator) -> list[int]:
    """A random order of the players in which each group stays together."""
    order: list[int] = []
    for number in rng.permutation(len(groups)).tolist():
        order += rng.permutation(np.array(groups[int(number)], np.int64)).tolist()
    return order


def _group(evidence: Evidence, players: Sequence[Sequence[int]], by: By) -> list[list[int]]:
    if by == "unit":
        return [list(range(len(players)))]
    groups = evidence.hindsight.groups()[[player[-1] for player in players]]  # (N,)
    return [np.flatnonzero(groups == group).tolist() for group in np.unique(groups)]


def _worth(evidence: Evidence, players: Sequence[Sequence[int]], present: BoolArray) -> FloatArray:
    absences = [
        [unit for player in np.flatnonzero(~row).tolist() for unit in players[player]] for row in present
    ]
    return evidence.hindsight.utilities_without(absences)


def _count_texts(groups: Sequence[Sequence[int]]) -> int:
    """Number of coalitions that the exact values need, at most."""
    separate = sum(2 ** (len(groups) - 1 + len(group)) for group in groups)
    return min(separate, 2 ** sum(map(len, groups)))


def _most_texts(exact_units: int, permutations: int, length: int) -> int:
    return 2**length if length <= exact_units else max(2**exact_units, permutations * length)


def _every_unit(length: int) -> int:
    return length + 1
