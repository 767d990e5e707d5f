"""Refuses what no table and no module has, before anything is loaded."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping
from functools import partial
from pathlib import Path
from typing import Any

from rlsf_gym.arguments import did_you_mean
from rlsf_gym.designs import load_design
from rlsf_gym.envs.task import check_prompts_kwargs
from rlsf_gym.objectives import load_objective
from rlsf_gym.presets.task_flags import objective_kwargs, tell
from rlsf_gym.prompts import PROMPTS
from rlsf_gym.registry import Table
from rlsf_gym.scorers import SCORERS
from rlsf_gym.tokenizer import TOKENIZERS

Settings = Mapping[str, Any]
HUB_NAMES: dict[str, Collection[str]] = {"tokenizer": TOKENIZERS, "prompts": PROMPTS}
"""Flags that take a name of the hub as well, to the names that are known here."""


def check_names(settings: Settings, scorers: Table | None = None) -> None:
    """Checks the names that a run's settings hold.

    Args:
        settings: Of the run.
        scorers: Scorers by name; `SCORERS` by default.

    Raises:
        ValueError: If there is an unknown one; the message begins with the flag.
    """
    for flag, check in _checks(settings, scorers):
        try:
            check()
        except ValueError as error:
            told = tell(error)
            raise ValueError(told if told.startswith(flag) else f"{flag}: {told}") from error


def _checks(settings: Settings, scorers: Table | None) -> Iterator[tuple[str, Callable[[], Any]]]:
    more = settings["env_kwargs"]
    design = dict(more.get("reward_design_kwargs") or {})
    objective: dict[str, Any] = {**objective_kwargs(settings), **(more.get("objective_kwargs") or {})}
    yield "--reward-design", lambda: load_design(settings["reward_design"], **design)
    yield "--objective", lambda: load_objective(settings["objective"], **objective)
    yield "--env-kwargs", lambda: check_prompts_kwargs(more.get("prompts_kwargs") or {})
    for key, known in HUB_NAMES.items():
        yield f"--{key}", partial(check_spelling, settings[key], known)
    yield "--scorer", lambda: (SCORERS if scorers is None else scorers).load(settings["scorer"])


def check_spelling(name: str | None, known: Collection[str]) -> None:
    """Refuses a slip in a known name, which would be asked for on the hub, for a minute."""
    if name is None or name in known or Path(name).exists() or not name.isidentifier():
        return
    guess = did_you_mean(name, known, cutoff=0.8)
    if guess:
        raise ValueError(f"there is no {name!r}{guess}")
