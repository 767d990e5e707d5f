"""Aggregates runs of several tasks with the statistics of Agarwal et al. 2021.

"Deep Reinforcement Learning at the Edge of the Statistical Precipice" (NeurIPS 2021, arXiv:2108.13264),
section 4. A group holds one number per run (seed) of one task, or of one setting of a study; groups may
differ in size. Every interval is one over stratified bootstrap resamples: runs are drawn again within each
group, and the groups stay. It says how the number would move with other seeds on the same groups, not with
other groups. Runs that share a seed are drawn one by one, as in the paper: that ignores the pairing of arms,
which `agents.stats.contrasts` uses. The paper takes percentiles; so do profiles, whose shares of all or no
runs have no other interval, and all else with `method="percentile"`.

NaN is refused. Infinity (a goal that was never reached) is allowed where only the order counts.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from agents.stats.checks import FloatArray, as_groups, as_known_rows
from agents.stats.intervals import Interval, interquartile_mean
from agents.stats.resampling import (
    BCA,
    PERCENTILE,
    Method,
    bootstrap_ends,
    check_level,
    check_method,
    check_resamples,
    draw_counts,
    percentile_ends,
)

Groups = Sequence[npt.ArrayLike]


class Profile(NamedTuple):
    """Share of runs above each threshold (performance profile), with pointwise intervals."""

    thresholds: FloatArray
    """Thresholds that the runs are compared with, (thresholds,) float64."""
    share: FloatArray
    """Share of runs above each threshold, in [0, 1], (thresholds,) float64."""
    low: FloatArray
    """Lower ends of the intervals, (thresholds,) float64."""
    high: FloatArray
    """Upper ends of the intervals, (thresholds,) float64."""


def stratified_bootstrap(
    groups: Groups,
    statistic: Callable[[list[FloatArray]], float],
    *,
    level: float = 0.95,
    resamples: int = 2000,
    seed: int = 0,
    method: Method = BCA,
) -> Interval:
    """Returns a statistic of groups of runs with its stratified bootstrap interval.

    Args:
        groups: Numbers of each group, shape (S,) each; sizes may differ.
        statistic: Takes the groups as float64 arrays, in order, and returns a finite number.
        level: Share of such intervals that are meant to hold the truth, in (0, 1).
        resamples: Number of bootstrap resamples of the runs, with replacement, within each group.
        seed: Seed of the generator that draws them; equal seeds give equal intervals.
        method: "bca" or "percentile".

    Raises:
        ValueError: If a group is empty or holds NaN, an argument is out of range, or the statistic of the
            groups or of a resample is not finite.
        ImportError: If scipy is not installed; the message says what to install.

    Example:
        >>> stratified_bootstrap([[1.0, 1.0], [5.0]], lambda groups: sum(g.mean() for g in groups))
        Interval(value=6.0, low=6.0, high=6.0)
    """
    rows = as_groups("groups", groups)
    value = float(statistic(rows))

    def one_by_one(*samples: FloatArray, axis: int) -> FloatArray:
        del axis
        lead = np.broadcast_shapes(*(sample.shape[:-1] for sample in samples))
        wide = [np.broadcast_to(sample, (*lead, sample.shape[-1])) for sample in samples]
        draws = np.array([statistic([sample[at] for sample in wide]) for at in np.ndindex(lead)])
        if not (np.isfinite(value) and np.isfinite(draws).all()):
            raise ValueError(
                f"the statistic must be finite for the groups and for every resample, got {value} for the "
                f"groups and {int((~np.isfinite(draws)).sum())} of {len(draws)} resamples without; cap what "
                "is infinite"
            )
        return draws.reshape(lead)

    ends = bootstrap_ends(rows, one_by_one, method=method, level=level, resamples=resamples, seed=seed)
    return Interval(value, *ends)


def interquartile_mean_interval(
    groups: Groups,
    *,
    level: float = 0.95,
    resamples: int = 2000,
    seed: int = 0,
    method: Method = BCA,
) -> Interval:
    """Returns the interquartile mean (IQM) of all runs of all groups, with its interval (section 4.3).

    Runs are pooled first, so a group with more runs weighs more.

    Args:
        groups: Numbers of each group, shape (S,) each; on one scale, since they are pooled.
        level: Share of such intervals that are meant to hold the truth, in (0, 1).
        resamples: Number of bootstrap resamples of the runs, drawn within each group.
        seed: Seed of the generator that draws them.
        method: "bca" or "percentile".

    Raises:
        ValueError: As `stratified_bootstrap`.
        ImportError: If scipy is not installed; the message says what to install.

    Example:
        >>> interquartile_mean_interval([[0.0, 1.0, 3.0, 100.0]]).value
        2.0
    """
    return stratified_bootstrap(
        groups,
        lambda drawn: interquartile_mean(np.concatenate(drawn)),
        level=level,
        resamples=resamples,
        seed=seed,
        method=method,
    )


def probability_of_improvement(
    treatment_groups: Groups,
    control_groups: Groups,
    *,
    level: float = 0.95,
    resamples: int = 2000,
    seed: int = 0,
    method: Method = BCA,
) -> Interval:
    """Returns the probability that a run under treatment is higher than one under control (section 4.3).

        P(X > Y) = 1/M sum_m 1/(S S') sum_ij [x_mi > y_mj] + [x_mi = y_mj] / 2

    over M groups, each the Mann-Whitney U of the two samples over the product of their sizes. 0.5 means no
    difference. Where lower is better (episodes to a goal), swap the arms.

    Args:
        treatment_groups: Numbers of each group under treatment, shape (S,) each; infinity is allowed.
        control_groups: Those of the same groups under control, shape (S',) each.
        level: Share of such intervals that are meant to hold the truth, in (0, 1).
        resamples: Number of bootstrap resamples of the runs of either arm, drawn within each group.
        seed: Seed of the generator that draws them.
        method: "bca" or "percentile".

    Raises:
        ValueError: If the arms differ in their number of groups, a group is empty or holds NaN, or an
            argument is out of range.
        ImportError: If scipy is not installed, and the method is "bca".

    Example:
        >>> probability_of_improvement([[3.0, 4.0]], [[1.0, 2.0]])
        Interval(value=1.0, low=1.0, high=1.0)
    """
    treated = as_groups("treatment_groups", treatment_groups)
    controls = as_groups("control_groups", control_groups)
    if len(treated) != len(controls):
        raise ValueError(
            f"both arms must hold the same groups, got {len(treated)} under treatment and {len(controls)} "
            "under control"
        )
    check_method(method)
    check_level(level)
    check_resamples(resamples)
    wins = [_wins(x, y) for x, y in zip(treated, controls, strict=True)]  # (S, S') float64 each
    value = sum(float(won.sum()) / won.size for won in wins) / len(wins)
    if method == PERCENTILE:
        low, high = _ends_by_counts(wins, level=level, resamples=resamples, seed=seed)
    else:
        arms = [*treated, *controls]
        low, high = bootstrap_ends(
            arms, _probability, method=method, level=level, resamples=resamples, seed=seed
        )
    return Interval(value, low, high)


def performance_profile(
    groups: Groups,
    thresholds: npt.ArrayLike,
    *,
    level: float = 0.95,
    resamples: int = 2000,
    seed: int = 0,
) -> Profile:
    """Returns the performance profile: the share of runs above each threshold, with intervals (section 4.2).

        F(tau) = 1/M sum_m 1/S_m sum_i [x_mi > tau]

    over M groups: the run-score distribution of the paper. Every group weighs alike.

    Args:
        groups: Numbers of each group, shape (S,) each; infinity is allowed.
        thresholds: Values that the runs are compared with, shape (thresholds,).
        level: Share of the resampled profiles inside the interval at one threshold, in (0, 1). That all
            thresholds hold at once is less likely.
        resamples: Number of bootstrap resamples of the runs, drawn within each group.
        seed: Seed of the generator that draws them.

    Raises:
        ValueError: If a group is empty or holds NaN, or an argument is out of range.

    Example:
        >>> performance_profile([[1.0, 2.0], [3.0, 4.0]], [0.0, 2.0, 5.0]).share.tolist()
        [1.0, 0.5, 0.0]
    """
    rows, limits = as_groups("groups", groups), as_known_rows("thresholds", thresholds)
    check_resamples(resamples)
    rng = np.random.default_rng(seed)
    total = np.zeros(len(limits))  # (thresholds,) float64
    draws = np.zeros((resamples, len(limits)))  # (resamples, thresholds) float64
    for group in rows:
        above = (group[:, None] > limits).astype(np.float64)  # (S, thresholds) float64
        total += above.sum(axis=0) / len(group)
        draws += draw_counts(len(group), resamples=resamples, rng=rng) @ above / len(group)
    low, high = percentile_ends(draws / len(rows), level)
    return Profile(limits, total / len(rows), low, high)


def _wins(x: FloatArray, y: FloatArray) -> FloatArray:
    """Returns 1 where x is higher, 1/2 where both are equal, (..., S, S') float64."""
    first, second = x[..., :, None], y[..., None, :]
    return (first > second) + 0.5 * (first == second)


def _probability(*groups: FloatArray, axis: int) -> FloatArray:
    """Returns the probability of improvement of groups under treatment, then as many under control."""
    del axis
    half = len(groups) // 2
    pairs = zip(groups[:half], groups[half:], strict=True)
    shares = np.stack(np.broadcast_arrays(*(_wins(x, y).mean(axis=(-2, -1)) for x, y in pairs)))
    return shares.mean(axis=0)


def _ends_by_counts(
    wins: Sequence[FloatArray], *, level: float, resamples: int, seed: int
) -> tuple[float, float]:
    """Returns percentile ends from runs drawn as counts, as earlier results drew them."""
    rng = np.random.default_rng(seed)
    draws = np.zeros(resamples)  # (resamples,) float64
    for won in wins:
        first = draw_counts(won.shape[0], resamples=resamples, rng=rng)  # (resamples, S) float64
        second = draw_counts(won.shape[1], resamples=resamples, rng=rng)  # (resamples, S') float64
        draws += ((first @ won) * second).sum(axis=1) / won.size
    low, high = percentile_ends(draws / len(wins), level)
    return float(low), float(high)
