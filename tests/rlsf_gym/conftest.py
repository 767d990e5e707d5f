"""Small enough to work rewards out by hand: a scorer, a vocabulary, and somebody else's environments."""

import re

import gymnasium as gym
import numpy as np
import pytest

from rlsf_gym.certificates import Certificate
from rlsf_gym.testing import PieceTokenizer

WORDS = {"good": 1, "great": 2, "bad": -1, "awful": -2, "café": 1}


class WordCount:
    """score = n / (1 + abs(n)), n the sum of the values of the words; counts its calls."""

    name = "words"
    bounded = True
    verifiable = False
    exact = True

    def __init__(self):
        self.calls = []

    def score(self, texts):
        self.calls.append(list(texts))
        sums = [sum(WORDS.get(word.strip(".,!"), 0) for word in text.split()) for text in texts]
        return np.array([n / (1 + abs(n)) for n in sums], np.float64)

    def prefix_scores(self, prompt, response, char_ends):
        return self.score([prompt + response[:end] for end in char_ends])

    def certify(self, prompt, response):
        before, after = self.score([prompt, prompt + response]).tolist()
        return Certificate.opaque(
            scorer=self.name,
            model_hash="0",
            labels={},
            prompt_score=before,
            score=after,
            length=len(prompt + response),
        )


class Attributing(WordCount):
    """The same with a lexicon and attributions: to the letters of a word its value, or equal attention."""

    attribution_methods = ("attention", "gradient")

    def lexicon_scores(self, text):
        return np.array([WORDS.get(word.strip(".,!"), 0) / 2 for word in text.split()], np.float64)

    def attributions_batch(self, prompts, responses, method):
        return [self.attribute(response, method) for response in responses]

    def attribute(self, response, method):
        letters = np.array([not letter.isspace() for letter in response], np.float64)
        if method == "attention":
            return letters / max(letters.sum(), 1)
        values = letters * 0.0
        for match in re.finditer(r"\S+", response):
            word = match.group()
            values[match.start() : match.end()] = WORDS.get(word.strip(".,!"), 0) / len(word)
        return values


class Coins(gym.Env):
    """Pays 1 for each token of id 1, written by somebody else against the documented info contract alone.

    Ids 0 and 1 are text, 2 ends, 3 is no token. `spoil_reset(info)` and `spoil_step(info)` break a promise,
    and `pay` changes the reward.
    """

    observation_space = gym.spaces.Discrete(1)
    action_space = gym.spaces.MultiDiscrete([4] * 5)

    def __init__(self, spoil_reset=None, spoil_step=None, pay=float):
        self.spoil_reset, self.spoil_step, self.pay = spoil_reset, spoil_step, pay

    def reset(self, *, seed=None, options=None):
        super().reset(seed=seed)
        number = int(self.np_random.integers(1000))
        info = {"prompt": f"prompt {number}", "prompt_id": number, "eos_token_id": 2} | self.mask()
        if self.spoil_reset is not None:
            self.spoil_reset(info)
        return 0, info

    def step(self, action):
        ended = [position for position, token in enumerate(action) if token >= 2]
        stop = ended[0] if ended else 5
        by_eos = bool(ended) and action[stop] == 2
        info = self.spoiled(self.ending([*action[:stop], *([2] if by_eos else [])], by_eos))
        return 0, self.pay(info.get("token_rewards", np.zeros(1)).sum(dtype=np.float64)), True, False, info

    def mask(self):
        return {}

    def spoiled(self, info):
        if self.spoil_step is not None:
            self.spoil_step(info)
        return info

    def ending(self, ids, by_eos):
        mask = np.zeros(5, np.int8)
        mask[: len(ids)] = 1
        rewards = np.zeros(5, np.float32)
        rewards[: len(ids)] = [token == 1 for token in ids]
        return {
            "token_rewards": rewards,
            "response_mask": mask,
            "response_length": len(ids),
            "response_text": "".join("ab"[token] for token in ids if token < 2),
            "finish_reason": "eos" if by_eos else "length" if ids else "empty",
            "score": float(rewards.sum()) / 5,
            "utility": float(rewards.sum()) / 5,
            "reward_design": "coins",
            "reward_coins": float(rewards.sum()),
            "certificate": [{"word": [0, 1], "rule": "coin", "amount": float(rewards.sum())}],
        }


class CoinSteps(Coins):
    """The same, one token a step."""

    action_space = gym.spaces.Discrete(3)

    def mask(self):
        return {"action_mask": np.array([1, 1, bool(self.ids)], np.int8)}

    def reset(self, *, seed=None, options=None):
        self.ids = []
        return super().reset(seed=seed, options=options)

    def step(self, action):
        self.ids.append(int(action))
        ended = action == 2 or len(self.ids) == 5
        info = self.spoiled(self.mask() | (self.ending(self.ids, action == 2) if ended else {}))
        return 0, self.pay(action == 1), bool(ended), False, info


@pytest.fixture(scope="session")
def coins():
    return Coins


@pytest.fixture(scope="session")
def coin_steps():
    return CoinSteps


@pytest.fixture(scope="session")
def word_count():
    return WordCount


@pytest.fixture(scope="session")
def attributing():
    return Attributing


@pytest.fixture(scope="session")
def pieces():
    return PieceTokenizer
