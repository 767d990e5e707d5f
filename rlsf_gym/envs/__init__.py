"""Gymnasium environments in which a text is written and each of its tokens is paid."""

from rlsf_gym.envs.response import SentimentEnv
from rlsf_gym.envs.vector import SentimentVectorEnv

__all__ = ["SentimentEnv", "SentimentVectorEnv"]
