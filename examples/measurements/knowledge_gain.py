"""Measures what the graph of the film domain adds to plain VADER, on phrases and on whole reviews.

    python examples/measurements/knowledge_gain.py --sst PATH/TO/sst/dev.txt --imdb PATH/TO/imdb/test.parquet

Phrases are the distinct ones of each tree of the Stanford Sentiment Treebank, with labels from 0 to 4. The
sign of the score and the AUC are measured on labels 0 and 1 against 3 and 4, the rank correlation on all
labels. A score of 0 has no sign, so that it counts as wrong. Intervals are 95% bootstrap intervals of the
paired difference; what is drawn again are whole trees, and whole reviews.
"""

from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
import pyarrow.parquet as parquet

from agents.flags.parser import Parser
from examples.measurements.treebank import read_phrases
from examples.measurements.weighted import auc, draw_weights, rank_correlation, sign_accuracy
from rlsf_gym.scorers import KnowledgeScorer, VaderScorer

FloatArray = npt.NDArray[np.float64]


class Corpus(NamedTuple):
    """Texts with their labels, and the number of the group (a tree, a review) that each is drawn with."""

    texts: list[str]
    labels: FloatArray
    groups: npt.NDArray[np.int64]


class Measure(NamedTuple):
    """A figure of scores under weights; `among` says which labels it is about."""

    name: str
    function: Callable[[FloatArray, FloatArray, FloatArray], float]
    among: Callable[[FloatArray], npt.NDArray[np.bool_]]


def read_sst(path: Path) -> Corpus:
    """Returns the distinct phrases of each tree; one tree a line."""
    trees = path.read_text(encoding="utf-8").splitlines()
    rows = [(*row, group) for group, tree in enumerate(trees) for row in dict.fromkeys(read_phrases(tree))]
    texts, labels, groups = zip(*rows, strict=True)
    return Corpus(list(texts), np.array(labels, np.float64), np.array(groups))


def read_reviews(path: Path, limit: int | None) -> Corpus:
    """Returns reviews with label 0 or 4, so that they read as phrases do."""
    table = parquet.read_table(path).slice(0, limit)
    labels = 4.0 * table.column("label").to_numpy()
    return Corpus(table.column("text").to_pylist(), labels, np.arange(len(labels)))


def _is_charged(labels: FloatArray) -> npt.NDArray[np.bool_]:
    return labels != 2.0


def _is_any(labels: FloatArray) -> npt.NDArray[np.bool_]:
    return np.ones(labels.shape, np.bool_)


SIGN = Measure("sign accuracy", sign_accuracy, _is_charged)
AUC = Measure("AUC", auc, _is_charged)
RANKS = Measure("rank correlation", rank_correlation, _is_any)


def report(name: str, corpus: Corpus, measures: list[Measure], graph: str, resamples: int) -> None:
    """Prints a line per measure: plain VADER, with the graph, the difference and its interval."""
    scorer = KnowledgeScorer(graph)
    plain, known = VaderScorer().score(corpus.texts), scorer.score(corpus.texts)
    touched = np.mean([bool(scorer.premises(text)) for text in corpus.texts])
    zeros = f"score 0: VADER {np.mean(plain == 0):.1%}, knowledge {np.mean(known == 0):.1%}"
    print(f"{name}: {len(corpus.texts)} texts; the graph says something of {touched:.1%}; {zeros}")
    for measure in measures:
        chosen = measure.among(corpus.labels)
        first, second, labels = plain[chosen], known[chosen], corpus.labels[chosen]
        even = np.ones(len(labels))
        before, after = measure.function(first, labels, even), measure.function(second, labels, even)
        drawn = [
            measure.function(second, labels, weights) - measure.function(first, labels, weights)
            for weights in draw_weights(corpus.groups[chosen], resamples)
        ]
        low, high = np.quantile(drawn, [0.025, 0.975])
        gain = f"{after - before:+.4f} [{low:+.4f}, {high:+.4f}]"
        print(f"  {measure.name:<17} VADER {before:.4f}  knowledge {after:.4f}  difference {gain}")


def main() -> None:
    """Prints what was measured on each of the files that are given."""
    parser = Parser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--sst", type=Path, help="a file of trees in Penn brackets, one a line")
    parser.add_argument(
        "--imdb", type=Path, help="a parquet file with the columns `text` and `label` (0 or 1)"
    )
    parser.add_argument("--graph", default="film", help="a graph by its name or file (default: %(default)s)")
    parser.add_argument("--limit", type=int, default=None, help="only so many reviews")
    parser.add_argument("--resamples", type=int, default=1000, help="of the bootstrap (default: %(default)s)")
    options = parser.parse_args()
    if options.sst is None and options.imdb is None:
        parser.error("nothing to measure: pass --sst, --imdb or both")
    if options.sst is not None:
        corpus = read_sst(options.sst)
        report("SST phrases", corpus, [SIGN, AUC, RANKS], options.graph, options.resamples)
    if options.imdb is not None:
        corpus = read_reviews(options.imdb, options.limit)
        report("IMDB reviews", corpus, [SIGN, AUC], options.graph, options.resamples)


if __name__ == "__main__":
    main()
