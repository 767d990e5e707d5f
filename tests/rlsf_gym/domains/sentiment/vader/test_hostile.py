"""Hostile texts, by the thousand, against the library and between all forms of scoring."""

import numpy as np
import pytest
from vaderSentiment import vaderSentiment

from rlsf_gym.domains.sentiment.vader.words import load_lexicon
from rlsf_gym.scorers import KnowledgeScorer, VaderScorer

WORDS = (
    "but",
    "BUT",
    "not",
    "NOT",
    "n't",
    "never so",
    "no",
    "nor",
    "least",
    "at least",
    "kind of",
    "sort of",
    "very",
)
WORDS += (
    "good",
    "GOOD",
    "bad",
    "Bad",
    "great",
    "the shit",
    "kiss of death",
    "without doubt",
    "bad ass",
    "butter",
)
RUNS = (
    "!",
    "?",
    ".",
    "!?",
    "'",
    "(",
    "<",
    "&",
    "\\",
    "-",
    "_",
    "*",
    "\u2026",
    "\u200d",
    "\u0301",
    "\ufe0f",
    "\u202e",
)
SPACES = (" ", "  ", "\n", "\r\n", "\t", "\u00a0", "\u2028", "\u3000", "\x0b", "\x1c", "\u200b")
OTHERS = (
    "\x00",
    "\ud800",
    "\udfff",
    "\ufffe",
    "\U0010ffff",
    ":)",
    ":-(",
    "<3",
    ";)",
    "3.14",
    "1e9",
    "\u0130",
    "\u00df",
    "\u01c5",
)
OTHERS += (
    "\U0001f468\u200d\U0001f469\u200d\U0001f467",
    "\U0001f600",
    "\u2764\ufe0f",
    "\u05d8\u05d5\u05d1",
    "\u0639\u0631\u0628\u064a",
)


class Library(vaderSentiment.SentimentIntensityAnalyzer):
    """The library, with the compound score before its rounding to four digits."""

    def score_valence(self, sentiments, text):
        total = float(sum(sentiments))
        emphasis = self._punctuation_emphasis(text)
        total += emphasis if total > 0 else -emphasis if total < 0 else 0.0
        self.compound = vaderSentiment.normalize(total) if sentiments else 0.0
        return super().score_valence(sentiments, text)

    def unrounded(self, text):
        self.compound = 0.0
        self.polarity_scores(text)
        return self.compound


def _piece(rng, emoji):
    """Returns a few hostile characters of one of seven kinds, words three times as often as any other."""
    kinds = [
        *[lambda: str(rng.choice(WORDS))] * 3,
        lambda: str(rng.choice(RUNS)) * int(rng.integers(1, 40)),
        lambda: OTHERS[int(rng.integers(len(OTHERS)))],
        lambda: emoji[int(rng.integers(len(emoji)))] * int(rng.integers(1, 4)),
        lambda: "".join(map(chr, rng.integers(0, 0x110000, int(rng.integers(1, 6))).tolist())),
        lambda: chr(int(rng.integers(0x21, 0x3000))) * int(rng.integers(1, 300)),
        lambda: "but ".join(["good "] * int(rng.integers(1, 6))),
    ]
    return kinds[int(rng.integers(len(kinds)))]()


def draw_text(rng, emoji):
    """Returns a text of up to a dozen pieces, most of them with some white space between."""
    count = int(rng.integers(0, 13))
    joints = [SPACES[int(rng.integers(len(SPACES)))] if rng.random() < 0.8 else "" for _ in range(count)]
    return "".join(_piece(rng, emoji) + joint for joint in joints)


def _check(count, seed):
    """Returns how many texts were compared, by what was compared."""
    rng, library, emoji = np.random.default_rng(seed), Library(), list(load_lexicon()[1])
    vader, knowledge = VaderScorer(), KnowledgeScorer()
    texts = [draw_text(rng, emoji) for _ in range(count)]
    batch = vader.score(texts)
    for number, (text, score) in enumerate(zip(texts, batch.tolist(), strict=True)):
        assert abs(score - library.unrounded(text)) <= 1e-12, ascii(text)
        assert abs(score - library.polarity_scores(text)["compound"]) <= 1e-4, ascii(text)
        assert vader.score([text])[0] == score, ascii(text)
        cut = int(rng.integers(0, len(text) + 1))
        prompt, response = text[:cut], text[cut:]
        ends = np.sort(rng.integers(0, len(response) + 1, 6))
        ends[-1] = len(response)
        for scorer in (vader, knowledge) if number % 4 == 0 else (vader,):
            wholes = scorer.score([prompt, *(prompt + response[:end] for end in ends)])
            alone = scorer.prefix_scores(prompt, response, ends)
            (assessed,) = scorer.assess_batch([prompt], [response], [ends])
            np.testing.assert_allclose(alone, wholes[1:], rtol=0, atol=1e-12, err_msg=ascii(text))
            np.testing.assert_array_equal(assessed.prefix_scores, alone)
            told = [assessed.certificate.prompt_score, assessed.certificate.score]
            np.testing.assert_allclose(told, [wholes[0], wholes[-1]], rtol=0, atol=1e-12, err_msg=ascii(text))
    return {"texts": len(texts), "different": len(set(texts)), "charged": int(np.count_nonzero(batch))}


def test_hostile_texts_score_like_the_library():
    found = _check(300, seed=0)
    assert found["texts"] == 300 and found["charged"] > 150


@pytest.mark.slow
def test_twenty_thousand_hostile_texts_score_like_the_library():
    found = _check(20_000, seed=1)
    assert found["texts"] == 20_000 and found["charged"] > 10_000
