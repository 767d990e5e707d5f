"""Trains the two bundled judges on disjoint halves of the labelled IMDB reviews.

    python examples/workshop/train_judge.py --data PATH/TO/imdb

A review's half follows from a hash of its text. Each judge is a logistic regression over log-count ratios
(S. Wang and C. D. Manning, "Baselines and bigrams", 2012) on the whole reviews of its half and on pieces of
them; temperature and bias are then fitted on pieces of the other half. Writes `judge-a.npz`, `judge-b.npz`
and their card into `rlsf_gym/domains/sentiment/assets`. Needs scikit-learn, pyarrow and tokenizers.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_matrix, vstack
from sklearn.linear_model import LogisticRegression
from tokenizers import Tokenizer

from agents.flags.parser import Parser
from examples.workshop.imdb_tokens import TOKENIZER_FILE, load_reviews
from rlsf_gym.domains.sentiment.judge import BUCKETS, Judge, hash_features

ASSETS = Path(__file__).parents[2] / "rlsf_gym" / "domains" / "sentiment" / "assets"
PIECES_PER_REVIEW = 6
INVERSE_PENALTY = 0.02
Labels = NDArray[np.int64]


def find_half(text: str, byte: int = 0) -> int:
    """Returns 0 or 1, the half of the labelled reviews that a text belongs to.

    Args:
        text: A review.
        byte: Which byte of the text's hash says so: each cuts the reviews in another way.
    """
    return hashlib.sha256(text.encode("utf-8")).digest()[byte] & 1


def cut_pieces(
    texts: Sequence[str], rng: np.random.Generator, lengths: tuple[int, int], count: int
) -> list[str]:
    """Returns `count` pieces of each text in turn, at random places.

    Args:
        texts: N texts.
        rng: Draws places and lengths.
        lengths: Shortest and longest piece in tokens of the bundled BPE.
        count: Pieces per text.

    Returns:
        N * count texts.
    """
    tokenizer = Tokenizer.from_file(str(TOKENIZER_FILE))
    pieces: list[str] = []
    for encoding in tokenizer.encode_batch_fast(list(texts), add_special_tokens=False):
        for _ in range(count):
            length = int(rng.integers(lengths[0], lengths[1] + 1))
            start = int(rng.integers(max(1, len(encoding.ids) - length + 1)))
            pieces.append(tokenizer.decode(encoding.ids[start : start + length]))
    return pieces


def make_features(texts: Sequence[str]) -> Any:
    """Returns the texts' features as a sparse matrix of zeros and ones, (N, BUCKETS) float32."""
    rows = [hash_features(text) for text in texts]
    ends = np.cumsum([0] + [len(row) for row in rows])
    return csr_matrix(
        (np.ones(ends[-1], dtype=np.float32), np.concatenate(rows), ends), shape=(len(rows), BUCKETS)
    )


def log_count_ratio(features: Any, labels: Labels) -> NDArray[np.float64]:
    """Returns each bucket's log-ratio of smoothed shares in either class; (BUCKETS,) float64."""
    positive = 1.0 + np.asarray(features[labels == 1].sum(0)).ravel()
    negative = 1.0 + np.asarray(features[labels == 0].sum(0)).ravel()
    return np.log((positive / positive.sum()) / (negative / negative.sum()))


def fit_weights(texts: Sequence[str], labels: Labels, rng: np.random.Generator) -> NDArray[np.float32]:
    """Returns the weights of a judge trained on whole reviews and their pieces; (BUCKETS,) float32."""
    whole = make_features(texts)
    pieces = make_features(cut_pieces(texts, rng, (8, 32), PIECES_PER_REVIEW))
    ratio = log_count_ratio(whole, labels)
    features = vstack([whole, pieces]).multiply(ratio).tocsr()
    targets = np.concatenate([labels, np.repeat(labels, PIECES_PER_REVIEW)])
    model = LogisticRegression(C=INVERSE_PENALTY, solver="liblinear", tol=1e-3, max_iter=50).fit(
        features, targets
    )
    return (model.coef_[0] * ratio).astype(np.float16).astype(np.float32)


def calibrate(weights: NDArray[np.float32], pieces: Sequence[str], labels: Labels) -> Judge:
    """Returns the judge whose temperature and bias make the labels of unseen pieces most likely."""
    sums = Judge(weights).sum_weights(pieces)
    line = LogisticRegression(C=1e6).fit(sums[:, None], labels)
    return Judge(weights, temperature=1.0 / float(line.coef_[0, 0]), bias=float(line.intercept_[0]))


def measure(judge: Judge, texts: Sequence[str], labels: Labels) -> dict[str, float]:
    """Returns accuracy, Brier score and mean probability on labelled texts."""
    probabilities = judge.predict(texts)
    return {
        "accuracy": float(np.mean((probabilities > 0.5) == labels)),
        "brier": float(np.mean((probabilities - labels) ** 2)),
        "mean": float(probabilities.mean()),
    }


def write_card(figures: dict[str, dict[str, Any]], file: Path) -> None:
    """Writes the linear judges' part of the card from the figures measured here, and keeps the other part."""
    rows = "\n".join(
        f"| {name} | {f['reviews']:,} reviews | {f['whole']['accuracy']:.3f} | {f['whole']['brier']:.3f} "
        f"| {f['pieces']['accuracy']:.3f} | {f['pieces']['brier']:.3f} "
        f"| {f['temperature']:.3f} | {f['bias']:+.3f} |"
        for name, f in figures.items()
    )
    text = CARD.format(rows=rows, tests=f"{figures['bundled']['tests']:,}")
    _, part, rest = (file.read_text(encoding="utf-8") if file.is_file() else "").partition(CARD_PART)
    file.write_text(f"{text}\n{part}{rest}" if part else text, encoding="utf-8")


CARD_PART = "## The judge that reads word order\n"
"""Heading of the part of the card that `compare_judges.py` writes."""

CARD = """# The bundled judges

Two linear classifiers over hashed words and pairs of words (262,144 weights each, half precision), trained
by `examples/workshop/train_judge.py` on disjoint halves of the 25,000 labelled training reviews of the Large
Movie Review Dataset (Maas et al., 2011); a review's half follows from a hash of its text. They exist to be
reported: an environment refuses them as the scorer, so that a policy is never trained against what judges
it. Temperature and bias were fitted once, on pieces of 8 to 32 tokens of the half that the judge had not
seen.

Measured on {tests} test reviews, whole, and on one random piece of 20 tokens of each (labelled as its
review is, so much of a piece's error is that 20 tokens often say nothing):

| judge | trained on | accuracy | Brier | accuracy, piece | Brier, piece | temperature | bias |
| --- | --- | --- | --- | --- | --- | --- | --- |
{rows}

A Brier score of 0.25 is what a constant one half gives.

Limits: English film reviews only. The judges see no order beyond pairs of words, no irony, and nothing of
grammar: a repeated list of pleasant words is positive to them. Their probabilities were fitted on short
pieces, not on whole reviews. They inherit the data's associations, names of actors and genres included.
"""


def main() -> None:
    """Trains, calibrates, measures, saves."""
    parser = Parser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument(
        "--data", type=Path, required=True, help="folder with the parquet files of stanfordnlp/imdb"
    )
    parser.add_argument("--out", type=Path, default=ASSETS, help="folder for the judges and their card")
    parser.add_argument("--seed", type=int, default=0)
    arguments = parser.parse_args()
    rng = np.random.default_rng(arguments.seed)
    texts, labels = load_reviews(arguments.data, "train")
    test_texts, test_labels = load_reviews(arguments.data, "test")
    test_pieces = cut_pieces(test_texts, rng, (20, 20), 1)
    halves = np.array([find_half(text) for text in texts])
    figures: dict[str, dict[str, Any]] = {}
    for half, (name, file) in enumerate((("bundled", "judge-a.npz"), ("bundled-b", "judge-b.npz"))):
        seen, unseen = np.flatnonzero(halves == half), np.flatnonzero(halves != half)
        weights = fit_weights([texts[i] for i in seen], labels[seen], rng)
        pieces = cut_pieces([texts[i] for i in unseen], rng, (8, 32), 2)
        judge = calibrate(weights, pieces, np.repeat(labels[unseen], 2))
        judge.save(arguments.out / file)
        figures[name] = {
            "reviews": len(seen),
            "tests": len(test_texts),
            "whole": measure(judge, test_texts, test_labels),
            "pieces": measure(judge, test_pieces, test_labels),
            "temperature": judge.temperature,
            "bias": judge.bias,
        }
        print(json.dumps({name: figures[name]}), flush=True)
    write_card(figures, arguments.out / "JUDGE.md")


if __name__ == "__main__":
    main()
