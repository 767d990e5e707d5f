"""Builds the learner of a run and its environments, in one process or several."""

from __future__ import annotations

import os
from collections.abc import Mapping
from difflib import get_close_matches
from typing import Any

import gymnasium
import torch

from agents import CausalLMPolicy
from agents.learners.learner import Learner
from agents.learners.settings import find_learner
from agents.parallel import PATIENCE, Processes, join_processes
from agents.policies.bundled import bundled_names
from agents.policies.vocabulary import find_tokenizer
from agents.runs import checkpoint
from agents.runs.launcher import check_launcher
from agents.training import resuming
from agents.training import settings as flags
from agents.training.preset import Preset
from agents.training.run_folder import RunFolder

EVAL_ENVS = 128
"""Number of environments of an evaluation, which are scored together."""

Settings = Mapping[str, Any]


def join(preset: Preset, given: Settings) -> Processes:
    """Returns the process group of the run, on the device that its settings name."""
    settings = {**flags.defaults_of(preset), **given}
    if "resume" in given:
        settings = flags.read_stored(preset, RunFolder(given["resume"]).config()["settings"])
    check_launcher(os.environ, settings["device"])
    return join_processes(settings["device"], patience=given.get("process_timeout", PATIENCE))


def settle(settings: Settings, processes: Processes) -> dict[str, Any]:
    """Returns the settings with this process's own device; recorded settings are equal in all processes."""
    device = settings["device"] if processes.device is None else str(processes.device)
    return {**settings, "device": device}


def make_env(preset: Preset, settings: Settings, part: str, num_envs: int) -> Any:
    """Returns `num_envs` environments that are scored together, of the part "train" or "eval"."""
    env_id, arguments = preset.env(settings, part)
    try:
        return gymnasium.make_vec(env_id, num_envs=num_envs, **arguments)
    except TypeError as error:
        for key, value in settings.items():  # values of any type can be given there
            if key.endswith("_kwargs") and value:
                error.add_note(f"was given --{key.replace('_', '-')} {value}")
        raise


def make_eval_env(preset: Preset, settings: Settings, processes: Processes) -> Any:
    """Returns a process's share of the environments of an evaluation."""
    at_once = min(settings["eval_samples"], EVAL_ENVS)
    return make_env(preset, settings, "eval", -(-at_once // processes.count))


def make_agent(
    preset: Preset, folder: RunFolder, settings: Settings, processes: Processes, *, base: str | None = None
) -> Learner[Any]:
    """Returns the learner: as its checkpoint left it if there is one, untrained otherwise.

    Args:
        preset: Preset of the task.
        folder: Folder of the run.
        settings: Settings, with this process's own device.
        processes: Processes that learn together.
        base: Folder of the base model of the checkpoint's adapter, if it has moved.
    """
    agent_class = find_learner(settings["agent"])
    processes.check_divides("batch_size", settings["batch_size"])
    env = make_env(preset, settings, "train", settings["batch_size"] // processes.count)
    if find_checkpoint(folder, processes):
        agent = agent_class.load(
            folder.checkpoint, env, device=settings["device"], base=base, processes=processes
        )
        resuming.check_same_run(agent, folder, settings)
        return agent
    if base is not None:
        raise ValueError("--base is for the adapter of a run's checkpoint: add --resume, or leave it out")
    policy = CausalLMPolicy.from_pretrained(settings["policy"], **flags.policy_kwargs(settings))
    policy.to(settings["device"])
    agent = agent_class(policy, env, flags.make_config(settings), processes=processes)
    tokenizer = preset.tokenizer(settings)
    if tokenizer is not None and not policy.tokenizer:
        # What the run says that the policy has is kept with it from now on.
        agent.policy.tokenizer = agent.reference.tokenizer = find_tokenizer(tokenizer, fetch=False)
    return agent


def find_checkpoint(folder: RunFolder, processes: Processes) -> bool:
    """Returns whether the run has a checkpoint; all processes must see it, on whatever machine they run."""
    here = checkpoint.exists(folder.checkpoint)
    if processes.any(here) and processes.any(not here):
        raise ValueError(
            f"{folder.checkpoint}: some processes see a checkpoint and some none: put the run folder on "
            "a file system that all machines see"
        )
    return here


def check_policy(name: str) -> None:
    """Refuses a misspelled name of a bundled policy, which would be looked up on the hub for a minute."""
    known = bundled_names()
    close = get_close_matches(name, known, n=1, cutoff=0.8) if "/" not in name else []
    if close and name not in known and not os.path.exists(name):
        raise ValueError(f"--policy: there is no {name!r} (did you mean {close[0]!r}?)")


def check_device(name: str) -> None:
    """Checks that torch knows and has a device."""
    try:
        torch.zeros(1, device=name)
    except (RuntimeError, AssertionError) as error:  # AssertionError: torch was built without CUDA
        raise ValueError(f"--device {name}: torch can't use it: {str(error).splitlines()[0]}") from error
