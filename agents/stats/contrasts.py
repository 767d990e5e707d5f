"""Compares two arms that were run on the same seeds.

The times of a run to a goal are right-censored: infinity where it did not reach the goal within its
episodes. They enter as restricted means (Royston and Parmar 2013, "Restricted mean survival time: an
alternative to the hazard ratio for the design and analysis of randomized trials with a time-to-event
outcome", BMC Medical Research Methodology 13:152), which need no guess at what lies behind the horizon.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal, NamedTuple

import numpy as np
import numpy.typing as npt

from agents.stats.checks import FloatArray, as_finite_rows, as_known_rows, as_pairs
from agents.stats.intervals import Interval
from agents.stats.resampling import (
    BCA,
    PERCENTILE,
    STUDENT,
    Method,
    bootstrap_ends,
    check_method,
    draw_counts,
    load_scipy_stats,
    percentile_ends,
    student_ends,
)

EXACT_SEEDS = 12
"""Most pairs for which the sign-flip test is exact: all assignments of signs (4,096) are counted."""
ROUNDING = 1e-9
"""Relative tolerance: sums that differ by less than this share of the largest sum count as equal."""


class SpeedUp(NamedTuple):
    """Ratio of episodes to the goal, control over treatment, with an interval."""

    value: float
    """Restricted mean time of the control over that of the treatment, arithmetic or geometric."""
    low: float
    """Lower end of the interval."""
    high: float
    """Upper end of the interval."""
    treatment_censored: int
    """Number of runs under treatment that did not reach the goal within the horizon."""
    control_censored: int
    """Number of runs under control that did not reach the goal within the horizon."""

    @property
    def is_lower_bound(self) -> bool:
        """Whether the ratio of the full means is at least `value`: runs under control alone were cut off."""
        return self.control_censored > 0 and self.treatment_censored == 0

    @property
    def is_upper_bound(self) -> bool:
        """Whether the ratio of the full means is at most `value`: runs under treatment alone were cut off."""
        return self.treatment_censored > 0 and self.control_censored == 0


def speed_up(
    treatment: npt.ArrayLike,
    control: npt.ArrayLike,
    *,
    horizon: float,
    level: float = 0.95,
    resamples: int = 2000,
    seed: int = 0,
    method: Method = BCA,
) -> SpeedUp:
    """Returns the ratio of restricted mean times, control over treatment, with an interval over pairs.

        mean_i min(c_i, h) / mean_i min(t_i, h)

    over seeds i, with the horizon h. Seeds are resampled as pairs. By "t" the means are geometric, and the
    interval is that of the paired log ratios, log min(c_i, h) - log min(t_i, h). Where no run of either arm
    reaches the goal the ratio is 1 and says nothing: read it with the two counts. Where both arms have
    censored runs, the ratio is that of times up to the horizon, and bounds nothing beyond it.

    Args:
        treatment: Episodes to the goal of each seed, shape (S,), above 0; infinity where it was not reached.
        control: Those of the control on the same seeds in the same order, shape (S,).
        horizon: Episodes up to which times count, above 0, finite: no more than the shortest run had.
        level: Share of such intervals that are meant to hold the truth, in (0, 1).
        resamples: Number of bootstrap resamples of the pairs.
        seed: Seed of the generator that draws them.
        method: "bca", "percentile" or "t".

    Raises:
        ValueError: If the arms are not paired, a time is NaN or not above 0, or an argument is out of range.
        ImportError: If scipy is not installed, and the method is not "percentile".

    Example:
        >>> speed_up([10.0, 10.0], [20.0, float("inf")], horizon=40)[0]
        3.0
    """
    first, second = _restrict(treatment, control, horizon)
    short, long = np.minimum(first, horizon), np.minimum(second, horizon)  # (S,) float64 each
    check_method(method)
    cut = int((first > horizon).sum()), int((second > horizon).sum())
    if method == STUDENT:
        return SpeedUp(*_geometric(np.log(long) - np.log(short), level), *cut)
    if method == PERCENTILE:  # pairs are drawn as counts, as earlier results drew them
        counts = draw_counts(len(short), resamples=resamples, rng=np.random.default_rng(seed))
        low, high = percentile_ends((counts @ long) / (counts @ short), level)
    else:
        arms = [long, short]
        low, high = bootstrap_ends(
            arms, _ratio_of_means, method=method, level=level, resamples=resamples, seed=seed, paired=True
        )
    return SpeedUp(float(long.mean() / short.mean()), float(low), float(high), *cut)


def log_ratio(treatment: npt.ArrayLike, control: npt.ArrayLike, *, level: float = 0.95) -> Interval:
    """Returns the ratio of geometric means, control over treatment, with the t interval of paired log ratios.

        exp(m -+ t s / sqrt(S)), m and s the mean and deviation of log(c_i / t_i)

    over S seeds i, t the quantile of Student's distribution with S - 1 degrees of freedom. With few seeds it
    covers what it says where log ratios are near normal, which bootstrap intervals do not. It has no place
    for times that were cut off.

    Args:
        treatment: Times above 0, shape (S,), finite, at least two.
        control: Those of the control on the same seeds in the same order, shape (S,).
        level: Share of such intervals that are meant to hold the truth, in (0, 1).

    Raises:
        ValueError: If the arms are not paired, or a time is not finite and above 0.
        ImportError: If scipy is not installed; the message says what to install.

    Example:
        >>> round(log_ratio([10.0, 10.0], [20.0, 20.0]).value, 6)
        2.0
    """
    first, second = as_pairs(treatment, control, what="seeds")
    for name, times in (("treatment", first), ("control", second)):
        if not (np.isfinite(times) & (times > 0)).all() or len(times) < 2:
            raise ValueError(
                f"{name} must hold two finite times above 0 or more, got {times.tolist()}; use speed_up "
                "where runs never got there"
            )
    return _geometric(np.log(second) - np.log(first), level)


class RatioOfRatios(NamedTuple):
    """Speed-up at one place over the speed-up at another, with its t interval."""

    value: float
    """Geometric mean over seeds."""
    low: float
    """Lower end of the interval."""
    high: float
    """Upper end of the interval."""
    p: float
    """p value of the log ratios under random signs."""
    raising: int
    """Runs that were cut off and would raise the ratio: of the first control, of the second treatment."""
    lowering: int
    """Runs that were cut off and would lower the ratio: of the first treatment, of the second control."""

    @property
    def bound(self) -> Literal["lower", "upper"] | None:
        """Bound that `value` is on the ratio of full means; None unless runs cut off all move it one way."""
        if bool(self.raising) == bool(self.lowering):
            return None
        return "lower" if self.raising else "upper"


def ratio_of_speed_ups(
    first: tuple[npt.ArrayLike, npt.ArrayLike],
    second: tuple[npt.ArrayLike, npt.ArrayLike],
    *,
    horizons: tuple[float, float],
    level: float = 0.95,
) -> RatioOfRatios:
    """Returns how many times as large a speed-up is at one place as at another: the interaction, in ratios.

        exp(mean_i [log(c_i / t_i) - log(c'_i / t'_i)])

    over seeds i that all four arms have, times capped at the horizon of their place. The interval is
    Student's, of the paired log ratios; p is that of `sign_flip_test` of the same. Two speed-ups with
    intervals of which one holds 1 may well be equal: that they differ is shown by this ratio alone.

    Args:
        first: Times under treatment and control, shape (S,) each, above 0; infinity where cut off.
        second: Those at the other place, on the same seeds in the same order.
        horizons: Up to which the times of each place count.
        level: Share of such intervals that are meant to hold the truth, in (0, 1).

    Raises:
        ValueError: If the four arms are not paired, a time is not above 0, or an argument is out of range.
        ImportError: If scipy is not installed; the message says what to install.

    Example:
        >>> at_64, at_16 = ([10.0, 20.0], [40.0, 80.0]), ([10.0, 20.0], [20.0, 40.0])
        >>> round(ratio_of_speed_ups(at_64, at_16, horizons=(99, 99)).value, 6)
        2.0
    """
    logs: list[FloatArray] = []
    cut: list[tuple[int, int]] = []
    for arms, horizon in zip((first, second), horizons, strict=True):
        short, long = _restrict(*arms, horizon)
        cut.append((int((short > horizon).sum()), int((long > horizon).sum())))
        logs.append(np.log(np.minimum(long, horizon)) - np.log(np.minimum(short, horizon)))
    here, there = as_pairs(*logs, what="seeds")
    (t, c), (other_t, other_c) = cut
    ends = _geometric(here - there, level)
    return RatioOfRatios(*ends, sign_flip_test(here - there), c + other_t, t + other_c)


def sign_flip_test(differences: npt.ArrayLike, *, draws: int = 20_000, seed: int = 0) -> float:
    """Returns the two-sided p value of paired differences under random signs (Fisher 1935, chapter 3).

        p = share of all sign vectors s with |sum_i s_i d_i| >= |sum_i d_i|

    If treatment and control don't differ, each difference is as likely to have the other sign. Up to
    12 pairs every sign vector is counted, and p is exact: with S pairs it is at least 2 / 2^S, so fewer
    than 6 can't come below 0.05. Above, `draws` vectors are drawn and p = (1 + hits) / (1 + draws), which
    is never 0 (Phipson and Smyth 2010).

    Args:
        differences: Treatment minus control of each seed, shape (S,), finite; cap censored times first.
        draws: How many sign vectors are drawn above 12 pairs, at least 1.
        seed: Seed of the generator that draws them.

    Raises:
        ValueError: If there is no difference, one is not finite, or `draws` is below 1.
        ImportError: If scipy is not installed; the message says what to install.

    Example:
        >>> sign_flip_test([1.0, 2.0, 3.0])  # +++ and --- of 8
        0.25
    """
    rows = as_finite_rows("differences", differences)
    if draws < 1:
        raise ValueError(f"draws must be at least 1, got {draws}; 20000 is plenty")
    largest = float(np.abs(rows).sum())
    if len(rows) == 1 or largest == 0.0:
        return 1.0  # both signs are as far from 0

    def distance(values: FloatArray, axis: int) -> FloatArray:
        # In steps of what rounding can do: sums that are equal on paper are to be equal here.
        return np.rint(np.abs(values.sum(axis=axis)) / (ROUNDING * largest))

    found = load_scipy_stats("a sign-flip test needs").permutation_test(
        (rows,),
        distance,
        permutation_type="samples",
        alternative="greater",
        n_resamples=np.inf if len(rows) <= EXACT_SEEDS else draws,
        vectorized=True,
        rng=np.random.default_rng(seed),
    )
    return float(found.pvalue)


def holm(p_values: Sequence[float]) -> list[float]:
    """Returns the p values adjusted for their number, in the order given (Holm 1979).

        adjusted_(k) = max_(j <= k) min(1, (m - j + 1) p_(j))

    over the m values in rising order. Rejecting what is at most alpha keeps the chance of any false rejection
    at alpha, however the tests depend on each other.

    Args:
        p_values: Values in [0, 1]; none gives none.

    Raises:
        ValueError: If a value is not a probability.

    Example:
        >>> holm([0.01, 0.04, 0.03])
        [0.03, 0.06, 0.06]
    """
    wrong = [p for p in p_values if not 0.0 <= p <= 1.0]
    if wrong:
        raise ValueError(f"p values must lie between 0 and 1, got {wrong[0]}")
    adjusted = [0.0] * len(p_values)
    highest = 0.0
    for rank, i in enumerate(sorted(range(len(p_values)), key=lambda i: p_values[i])):
        highest = max(highest, min(1.0, (len(p_values) - rank) * p_values[i]))
        adjusted[i] = highest
    return adjusted


def _geometric(logs: FloatArray, level: float) -> Interval:
    """Returns the geometric mean of ratios, of their logarithms (S,), with its t interval."""
    ends = (float(logs.mean()), *student_ends(logs, level))
    return Interval(*(float(np.exp(end)) for end in ends))


def _ratio_of_means(long: FloatArray, short: FloatArray, axis: int) -> FloatArray:
    return long.mean(axis=axis) / short.mean(axis=axis)


def _restrict(
    treatment: npt.ArrayLike, control: npt.ArrayLike, horizon: float
) -> tuple[FloatArray, FloatArray]:
    """Returns the times of both arms, (S,) float64 each, checked with the horizon."""
    if not (np.isfinite(horizon) and horizon > 0):
        raise ValueError(f"horizon must be finite and above 0, got {horizon}; use the episodes of a run")
    for name, times in (("treatment", treatment), ("control", control)):
        rows = as_known_rows(name, times)
        if (rows <= 0).any():
            raise ValueError(
                f"{name} must hold times above 0, got {rows.min()}; leave out runs that start at the goal"
            )
    return as_pairs(treatment, control, what="seeds")
