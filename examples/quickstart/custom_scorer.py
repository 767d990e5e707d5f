"""A scorer of your own: a list of words and what each of them is worth to you.

    python examples/quickstart/custom_scorer.py                           checks it, and shows what it pays
    python examples/train_sentiment.py --scorer examples.quickstart.custom_scorer:WordList

From a script beside this file: `gym.make("rlsf_gym:rlsf_gym/Sentiment-v0", scorer="custom_scorer:WordList")`.
"""

import re

import gymnasium as gym
import numpy as np

from rlsf_gym.certificates import Certificate
from rlsf_gym.testing import check_scorer

WORTH = {"funny": 2.0, "warm": 1.0, "clever": 1.0, "dull": -1.0, "slow": -1.0, "stupid": -2.0}


class WordList:
    """score = s / (1 + abs(s)), s the sum of what the words of the text are worth."""

    name = "word list"
    bounded = True  # every score lies in [-1, 1]
    verifiable = False  # nobody but this scorer can tell whether a score is right
    exact = True  # a text has the same score to the bit, whatever is scored with it

    def score(self, texts):
        """Returns the scores of N texts, float64 (N,)."""
        words = [re.findall(r"\w+", text.lower()) for text in texts]
        sums = np.array([sum(WORTH.get(word, 0.0) for word in row) for row in words], np.float64)
        return sums / (1 + np.abs(sums))

    def prefix_scores(self, prompt, response, char_ends):
        """Returns the scores of `prompt + response[:end]` for each of K ends, float64 (K,)."""
        return self.score([prompt + response[:end] for end in char_ends])

    def certify(self, prompt, response):
        """Returns the evidence behind the scores; a scorer that proves nothing has one record."""
        before, after = self.score([prompt, prompt + response]).tolist()
        scores = {"prompt_score": before, "score": after, "length": len(prompt + response)}
        return Certificate.opaque(scorer=self.name, model_hash="1", labels={}, **scores)


def main():
    """Checks the scorer and plays one episode with it."""
    check_scorer(WordList)
    print("check_scorer finds nothing")
    env = gym.make("rlsf_gym:rlsf_gym/Sentiment-v0", scorer=WordList())
    env.reset(options={"prompt": "The film was"})
    tokenizer = env.get_wrapper_attr("tokenizer")
    ids = tokenizer.encode(" slow, but funny and warm.")
    info = env.step(ids)[-1]
    for token, reward in zip(ids, info["token_rewards"], strict=False):
        print(f"{reward:+.3f} {tokenizer.decode([token])}")


if __name__ == "__main__":
    main()
