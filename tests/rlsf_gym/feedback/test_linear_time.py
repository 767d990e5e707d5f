"""Ten times the text takes about ten times the time, whatever the characters."""

import gc
import time
from collections.abc import Callable

import numpy as np
import pytest

from rlsf_gym.designs import load_design
from rlsf_gym.domains import load_domain
from rlsf_gym.domains.sentiment.clauses import clause_numbers
from rlsf_gym.domains.sentiment.judge import Judge
from rlsf_gym.domains.sentiment.segmentation import EnglishWords
from rlsf_gym.feedback.core import Feedback
from rlsf_gym.objectives import load_objective
from rlsf_gym.render import ansi, sample_from_info
from rlsf_gym.scorers import KnowledgeScorer, VaderScorer
from rlsf_gym.text.bytes import decode_pieces
from rlsf_gym.text.segmentation import Symbols
from rlsf_gym.text.tokenizer import load_tokenizer

pytestmark = pytest.mark.whole

UNITS = {
    "dots": ".",
    "marks": "!?.,;:'\"()-",
    "angles": "<",
    "spaces": " ",
    "emoji": "\U0001f600",
    "joined emoji": "\U0001f468\u200d",
    "combining": "\u0301",
    "letters": "abcdefgh",
    "capitals": "ABCD",
    "n't": "n't",
    "but": "good but ",
    "shouting": "GOOD bad! ",
    "apostrophes": "'a",
    "underscores": "_.",
    "ideographs": "\u597d",
}
SMALL, LARGE = 3_000, 30_000
# Linear is 10, quadratic is 100; what lies between is the machine's noise and its caches.
MOST = 30


def _repeat(unit: str, size: int) -> str:
    return (unit * (size // len(unit) + 1))[:size]


def _seconds(call: Callable[[str], object], text: str) -> float:
    best = float("inf")
    for _ in range(3):
        start = time.process_time()
        call(text)
        best = min(best, time.process_time() - start)
    return best


def _ends(text: str) -> np.ndarray:
    return np.append(np.arange(4, len(text), 4), len(text))


VADER, KNOWLEDGE, JUDGE = VaderScorer(), KnowledgeScorer(), Judge.load()
WORDS = EnglishWords()
CALLS: dict[str, Callable[[str], object]] = {
    "score": lambda text: VADER.score([text]),
    "prefixes": lambda text: VADER.prefix_scores("", text, _ends(text)),
    "assess": lambda text: VADER.assess_batch(
        ["The film was"], [text], [WORDS.closed_ends(text, _ends(text))]
    ),
    "knowledge": lambda text: KNOWLEDGE.assess_batch(["The film was"], [text], [_ends(text)]),
    "clauses": lambda text: clause_numbers(text.split()),
    "a clause": lambda text: clause_numbers([text.replace(" ", ".") + "a"]),
    "words": lambda text: WORDS.ends(text, WORDS.units(text)),
    "symbols": lambda text: Symbols().units(text),
    "erasure": lambda text: WORDS.without(text, WORDS.units(text), [[0]] if text.strip() else [[]]),
    "decoding": lambda text: decode_pieces([bytes([byte]) for byte in text.encode()]),
    "judge": lambda text: JUDGE.predict([text]),
}


@pytest.mark.parametrize("call", CALLS)
def test_time_is_linear_in_the_text(call: str) -> None:
    slow: list[str] = []
    gc.disable()  # its passes over all objects are no part of the work
    try:
        for name, unit in UNITS.items():
            small, large = (_seconds(CALLS[call], _repeat(unit, size)) for size in (SMALL, LARGE))
            if large > 0.02 and large > MOST * small:
                slow.append(f"{name}: {small:.4f} s, {large:.4f} s for ten times the text")
    finally:
        gc.enable()
    assert not slow


@pytest.mark.parametrize("design", ["potential", "rule_certificate", "rlsf_mask", "lexicon"])
@pytest.mark.parametrize("unit", [" bad!", "\U0001f600", " good", "."])
def test_laying_and_rendering_are_linear_in_the_response(design: str, unit: str) -> None:
    tokenizer = load_tokenizer("bundled")
    feedback = Feedback(
        scorer=VADER,
        objective=load_objective("positive"),
        design=load_design(design),
        tokenizer=tokenizer,
        segmentation=load_domain("sentiment").segmentation,
        boundary="open",
    )

    def play(text: str) -> None:
        ids = np.array([tokenizer.encode(text)], np.int64)
        (info,) = feedback.infos(["The film was"], ids, [np.random.default_rng(0)])
        ansi(sample_from_info(info, prompt="The film was", ids=ids[0], tokenizer=tokenizer))

    gc.disable()
    try:
        small, large = _seconds(play, _repeat(unit, 800)), _seconds(play, _repeat(unit, 8_000))
    finally:
        gc.enable()
    assert large < 0.05 or large <= MOST * small
