"""Makes the learner of a run and its environments, in one process or several."""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import Any

import gymnasium
import run_prompts
import settings as flags
from run_folder import RunFolder

from agents import GRPO, RLOO, CausalLMPolicy, GRPOConfig, RLOOConfig, TokenPPO, TokenPPOConfig, checkpoint
from agents.processes import PATIENCE, Processes, join_processes

EVAL_ENVS = 128
"""Responses that an evaluation scores at once."""

Settings = Mapping[str, Any]
Agent = TokenPPO | RLOO | GRPO
AGENTS: dict[str, tuple[Any, Any]] = {
    "ppo": (TokenPPO, TokenPPOConfig),
    "rloo": (RLOO, RLOOConfig),
    "grpo": (GRPO, GRPOConfig),
}


def join(given: Settings) -> Processes:
    """Returns the processes that the run was launched in, on the device that it asks for."""
    if os.environ.get("ACCELERATE_USE_FSDP", "false").lower() == "true":
        raise ValueError(
            "FSDP: the learner keeps whole weights in each process; launch it with "
            "examples/accelerate/multi_gpu.yaml (docs/scaling.md says how far FSDP goes)"
        )
    settings = {**flags.DEFAULTS, **given}
    if "resume" in given:
        settings |= RunFolder(given["resume"]).config()["settings"]
    return join_processes(settings["device"], patience=given.get("process_timeout", PATIENCE))


def settle(settings: Settings, processes: Processes) -> dict[str, Any]:
    """Returns the settings with this process's own device; those that are recorded are alike in all."""
    device = settings["device"] if processes.device is None else str(processes.device)
    return {**settings, "device": device}


def make_config(settings: Settings) -> Any:
    """Returns the learner's settings."""
    _, config_class = AGENTS[settings["agent"]]
    own = {"lam": settings["lam"]} if settings["agent"] == "ppo" else {}
    if settings["group_size"] is not None:
        own["group_size"] = settings["group_size"]
    return config_class(
        seed=settings["seed"],
        batch_size=settings["batch_size"],
        minibatch_size=settings["minibatch_size"],
        accumulation_steps=settings["accumulation_steps"],
        num_ppo_epochs=settings["ppo_epochs"],
        response_length=flags.length_range(settings["response_length"]),
        learning_rate=settings["lr"],
        kl_coef=settings["kl_coef"],
        gamma=settings["gamma"],
        **own,
    )


def make_env(settings: Settings, split: str, num_envs: int) -> Any:
    """Returns `num_envs` environments that are scored together."""
    arguments = flags.env_kwargs(settings)
    if not run_prompts.has_splits(settings):
        split = "all"
    return gymnasium.make_vec(flags.ENV_ID, num_envs=num_envs, split=split, **arguments)


def make_eval_env(settings: Settings, processes: Processes) -> Any:
    """Returns a process's share of the environments of an evaluation."""
    at_once = min(settings["eval_samples"], EVAL_ENVS)
    return make_env(settings, "eval", -(-at_once // processes.count))


def make_agent(folder: RunFolder, settings: Settings, processes: Processes) -> Agent:
    """Returns the learner: as its checkpoint left it if there is one, untrained otherwise."""
    agent_class, _ = AGENTS[settings["agent"]]
    processes.check_divides("batch_size", settings["batch_size"])
    env = make_env(settings, "train", settings["batch_size"] // processes.count)
    if checkpoint.exists(folder.checkpoint):
        return agent_class.load(folder.checkpoint, env, device=settings["device"], processes=processes)
    policy = CausalLMPolicy.from_pretrained(settings["policy"], **flags.policy_kwargs(settings))
    return agent_class(policy.to(settings["device"]), env, make_config(settings), processes=processes)
