"""Statistics of learning curves, interpolated linearly: area, episodes to a goal, value at a KL.

Where two curves of one run are read together (score and KL), they have the same positions. Nothing is
smoothed here unless `moving_average` is called.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from agents.stats.checks import FloatArray, as_finite_rows, as_rows


def area_under_curve(episodes: npt.ArrayLike, values: npt.ArrayLike) -> float:
    """Returns the average height of a learning curve: the trapezoid area over the range of `episodes`.

    Args:
        episodes: Positions on the x axis, shape (B,), strictly increasing, at least two.
        values: Finite heights, shape (B,).

    Raises:
        ValueError: If the points are not a curve of two or more points.

    Example:
        >>> area_under_curve([0, 10, 20], [0.0, 1.0, 1.0])
        0.75
    """
    x, y = _as_curve(episodes, values, least=2)
    return float(np.trapezoid(y, x) / (x[-1] - x[0]))


def episodes_to_reach(episodes: npt.ArrayLike, values: npt.ArrayLike, threshold: float) -> float:
    """Returns where a curve first reaches `threshold` (linear between points); infinity if it never does.

    Args:
        episodes: Positions on the x axis, shape (B,), strictly increasing, at least one.
        values: Finite heights, shape (B,).
        threshold: The height to reach from below.

    Raises:
        ValueError: If the points are not a curve.

    Example:
        >>> episodes_to_reach([0, 10, 20], [0.0, 1.0, 1.0], 0.8)
        8.0
        >>> episodes_to_reach([0, 10], [0.0, 0.5], 0.8)
        inf
    """
    x, y = _as_curve(episodes, values)
    above = np.flatnonzero(y >= threshold)
    if len(above) == 0:
        return float("inf")
    i = int(above[0])
    if i == 0:
        return float(x[0])
    share = (threshold - y[i - 1]) / (y[i] - y[i - 1])
    return float(x[i - 1] + share * (x[i] - x[i - 1]))


def episodes_to_goal(
    episodes: npt.ArrayLike,
    scores: npt.ArrayLike,
    kls: npt.ArrayLike,
    *,
    goal: float,
    max_kl: float,
    first: int = 0,
) -> float:
    """Returns the first position with score >= `goal` and KL <= `max_kl`; infinity if never.

    Both curves are straight between their points, so a position between two of them counts as well. A score
    that was reached at too high a KL counts from where the KL has come down.

    Args:
        episodes: Positions on the x axis, shape (B,), strictly increasing, at least one.
        scores: Finite scores, shape (B,).
        kls: Finite KL to the reference, shape (B,), in the unit of `max_kl`.
        goal: The score to reach.
        max_kl: The KL that may not be exceeded; infinity for no limit.
        first: Index of the first point that counts; with a moving average, that of the first whole window:
            an average of a batch or two is often above the goal by chance. Of shorter curves the last.

    Raises:
        ValueError: If the points are not curves of one length, or `goal` or `max_kl` is NaN.

    Example:
        >>> episodes_to_goal([0, 10], [0.0, 1.0], [0.0, 4.0], goal=0.5, max_kl=2.0)
        5.0
        >>> episodes_to_goal([0, 10], [0.0, 1.0], [0.0, 4.0], goal=0.6, max_kl=2.0)
        inf
    """
    if np.isnan(goal) or np.isnan(max_kl):
        raise ValueError(f"goal and max_kl must be numbers, got {goal} and {max_kl}")
    x, y = _as_curve(episodes, scores)
    x, kl = _as_curve(episodes, kls)
    x, y, kl = (line[min(first, len(x) - 1) :] for line in (x, y, kl))
    gain, room = y - goal, max_kl - kl  # (B,) float64; both at least 0 where the goal is reached
    if gain[0] >= 0 and room[0] >= 0:
        return float(x[0])
    for i in range(len(x) - 1):
        starts, ends = zip(_reaching(gain[i], gain[i + 1]), _reaching(room[i], room[i + 1]), strict=True)
        if max(starts) <= min(ends):
            return float(x[i] + max(starts) * (x[i + 1] - x[i]))
    return float("inf")


def value_at_kl(kls: npt.ArrayLike, values: npt.ArrayLike, kl: float) -> float | None:
    """Returns the value where the KL first equals `kl` (linear between points), None if it never does.

    It compares runs at one distance from the reference, however many episodes they took to get there.

    Args:
        kls: Finite KL to the reference in the order of training, shape (B,), at least one; may rise and fall.
        values: Finite values at the same positions, shape (B,).
        kl: The KL at which to read the value.

    Raises:
        ValueError: If the points are not curves of one length, or `kl` is not finite.

    Example:
        >>> value_at_kl([0.0, 2.0, 4.0], [0.0, 0.5, 0.6], 3.0)
        0.55
        >>> value_at_kl([0.0, 2.0, 4.0], [0.0, 0.5, 0.6], 5.0)
    """
    if not np.isfinite(kl):
        raise ValueError(f"kl must be a finite number, got {kl}")
    distances, y = as_finite_rows("kls", kls) - kl, as_finite_rows("values", values)
    if distances.shape != y.shape:
        raise ValueError(f"kls and values must have one length, got {len(distances)} and {len(y)}")
    if distances[0] == 0:
        return float(y[0])
    crossed = np.flatnonzero(np.sign(distances) != np.sign(distances[0]))
    if len(crossed) == 0:
        return None
    i = int(crossed[0])
    share = distances[i - 1] / (distances[i - 1] - distances[i])
    return float(y[i - 1] + share * (y[i] - y[i - 1]))


def moving_average(values: npt.ArrayLike, window: int) -> FloatArray:
    """Returns the mean of the last `window` values at each position (fewer at the start), (B,) float64.

    Example:
        >>> moving_average([1.0, 3.0, 5.0], 2).tolist()
        [1.0, 2.0, 4.0]
    """
    if window < 1:
        raise ValueError(f"window must be at least 1, got {window}; 1 leaves the values as they are")
    rows = as_rows("values", values)
    sums = np.cumsum(np.concatenate([[0.0], rows]))
    ends = np.arange(1, len(rows) + 1)
    starts = np.maximum(ends - window, 0)
    return (sums[ends] - sums[starts]) / (ends - starts)


def _reaching(left: float, right: float) -> tuple[float, float]:
    """Returns where on the way from `left` to `right` a line is at least 0, as shares; (1, 0) if nowhere."""
    if left >= 0 and right >= 0:
        return 0.0, 1.0
    if left < 0 and right < 0:
        return 1.0, 0.0
    crossing = float(left / (left - right))
    return (0.0, crossing) if left >= 0 else (crossing, 1.0)


def _as_curve(
    episodes: npt.ArrayLike, values: npt.ArrayLike, least: int = 1
) -> tuple[FloatArray, FloatArray]:
    x, y = as_finite_rows("episodes", episodes), as_finite_rows("values", values)
    if x.shape != y.shape or len(x) < least or np.any(np.diff(x) <= 0):
        raise ValueError(
            f"a curve needs {least} or more points with increasing episodes, got {len(x)} episodes and "
            f"{len(y)} values; pass one value per point, in order"
        )
    return x, y
