"""Predicted and measured speed-ups of the study `law`, by domain and arm, and how well they agree."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from agents.reports.run_measures import first_time, read_curves
from agents.stats.contrasts import SpeedUp, speed_up
from agents.stats.resampling import STUDENT, percentile_ends
from agents.studies.files import CellResult
from agents.studies.plan import Goal
from agents.studies.settings import matches

CONTROL, EXACT, EQUAL = "terminal, λ 1", "terminal, λ 0.95, critic exact", "potential, λ 0.95"
"""The control; an exact critic, and what it has to equal, which is one cell of the two."""
FACTOR = 1.3
"""Predictions within this factor of what is measured are near it."""
RESAMPLES = 2000
LEVEL = 0.95

FloatArray = npt.NDArray[np.float64]
Record = dict[str, Any]


class Arm(NamedTuple):
    """An arm of a domain: what was predicted, and the episodes that its runs took."""

    domain: str
    name: str
    predictions: Mapping[int, Record]
    """Seed to record."""
    times: Mapping[int, float]
    """Seed to episodes to the goal; infinity where it was not reached."""
    horizon: float
    """Most episodes of a run; infinity where there is no run."""


class Point(NamedTuple):
    """An arm against the control of its domain."""

    arm: Arm
    control: Arm

    @property
    def predicted(self) -> float:
        """Predicted speed-up: the geometric mean over seeds, 0 where one is not above 0."""
        return geometric([row["speed_up"] for row in self.arm.predictions.values()])

    @property
    def error(self) -> float:
        """Standard error of the logarithm of the predicted speed-up, over minibatches."""
        rows = self.arm.predictions.values()
        if self.predicted == 0.0:
            return math.inf
        return math.sqrt(sum((row["error"] / row["speed_up"]) ** 2 for row in rows)) / len(rows)

    @property
    def seeds(self) -> list[int]:
        """Seeds that both arms have runs of."""
        return sorted(self.arm.times.keys() & self.control.times.keys())

    def measure(self) -> SpeedUp | None:
        """Returns the measured speed-up with its t interval; None with fewer than two seeds."""
        if len(self.seeds) < 2:
            return None
        mine, theirs = ([arm.times[seed] for seed in self.seeds] for arm in (self.arm, self.control))
        return speed_up(mine, theirs, horizon=self.horizon, method=STUDENT)

    @property
    def horizon(self) -> float:
        """Most episodes that count in both arms."""
        return min(self.arm.horizon, self.control.horizon)

    def logs(self) -> tuple[FloatArray, FloatArray]:
        """Returns the logarithms of what is predicted and of what is measured, one for each seed.

        They are -inf where a prediction is not above 0.
        """
        predicted = [max(row["speed_up"], 0.0) for row in self.arm.predictions.values()]
        measured = [self._time(self.control, seed) / self._time(self.arm, seed) for seed in self.seeds]
        with np.errstate(divide="ignore"):
            return np.log(predicted), np.log(measured)

    def _time(self, arm: Arm, seed: int) -> float:
        return min(arm.times[seed], self.horizon)


class Agreement(NamedTuple):
    """How predicted and measured speed-ups agree, each number with the ends of its interval."""

    points: int
    correlation: tuple[float, float, float]
    """Spearman's."""
    near: tuple[float, float, float]
    """Share of points within `FACTOR`."""
    near_of_one: float
    """Share of points within `FACTOR` if a speed-up of 1 were predicted for all."""
    bounds: int
    """Points whose measured speed-up is a bound."""
    correlation_without_bounds: float | None
    """Spearman's over the points that are none; None where it is not defined."""


def read_arms(results: Sequence[CellResult]) -> list[Arm]:
    """Returns the arms by domain, in the order of the predictions."""
    found: dict[tuple[str, str], dict[int, Record]] = {}
    for result in results:
        for row in result.records("law_prediction"):
            found.setdefault((row["domain"], row["arm"]), {})[result.seed] = row
    runs = [result for result in results if result.iterations]
    return [_arm(domain, name, rows, runs) for (domain, name), rows in found.items()]


def _arm(domain: str, name: str, rows: Mapping[int, Record], runs: Sequence[CellResult]) -> Arm:
    where = {"env": domain, **next(iter(rows.values()))["where"]}
    mine = [result for result in runs if matches(result.settings, where)]
    horizon = min((float(result.settings["most_episodes"]) for result in mine), default=math.inf)
    return Arm(domain, name, rows, {result.seed: time_of(result) for result in mine}, horizon)


def time_of(result: CellResult) -> float:
    """Returns the episodes until a run's moving average has reached its `stop_at`; infinity: it has not."""
    stop = result.settings["stop_at"]
    curves = read_curves(result, Goal(window_episodes=int(stop["window_episodes"])))
    if not len(curves.episodes):
        return math.inf
    limit = float(stop.get("kl", math.inf))
    return first_time(curves, float(stop["score"]), limit)


def points_of(arms: Sequence[Arm]) -> list[Point]:
    """Returns all arms against the control of their domain, but for the control itself."""
    controls = {arm.domain: arm for arm in arms if arm.name == CONTROL}
    return [Point(arm, controls[arm.domain]) for arm in arms if arm.name != CONTROL]


def counted(points: Sequence[Point]) -> list[Point]:
    """Returns the points that the law is judged by: those with runs that are not equal by construction."""
    return [point for point in points if point.arm.name != EXACT and len(point.seeds) >= 2]


def exact_checks(arms: Sequence[Arm]) -> Iterator[tuple[str, Point]]:
    """Yields the domains with the point of what an exact critic has to equal, against that critic."""
    named = {(arm.domain, arm.name): arm for arm in arms}
    for domain in dict.fromkeys(arm.domain for arm in arms):
        if {(domain, EQUAL), (domain, EXACT)} <= named.keys():
            yield domain, Point(named[domain, EQUAL], named[domain, EXACT])


def exact_ratio(checks: Sequence[Point]) -> float | None:
    """Returns the geometric mean, over seeds and domains, of what `potential` gains on an exact critic."""
    logs = [
        math.log(min(point.control.times[seed], point.horizon) / min(point.arm.times[seed], point.horizon))
        for point in checks
        for seed in point.seeds
    ]
    return math.exp(sum(logs) / len(logs)) if logs else None


def agree(points: Sequence[Point]) -> Agreement | None:
    """Returns how predictions and measurements agree, with percentile bootstrap intervals.

    Points are drawn with replacement, and for each the seeds of its runs and of its predictions. None with
    fewer than four points.
    """
    if len(points) < 4:
        return None
    rng = np.random.default_rng(0)
    told = [(point, measured) for point in points if (measured := point.measure())]
    known = [(point.predicted, measured.value) for point, measured in told]
    logs = [point.logs() for point in points]
    draws = [
        [[_redraw(one, rng) for one in logs[i]] for i in rng.integers(0, len(points), len(points))]
        for _ in range(RESAMPLES)
    ]
    found: list[tuple[float, float, float]] = []
    for statistic in (spearman, share_near):
        values = np.array([statistic(np.array(one)) for one in draws])
        low, high = percentile_ends(values[np.isfinite(values)], LEVEL)
        found.append((statistic(np.array(known)), float(low), float(high)))
    ones = np.array([(1.0, measured.value) for _, measured in told])
    plain = [
        (point.predicted, measured.value)
        for point, measured in told
        if not (measured.is_lower_bound or measured.is_upper_bound)
    ]
    without = spearman(np.array(plain)) if len(plain) > 1 else math.nan
    return Agreement(
        points=len(points),
        correlation=found[0],
        near=found[1],
        near_of_one=share_near(ones),
        bounds=len(told) - len(plain),
        correlation_without_bounds=None if math.isnan(without) else without,
    )


def _redraw(logs: FloatArray, rng: np.random.Generator) -> float:
    """Returns the geometric mean of numbers that are drawn with replacement, by their logarithms."""
    return float(np.exp(logs[rng.integers(0, len(logs), len(logs))].mean()))


def spearman(pairs: FloatArray) -> float:
    """Returns Spearman's correlation of the columns of (N, 2), of mean ranks; NaN where one is constant.

    Example:
        >>> spearman(np.array([[1.0, 10.0], [2.0, 30.0], [3.0, 20.0]]))
        0.5
    """
    ranks = [ranks_of(column) for column in pairs.T]
    one, other = (rank - rank.mean() for rank in ranks)
    length = float(np.sqrt((one @ one) * (other @ other)))
    return round(float(one @ other) / length, 12) if length > 0.0 else math.nan


def ranks_of(values: FloatArray) -> FloatArray:
    """Returns the ranks of values, from 1, equal ones with their mean, (N,) float64.

    Example:
        >>> ranks_of(np.array([5.0, 1.0, 5.0])).tolist()
        [2.5, 1.0, 2.5]
    """
    below = (values[:, None] > values).sum(1)
    equal = (values[:, None] == values).sum(1)
    return below + (equal + 1) / 2.0


def share_near(pairs: FloatArray) -> float:
    """Returns the share of the rows of (N, 2) whose columns lie within `FACTOR` of each other.

    Example:
        >>> share_near(np.array([[1.0, 1.29], [2.0, 1.5], [0.0, 0.5], [1.0, 0.8]]))
        0.5
    """
    low, high = pairs.min(1), pairs.max(1)
    return float((high <= FACTOR * low).mean())


def geometric(values: Sequence[float]) -> float:
    """Returns the geometric mean, 0 where a value is not above 0.

    Example:
        >>> geometric([2.0, 8.0]), geometric([2.0, -1.0])
        (4.0, 0.0)
    """
    if min(values) <= 0.0:
        return 0.0
    return math.exp(sum(map(math.log, values)) / len(values))
