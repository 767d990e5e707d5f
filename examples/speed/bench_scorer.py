"""Times the VADER scorer beside the library: per text, per prefix, and with growing length.

    python examples/speed/bench_scorer.py [--reviews PATH/TO/imdb/test.parquet] [--longest 20000]

Processor time, the best of several runs. Without reviews, the texts are drawn from a small vocabulary in
which about one word in eight carries sentiment, as in reviews.
"""

import argparse
import random
import re
import time
from collections.abc import Callable

import numpy as np
from vaderSentiment.vaderSentiment import SentimentIntensityAnalyzer

from agents.flags.parser import Parser
from rlsf_gym.domains.sentiment.vader.scorer import VaderScorer

PLAIN = [
    "the",
    "a",
    "of",
    "film",
    "that",
    "was",
    "and",
    "it",
    "with",
    "story",
    "actor",
    "who",
    "to",
    "on",
    "in",
]
CHARGED = ["good", "bad", "great", "love", "boring", "WORST"]
TRIGGERS = ["not", "very", "really", "no", "kind", "least"]
HEADER = "words  score  prefixes at words          at characters  library  (microseconds per text)"

Task = Callable[[str], object]


def best_seconds(task: Callable[[], object], repeats: int = 5) -> float:
    """The least processor time of a task, which is run often enough to be timed."""
    task()
    start = time.process_time()
    task()
    times = max(1, int(0.02 / max(time.process_time() - start, 1e-7)))
    spans: list[float] = []
    for _ in range(repeats):
        start = time.process_time()
        for _ in range(times):
            task()
        spans.append((time.process_time() - start) / times)
    return min(spans)


def make_text(rng: random.Random, length: int) -> str:
    """Words like those of a review."""
    pools = rng.choices([PLAIN, CHARGED, TRIGGERS], weights=[40, 5, 2], k=length)
    return " ".join(rng.choice(pool) for pool in pools)


def read_reviews(path: str, length: int) -> list[str]:
    """The first words of reviews that are long enough."""
    import pyarrow.parquet as pq

    reviews = pq.read_table(path).column("text").slice(0, 400).to_pylist()
    return [" ".join(review.split()[:length]) for review in reviews if len(review.split()) >= length][:20]


def compare(texts: list[str]) -> str:
    """Microseconds per text: one score, all prefixes, the library."""
    scorer, library = VaderScorer(), SentimentIntensityAnalyzer()
    words = {text: word_ends(text) for text in texts}
    characters = {text: np.arange(len(text) + 1) for text in texts}
    tasks: list[Task] = [
        lambda text: scorer.score([text]),
        lambda text: scorer.prefix_scores("", text, words[text]),
        lambda text: scorer.prefix_scores("", text, characters[text]),
        library.polarity_scores,
    ]
    one, at_words, at_characters, theirs = (
        best_seconds(lambda task=task: [task(text) for text in texts], 3) * 1e6 / len(texts) for task in tasks
    )
    return (
        f"{one:7.1f} {at_words:9.1f} = {at_words / one:4.2f} scores {at_characters:10.1f} = "
        f"{at_characters / one:4.1f} scores {theirs:8.1f} = {theirs / one:4.1f} scores"
    )


def grow(longest: int) -> None:
    """Print how the time grows when a text gets ten times as long."""
    scorer, rng = VaderScorer(), random.Random(0)
    kinds: dict[str, Callable[[int], str]] = {
        "plain": lambda length: make_text(rng, length),
        "but early": lambda length: "good but " + make_text(rng, length - 2),
        "all equal, but early": lambda length: "but " + "good " * (length - 1),
        "all equal, but late": lambda length: "good " * (length - 1) + "but",
        "halving": lambda length: "fav ok " * (length // 2 - 1) + "but ok",
    }
    lengths = [length for length in (50, 200, 500, 2_000, 5_000, 20_000) if length <= longest]
    tasks: dict[str, Task] = {
        "score": lambda text: scorer.score([text]),
        "prefixes": lambda text: scorer.prefix_scores("", text, word_ends(text)),
    }
    cells = "".join(f"{length:>9d}" for length in lengths)
    print(f"\nmicroseconds by words         {cells}   ten times the words")
    for name, make in kinds.items():
        texts = [make(length) for length in lengths]
        for what, task in tasks.items():
            seconds = [best_seconds(lambda text=text, task=task: task(text), 3) for text in texts]
            growth = max(later / sooner for sooner, later in zip(seconds, seconds[2:], strict=False))
            cells = "".join(f"{second * 1e6:9.0f}" for second in seconds)
            print(f"{name:20s} {what:8s} {cells}   {growth:5.1f} times the time at most")


def word_ends(text: str) -> np.ndarray:
    """Offsets of the ends of the words."""
    return np.array([match.end() for match in re.finditer(r"\S+", text)])


def main() -> None:
    """Run both benchmarks."""
    parser = Parser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--reviews", help="a Parquet file with a column `text`")
    parser.add_argument("--longest", type=int, default=20_000, help="words of the longest text; 0 for none")
    options = parser.parse_args()
    rng = random.Random(0)
    print(HEADER)
    for length in (10, 16, 20, 30, 64, 200, 400):
        made = [make_text(rng, length) for _ in range(20)]
        print(f"{length:5d}", compare(read_reviews(options.reviews, length) if options.reviews else made))
    if options.longest >= 500:
        grow(options.longest)


if __name__ == "__main__":
    main()
