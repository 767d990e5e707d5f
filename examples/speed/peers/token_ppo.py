"""`agents.TokenPPO` in the benchmark, with its defaults, on an environment whose reward takes no time."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import gymnasium as gym
import numpy as np
from gymnasium import spaces
from gymnasium.vector import AutoresetMode, VectorEnv

from agents import CausalLMPolicy, TokenPPO, TokenPPOConfig
from examples.speed.peers.channel import Channel, read_arguments
from examples.speed.peers.gpt2 import make_model
from examples.speed.peers.work import Work, draw_prompts, rewards_of


class FlatEnv(VectorEnv):
    """Pays the last token of each response `rewards_of`.

    Args:
        work: Sizes.
    """

    def __init__(self, work: Work) -> None:
        self.work = work
        self.num_envs = work.batch
        self.metadata = {"autoreset_mode": AutoresetMode.DISABLED}
        shape = (work.longest_prompt,)
        self.single_observation_space = spaces.Dict(
            prompt_ids=spaces.Box(0, work.vocab - 1, shape, np.int64),
            prompt_mask=spaces.MultiBinary(work.longest_prompt),
        )
        self.single_action_space = spaces.MultiDiscrete([work.vocab + 1] * work.response_length)
        self.observation_space = gym.vector.utils.batch_space(self.single_observation_space, work.batch)
        self.action_space = gym.vector.utils.batch_space(self.single_action_space, work.batch)
        self._rewards = np.zeros((work.batch, work.response_length), np.float32)  # (B, T)
        self._rewards[:, -1] = rewards_of(work.batch)
        self._seed = 0

    def reset(self, *, seed: int | None = None, options: dict[str, Any] | None = None) -> Any:
        """Returns prompts, left-padded, (B, P) int64 and their mask."""
        del options
        self._seed = self._seed + 1 if seed is None else seed
        ids = np.zeros((self.num_envs, self.work.longest_prompt), np.int64)
        mask = np.zeros(ids.shape, np.int8)
        for row, prompt in enumerate(draw_prompts(self.work, self.num_envs, self._seed)):
            ids[row, -len(prompt) :], mask[row, -len(prompt) :] = prompt, 1
        return {"prompt_ids": ids, "prompt_mask": mask}, {
            "eos_token_id": np.full(self.num_envs, self.work.end)
        }

    def step(self, actions: np.ndarray) -> Any:
        """Returns what each response earned."""
        ended = np.ones(self.num_envs, bool)
        infos = {"token_rewards": self._rewards.copy(), "response_mask": np.ones(actions.shape, np.int8)}
        return {}, self._rewards.sum(-1), ended, ~ended, infos


class Keeper:
    """Keeps the timings of the last iteration."""

    def __init__(self) -> None:
        self.timings: Mapping[str, float] = {}

    def on_iteration(
        self,
        metrics: Mapping[str, float],
        timings: Mapping[str, float],
        episodes: Sequence[Mapping[str, Any]],
    ) -> None:
        """Takes what the learner reports."""
        del metrics, episodes
        self.timings = timings


def make_agent(work: Work, kl_estimator: str = "", callbacks: Sequence[Any] = ()) -> TokenPPO:
    """Returns the learner.

    Args:
        work: Sizes.
        kl_estimator: As in `TokenPPOConfig`; "": the default.
        callbacks: Of the learner.
    """
    given: dict[str, Any] = {"kl_estimator": kl_estimator} if kl_estimator else {}
    config = TokenPPOConfig(
        batch_size=work.batch,
        minibatch_size=work.minibatch,
        num_ppo_epochs=work.epochs,
        learning_rate=work.learning_rate,
        lr_schedule="constant",
        **given,
    )
    return TokenPPO(CausalLMPolicy(make_model(work)), FlatEnv(work), config, callbacks=callbacks)


def main() -> None:
    """Serves iterations."""
    channel = Channel()
    work, variant = read_arguments()
    keeper = Keeper()
    serve(channel, make_agent(work, variant, [keeper]), work, keeper)


def serve(channel: Channel, agent: TokenPPO, work: Work, keeper: Keeper) -> None:
    """Serves iterations of a learner, whose callback the keeper is."""

    def iterate() -> dict[str, float]:
        agent.learn(agent.episodes + work.batch)
        times = keeper.timings
        return {
            "generate": times["generate"],
            "score": times["score_env"] + times["score_reference"],
            "update": times["update"],
        }

    channel.serve(iterate)


if __name__ == "__main__":
    main()
