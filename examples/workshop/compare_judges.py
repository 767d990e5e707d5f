"""Compares the bundled judges: accuracy on reviews, pieces and phrases, in their order of words and in none.

    python examples/workshop/compare_judges.py --data PATH/TO/imdb --sst PATH/TO/sst

Writes the judges' card anew from the heading of its second part on. Reviews are of the test split; sentences
and phrases of the treebank are of its development part, which no judge has seen, without neutral ones. Words
are shuffled within a text. A phrase is negated where it holds a word such as "not" or "without".
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from agents.flags.parser import Parser
from examples.measurements.treebank import join_words, read_phrases
from examples.workshop.imdb_tokens import load_reviews
from examples.workshop.train_judge import ASSETS, CARD_PART, Labels, cut_pieces, measure
from rlsf_gym.domains.sentiment.order_judge import REACH, WINDOW, OrderJudge, split_words
from rlsf_gym.judges import load_judge

NAMES = ("bundled", "bundled-b", "order")
REVIEWS = 2000
NEGATORS = frozenset(
    ["not", "never", "no", "nothing", "nobody", "neither", "nor", "without", "hardly", "barely", "lacks"]
)
PAIRS = (
    ("Not good, boring.", "Good, not boring."),
    ("The film was never good, always dull.", "The film was never dull, always good."),
    ("I did not like it.", "I did like it."),
    ("It is not a bad film.", "It is a bad film."),
    ("It was a waste of time, not fun.", "It was fun, not a waste of time."),
    ("It could have been great.", "It has been great."),
    ("It is not funny.", "It is funny."),
    ("It doesn't work.", "It works."),
)
"""The less positive of each pair comes first, but for the fourth, where it is the second."""
CARD_TEXT = """

`judge="order"`: a transformer over words in NumPy (2 layers of width 64, 4 heads, a learned bias
for each distance between words; 8,000 words and 512 buckets for others; half precision), trained
by `examples/workshop/train_order_judge.py`. It learned from a half of the labelled training
reviews that is its own (12,534 reviews: the second byte of the hash, where the linear judges go
by the first, so that a quarter of all reviews is shared with either), from 25,000 unlabelled
reviews, labelled by a linear model of that half, and, as labels of reviews say next to nothing of
order, from the phrases of the training part of the Stanford Sentiment Treebank (Socher et al.,
2013), half of them drawn among those that hold a negator; the linear judges have not seen these.
Temperature ({temperature:.3f}) and bias ({bias:+.3f}) were fitted once on pieces of 8 to 32
tokens of the other half.

`examples/workshop/compare_judges.py` measures all three on the same texts, which none was trained
on: accuracy with the words in their order / with the words of each text shuffled.

| texts | number | bundled | bundled-b | order |
| --- | --- | --- | --- | --- |
{rows}

Probabilities of either text of a pair:

| pair | bundled | bundled-b | order |
| --- | --- | --- | --- |
{pairs}

A text without words has {empty:.2f}.

Limits: the above of domain and associations. What it reads of order is for the most part negation
near by: a pleasant word that is negated counts as unpleasant; an unpleasant one that is negated
hardly counts as pleasant; and which of two clauses a negator belongs to it tells weakly or not at
all. On reviews and pieces of 20 tokens shuffled words are told as well, and it is no better than
the linear judges: it is here as it errs in another way. Distances beyond {reach} words are one to
it; longer texts are read in windows of {window} words, whose log-odds are averaged. It has the
treebank's readers in it, so that its figures on the treebank are of unseen sentences, and not of
another kind of text.
"""
Texts = tuple[Sequence[str], Labels]


def shuffle_words(texts: Sequence[str], rng: np.random.Generator) -> list[str]:
    """Returns the texts with their words and marks in random order."""
    return [" ".join(rng.permutation(np.array(split_words(text), dtype=object))) for text in texts]


def is_negated(words: Sequence[str]) -> bool:
    """Returns whether one of the lower-cased words negates."""
    return any(word in NEGATORS or word.endswith("n't") for word in words)


def read_bank(file: Path) -> tuple[Texts, Texts]:
    """Returns the sentences, and the distinct negated phrases of 3 words or more, that are not neutral."""
    sentences: list[tuple[str, int]] = []
    negated: dict[str, int] = {}
    for line in file.read_text(encoding="utf-8").splitlines():
        phrases = list(read_phrases(line))
        sentences.append(phrases[-1])
        for phrase, label in phrases:
            words = phrase.lower().split()
            if len(words) >= 3 and is_negated(words):
                negated[phrase] = label
    return _without_neutral(sentences), _without_neutral(list(negated.items()))


def _without_neutral(labelled: Sequence[tuple[str, int]]) -> Texts:
    texts, labels = zip(
        *[(join_words(text), label > 2) for text, label in labelled if label != 2], strict=True
    )
    return list(texts), np.array(labels, np.int64)


def gather(data: Path, bank: Path, rng: np.random.Generator) -> dict[str, Texts]:
    """Returns labelled texts by what they are."""
    texts, labels = load_reviews(data, "test")
    chosen = rng.permutation(len(texts))[:REVIEWS]
    reviews, labels = [texts[i] for i in chosen], labels[chosen]
    sentences, negated = read_bank(bank)
    return {
        "whole reviews": (reviews, labels),
        "pieces of 20 tokens": (cut_pieces(reviews, rng, (20, 20), 1), labels),
        "pieces of 48 tokens": (cut_pieces(reviews, rng, (48, 48), 1), labels),
        "sentences (SST)": sentences,
        "negated phrases (SST)": negated,
    }


def compare(judges: Mapping[str, Any], kinds: Mapping[str, Texts], rng: np.random.Generator) -> list[str]:
    """Returns the rows of the table: accuracy of each judge, and with shuffled words."""
    rows: list[str] = []
    for kind, (texts, labels) in kinds.items():
        mixed = shuffle_words(texts, rng)
        pairs = [
            [measure(one, form, labels)["accuracy"] for form in (texts, mixed)] for one in judges.values()
        ]
        cells = [f"{ordered:.3f} / {shuffled:.3f}" for ordered, shuffled in pairs]
        rows.append(f"| {kind} | {len(texts):,} | {' | '.join(cells)} |")
    return rows


def list_pairs(judges: Mapping[str, Any]) -> list[str]:
    """Returns the rows of the table of pairs: the probability that each judge gives either text."""
    rows: list[str] = []
    for pair in PAIRS:
        found: list[NDArray[np.float64]] = [judge.predict(pair) for judge in judges.values()]
        cells = " | ".join(f"{first:.2f}, {second:.2f}" for first, second in found)
        rows.append(f"| {' / '.join(pair)} | {cells} |")
    return rows


def main() -> None:
    """Compares, and writes the second part of the card."""
    parser = Parser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument(
        "--data", type=Path, required=True, help="folder with the parquet files of stanfordnlp/imdb"
    )
    parser.add_argument("--sst", type=Path, required=True, help="folder with the treebank's dev.txt")
    parser.add_argument("--card", type=Path, default=ASSETS / "JUDGE.md", help="the card")
    arguments = parser.parse_args()
    rng = np.random.default_rng(0)
    judges = {name: load_judge(name) for name in NAMES}
    rows = compare(judges, gather(arguments.data, arguments.sst / "dev.txt", rng), rng)
    order = judges["order"]
    assert isinstance(order, OrderJudge)
    part = CARD_TEXT.format(
        rows="\n".join(rows),
        pairs="\n".join(list_pairs(judges)),
        temperature=order.temperature,
        bias=order.bias,
        reach=REACH,
        window=WINDOW,
        empty=float(order.predict([""])[0]),
    )
    first = arguments.card.read_text(encoding="utf-8").partition(CARD_PART)[0]
    arguments.card.write_text(f"{first.rstrip()}\n\n{CARD_PART}{part}", encoding="utf-8")
    print(part)


if __name__ == "__main__":
    main()
