"""Logs of a run: JSONL files, terminal, and the boards (TensorBoard, W&B) that it was started with."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable, Mapping
from typing import Any, cast

from agents.extras import import_extra
from agents.learners.learner import Learner
from agents.runs.logs import JsonlLog, Log, ProgressLog, TensorBoardLog, WandbLog
from agents.runs.strict_json import show
from agents.training.run_folder import RunFolder

BOARDS: dict[str, type[Any]] = {"tensorboard": bool, "wandb": str, "wandb_mode": str}
"""Flags that choose a board, and their types; a resumed run keeps its boards."""

Settings = Mapping[str, Any]


def chosen(given: Settings) -> dict[str, Any]:
    """Returns the boards that flags ask for, as `config.json` keeps them."""
    return {key: given[key] for key in BOARDS if key in given}


def check_installed(given: Settings) -> None:
    """Checks that the optional packages of the chosen boards are installed, before anything is loaded.

    Raises:
        ValueError: If a package is missing; the message says what to install.
    """
    for key in ("tensorboard", "wandb"):
        if given.get(key):
            try:
                import_extra(key, f"--{key} needs", package=key, extra=key)
            except ImportError as error:
                raise ValueError(str(error)) from error


def recall(config: Settings, given: Settings) -> dict[str, Any]:
    """Returns the flags of a resumed run, with those of the boards that it was started with.

    Raises:
        ValueError: If another project is asked for, or what the run keeps is of other types.
    """
    found = config.get("boards", {})
    stored = cast("dict[str, Any]", found) if isinstance(found, dict) else {"": found}
    if any(type(stored[key]) is not BOARDS.get(key) for key in stored):
        raise ValueError(f"config.json: boards: expected {', '.join(BOARDS)}, got {show(found)}")
    if given.get("wandb", stored.get("wandb")) != stored.get("wandb", given.get("wandb")):
        raise ValueError(
            f"can't continue with other settings: --wandb is {given['wandb']} but the run was started with "
            f"{stored['wandb']}"
        )
    return {**stored, **given}


def make_logs(
    agent: Learner[Any],
    folder: RunFolder,
    settings: Settings,
    given: Settings,
    *,
    total: int,
    say: Callable[[str], None],
) -> list[Log]:
    """Returns the logs of a run; those of the main process have the metrics of all processes."""
    if not agent.processes.is_main:
        return []
    logs: list[Log] = [
        JsonlLog(folder.path, iterations=agent.iteration),
        ProgressLog(sys.stderr, total=total, done=agent.episodes),
    ]
    try:
        if given.get("tensorboard"):
            logs.append(TensorBoardLog(folder.path / "tensorboard", done=agent.episodes))
        if "wandb" in given:
            logs.extend(reach_wandb(folder, settings, given, say))
    except Exception:
        close_logs(logs, folder)
        raise
    return logs


def close_logs(logs: Iterable[Log], folder: RunFolder) -> None:
    """Closes logs and keeps the content of their files, in case the folder is deleted before the results."""
    for log in logs:
        if isinstance(log, JsonlLog):
            folder.kept |= log.contents()
        log.close()


def reach_wandb(
    folder: RunFolder, settings: Settings, given: Settings, say: Callable[[str], None]
) -> list[Log]:
    """Returns the W&B log, or an empty list if W&B can't be reached, which must not stop the run."""
    kwargs: dict[str, Any] = {"folder": folder.path, "config": settings, "mode": given.get("wandb_mode")}
    try:
        return [WandbLog(given["wandb"], report=sys.stderr, run_id=folder.config()["id"] or None, **kwargs)]
    except ConnectionError as error:
        say(f"warning: {error}. Training goes on without it, see {folder.metrics}")
        return []
