"""Command-line flags for the learners' settings, made from name, type and help of their config fields.

A setting that several learners have is one flag; its default is that of the learner which is chosen.
"""

from __future__ import annotations

import dataclasses
import typing
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

from agents.config import SettingError
from agents.flags.flag import Flag, integer, number, optional, show, switch
from agents.learners.settings import LEARNERS

CONFIGS: dict[str, type[Any]] = {name: row.config for name, row in LEARNERS.items()}
"""Config class of each learner, by the learner's name."""
SHORT = {"learning_rate": "lr", "num_ppo_epochs": "ppo_epochs"}
"""Settings whose flags have another name, to that name."""
ELSEWHERE = ("response_length",)
"""Settings whose flags every run has, with any learner."""
PARSERS: dict[Any, Callable[[str], Any]] = {
    int: integer,
    int | None: optional(integer),
    float: number,
    float | None: optional(number),
    str: str,
    bool: switch,
}


def learner_flags() -> tuple[Flag, ...]:
    """Returns one flag for each setting of any learner, in the order of the configs."""
    found: dict[str, Flag] = {}
    for name in CONFIGS:
        for key, field in fields_of(name).items():
            parse = PARSERS[typing.get_type_hints(CONFIGS[name])[field.name]]
            flag = Flag(key.replace("_", "-"), describe_default(key), parse, str(field.metadata["help"]))
            found.setdefault(key, flag)
    return tuple(found.values())


def fields_of(agent: str) -> dict[str, dataclasses.Field[Any]]:
    """Returns the config fields of a learner by the keys of their flags."""
    fields = dataclasses.fields(CONFIGS[agent])
    return {SHORT.get(field.name, field.name): field for field in fields if field.name not in ELSEWHERE}


def defaults_of(agent: str) -> dict[str, Any]:
    """Returns the default of each setting of a learner."""
    return {key: field.default for key, field in fields_of(agent).items()}


def describe_default(key: str) -> str:
    """Returns a setting's default as text, by learner where defaults differ or one lacks the setting."""
    shown = {agent: show(defaults_of(agent)[key]) for agent in having(key)}
    values = dict.fromkeys(shown.values())
    if len(values) == 1 and len(shown) == len(CONFIGS):
        return next(iter(values))
    return ", ".join(
        f"{value} under {' and '.join(agent for agent in shown if shown[agent] == value)}" for value in values
    )


def having(key: str) -> Sequence[str]:
    """Returns the learners that have a setting."""
    return [agent for agent in CONFIGS if key in fields_of(agent)]


def check_given(given: Iterable[str], agent: str) -> None:
    """Refuses a setting that other learners have, but not this one.

    Raises:
        ValueError: If a given setting is not one of this learner's.
    """
    for key in given:
        others = having(key)
        if others and agent not in others:
            raise ValueError(
                f"--{key.replace('_', '-')} is a setting of {' and '.join(others)}, not of {agent}: "
                f"leave it out, or take --agent {' or '.join(others)}"
            )


def make_config(settings: Mapping[str, Any], response_length: tuple[int, int] | None) -> Any:
    """Returns the config of the learner that the settings name.

    Raises:
        ValueError: If a setting is out of range, or two do not go together; the message names the flag.
    """
    fields = fields_of(settings["agent"])
    values = {field.name: settings[key] for key, field in fields.items()}
    try:
        return CONFIGS[settings["agent"]](response_length=response_length, **values)
    except SettingError as error:
        flag = SHORT.get(error.setting, error.setting).replace("_", "-")
        raise ValueError(f"--{flag}: {error.problem}") from error
