"""What certifies, proves and pays takes time in proportion to the text, whatever its characters."""

import gc
import time

import gymnasium as gym
import numpy as np
import pytest

from rlsf_gym.checker import RECOMPUTABLE, recompute_rewards
from rlsf_gym.designs import DESIGNS
from rlsf_gym.scorers import load_scorer
from rlsf_gym.scorers.offers import has_offer

pytestmark = pytest.mark.whole

SERVED = [name for name in RECOMPUTABLE if has_offer("vader", DESIGNS[name].needs)]
PROMPT = "The film was"
LENGTH = 600
# Eight times the length may take so many times the time: 64 where it is quadratic.
TIMES, MOST = 8, 16
HOSTILE = {
    "a review": " the film was not very good but I loved the ending and",
    "exclamations": "!",
    "questions": "?",
    "dots": ".",
    "quotes": "'\"",
    "emoji": "\U0001f60d",
    "emoji apart": "\U0001f600 ",
    "one word": "a",
    "one word in capitals": "A",
    "contractions": "n't",
    "spaces": " \n",
    "combining marks": " e\u0301\u0301",
    "capital and small": " GOOD bad",
    "capitals": " GOOD",
    "dotted capitals": "\u0130",
    "contrasts": " not good but",
    "only but": " but",
    "only no": " no",
    "marks on words": " good!",
    "sums of zero": " good aghast",
    "sums of zero with a mark": " good aghast!",
    "equal valences": " ok affection but",
    # "absolving" has 1.6, behind "but" 2.4, what "kind" has until "of" comes: it is scaled again and again.
    "one word scaled again and again": " kind of",
    "terms of the graph": " long pace, dead film.",
}
STARTS = {"one word scaled again and again": " but absolving"}


def make_text(name, length):
    pattern = HOSTILE[name]
    return (STARTS.get(name, "") + pattern * (length // len(pattern) + 1))[:length]


def seconds(call, length):
    """The lesser of two times, and at least some milliseconds, below which other things count.

    Without the collector, as `timeit` has it: its passes take longer with whatever other tests have left.
    """
    times = []
    gc.disable()
    try:
        for _ in range(2):
            start = time.process_time()
            call(length)
            times.append(time.process_time() - start)
    finally:
        gc.enable()
    return max(min(times), 0.004)


def hold_linear(call):
    """Compares two lengths, once more where the machine was busy."""
    found: list[float] = []
    while len(found) < 3:
        found.append(seconds(call, TIMES * LENGTH) / seconds(call, LENGTH))
        if found[-1] <= MOST:
            return
    raise AssertionError(f"{TIMES} times the length took {min(found):.0f} times the time")


def test_the_measure_tells_quadratic_from_linear():
    hold_linear(lambda length: sum(1 for _ in range(400 * length)))
    with pytest.raises(AssertionError, match="8 times the length took"):
        hold_linear(lambda length: sum(1 for _ in range(length * length // 2)))


@pytest.mark.parametrize("name", HOSTILE)
@pytest.mark.parametrize("scorer_name", ["vader", "knowledge"])
def test_certificates_are_written_and_proved_in_linear_time(scorer_name, name):
    if scorer_name == "knowledge":
        pytest.importorskip("networkx")
    hold_linear(lambda length: certify_and_check(load_scorer(scorer_name), make_text(name, length)))


def certify_and_check(scorer, text):
    scorer.certify(PROMPT, text).check(PROMPT, text)


@pytest.mark.parametrize("name", HOSTILE)
def test_prefixes_are_scored_in_linear_time(name):
    def score(length):
        load_scorer("vader").prefix_scores(PROMPT, make_text(name, length), np.arange(0, length, 4))

    hold_linear(score)


@pytest.mark.parametrize("name", HOSTILE)
@pytest.mark.parametrize(
    ("design", "boundary"),
    [
        ("potential", "closed"),
        ("potential", "open"),
        *(pytest.param(design, "closed", marks=pytest.mark.slow) for design in SERVED),
        pytest.param("lexicon", "open", marks=pytest.mark.slow),
    ],
)
def test_rewards_are_worked_out_in_linear_time(design, boundary, name):
    certificates = {
        length: load_scorer("vader").certify(PROMPT, make_text(name, length))
        for length in (LENGTH, TIMES * LENGTH)
    }

    def recompute(length):
        recompute_rewards(
            certificates[length],
            PROMPT,
            make_text(name, length),
            design=design,
            char_ends=[*range(4, length, 4), length],
            utility=float,
            slope=1.0,
            boundary=boundary,
        )

    hold_linear(recompute)


@pytest.mark.parametrize("design", SERVED)
def test_the_environment_proves_in_linear_time(design):
    def play(tokens):
        env = gym.make(
            "rlsf_gym/Sentiment-v0", max_new_tokens=tokens, reward_design=design, verify=True
        ).unwrapped
        env.reset(seed=0)
        env.step((env.tokenizer.encode(HOSTILE["a review"]) * tokens)[:tokens])

    hold_linear(lambda length: play(length // 5))
