"""Reinforcement learning via symbolic feedback: Gymnasium environments that write text.

A symbolic tool scores what was written, says which token earned how much of the reward, and proves why.
Importing this package registers the environments; `gym.make("rlsf_gym:rlsf_gym/Sentiment-v0")` does both.
"""

import gymnasium as _gymnasium

from rlsf_gym.designs import DESIGNS, Design, load_design, register_design
from rlsf_gym.domains import DOMAINS, Domain, load_domain, register_domain
from rlsf_gym.envs import (
    ResponseEnv,
    ResponseVectorEnv,
    SentimentEnv,
    SentimentTextEnv,
    SentimentTextVectorEnv,
    SentimentTokenEnv,
    SentimentVectorEnv,
    TextEnv,
    TextVectorEnv,
    TokenEnv,
)
from rlsf_gym.episodes import episode_infos
from rlsf_gym.evidence import Evidence
from rlsf_gym.instance import Instance, Instances
from rlsf_gym.integrations.trl import reward_func
from rlsf_gym.judges import JUDGES, load_judge, register_judge
from rlsf_gym.objectives import OBJECTIVES, Objective, load_objective, register_objective
from rlsf_gym.prompts import PROMPTS, Prompts, load_prompts, register_prompts
from rlsf_gym.registry import IDS
from rlsf_gym.scorers import SCORERS, Scorer, load_scorer, register_scorer
from rlsf_gym.text.tokenizer import TOKENIZERS, Tokenizer, load_tokenizer, register_tokenizer

__version__ = "0.1.0"
"""Version of the distribution, which `pyproject.toml` has as well."""

__all__ = [
    "DESIGNS",
    "DOMAINS",
    "IDS",
    "JUDGES",
    "OBJECTIVES",
    "PROMPTS",
    "SCORERS",
    "TOKENIZERS",
    "Design",
    "Domain",
    "Evidence",
    "Instance",
    "Instances",
    "Objective",
    "Prompts",
    "ResponseEnv",
    "ResponseVectorEnv",
    "Scorer",
    "SentimentEnv",
    "SentimentTextEnv",
    "SentimentTextVectorEnv",
    "SentimentTokenEnv",
    "SentimentVectorEnv",
    "TextEnv",
    "TextVectorEnv",
    "TokenEnv",
    "Tokenizer",
    "episode_infos",
    "load_design",
    "load_domain",
    "load_judge",
    "load_objective",
    "load_prompts",
    "load_scorer",
    "load_tokenizer",
    "register_design",
    "register_domain",
    "register_judge",
    "register_objective",
    "register_prompts",
    "register_scorer",
    "register_tokenizer",
    "reward_func",
]

for _id, _how in IDS.items():
    if _id not in _gymnasium.registry:  # a reload must not warn
        _gymnasium.register(_id, **_how)  # pyright: ignore[reportUnknownMemberType]
