"""Gymnasium environments for text generation with a reward for each token."""

from rlsf_gym.envs.response import ResponseEnv
from rlsf_gym.envs.text import TextEnv
from rlsf_gym.envs.token import TokenEnv
from rlsf_gym.envs.vector import ResponseVectorEnv, TextVectorEnv

__all__ = [
    "ResponseEnv",
    "ResponseVectorEnv",
    "SentimentEnv",
    "SentimentTextEnv",
    "SentimentTextVectorEnv",
    "SentimentTokenEnv",
    "SentimentVectorEnv",
    "TextEnv",
    "TextVectorEnv",
    "TokenEnv",
]

# The domain `sentiment` is the default of all of them.
SentimentEnv = ResponseEnv
SentimentTextEnv = TextEnv
SentimentTokenEnv = TokenEnv
SentimentVectorEnv = ResponseVectorEnv
SentimentTextVectorEnv = TextVectorEnv
