"""Reinforcement learning via symbolic feedback: Gymnasium environments that write text.

A symbolic tool scores what was written, says which token earned how much of the reward, and proves why.
Importing this package registers the environments; `gym.make("rlsf_gym:rlsf_gym/Sentiment-v0")` does both.
"""

from typing import Any

import gymnasium as _gymnasium

from rlsf_gym.designs import DESIGNS, Design, load_design, register_design
from rlsf_gym.envs import (
    SentimentEnv,
    SentimentTextEnv,
    SentimentTextVectorEnv,
    SentimentTokenEnv,
    SentimentVectorEnv,
)
from rlsf_gym.episodes import episode_infos
from rlsf_gym.evidence import Evidence
from rlsf_gym.integrations.trl import reward_func
from rlsf_gym.objectives import OBJECTIVES, Objective, load_objective, register_objective
from rlsf_gym.prompts import PROMPTS, Prompts, load_prompts, register_prompts
from rlsf_gym.scorers import SCORERS, Scorer, load_scorer, register_scorer
from rlsf_gym.text.tokenizer import TOKENIZERS, Tokenizer, load_tokenizer, register_tokenizer

__all__ = [
    "IDS",
    "SentimentEnv",
    "SentimentTextEnv",
    "SentimentTokenEnv",
    "SentimentVectorEnv",
    "SentimentTextVectorEnv",
    "Scorer",
    "SCORERS",
    "load_scorer",
    "register_scorer",
    "Objective",
    "OBJECTIVES",
    "load_objective",
    "register_objective",
    "Design",
    "DESIGNS",
    "Evidence",
    "load_design",
    "register_design",
    "Prompts",
    "PROMPTS",
    "load_prompts",
    "register_prompts",
    "Tokenizer",
    "TOKENIZERS",
    "load_tokenizer",
    "register_tokenizer",
    "episode_infos",
    "reward_func",
]

IDS: dict[str, dict[str, Any]] = {
    "rlsf_gym/Sentiment-v0": {
        "entry_point": "rlsf_gym.envs.response:SentimentEnv",
        "vector_entry_point": "rlsf_gym.envs.vector:SentimentVectorEnv",
    },
    "rlsf_gym/SentimentText-v0": {
        "entry_point": "rlsf_gym.envs.text:SentimentTextEnv",
        "vector_entry_point": "rlsf_gym.envs.vector:SentimentTextVectorEnv",
    },
    "rlsf_gym/SentimentToken-v0": {"entry_point": "rlsf_gym.envs.token:SentimentTokenEnv"},
    "rlsf_gym/SentimentTokenToy-v0": {
        "entry_point": "rlsf_gym.envs.token:SentimentTokenEnv",
        "kwargs": {
            "tokenizer": "toy",
            "prompts": "toy",
            "boundary": "open",
            "max_prompt_tokens": 3,
            "max_new_tokens": 8,
        },
    },
}
"""The registered environments, with the arguments of `gymnasium.register`."""

for _id, _how in IDS.items():
    if _id not in _gymnasium.registry:  # a reload must not warn
        _gymnasium.register(_id, **_how)  # pyright: ignore[reportUnknownMemberType]
