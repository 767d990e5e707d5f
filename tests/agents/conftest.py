"""A toy environment with the spaces and infos that the learner relies on, and tiny random language models.

Nothing here knows of texts: tokens are numbers, and token 3 is worth 1.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import gymnasium as gym
import numpy as np
import pytest
import torch
from gymnasium import spaces
from gymnasium.vector import AutoresetMode, VectorEnv
from transformers import (
    GPT2Config,
    GPT2LMHeadModel,
    GPTNeoXConfig,
    GPTNeoXForCausalLM,
    LlamaConfig,
    LlamaForCausalLM,
    Qwen2Config,
    Qwen2ForCausalLM,
    Qwen3Config,
    Qwen3ForCausalLM,
)

from agents.policies.policy import CausalLMPolicy

V, P, T, END, WANTED = 12, 5, 6, 11, 3


class ToyVectorEnv(VectorEnv):
    """Pays 1 for each token WANTED, and a quarter for the end token."""

    def __init__(self, num_envs: int = 8, autoreset_mode: Any = AutoresetMode.SAME_STEP) -> None:
        self.num_envs = num_envs
        self.autoreset_mode = AutoresetMode(autoreset_mode)
        self.metadata = {"autoreset_mode": self.autoreset_mode}
        self.single_observation_space = spaces.Dict(
            prompt_ids=spaces.Box(0, V - 1, (P,), np.int64), prompt_mask=spaces.MultiBinary(P)
        )
        self.single_action_space = spaces.MultiDiscrete([V + 1] * T)
        self.observation_space = gym.vector.utils.batch_space(self.single_observation_space, num_envs)
        self.action_space = gym.vector.utils.batch_space(self.single_action_space, num_envs)
        self.last_actions: Any = None
        self.seeds: list[int | None] = []

    def reset(self, *, seed: int | None = None, options: dict[str, Any] | None = None) -> Any:
        del options
        self.seeds.append(seed)
        if seed is not None:
            self._np_random, self._np_random_seed = gym.utils.seeding.np_random(seed)
        return self._draw()

    def step(self, actions: Any) -> Any:
        assert self.action_space.contains(actions)
        self.last_actions = actions
        masks = np.stack([self._mask(row) for row in actions])
        rewards = ((actions == WANTED) + 0.25 * (actions == END)) * masks
        ending = self._infos(
            token_rewards=rewards.astype(np.float32),
            response_mask=masks.astype(np.int8),
            score=rewards.mean(-1),
        )
        ended = np.ones(self.num_envs, dtype=bool)
        observation, opening = self._draw()
        infos = ending
        if self.autoreset_mode == AutoresetMode.SAME_STEP:
            infos = {**opening, "final_info": ending, "_final_info": ended}
        return observation, rewards.sum(-1), ended, ~ended, infos

    def _draw(self) -> Any:
        lengths = self.np_random.integers(2, P + 1, self.num_envs)
        mask = np.arange(P) >= P - lengths[:, None]
        ids = self.np_random.integers(0, V - 1, (self.num_envs, P)) * mask
        eos = np.full(self.num_envs, END)
        return {"prompt_ids": ids, "prompt_mask": mask.astype(np.int8)}, self._infos(eos_token_id=eos)

    def _infos(self, **columns: Any) -> dict[str, Any]:
        said = np.ones(self.num_envs, dtype=bool)
        return {**columns, **{f"_{key}": said for key in columns}}

    @staticmethod
    def _mask(row: Any) -> Any:
        ends = np.flatnonzero((row == END) | (row == V))
        length = T if not len(ends) else ends[0] + (row[ends[0]] == END)
        return np.arange(T) < length


class GroupToyVectorEnv(ToyVectorEnv):
    """The same, with prompts that have names and can be given."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.given: list[Any] = []

    def reset(self, *, seed: int | None = None, options: dict[str, Any] | None = None) -> Any:
        observation, infos = super().reset(seed=seed)
        self.given.append(options)
        if options is not None:
            rows = [[int(word) for word in name.split()] for name in options["prompts"]]
            mask = np.array([[0] * (P - len(row)) + [1] * len(row) for row in rows], dtype=np.int8)
            ids = np.array([[0] * (P - len(row)) + row for row in rows])
            observation = {"prompt_ids": ids, "prompt_mask": mask}
        pairs = zip(observation["prompt_ids"], observation["prompt_mask"], strict=True)
        names = [" ".join(map(str, ids[mask.astype(bool)])) for ids, mask in pairs]
        return observation, {**infos, **self._infos(prompt=np.array(names, dtype=object))}


class EndToyVectorEnv(ToyVectorEnv):
    """The same, which says what the tokens before each one earned, and may pay all of it at the last one."""

    def __init__(self, *args: Any, at_end: bool = True, tells: bool = True, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.at_end, self.tells = at_end, tells

    def step(self, actions: Any) -> Any:
        observation, rewards, ended, cut, infos = super().step(actions)
        ending = infos["final_info"]
        paid, mask = ending["token_rewards"], ending["response_mask"]
        if self.tells:
            before = (np.cumsum(paid, axis=1) - paid) * mask
            ending |= self._infos(prefix_values=before.astype(np.float32))
        if self.at_end:
            last = np.arange(T) == mask.sum(-1, keepdims=True) - 1
            ending["token_rewards"] = (last * rewards[:, None]).astype(np.float32)
        return observation, rewards, ended, cut, infos


def make_model(architecture: str = "gpt2", vocab_size: int = V, seed: int = 0) -> Any:
    torch.manual_seed(seed)
    shape: dict[str, Any] = {"vocab_size": vocab_size, "bos_token_id": None, "eos_token_id": None}
    if architecture == "gpt2":
        return GPT2LMHeadModel(GPT2Config(n_layer=2, n_embd=32, n_head=2, n_positions=32, **shape))
    shape |= {"num_hidden_layers": 2, "hidden_size": 32, "intermediate_size": 64, "num_attention_heads": 2}
    shape |= {"num_key_value_heads": 1, "max_position_embeddings": 32, "pad_token_id": None}
    if architecture == "llama":
        return LlamaForCausalLM(LlamaConfig(**shape))
    if architecture == "gpt_neox":
        return GPTNeoXForCausalLM(GPTNeoXConfig(**shape))
    if architecture == "qwen3":
        return Qwen3ForCausalLM(Qwen3Config(head_dim=16, **shape))
    return Qwen2ForCausalLM(Qwen2Config(**shape))


@pytest.fixture(scope="session", autouse=True)
def one_thread() -> None:
    """Tiny models run fastest on one thread, and to the bit."""
    torch.set_num_threads(1)


@pytest.fixture
def make_toy() -> Callable[..., ToyVectorEnv]:
    return ToyVectorEnv


@pytest.fixture
def make_group_toy() -> Callable[..., GroupToyVectorEnv]:
    return GroupToyVectorEnv


@pytest.fixture
def make_end_toy() -> Callable[..., EndToyVectorEnv]:
    return EndToyVectorEnv


@pytest.fixture
def make_policy() -> Callable[..., CausalLMPolicy]:
    """Returns a policy whose weights are large enough for its distributions to be far from uniform."""

    def make(
        architecture: str = "gpt2", *, vocab_size: int = V, model_vocab: int | None = None, **kwargs: Any
    ) -> Any:
        scale = kwargs.pop("scale", 4.0)
        model = make_model(architecture, model_vocab or vocab_size, kwargs.pop("seed", 0))
        with torch.no_grad():
            model.get_output_embeddings().weight.mul_(scale)
        return CausalLMPolicy(model, vocab_size=vocab_size, **kwargs)

    return make
