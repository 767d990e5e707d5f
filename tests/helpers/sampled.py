"""Responses as trainers sample them, hard ones among them, and what the environment pays their tokens."""

from typing import NamedTuple

import gymnasium as gym

from rlsf_gym.text.tokenizer import load_tokenizer
from tests.helpers.byte_level import byte_level

ENV_ID = "rlsf_gym:rlsf_gym/Sentiment-v0"
TOKENIZER = load_tokenizer(byte_level(), eos_token="<|im_end|>")
TASK = {"max_prompt_tokens": 32, "max_new_tokens": 64}
END = byte_level().token_to_id("<|im_end|>")
SPECIAL = byte_level().token_to_id("<|endoftext|>")
BEYOND = 1000  # no id of the tokenizer: of a model with more logits than that


class Sampled(NamedTuple):
    """One response: name of the prompt's group, text of the prompt, sampled ids."""

    group: str
    prompt: str
    ids: list[int]


def _ids(text):
    return list(TOKENIZER.encode(text))


SAMPLED = (
    Sampled("film", "The film was", [*_ids(" good"), END]),
    Sampled("plot", "The plot", [*_ids(" is awful, not bad")]),  # cut by the length
    Sampled("film", "The film was", [*_ids(" aw"), SPECIAL, *_ids("ful and terrible"), END]),
    Sampled("plot", "The plot", [END]),
    Sampled("film", "The film was", [*_ids(" caf\u00e9 great \U0001f600")[:-2]]),  # cut within a character
    Sampled("alone", "It", [*_ids(" made me very, very happy. The end is sad! Not so good?")]),
    Sampled("plot", "The plot", [*_ids(" is gre"), BEYOND, *_ids("at fun, and not dull."), END]),
    Sampled("film", "The film was", [*_ids("!")]),
)
"""In no order of groups; one group has a single response, one response a single token."""


def pay(one):
    """Returns the reward of each token as the environment's step pays it: 0 for an id without a token."""
    env = gym.make(ENV_ID, tokenizer=TOKENIZER, **TASK)
    env.reset(options={"prompt": one.prompt})
    known = [token for token in one.ids if token != BEYOND]
    paid = iter(env.step(known)[4]["token_rewards"].tolist())
    return [0.0 if token == BEYOND else next(paid) for token in one.ids]


def to_go(rewards):
    """Returns the sum of the rewards from each token on."""
    return [sum(rewards[at:]) for at in range(len(rewards))]


def leave_one_out(rewards, groups):
    """Returns the advantages of `token_rloo`, by its formula, token by token."""
    rows = []
    for one, group in zip(rewards, groups, strict=True):
        others = [
            (sum(other), len(other))
            for other, name in zip(rewards, groups, strict=True)
            if name == group and other is not one
        ]
        row = []
        for at, earned in enumerate(to_go(one)):
            still = [total * max(0.0, 1 - at / length) for total, length in others]
            row.append(earned - (sum(still) / len(still) if still else 0.0))
        rows.append(row)
    return rows
