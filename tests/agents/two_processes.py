"""Runs of a learner in one process, or in two: `python two_processes.py PORT FOLDER` makes them in two."""

from __future__ import annotations

import importlib.util
import json
import os
import sys
from pathlib import Path

import gymnasium as gym
import numpy as np
import safetensors.torch
import torch

from agents import GRPO, GRPOConfig, TokenPPO, TokenPPOConfig
from agents.learners import update as ppo_update
from agents.parallel import Processes, join_processes
from agents.policies.policy import CausalLMPolicy
from tests.helpers.candidate_game import CandidateGame

spec = importlib.util.spec_from_file_location("toy", Path(__file__).parent / "conftest.py")
toy = importlib.util.module_from_spec(spec)
spec.loader.exec_module(toy)

B = 16
PPO = {
    **{"batch_size": B, "minibatch_size": 8, "num_ppo_epochs": 2, "learning_rate": 1e-3},
    **{"response_length": (1, 6), "kl_controller": "adaptive", "entropy_coef": 0.01, "kl_coef": 0.1},
}
RUNS = {
    "plain": (TokenPPO, TokenPPOConfig, PPO),
    "parts": (TokenPPO, TokenPPOConfig, {**PPO, "accumulation_steps": 4, "standardise_scores": True}),
    "stop": (TokenPPO, TokenPPOConfig, {**PPO, "max_approxkl": 2e-3, "learning_rate": 3e-3}),
    "stale": (TokenPPO, TokenPPOConfig, {**PPO, "critic_warmup_iterations": 1, "response_length": 6}),
    "offset": (TokenPPO, TokenPPOConfig, {**PPO, "critic_offset": 0.5}),
    "groups": (GRPO, GRPOConfig, {**PPO, "group_size": 4, "scale": "batch"}),
    "candidates": (TokenPPO, TokenPPOConfig, {**PPO, "candidates": "exact", "accumulation_steps": 2}),
    "stale candidates": (TokenPPO, TokenPPOConfig, {**PPO, "candidates": "exact", "future": 0.5}),
    "good sets": (GRPO, GRPOConfig, {**PPO, "group_size": 4, "candidates": "good-set"}),
}
ITERATIONS = 4


class RowToy(toy.GroupToyVectorEnv):
    """The toy whose sub-environment i draws from a generator of its own, seeded with seed + i."""

    fails = False

    def reset(self, *, seed=None, options=None):
        self.rows = [gym.utils.seeding.np_random(seed + i)[0] for i in range(self.num_envs)]
        return super().reset(seed=seed, options=options)

    def step(self, actions):
        if self.fails:
            raise KeyError("no such model")
        observation, rewards, ended, cut, infos = super().step(actions)
        ending = infos["final_info"]
        paid = ending["token_rewards"]
        ending |= self._infos(prefix_values=(np.cumsum(paid, axis=1) - paid) * ending["response_mask"])
        return observation, rewards, ended, cut, infos

    def _draw(self):
        lengths = np.array([row.integers(2, toy.P + 1) for row in self.rows])
        mask = np.arange(toy.P) >= toy.P - lengths[:, None]
        ids = np.stack([row.integers(0, toy.V - 1, toy.P) for row in self.rows]) * mask
        eos = np.full(self.num_envs, toy.END)
        return {"prompt_ids": ids, "prompt_mask": mask.astype(np.int8)}, self._infos(eos_token_id=eos)


class Record:
    """A callback that keeps metrics and prompts, and weights as they are after each iteration."""

    def __init__(self):
        self.metrics, self.prompts, self.weights = [], [], []

    def watch(self, agent):
        self.agent = agent
        agent.callbacks = [self]
        return agent

    def on_iteration(self, metrics, timings, episodes):
        self.metrics.append(dict(metrics))
        self.prompts.append([info["prompt"] for info in episodes])
        self.weights.append(weights_of(self.agent))


def weights_of(agent):
    return {name: p.detach().clone() for name, p in agent.policy.named_parameters()}


def make_env(processes, env=RowToy):
    """Returns a process's share of a round; two rounds make a batch."""
    return env(num_envs=B // 2 // processes.count)


def make_agent(name, processes):
    learner, config, settings = RUNS[name]
    model = toy.make_model(seed=processes.rank)  # the others take over the main one's weights
    env = make_env(processes, CandidateGame if "candidates" in settings else RowToy)
    return learner(CausalLMPolicy(model), env, config(**settings), processes=processes)


def run(name, processes):
    """Returns what a callback saw of a run."""
    tolerance, record = ppo_update.RATIO_TOLERANCE, Record()
    if name.startswith("stale"):
        ppo_update.RATIO_TOLERANCE = -1.0
    try:
        record.watch(make_agent(name, processes)).learn(ITERATIONS * B)
    finally:
        ppo_update.RATIO_TOLERANCE = tolerance
    return record


def save_half(processes, path):
    """Saves a run that is half done."""
    agent = make_agent("plain", processes)
    agent.learn(ITERATIONS * B // 2)
    agent.save(path)


def finish_half(processes, path):
    """Returns the weights of a run that goes on from there; its learning rate's schedule is another."""
    agent = TokenPPO.load(path, make_env(processes), processes=processes)
    agent.learn(ITERATIONS * B)
    return weights_of(agent)


def main(folder):
    processes = join_processes("cpu", patience=60)
    assert type(processes) is not Processes
    for name in RUNS:
        record = run(name, processes)
        if processes.is_main:
            write(folder / name, record)
    save_half(processes, folder / f"saved-{processes.rank}")
    finished = finish_half(processes, folder / "saved-by-one")
    if processes.is_main:
        safetensors.torch.save_file(finished, folder / "finished.safetensors")
    outlive_the_other(processes, folder)


def write(path, record):
    path.mkdir()
    told = {"metrics": record.metrics, "prompts": record.prompts}
    (path / "told.json").write_text(json.dumps(told))
    for index, weights in enumerate(record.weights):
        safetensors.torch.save_file(weights, path / f"{index}.safetensors")


def outlive_the_other(processes, folder):
    """The environment of process 1 fails; the main one has to end as well, whole."""
    agent = make_agent("plain", processes)
    agent.learn(B)
    agent.env.fails = not processes.is_main
    try:
        agent.learn(2 * B)
    except ConnectionError as error:
        agent.save(folder / "survived")
        (folder / "lost.txt").write_text(str(error))


if __name__ == "__main__":
    torch.set_num_threads(1)
    port, where = sys.argv[1:]
    other = os.fork()  # one import for both: nothing has started a thread yet
    rank = "0" if other else "1"
    os.environ |= {"RANK": rank, "LOCAL_RANK": rank, "WORLD_SIZE": "2", "LOCAL_WORLD_SIZE": "2"}
    os.environ |= {"MASTER_ADDR": "127.0.0.1", "MASTER_PORT": port}
    main(Path(where))
    os.waitpid(other, 0)  # the main process comes here alone
