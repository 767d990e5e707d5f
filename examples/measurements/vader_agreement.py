"""Compares the VADER scorer with the library on whole reviews, and its two readings of "but" with each other.

    python examples/measurements/vader_agreement.py PATH/TO/imdb/test.parquet

Prints the largest difference of the unrounded scores and of the words' valences to those of vaderSentiment,
the processor time of both, and how many scores the library's quirk moves.
"""

import time
from typing import Any

import numpy as np
import pyarrow.parquet as parquet
from vaderSentiment.vaderSentiment import SentimentIntensityAnalyzer, normalize

from agents.flags.parser import Parser
from rlsf_gym.scorers import VaderScorer


class UnroundedAnalyzer(SentimentIntensityAnalyzer):
    """The library's analyzer, caught before it rounds."""

    valences: list[float]
    compound: float

    def score_valence(self, sentiments: list[float], text: str) -> dict[str, Any]:
        """Keeps the words' valences and the unrounded compound."""
        total = float(sum(sentiments))
        emphasis = self._punctuation_emphasis(text)
        self.valences = list(sentiments)
        self.compound = normalize(total + np.sign(total) * emphasis) if sentiments else 0.0
        return super().score_valence(sentiments, text)


def timed(function: Any, argument: Any) -> tuple[Any, float]:
    """Returns a call's result and its processor time in seconds."""
    started = time.process_time()
    return function(argument), time.process_time() - started


def main() -> None:
    """Prints one line per finding."""
    parser = Parser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("reviews", help="a parquet file with a column `text`")
    parser.add_argument("--limit", type=int, default=None, help="only so many reviews")
    options = parser.parse_args()
    texts = parquet.read_table(options.reviews).column("text").to_pylist()[: options.limit]
    analyzer, scorer, documented = UnroundedAnalyzer(), VaderScorer(), VaderScorer(but="documented")
    rows: list[tuple[float, float, float, float, float]] = []
    for text in texts:
        _, their_seconds = timed(analyzer.polarity_scores, text)
        score, our_seconds = timed(scorer.score, [text])
        pairs = zip(scorer.valences(text), analyzer.valences, strict=True)
        valence_error = max((abs(ours - theirs) for ours, theirs in pairs), default=0.0)
        quirk = abs(score[0] - documented.score([text])[0])
        rows.append((abs(score[0] - analyzer.compound), valence_error, their_seconds, our_seconds, quirk))
    errors, valence_errors, theirs, ours, quirks = np.array(rows).T
    moved = quirks[quirks > 1e-12]
    print(f"reviews                         {len(texts)}")
    print(f"largest difference of a score   {errors.max():.3g}")
    print(f"largest difference of a valence {valence_errors.max():.3g}")
    print(f"processor time                  library {theirs.sum():.1f} s, ours {ours.sum():.1f} s")
    print(f"scores that the quirk moves     {len(moved) / len(texts):.1%}, median {np.median(moved):.4f}")
    print(f"by more than 0.1                {(moved > 0.1).mean() * len(moved) / len(texts):.1%}")


if __name__ == "__main__":
    main()
