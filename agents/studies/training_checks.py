"""Checks the settings of training cells, before the first of them as in each; read without loading torch.

`agents.studies.training` says what each setting is. What a cell trains with is looked at as far as it can be
without making it: names, types and ranges, those of a learner of this package by its own class of settings,
and how a run that ends at a score goes with the study's goal.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import fields
from math import isclose, isfinite
from typing import Any, cast

from agents.learners.settings import LEARNERS, check_learner
from agents.runs.strict_json import did_you_mean, is_number, is_whole, show
from agents.studies.plan import Goal
from agents.studies.settings import Settings

KNOWN = (
    *("run", "agent", "config", "policy", "policy_kwargs", "device", "env", "env_kwargs", "eval_env_kwargs"),
    *("episodes", "extra_episodes", "most_episodes", "stop_at", "eval_episodes", "samples"),
    *("other_env_kwargs", "pass_at"),
)
"""Names of the settings of a training run; others are refused."""
NEEDED = ("agent", "policy", "env", "episodes", "eval_episodes")
"""Settings that every training run has."""
TEXTS = ("agent", "policy", "env", "device")
TABLES = ("config", "policy_kwargs", "env_kwargs", "eval_env_kwargs", "other_env_kwargs")
COUNTS = {"episodes": 1, "eval_episodes": 1, "most_episodes": 1, "extra_episodes": 0, "samples": 0}
"""Settings that are whole numbers, with the least of each."""
PASS_AT = {"n", "prompts"}
"""Keys of the setting `pass_at`."""
PASSED, OTHER = "pass_at_", "other_"
"""Beginnings of the names of measures that want the setting `pass_at`, and `other_env_kwargs`."""


def check_training(settings: Settings) -> None:
    """Checks names, types and ranges of the settings of a training cell, and how they go together.

    Settings of a learner that is none of this package are left to it.

    Args:
        settings: All settings of the cell.

    Raises:
        ValueError: If the cell can't be run with them; one line names the setting.
    """
    for key in settings:
        if key not in KNOWN:
            guess = did_you_mean(key, KNOWN)
            raise ValueError(f"settings: expected some of {', '.join(KNOWN)}, got {key!r}{guess}")
    for key in NEEDED:
        if key not in settings:
            raise ValueError(f"{key}: expected it among the settings, got {', '.join(settings) or 'none'}")
    _check_types(settings)
    _check_learner(settings["agent"], settings.get("config", {}))
    if "stop_at" in settings or "most_episodes" in settings:
        _check_stop(settings)
    if "pass_at" in settings:
        _check_pass_at(settings["pass_at"])


def check_stop(settings: Settings, goal: Goal) -> None:
    """Checks that a run which ends at a score ends where the study's report can say that it has the goal.

    Args:
        settings: All settings of a training cell.
        goal: The study's.

    Raises:
        ValueError: If the run could be ended beyond the goal's K, or by another moving average.
    """
    if "stop_at" not in settings:
        return
    stop, most = settings["stop_at"], goal.max_kl(settings)
    if isfinite(most):
        kl = stop.get("kl")
        if kl is None or (kl > most and not isclose(kl, most)):
            raise ValueError(
                f"stop_at.kl: expected at most the goal's K, {most:g} nats, beyond which no run reaches the "
                f"goal, got {'none' if kl is None else show(kl)}"
            )
    window = stop["window_episodes"]
    if window != goal.window_episodes:
        own = f"{goal.window} iterations" if goal.window_episodes is None else f"{goal.window_episodes}"
        raise ValueError(
            "stop_at.window_episodes: expected goal.window_episodes, which the report averages over "
            f"({own}), got {show(window)}"
        )


def leaves_measure(settings: Settings, measure: str) -> bool:
    """Returns whether a training cell can have a measure that only some settings bring about.

    Example:
        >>> leaves_measure({"pass_at": {"n": 8, "prompts": 64}}, "pass_at_16"), leaves_measure({}, "score")
        (False, True)
    """
    if measure.startswith(PASSED):
        return settings.get("pass_at", {"n": 0})["n"] >= int(measure.removeprefix(PASSED))
    return not measure.startswith(OTHER) or "other_env_kwargs" in settings


def _check_types(settings: Settings) -> None:
    for key in TEXTS:
        value = settings.get(key, key)
        if not isinstance(value, str) or not value.strip():
            raise _wrong(key, "a text", value)
    for key in TABLES:
        if not isinstance(settings.get(key, {}), Mapping):
            raise _wrong(key, "a table", settings[key])
    for key, least in COUNTS.items():
        if not is_whole(settings.get(key, least), least):
            raise _wrong(key, f"a whole number >= {least}", settings[key])


def _check_learner(agent: str, config: Settings) -> None:
    """Checks a learner's name, and its settings where it is one of this package."""
    check_learner(agent)
    if "seed" in config:
        raise ValueError(f"config.seed: expected none, the seed is the cell's, got {show(config['seed'])}")
    if agent not in LEARNERS:
        return
    config_class = LEARNERS[agent].config
    known = [field.name for field in fields(config_class) if field.name != "seed"]
    for key in config:
        if key not in known:
            guess = did_you_mean(key, known)
            raise ValueError(f"config: expected some of {', '.join(known)}, got {key!r}{guess}")
    try:
        config_class(**config)
    except ValueError as error:
        raise ValueError(f"config.{error}") from error


def _check_stop(settings: Settings) -> None:
    """Checks where a run ends that goes on until it has reached a score."""
    stop, least, most = settings.get("stop_at", {}), settings["episodes"], settings.get("most_episodes")
    if not isinstance(stop, Mapping):
        raise _wrong("stop_at", "a table of score, window_episodes and perhaps kl", stop)
    table = cast(Settings, stop)
    if not table or most is None or most < least:
        raise ValueError(
            "most_episodes: expected a number of at least `episodes`, and `stop_at` with it, got "
            f"{most!r} and {table}"
        )
    if settings.get("config", {}).get("lr_schedule") != "constant":
        raise ValueError(
            "stop_at: expected config.lr_schedule = 'constant': another depends on how long a run is"
        )
    if set(table) - {"kl"} != {"score", "window_episodes"}:
        raise ValueError(f"stop_at: expected score, window_episodes and perhaps kl, got {', '.join(table)}")
    if not is_number(table["score"]):
        raise _wrong("stop_at.score", "a finite number", table["score"])
    if not (is_whole(table["window_episodes"], 1) and table["window_episodes"] <= most):
        raise _wrong(
            "stop_at.window_episodes",
            f"a whole number >= 1, at most most_episodes = {most}",
            table["window_episodes"],
        )
    if "kl" in table and not (is_number(table["kl"]) and table["kl"] > 0):
        raise _wrong("stop_at.kl", "a finite number > 0", table["kl"])


def _check_pass_at(value: Any) -> None:
    table = cast(Settings, value if isinstance(value, Mapping) else {})
    if {*table} != PASS_AT or not all(is_whole(count, 1) for count in table.values()):
        raise _wrong("pass_at", "n and prompts, whole numbers >= 1", value)


def _wrong(key: str, expected: str, got: Any) -> ValueError:
    return ValueError(f"{key}: expected {expected}, got {show(got)}")
