"""Small enough to work rewards out by hand: a scorer, a vocabulary, and somebody else's environments."""

import re

import gymnasium as gym
import numpy as np
import pytest

from rlsf_gym.certificates import Certificate, CertificateError, Proof, Record
from rlsf_gym.checker import CHECKERS, register_checker
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


class Vowels:
    """score = n / (1 + abs(n)), n the vowels a, o, u less e, i, the last character of the text counted twice.

    With rules of its own, which say why, and a slope that is not VADER's.
    """

    name = "vowels"
    bounded = True
    verifiable = True
    rules = ("back", "front", "final")
    signs = {**dict.fromkeys("aou", 1.0), **dict.fromkeys("ei", -1.0)}

    def total(self, text):
        return sum(self.signs.get(letter, 0.0) for letter in text + text[-1:])

    def score(self, texts):
        totals = np.array([self.total(text) for text in texts], np.float64)
        return totals / (1.0 + np.abs(totals))

    def prefix_scores(self, prompt, response, char_ends):
        return self.score([prompt + response[:end] for end in char_ends])

    def records(self, text, border):
        """Of each vowel one of its kind, and one of being the last until another character comes."""
        for at, letter in enumerate(text):
            if letter in self.signs:
                end, follows = at + 1, at + 1 < len(text)
                rule = "back" if self.signs[letter] > 0 else "front"
                amount = self.signs[letter]
                status = "kept" if end <= border else "added"
                yield Record(at, end, rule, at, end, amount, status, (), end)
                until = end + 1 if follows else -1
                if follows:
                    status = "withdrawn" if end == border else "passing"
                if not (follows and end < border):
                    yield Record(at, end, "final", at, end, amount, status, (), end, until)

    def certify(self, prompt, response):
        before, after = self.score([prompt, prompt + response]).tolist()
        change = self.total(prompt + response) - self.total(prompt)
        slope = (after - before) / change if change else (1.0 - abs(after)) ** 2
        records = tuple(self.records(prompt + response, len(prompt)))
        return Certificate(self.name, "1", True, {}, before, after, records, rules=self.rules, slope=slope)


class Taboo:
    """A verdict on plain text: right is what holds none of three words.

    The words of blame are its core, from the first on; the share of other words is its partial credit.
    """

    name, bounded, verifiable, exact, verdict = "taboo", True, False, True, True
    words = re.compile(r"bad|awful|terrible")

    def score(self, texts):
        return np.array([0.0 if self.words.search(text) else 1.0 for text in texts], np.float64)

    def prefix_scores(self, prompt, response, char_ends):
        return self.score([prompt + response[:end] for end in char_ends])

    def certify(self, prompt, response):
        before, after = self.score([prompt, prompt + response]).tolist()
        return Certificate.opaque(
            scorer=self.name, model_hash="0", labels={}, prompt_score=before, score=after,
            length=len(prompt + response),
        )  # fmt: skip

    def partial_credits(self, prompt, response):
        words = response.split()
        bad = len(self.words.findall(response))
        return {"clean": 1.0 / (1 + bad), "said": float(bool(words))}

    def find_core(self, prompt, response):
        found = [one.span() for one in self.words.finditer(prompt + response) if one.start() >= len(prompt)]
        return np.array(found, np.int64).reshape(-1, 2)


def prove_vowels(certificate, instance, prompt, response):
    """The checker: it counts for itself, and refuses whatever it would not have written."""
    text = prompt + response
    expected = list(list_vowels(text, len(prompt)))
    if [tuple(record) for record in certificate.records] != expected:
        raise CertificateError(f"records must be {expected}")
    before, after = count_vowels(prompt), count_vowels(text)
    scores = before / (1 + abs(before)), after / (1 + abs(after))
    mean = (scores[1] - scores[0]) / (after - before) if after != before else 1 / (1 + abs(after)) ** 2
    numbers = certificate.prompt_score, certificate.score, certificate.slope
    if any(abs(one - other) > 1e-9 for one, other in zip(numbers, (*scores, mean), strict=True)):
        raise CertificateError(f"scores and slope must be {scores}, {mean}")
    rest = certificate.version, certificate.options, certificate.labels, certificate.payload
    if rest != ("1", {}, {}, None) or certificate.spread or certificate.rules != Vowels.rules:
        raise CertificateError("certificate must say nothing else")
    return Proof.of(certificate, text_score=lambda text: count_vowels(text) / (1 + abs(count_vowels(text))))


def count_vowels(text):
    twice = text + text[-1:]
    return sum(map(twice.count, "aou")) - sum(map(twice.count, "ei"))


def list_vowels(text, border):
    """The fields of the records, by a rule of their own."""
    for at in (at for at, letter in enumerate(text) if letter in "aeiou"):
        rule, amount = ("back", 1.0) if text[at] in "aou" else ("front", -1.0)
        held = "kept" if at < border else "added"
        yield at, at + 1, rule, at, at + 1, amount, held, (), at + 1, -1
        if at == len(text) - 1:
            yield at, at + 1, "final", at, at + 1, amount, held, (), at + 1, -1
        elif at >= border - 1:
            gone = "withdrawn" if at < border else "passing"
            yield at, at + 1, "final", at, at + 1, amount, gone, (), at + 1, at + 2


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
def taboo():
    return Taboo


@pytest.fixture(scope="session")
def pieces():
    return PieceTokenizer


@pytest.fixture(scope="session")
def vowels():
    """Returns a verifiable scorer of somebody else, whose checker is registered."""
    register_checker(Vowels.name, prove_vowels)
    yield Vowels
    del CHECKERS[Vowels.name]


@pytest.fixture(scope="session")
def vowels_checker():
    return prove_vowels
