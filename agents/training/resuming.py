"""Resumes a run: which settings may change, how it is lengthened, and where it is rescued to."""

from __future__ import annotations

import json
import math
import shlex
import subprocess
import sys
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any, cast

from agents.learners.learner import Learner
from agents.learners.schedule import learning_rate
from agents.runs.plain_files import write_whole
from agents.training.run_folder import RunFolder

LENGTH = ("episodes", "epochs")
"""Settings for the length of a run, which may change when it is resumed."""
ELSEWHERE = (*LENGTH, "eval_samples", "device", "threads", "tokenizer_here")
"""Settings that a checkpoint does not depend on."""

Settings = Mapping[str, Any]


def with_length(given: Settings, settings: Settings) -> dict[str, Any]:
    """Returns the settings of a run with its new length, if one is given.

    Raises:
        ValueError: If both `--episodes` and `--epochs` are given.
    """
    new = {key: given[key] for key in LENGTH if key in given}
    if len(new) > 1:
        raise ValueError("--epochs and --episodes exclude each other: give one of them")
    return {**settings, **(dict.fromkeys(LENGTH) if new else {}), **new}


def identify(run: str, settings: Settings) -> dict[str, Any]:
    """Returns the identity of a run that its checkpoint keeps, to be compared on resuming."""
    kept = {key: value for key, value in settings.items() if key not in ELSEWHERE}
    return json.loads(json.dumps({"run": run, "settings": kept}))


def check_same_run(agent: Learner[Any], folder: RunFolder, settings: Settings) -> None:
    """Checks that a checkpoint belongs to this run and to the settings in its `config.json`.

    Raises:
        ValueError: If it does not; the message names the differences.
    """
    mine = identify(folder.config()["id"], settings)
    stored = agent.notes.get("settings")
    theirs = cast("dict[str, Any]", stored) if isinstance(stored, dict) else {}
    differing = [
        f"{key} is {theirs[key]} there and {value} in config.json"
        for key, value in mine["settings"].items()
        if key in theirs and theirs[key] != value
    ]
    if differing or not theirs:
        raise ValueError(
            f"{folder.checkpoint} is not of this run: "
            + ("; ".join(differing) or "it says of none")
            + "; restore the run's own checkpoint, or config.json"
        )
    if agent.notes.get("run") != mine["run"]:
        raise ValueError(f"{folder.checkpoint} is of another run of the same settings: restore the run's own")


def check_length(folder: RunFolder, settings: Settings, *, total: int, done: int) -> int:
    """Returns the number of episodes of the whole run, rounded up to whole iterations.

    Raises:
        ValueError: If the run has already done more.
    """
    batch = settings["batch_size"]
    whole = batch * math.ceil(total / batch)
    if whole < done:
        raise ValueError(
            f"--episodes {total}: {folder.path} has {done} episodes behind it: give more, or leave it out"
        )
    return whole


def is_lengthened(folder: RunFolder, settings: Settings, *, left: int) -> bool:
    """Returns whether a run's new length differs from that of its record, or of its results."""
    stored = folder.config()["settings"]
    ended = left > 0 and any((folder.path / name).exists() for name in ("summary.json", "after.json"))
    return ended or any(stored.get(key) != settings[key] for key in LENGTH)


def lengthen(folder: RunFolder, agent: Learner[Any], settings: Settings, total: int) -> str:
    """Records the new length of a run, and renames the results of its former end.

    The files of the old end are kept with the number of its episodes in their names. They go first: whenever
    the process dies, the run is either as it was or unfinished.

    Returns:
        Text that says how the learning rate goes on.
    """
    config = folder.config()
    before = {key: config["settings"].get(key) for key in LENGTH}
    for name in ("summary.json", "after.json", "samples.jsonl", "samples.html"):
        old = folder.path / name
        if old.exists():
            old.replace(old.with_name(f"{old.stem}-{agent.episodes}{old.suffix}"))
    now = {key: settings[key] for key in LENGTH}
    history = [*config.get("lengths", []), {"at_episodes": agent.episodes, "from": before, "to": now}]
    folder.write("config", {**config, "settings": {**config["settings"], **now}, "lengths": history})
    return describe_schedule(agent, total)


def describe_schedule(agent: Learner[Any], total: int) -> str:
    """Returns text that says how the learning rate goes on in a run that is lengthened."""
    iterations = total // agent.config.batch_size
    following = learning_rate(agent.config, agent.iteration, iterations)
    if agent.config.lr_schedule == "constant":
        return f"the learning rate stays constant, at {following:.3g}"
    return (
        f"the learning rate, linear over the whole run, goes on at {following:.3g}, as if {total} episodes "
        "had been planned from the start"
    )


def how_to_continue(folder: Path) -> str:
    """Returns the shell command that resumes a run."""
    path = str(folder)
    flag = [f"--resume={path}"] if path.startswith("-") else ["--resume", path]
    command = [*_started_with(sys.argv[0]), *flag]
    return subprocess.list2cmdline(command) if sys.platform == "win32" else shlex.join(command)


def _started_with(script: str) -> list[str]:
    """Returns the command that this process was started with: a script, a module or a console script."""
    python = sys.executable or "python"
    if script.endswith("__main__.py"):
        return [python, "-m", "agents", "train"]
    if script.endswith(".py"):
        return [python, script]
    return [script]


def rescue(folder: RunFolder, agent: Learner[Any]) -> str:
    """Saves a run whose folder was deleted to a new folder; returns text with its path and how to resume.

    Raises:
        OSError: If no folder for it can be made.
    """
    place = _make_free(folder.path)
    for name, data in folder.kept.items():
        write_whole(place / name, data, alone=True)
    if not agent.is_whole:
        return f"what it had logged is in {place}; the update was under way, and its weights are lost"
    agent.save(place / "checkpoint")
    return (
        f"all of it up to iteration {agent.iteration} is in {place}, continue with: {how_to_continue(place)}"
    )


def _make_free(path: Path) -> Path:
    """Returns a new folder beside a path, or in the temporary folder where that is not possible."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        number = 1
        while True:
            place = path.with_name(f"{path.name}.rescued" + (f"-{number}" if number > 1 else ""))
            try:
                place.mkdir()
                return place
            except FileExistsError:
                number += 1
    except OSError:
        return Path(tempfile.mkdtemp(prefix=f"{path.name}.rescued-"))
