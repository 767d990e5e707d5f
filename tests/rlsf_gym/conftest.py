"""A scorer and a vocabulary small enough to work rewards out by hand."""

import numpy as np
import pytest

from rlsf_gym.certificate import Certificate

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


class Pieces:
    """A vocabulary of given byte strings; the last id ends a response."""

    def __init__(self, *pieces):
        self.pieces = [*pieces, b""]
        self.vocab_size = len(self.pieces)
        self.eos_token_id = self.vocab_size - 1

    def encode(self, text):
        """Greedy: the longest piece that fits, one after the other."""
        ids, rest = [], text.encode()
        while rest:
            fitting = [token for token, piece in enumerate(self.pieces) if piece and rest.startswith(piece)]
            if not fitting:
                raise ValueError(f"no piece for {rest!r}")
            ids.append(max(fitting, key=lambda token: len(self.pieces[token])))
            rest = rest[len(self.pieces[ids[-1]]) :]
        return ids

    def decode(self, ids):
        return b"".join(self.pieces[token] for token in ids).decode("utf-8", "replace")

    def token_bytes(self, token_id):
        return self.pieces[token_id]


@pytest.fixture(scope="session")
def word_count():
    return WordCount


@pytest.fixture(scope="session")
def pieces():
    return Pieces
