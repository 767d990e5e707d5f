"""Makes the learner of a run and its environments, in one process or several."""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import Any

import gymnasium
import resuming
import run_prompts
import settings as flags
from run_folder import RunFolder

from agents import GRPO, RLOO, CausalLMPolicy, TokenPPO
from agents.parallel import PATIENCE, Processes, join_processes
from agents.policies.vocabulary import find_tokenizer
from agents.runs import checkpoint
from agents.runs.launcher import check_launcher

Agent = TokenPPO | RLOO | GRPO
AGENTS: dict[str, type[Any]] = {agent.name: agent for agent in (TokenPPO, RLOO, GRPO)}
EVAL_ENVS = 128
"""Responses that an evaluation scores at once."""

Settings = Mapping[str, Any]


def join(given: Settings) -> Processes:
    """Returns the processes that the run was launched in, on the device that it asks for."""
    settings = {**flags.COMMON, **given}
    if "resume" in given:
        settings = flags.read_stored(RunFolder(given["resume"]).config()["settings"])
    check_launcher(os.environ, settings["device"])
    return join_processes(settings["device"], patience=given.get("process_timeout", PATIENCE))


def settle(settings: Settings, processes: Processes) -> dict[str, Any]:
    """Returns the settings with this process's own device; those that are recorded are alike in all."""
    device = settings["device"] if processes.device is None else str(processes.device)
    return {**settings, "device": device}


def make_env(settings: Settings, part: str, num_envs: int) -> Any:
    """Returns `num_envs` environments that are scored together, of the part "train" or "eval"."""
    source, split = run_prompts.place(settings, part)
    known = flags.env_kwargs(settings)
    prompts = {"prompts": source, "prompts_kwargs": run_prompts.source_kwargs(settings, source)}
    arguments = {**known, **prompts, "split": split}
    try:
        return gymnasium.make_vec(flags.ENV_ID, num_envs=num_envs, **arguments)
    except TypeError as error:
        for flag in ("env_kwargs", "scorer_kwargs"):  # values of any type can be given here
            if settings[flag]:
                error.add_note(f"was given --{flag.replace('_', '-')} {settings[flag]}")
        raise


def make_eval_env(settings: Settings, processes: Processes) -> Any:
    """Returns a process's share of the environments of an evaluation."""
    at_once = min(settings["eval_samples"], EVAL_ENVS)
    return make_env(settings, "eval", -(-at_once // processes.count))


def make_agent(
    folder: RunFolder, settings: Settings, processes: Processes, *, base: str | None = None
) -> Agent:
    """Returns the learner: as its checkpoint left it if there is one, untrained otherwise.

    Args:
        folder: Of the run.
        settings: With this process's own device.
        processes: Who learns together.
        base: Where the base model of the checkpoint's adapter is, when it has moved.
    """
    agent_class = AGENTS[settings["agent"]]
    processes.check_divides("batch_size", settings["batch_size"])
    env = make_env(settings, "train", settings["batch_size"] // processes.count)
    if find_checkpoint(folder, processes):
        where = {"device": settings["device"], "base": base}
        agent = agent_class.load(folder.checkpoint, env, processes=processes, **where)
        resuming.check_same_run(agent, folder, settings)
        return agent
    if base is not None:
        raise ValueError("--base is for the adapter of a run's checkpoint: add --resume, or leave it out")
    policy = CausalLMPolicy.from_pretrained(settings["policy"], **flags.policy_kwargs(settings))
    policy.to(settings["device"])
    agent = agent_class(policy, env, flags.make_config(settings), processes=processes)
    if not policy.tokenizer:  # what the run says it has is kept with it from now on
        kept = find_tokenizer(flags.env_kwargs(settings)["tokenizer"], fetch=False)
        agent.policy.tokenizer = agent.reference.tokenizer = kept
    return agent


def find_checkpoint(folder: RunFolder, processes: Processes) -> bool:
    """Returns whether there is a checkpoint, which all processes must see, on whatever machine."""
    here = checkpoint.exists(folder.checkpoint)
    if processes.any(here) and processes.any(not here):
        raise ValueError(
            f"{folder.checkpoint}: some processes see a checkpoint and some none: put the run folder on "
            "a file system that all machines see"
        )
    return here
