"""Reinforcement learning via symbolic feedback: Gymnasium environments that write text.

A symbolic tool scores what was written, says which token earned how much of the reward, and proves why.
Importing this package registers the environments; `gym.make("rlsf_gym:rlsf_gym/Sentiment-v0")` does both.
"""

import gymnasium as _gymnasium

from rlsf_gym.designs import DESIGNS, Design, load_design, register_design
from rlsf_gym.envs import SentimentEnv, SentimentVectorEnv
from rlsf_gym.evidence import Evidence
from rlsf_gym.objectives import OBJECTIVES, Objective, load_objective, register_objective
from rlsf_gym.prompts import PROMPTS, Prompts, load_prompts, register_prompts
from rlsf_gym.scorers import SCORERS, Scorer, load_scorer, register_scorer
from rlsf_gym.tokenizer import Tokenizer, load_tokenizer

__all__ = [
    "SentimentEnv",
    "SentimentVectorEnv",
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
    "load_tokenizer",
]

_ENTRY_POINTS = {
    "rlsf_gym/Sentiment-v0": (
        "rlsf_gym.envs.response:SentimentEnv",
        "rlsf_gym.envs.vector:SentimentVectorEnv",
    ),
}

for _id, (_single, _batched) in _ENTRY_POINTS.items():
    if _id not in _gymnasium.registry:  # a reload must not warn
        _gymnasium.register(_id, entry_point=_single, vector_entry_point=_batched)  # pyright: ignore[reportUnknownMemberType]
