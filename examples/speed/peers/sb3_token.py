"""Stable-Baselines3's `PPO` in the benchmark: one step of its environment is one token.

It has no cache of keys and values and no reference; each step reads the whole text so far.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import torch
from gymnasium import spaces
from stable_baselines3 import PPO
from stable_baselines3.common.torch_layers import BaseFeaturesExtractor
from stable_baselines3.common.vec_env import VecEnv

from examples.speed.peers.channel import Channel, Stopwatch, read_arguments
from examples.speed.peers.gpt2 import BANNED, make_model
from examples.speed.peers.work import Work, draw_prompts, rewards_of


class TokenEnv(VecEnv):
    """Grows one response per row, a token a step, and pays `rewards_of` at the end.

    Observations are ids (B, P + T), left-padded prompts first, -1 where there is no token.

    Args:
        work: Sizes.
    """

    def __init__(self, work: Work) -> None:
        self.work, self.rounds = work, 0
        shape = (work.longest_prompt + work.response_length,)
        ids = spaces.Box(-1, work.vocab - 1, shape, np.int64)
        super().__init__(work.batch, ids, spaces.Discrete(work.vocab))
        self.texts = np.full((work.batch, *shape), -1)

    def reset(self) -> np.ndarray:
        """Returns the next prompts."""
        self.rounds, self.step_count = self.rounds + 1, 0
        self.texts[:] = -1
        for row, prompt in enumerate(draw_prompts(self.work, self.num_envs, self.rounds)):
            self.texts[row, self.work.longest_prompt - len(prompt) : self.work.longest_prompt] = prompt
        return self.texts.copy()

    def step_async(self, actions: np.ndarray) -> None:
        """Takes one token for each row."""
        self.actions = actions

    def step_wait(self) -> Any:
        """Returns the texts with the new token, or the next prompts at the end."""
        self.texts[:, self.work.longest_prompt + self.step_count] = self.actions
        self.step_count += 1
        ended = self.step_count == self.work.response_length
        infos = [{"terminal_observation": text} for text in self.texts.copy()] if ended else self._nothing()
        rewards = rewards_of(self.num_envs) if ended else [0.0] * self.num_envs
        texts = self.reset() if ended else self.texts.copy()
        return texts, np.array(rewards, np.float32), np.full(self.num_envs, ended), infos

    def close(self) -> None:
        """Has nothing to close."""

    def get_attr(self, attr_name: str, indices: Any = None) -> list[Any]:
        """Returns None for every row: there are no environments behind this one."""
        return [None] * self.num_envs

    def set_attr(self, attr_name: str, value: Any, indices: Any = None) -> None:
        """Is never called."""
        raise NotImplementedError(attr_name)

    def env_method(
        self, method_name: str, *arguments: Any, indices: Any = None, **keywords: Any
    ) -> list[Any]:
        """Is never called."""
        raise NotImplementedError(method_name)

    def env_is_wrapped(self, wrapper_class: type, indices: Any = None) -> list[bool]:
        """Returns that nothing is wrapped."""
        return [False] * self.num_envs

    def _nothing(self) -> list[dict[str, Any]]:
        return [{} for _ in range(self.num_envs)]


class LastState(BaseFeaturesExtractor):
    """The trunk's hidden state of the last token.

    Args:
        observation_space: Of `TokenEnv`.
        work: Sizes.
    """

    def __init__(self, observation_space: spaces.Box, work: Work) -> None:
        super().__init__(observation_space, features_dim=work.width)
        self.trunk = make_model(work).transformer

    def forward(self, observations: torch.Tensor) -> torch.Tensor:
        """Returns (B, H) float32; SB3 hands the ids over as floats, exact up to 2**24."""
        ids = observations.long()
        mask = ids >= 0
        used = mask.any(0).nonzero()
        ids, mask = ids[:, int(used[0]) : int(used[-1]) + 1], mask[:, int(used[0]) : int(used[-1]) + 1]
        positions = (mask.long().cumsum(-1) - 1).clamp(min=0)
        states = self.trunk(
            input_ids=ids.clamp(min=0), attention_mask=mask.long(), position_ids=positions, use_cache=False
        ).last_hidden_state
        last = mask.shape[1] - 1 - mask.long().flip(-1).argmax(-1)
        return states[torch.arange(len(ids)), last]


def main() -> None:
    """Serves iterations."""
    channel = Channel("stable-baselines3")
    work, _ = read_arguments()
    agent = PPO(
        "MlpPolicy",
        TokenEnv(work),
        policy_kwargs={
            "features_extractor_class": LastState,
            "features_extractor_kwargs": {"work": work},
            "net_arch": [],
            "normalize_images": False,
            "ortho_init": False,
        },
        n_steps=work.response_length,
        batch_size=work.minibatch * work.response_length,
        n_epochs=work.epochs,
        learning_rate=work.learning_rate,
        gamma=1.0,
        seed=0,
        device="cpu",
    )
    head, env = agent.policy.action_net, agent.get_env()
    assert isinstance(head, torch.nn.Linear) and env is not None
    with torch.no_grad():
        head.bias[[work.end, work.padding]] = BANNED
    _, callback = agent._setup_learn(10**9)
    agent.logger.output_formats.clear()

    def iterate() -> dict[str, float]:
        generating, updating = Stopwatch(), Stopwatch()
        with generating:
            agent.collect_rollouts(env, callback, agent.rollout_buffer, n_rollout_steps=agent.n_steps)
        with updating:
            agent.train()
        return {"generate": generating.seconds, "score": 0.0, "update": updating.seconds}

    channel.serve(iterate)


if __name__ == "__main__":
    main()
