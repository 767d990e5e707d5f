"""A reward design of your own: pay what was earned in instalments, every few tokens.

    python examples/quickstart/custom_design.py                           checks it, and shows what it pays
    python examples/train_sentiment.py --reward-design examples.quickstart.custom_design:INSTALMENTS

From a script beside this file: `gym.make("rlsf_gym:rlsf_gym/Sentiment-v0",
reward_design="custom_design:INSTALMENTS", reward_design_kwargs={"every": 3})`.
"""

import gymnasium as gym
import numpy as np

from rlsf_gym.designs import Design, every_prefix
from rlsf_gym.testing import check_design


def instalments(evidence, *, rng, every=4):
    """Returns the gain since the last payment, on every `every`-th and on the last token: float64 (T,)."""
    tokens = np.arange(evidence.length)
    due = (tokens % every == every - 1) | (tokens == evidence.length - 1)
    rewards = np.zeros(evidence.mask.shape)
    rewards[tokens[due]] = np.diff(evidence.prefix_utilities[tokens[due]], prepend=evidence.prompt_utility)
    return rewards


INSTALMENTS = Design(
    "instalments",
    instalments,
    causal=True,  # no payment depends on the tokens that follow
    conserving=True,  # the payments add up to utility(prompt + response) - utility(prompt)
    bounded=True,  # each lies in [-2, 2]
    cost=every_prefix,  # the score after each token is needed ...
    uses_prefixes=True,  # ... and read from evidence.prefix_utilities
)


def main():
    """Checks the design, and plays one episode with it."""
    for every in (1, 2, 5):
        check_design(INSTALMENTS, kwargs={"every": every})
    print("check_design finds nothing")
    env = gym.make("rlsf_gym:rlsf_gym/Sentiment-v0", reward_design=INSTALMENTS)
    env.reset(options={"prompt": "The film was"})
    tokenizer = env.get_wrapper_attr("tokenizer")
    ids = tokenizer.encode(" awful at first, but the ending is great!")
    info = env.step(ids)[-1]
    for token, reward in zip(ids, info["token_rewards"], strict=False):
        print(f"{reward:+.3f} {tokenizer.decode([token])}")


if __name__ == "__main__":
    main()
