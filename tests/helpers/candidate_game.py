"""A game of few tokens whose environment says what every next token would have earned, and its optimum.

GOOD pays 0.25 and goes on; TRAP pays 0.5, after which nothing pays any more; each of BAD costs 0.5; END and
all other tokens pay nothing. So the best response of T = 6 tokens is five times GOOD, then TRAP: 1.75. A
learner that looks at the next token alone takes TRAP at once: 0.5. Prompts don't matter.
"""

from __future__ import annotations

from typing import Any

import gymnasium as gym
import numpy as np
from gymnasium import spaces
from gymnasium.utils import seeding
from gymnasium.vector import AutoresetMode, VectorEnv

V, P, T = 12, 5, 6
BAD, GOOD, TRAP, END = (0, 1, 2), 3, 4, 11
IDS = np.array([*BAD, GOOD, TRAP, END])
PAY = np.array([-0.5, -0.5, -0.5, 0.25, 0.5, 0.0], dtype=np.float32)
"""What each of IDS earns before TRAP."""
OPTIMUM, GREEDY = 1.75, 0.5


class CandidateGame(VectorEnv):
    """The game; sub-environment i draws its prompts from a generator of its own, seeded with seed + i.

    Args:
        num_envs: B.
        candidates: Whether infos say what every next token would have earned.
    """

    def __init__(self, num_envs: int = 8, candidates: bool = True) -> None:
        self.num_envs = num_envs
        self.candidates = candidates
        self.autoreset_mode = AutoresetMode.SAME_STEP
        self.metadata = {"autoreset_mode": self.autoreset_mode}
        self.single_observation_space = spaces.Dict(
            prompt_ids=spaces.Box(0, V - 1, (P,), np.int64), prompt_mask=spaces.MultiBinary(P)
        )
        self.single_action_space = spaces.MultiDiscrete([V + 1] * T)
        self.observation_space = gym.vector.utils.batch_space(self.single_observation_space, num_envs)
        self.action_space = gym.vector.utils.batch_space(self.single_action_space, num_envs)

    def reset(self, *, seed: int | None = None, options: dict[str, Any] | None = None) -> Any:
        if seed is not None:
            self._rows = [seeding.np_random(seed + i)[0] for i in range(self.num_envs)]
        return self._draw(None if options is None else options["prompts"])

    def step(self, actions: Any) -> Any:
        assert self.action_space.contains(actions)
        ending = play(actions)
        rewards = ending["token_rewards"].sum(-1, dtype=np.float64)
        if not self.candidates:
            ending = {key: ending[key] for key in ("token_rewards", "response_mask")}
        ended = np.ones(self.num_envs, dtype=bool)
        observation, opening = self._draw(None)
        infos = {**opening, "final_info": self._infos(**ending), "_final_info": ended}
        return observation, rewards, ended, ~ended, infos

    def _draw(self, prompts: Any) -> Any:
        if prompts is None:
            lengths = [row.integers(2, P + 1) for row in self._rows]
            rows = [row.integers(0, V - 1, n) for row, n in zip(self._rows, lengths, strict=True)]
        else:
            rows = [np.array([int(word) for word in name.split()]) for name in prompts]
        mask = np.array([[0] * (P - len(row)) + [1] * len(row) for row in rows], dtype=np.int8)
        ids = np.array([[0] * (P - len(row)) + row.tolist() for row in rows])
        names = np.array([" ".join(map(str, row)) for row in rows], dtype=object)
        eos = np.full(self.num_envs, END)
        return {"prompt_ids": ids, "prompt_mask": mask}, self._infos(eos_token_id=eos, prompt=names)

    def _infos(self, **columns: Any) -> dict[str, Any]:
        said = np.ones(self.num_envs, dtype=bool)
        return {**columns, **{f"_{key}": said for key in columns}}


def play(actions: Any) -> dict[str, Any]:
    """Returns the infos of responses, (B, T) int64: rewards, mask and candidates."""
    batch, length = actions.shape
    over = (actions == END) | (actions == V)
    ended = np.pad(over.cumsum(1) > 0, ((0, 0), (1, 0)))[:, :-1]  # (B, T) bool, before this token
    mask = ~ended & (actions != V)
    trapped = np.pad((actions == TRAP).cumsum(1) > 0, ((0, 0), (1, 0)))[:, :-1]
    pays = (mask & ~trapped).astype(np.float32)
    table = np.zeros(V + 1, dtype=np.float32)
    table[IDS] = PAY
    return {
        "token_rewards": table[actions] * pays,
        "response_mask": mask.astype(np.int8),
        "candidate_ids": np.broadcast_to(IDS, (batch, len(IDS))),
        "candidate_rewards": PAY * pays[..., None],
        "other_rewards": np.zeros((batch, length), dtype=np.float32),
    }
