"""Plan of a study: expands defaults, groups, grids and seeds into cells.

A cell is one training run, or one measurement of another kind, with one seed. Its settings are those of
`[defaults]`, nested tables merged key by key; then what tuning chose; then the fixed settings of its group;
then one point of the group's grid. Keys of grids are dotted paths into the settings: "config.lam" is
`settings["config"]["lam"]`. Two groups that ask for equal settings and an equal seed share one cell.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from typing import Any, Literal

from agents.runs.sealed_json import hash_of
from agents.stats.resampling import BCA, Method
from agents.studies.names import with_hashed_name, with_short_name
from agents.studies.settings import Settings, describe, grid_points, lay_over, leaves, look_up, merge

Phase = Literal["tuning", "main"]
TUNING: Phase = "tuning"
MAIN: Phase = "main"


@dataclass(frozen=True)
class Cell:
    """One run of a study; equal settings and seeds have equal keys."""

    phase: Phase
    seed: int
    settings: dict[str, Any] = field(hash=False)
    """All settings that the results depend on, but for the seed and the versions; plain JSON data."""
    group: str = field(default="", compare=False)
    """Name of the first group that has the cell; "" for tuning."""
    label: str = field(default="", compare=False)
    """Short description of the cell within its group; not part of its identity."""

    @property
    def settings_sha256(self) -> str:
        """SHA-256 of the settings, independent of the order of their keys."""
        return hash_of(with_hashed_name(self.settings))

    @property
    def key(self) -> str:
        """Key that identifies the cell: the seed, and the first eight digits of the hash of the settings."""
        return cell_key(self.seed, self.settings_sha256)

    @property
    def id(self) -> str:
        """Name of the cell's file: label and key."""
        return f"{self.label}-{self.key}" if self.label else self.key


@dataclass(frozen=True)
class Goal:
    """Goal of a study: the score to reach, and the KL to the reference within which it counts."""

    share: float = 0.8
    """Share of the way from the untrained score to the attainable one, in (0, 1]."""
    kl_per_token: float | None = None
    """Largest KL to the reference, in nats per token of the longest response; None: no limit."""
    window: int = 5
    """Window, in iterations, of the moving average of score and KL."""
    length_key: str = "env_kwargs.max_new_tokens"
    """Dotted key of the setting that holds the length of the longest response."""
    window_episodes: int | None = None
    """Window in episodes, for runs of several batch sizes; None: `window` iterations."""

    def iterations(self, batch: float) -> int:
        """Returns the iterations that a window has in a run of so many episodes an iteration, at least 1.

        Example:
            >>> Goal(window_episodes=32).iterations(8), Goal(window_episodes=32).iterations(64.0)
            (4, 1)
        """
        return self.window if self.window_episodes is None else max(1, int(self.window_episodes // batch))

    def max_kl(self, settings: Settings) -> float:
        """Returns the largest KL of a cell, K, in nats per response; infinity: no limit.

        Raises:
            ValueError: If the settings do not say how long a response may be.
        """
        if self.kl_per_token is None:
            return float("inf")
        length = look_up(settings, self.length_key)
        if not isinstance(length, int | float):
            raise ValueError(
                f"{self.length_key}: expected a number of tokens in the settings, got {length!r}"
            )
        return self.kl_per_token * length


@dataclass(frozen=True)
class TunedArm:
    """Settings that tuning tries for one arm: a part of the combinations of a grid of the arm's own."""

    where: dict[str, Any]
    """Dotted keys, of those that choices are made for, to the values that the arm has."""
    points: tuple[dict[str, Any], ...]
    """Settings by dotted key."""


@dataclass(frozen=True)
class Tuning:
    """Tuning of a study: the grid, seeds and criterion by which settings are chosen before the main cells."""

    per: tuple[str, ...]
    """Dotted keys; a choice is made for each combination of their values."""
    seeds: tuple[int, ...]
    grid: dict[str, list[Any]]
    """Every combination of its values is tried; empty where `arms` say what is."""
    criterion: str = "area"
    settings: dict[str, Any] = field(default_factory=dict[str, Any])
    """Settings merged over the defaults in tuning alone, such as fewer episodes."""
    arms: tuple[TunedArm, ...] = ()
    """What each arm tries, in the place of a grid; as many settings each, those of an arm with equal keys."""
    score: float | None = None
    """Score that the criterion "episodes" counts up to."""

    @property
    def keys(self) -> tuple[str, ...]:
        """Dotted keys that a value is chosen for, in some arm at least."""
        return tuple(dict.fromkeys(key for arm in self.arms for key in arm.points[0]) or self.grid)

    @property
    def budget(self) -> int:
        """Number of settings that are tried for each choice."""
        return len(self.arms[0].points if self.arms else list(grid_points(self.grid)))

    def tries(self, where: Mapping[str, Any]) -> list[dict[str, Any]]:
        """Returns the settings that are tried, by dotted key, for one combination of the values of `per`.

        Raises:
            ValueError: If the tuning has arms, and not one of them is meant.
        """
        if not self.arms:
            return list(grid_points(self.grid))
        meant = [arm for arm in self.arms if all(where.get(key) == arm.where[key] for key in arm.where)]
        if len(meant) != 1:
            raise ValueError(f"tuning.arms: expected one whose 'where' holds for {where}, got {len(meant)}")
        return list(meant[0].points)

    def values(self) -> dict[str, list[Any]]:
        """Returns the values that are tried of each key, in the order in which they come first."""
        if not self.arms:
            return self.grid
        found: dict[str, list[Any]] = {key: [] for key in self.keys}
        for key, value in (pair for arm in self.arms for point in arm.points for pair in point.items()):
            if value not in found[key]:
                found[key].append(value)
        return found


@dataclass(frozen=True)
class Group:
    """Group of cells: fixed settings, a grid over others, and seeds."""

    name: str
    seeds: tuple[int, ...]
    settings: dict[str, Any]
    grid: dict[str, list[Any]]

    def points(self) -> Iterator[dict[str, Any]]:
        """Yields each point of the grid, by dotted key."""
        return grid_points(self.grid)


@dataclass(frozen=True)
class Contrast:
    """Comparison of two arms, treatment and control, on a measure."""

    name: str
    measure: str
    treatment: dict[str, Any]
    """Dotted keys to values that select the treatment arm, without those of `at`."""
    control: dict[str, Any]
    at: dict[str, Any] = field(default_factory=dict[str, Any])
    """Dotted keys to values that both arms have in common."""
    against: dict[str, Any] | None = None
    """Dotted keys to values of a second place, that of an interaction: whether the effect differs between the
    two is asked. None: the contrast is one of two arms.
    """
    sensitivity: bool = False
    """Whether the report shows it under other goals and limits as well, side by side; no part of the plan."""
    primary: bool = False
    post_hoc: bool = False
    """Whether it was added after runs had been seen: such a contrast is described, not tested. The hashes of
    `agents.studies.fingerprint` in the cells show that others were fixed before.
    """

    @property
    def arms(self) -> tuple[dict[str, Any], dict[str, Any]]:
        """Dotted keys to values that select the cells of treatment and control."""
        return self._arms_at(self.at)

    @property
    def sides(self) -> tuple[dict[str, Any], ...]:
        """The same of all its arms: of an interaction treatment and control at the second place as well."""
        return self.arms if self.against is None else (*self.arms, *self._arms_at(self.against))

    def planned(self) -> dict[str, Any]:
        """Returns what of it is part of a plan; what contrasts did not use to have only where it is used."""
        told = {name: value for name, value in asdict(self).items() if name != "sensitivity"}
        return told if self.against is not None else {k: v for k, v in told.items() if k != "against"}

    def _arms_at(self, place: Mapping[str, Any]) -> tuple[dict[str, Any], dict[str, Any]]:
        return {**place, **self.treatment}, {**place, **self.control}


@dataclass(frozen=True)
class Choice:
    """Settings that tuning chose for one combination of values."""

    where: dict[str, Any]
    """Combination that the choice is for: dotted key to value, None where the settings lack the key."""
    settings: dict[str, Any]
    """Chosen settings: dotted key to value."""
    candidates: list[dict[str, Any]] = field(default_factory=list[dict[str, Any]])
    """Per point of the grid: `settings`, `criterion`, and `seeds`, one value each; None: the run failed."""


@dataclass(frozen=True)
class Study:
    """Study as its file describes it: goal, defaults, tuning, groups and contrasts."""

    name: str
    title: str
    question: str = ""
    goal: Goal | None = None
    defaults: dict[str, Any] = field(default_factory=dict[str, Any])
    tuning: Tuning | None = None
    groups: tuple[Group, ...] = ()
    contrasts: tuple[Contrast, ...] = ()
    places: dict[str, str] = field(default_factory=dict[str, str])
    """Names of cell functions to their `"module:attribute"`; no part of a cell, nor of the plan."""
    interval: Method = BCA
    """Method of the intervals in its reports, which is part of the plan."""
    overrides: dict[str, Any] = field(default_factory=dict[str, Any])
    """Dotted keys to values that override the file's settings in all cells."""

    def override(self, settings: Mapping[str, Any]) -> Study:
        """Returns the study with settings, by dotted key, overridden in all its cells."""
        return replace(self, overrides=with_short_name({**self.overrides, **settings}))

    def tuning_cells(self, groups: Sequence[str] | None = None) -> list[Cell]:
        """Returns the tuning cells, in the order of the seeds.

        Args:
            groups: Names of the groups whose main cells need the choices; None: all.
        """
        if self.tuning is None:
            return []
        cells = [
            cell
            for seed in self.tuning.seeds
            for where in self.tuned_places(groups)
            for _, cell in self.candidates(where, seed)
        ]
        return unique(cells)

    def tuned_places(self, groups: Sequence[str] | None = None) -> list[dict[str, Any]]:
        """Returns the combinations of values, by dotted key, that tuning makes a choice for."""
        found: list[dict[str, Any]] = []
        if self.tuning is None:
            return found
        for _, settings in self.plain_settings(groups):
            where = {key: look_up(settings, key) for key in self.tuning.per}
            if self._is_tuned(settings) and where not in found:
                found.append(where)
        return found

    def candidates(self, where: Mapping[str, Any], seed: int) -> Iterator[tuple[dict[str, Any], Cell]]:
        """Yields the settings that tuning tries, by dotted key, each with the cell that tries them."""
        if self.tuning is None:
            return
        given = {key: value for key, value in where.items() if value is not None}
        for point in self.tuning.tries(where):
            settings = lay_over(merge(self.defaults, self.tuning.settings), {**given, **point})
            label = "-".join([TUNING, *map(describe, [*given.values(), *point.values()])])
            yield point, Cell(TUNING, seed, lay_over(settings, self.overrides), label=label)

    def main_cells(self, choices: Sequence[Choice] = (), groups: Sequence[str] | None = None) -> list[Cell]:
        """Returns the main cells: the first seed of all groups, then the second of all, and so on.

        Args:
            choices: Choices of the tuning, for each combination of values that occurs.
            groups: Names of the groups to take; None: all.

        Raises:
            ValueError: If there is no choice for a cell.
        """
        turns: list[tuple[int, Cell]] = []
        for group in self._chosen(groups):
            for point in group.points():
                plain = self._settings_of(group, point, {})
                settings = self._settings_of(group, point, self._chosen_settings(plain, choices))
                label = _label(group, point, self.defaults)
                turns += [
                    (turn, Cell(MAIN, seed, settings, group=group.name, label=label))
                    for turn, seed in enumerate(group.seeds)
                ]
        return unique(cell for _, cell in sorted(turns, key=lambda pair: pair[0]))

    def group_names(self) -> list[str]:
        """Returns the names of the groups, in the order of the file."""
        return [group.name for group in self.groups]

    def _chosen(self, groups: Sequence[str] | None) -> list[Group]:
        return [group for group in self.groups if groups is None or group.name in groups]

    def plain_settings(self, groups: Sequence[str] | None = None) -> Iterator[tuple[Group, dict[str, Any]]]:
        """Yields the settings of each grid point of each group, before tuning is applied."""
        for group in self._chosen(groups):
            for point in group.points():
                yield group, self._settings_of(group, point, {})

    def possible_settings(self) -> Iterator[tuple[Group, dict[str, Any]]]:
        """Yields the settings of each grid point of each group, under every choice that tuning could make."""
        for group in self.groups:
            for point in group.points():
                plain = self._settings_of(group, point, {})
                for tried in self._tries_of(plain):
                    yield group, self._settings_of(group, point, tried)

    def _settings_of(self, group: Group, point: Settings, tuned: Settings) -> dict[str, Any]:
        settings = merge(lay_over(self.defaults, tuned), group.settings)
        return lay_over(lay_over(settings, point), self.overrides)

    def _is_tuned(self, settings: Settings) -> bool:
        """Returns whether a cell is tuned: it runs the same function as the defaults."""
        return settings.get("run") == self.defaults.get("run")

    def _tries_of(self, plain: Settings) -> list[dict[str, Any]]:
        """Returns what tuning tries for a cell, by dotted key; one empty point where it is not tuned."""
        if self.tuning is None or not self._is_tuned(plain):
            return [{}]
        return self.tuning.tries({key: look_up(plain, key) for key in self.tuning.per})

    def _chosen_settings(self, plain: Settings, choices: Sequence[Choice]) -> dict[str, Any]:
        if self.tuning is None or not self._is_tuned(plain):
            return {}
        where = {key: look_up(plain, key) for key in self.tuning.per}
        for choice in choices:
            if choice.where == where:
                return choice.settings
        raise ValueError(f"tuning: nothing is chosen yet for {where}; run the tuning phase first")


def cell_key(seed: int, settings_sha256: str) -> str:
    """Returns the key of a cell: the seed, and the first eight digits of the hash of the settings."""
    return f"seed{seed}-{settings_sha256[:8]}"


def unique(cells: Iterable[Cell]) -> list[Cell]:
    """Returns the cells with each key once, at its first place."""
    found: dict[str, Cell] = {}
    for cell in cells:
        found.setdefault(cell.key, cell)
    return list(found.values())


def _label(group: Group, point: Settings, defaults: Settings) -> str:
    """Returns the label of a cell: its group's settings that differ from the defaults, and its grid point."""
    fixed = [
        value
        for key, value in leaves(group.settings)
        if look_up(defaults, key) != value and not isinstance(value, list)
    ]
    return "-".join(map(describe, [*fixed, *point.values()]))[:120]
