"""Gymnasium environments in which a text is written and each of its tokens is paid."""

from rlsf_gym.envs.response import SentimentEnv
from rlsf_gym.envs.text import SentimentTextEnv
from rlsf_gym.envs.token import SentimentTokenEnv
from rlsf_gym.envs.vector import SentimentTextVectorEnv, SentimentVectorEnv

__all__ = [
    "SentimentEnv",
    "SentimentTextEnv",
    "SentimentTextVectorEnv",
    "SentimentTokenEnv",
    "SentimentVectorEnv",
]
