"""Trains the judge that reads word order: on a half of the IMDB reviews of its own, and on labelled phrases.

    python examples/workshop/train_order_judge.py --data PATH/TO/imdb --sst PATH/TO/sst

A review's half follows from the second byte of a hash of its text, so that it cuts across the halves of the
linear judges. Labels of reviews say next to nothing of order: shuffled words tell them as well. So three
steps in five are of phrases of the training part of the Stanford Sentiment Treebank (Socher et al., 2013),
where readers labelled "never dull" and "dull" apart; half of them are drawn among those that hold a negator.

The other steps are of pieces of 4 to 64 words of reviews. A linear teacher is trained on the half first; it
says of whole unlabelled reviews how positive they are, and of each piece what its words and pairs of words
say. The transformer learns the mean of what the review is and what the teacher makes of the piece.
Temperature and bias are fitted on pieces of the other half. Writes `judge-order.npz`. Needs torch beside what
`train_judge.py` needs; about four minutes on one core.
"""

from __future__ import annotations

import json
import math
import zlib
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from sklearn.linear_model import LogisticRegression
from torch import Tensor, nn
from torch.nn import functional

from agents.flags.parser import Parser
from examples.measurements.treebank import join_words, read_phrases
from examples.workshop.compare_judges import is_negated
from examples.workshop.imdb_tokens import load_reviews
from examples.workshop.train_judge import (
    ASSETS,
    Labels,
    calibrate,
    cut_pieces,
    find_half,
    fit_weights,
)
from rlsf_gym.domains.sentiment import judge as linear
from rlsf_gym.domains.sentiment.judge import Judge
from rlsf_gym.domains.sentiment.order_judge import (
    BUCKETS,
    HEADS,
    LAYERS,
    REACH,
    WIDTH,
    WINDOW,
    OrderJudge,
    bucket_of,
    list_shapes,
    split_words,
)

SHORTEST = 4
TOKENS_A_STEP = 4096
LABELLED = 0.4
"""Share of the pieces that are of labelled reviews."""
PHRASES = 0.6
"""Share of the steps that are of phrases."""
NEGATED = 0.5
"""Share of the phrases of a step that hold a negator, which is where order tells most; 9% of all do."""
LONGEST_PHRASE = 24
NEAR = 6.0
"""First bias of each head for the word that it begins by looking at: nearly all of its attention."""
FEWEST = 64
"""Phrases of a length that fewer have are left out."""
LEARNING_RATE = 3e-3
DROPOUT = 0.15
"""Of the embedding and of what each layer adds."""
Rows = NDArray[np.int32]
Batch = tuple[NDArray[np.int64], NDArray[np.float64]]
"""Rows of the embedding, the one that starts a window in front, (B, N + 1), and targets (B,) in [0, 1]."""
Bank = list[tuple[Batch, NDArray[np.int64]]]
"""Phrases by their number of words: rows and targets, and the numbers of those that hold a negator."""


class Transformer(nn.Module):
    """The weights of an `OrderJudge` while they are trained, by its names."""

    def __init__(self, words: int) -> None:
        super().__init__()
        shapes = list_shapes(words)
        self.arrays = nn.ParameterDict(
            {name: nn.Parameter(_start(name, shape)) for name, shape in shapes.items()}
        )

    def forward(self, rows: Tensor) -> Tensor:
        """Returns the log-odds of pieces of equal length, (B,), given the rows of their words (B, N)."""
        stream = self._drop(functional.embedding(rows, self.arrays["embedding"]))
        at = torch.arange(rows.shape[1])
        apart = (at - at[:, None]).clamp(-REACH, REACH) + REACH
        for layer in range(LAYERS):
            stream = stream + self._drop(self._attend(_normalise(stream), layer, apart))
            inner = functional.relu(self._map(_normalise(stream), "inner", layer))
            stream = stream + self._drop(self._map(inner, "outer", layer))
        last = _normalise(stream)
        return torch.cat([last.mean(1), last.amax(1)], dim=1) @ self.arrays["head"]

    def _attend(self, stream: Tensor, layer: int, apart: Tensor) -> Tensor:
        count, length, _ = stream.shape
        mixed = self._map(stream, "queries_keys_values", layer)
        parts = mixed.view(count, length, 3, HEADS, WIDTH // HEADS).permute(2, 0, 3, 1, 4)
        scores = parts[0] @ parts[1].transpose(2, 3) / math.sqrt(WIDTH // HEADS)
        shares = (scores + self.arrays[f"distances_{layer}"][:, apart]).softmax(-1)
        gathered = (shares @ parts[2]).transpose(1, 2).reshape(count, length, WIDTH)
        return self._map(gathered, "attended", layer)

    def _map(self, stream: Tensor, name: str, layer: int) -> Tensor:
        return stream @ self.arrays[f"{name}_{layer}"] + self.arrays[f"{name}_bias_{layer}"]

    def _drop(self, stream: Tensor) -> Tensor:
        return functional.dropout(stream, DROPOUT, self.training)


def _start(name: str, shape: tuple[int, ...]) -> Tensor:
    """Returns the first values of an array: heads begin by looking at neighbours."""
    if name == "embedding":
        return 0.3 * torch.randn(shape)
    if name.startswith("distances"):
        near = torch.zeros(shape)
        for head, distance in enumerate((-1, 1, -2, 2)):
            near[head, REACH + distance] = NEAR
        return near
    if "bias" in name:
        return torch.zeros(shape)
    return torch.randn(shape) / math.sqrt(shape[0])


def _normalise(stream: Tensor) -> Tensor:
    return functional.layer_norm(stream, (WIDTH,))


@dataclass(frozen=True)
class Corpus:
    """Reviews of at least `WINDOW` words, as rows of the embedding."""

    rows: list[Rows]
    """The words of each of K reviews."""
    credits: list[NDArray[np.float64]]
    """What the teacher makes of each word by itself, and of the pair that it ends, (N, 2) each."""
    positive: NDArray[np.float64]
    """How positive the reviews are, (K,), in [0, 1]."""


def read_corpus(texts: Sequence[str], positive: Any, teacher: Judge, known: Mapping[str, int]) -> Corpus:
    """Returns the reviews that are long enough."""
    rows: list[Rows] = []
    credits: list[NDArray[np.float64]] = []
    kept: list[float] = []
    for text, value in zip(texts, positive, strict=True):
        words = split_words(text)
        if len(words) >= WINDOW:
            rows.append(np.array([known.get(word) or bucket_of(word) for word in words], np.int32))
            credits.append(_credit(words, teacher))
            kept.append(float(value))
    return Corpus(rows, credits, np.array(kept))


def _credit(words: Sequence[str], teacher: Judge) -> NDArray[np.float64]:
    """Returns the teacher's weights of a text's words and pairs, (N, 2), zero at other marks."""
    found = np.zeros((len(words), 2))
    before = b""
    for number, word in enumerate(words):
        if word in ".,;:":
            continue
        own = word.encode("utf-8", "replace")
        found[number, 0] = teacher.weights[zlib.crc32(own) % linear.BUCKETS]
        if before:
            found[number, 1] = teacher.weights[zlib.crc32(before + b" " + own) % linear.BUCKETS]
        before = own
    return found


def draw_pieces(corpus: Corpus, teacher: Judge, length: int, count: int, rng: np.random.Generator) -> Batch:
    """Returns `count` pieces of so many words, with their targets."""
    pieces, sums = np.zeros((count, length + 1), np.int64), np.zeros(count)
    chosen = rng.integers(len(corpus.rows), size=count)
    for number, review in enumerate(chosen.tolist()):
        start = int(rng.integers(len(corpus.rows[review]) - length + 1))
        pieces[number, 1:] = corpus.rows[review][start : start + length]
        credit = corpus.credits[review][start : start + length]
        sums[number] = credit[:, 0].sum() + credit[1:, 1].sum()  # the first word's pair is not in the piece
    taught = 1.0 / (1.0 + np.exp(-(sums / teacher.temperature + teacher.bias)))
    return pieces, 0.5 * (corpus.positive[chosen] + taught)


def read_bank(file: Path, known: Mapping[str, int]) -> Bank:
    """Returns the distinct phrases of a treebank and how positive they are, and which are negated."""
    by_length: dict[int, dict[str, float]] = {}
    for line in file.read_text(encoding="utf-8").splitlines():
        for phrase, label in read_phrases(line):
            text = join_words(phrase)
            by_length.setdefault(len(split_words(text)), {})[text] = label / 4.0
    found: Bank = []
    for length, phrases in sorted(by_length.items()):
        if len(phrases) >= FEWEST and 1 <= length <= LONGEST_PHRASE:
            words = [split_words(text) for text in phrases]
            rows = [[0, *(known.get(word) or bucket_of(word) for word in one)] for one in words]
            batch = np.array(rows, np.int64), np.array(list(phrases.values()))
            found.append((batch, np.flatnonzero([is_negated(one) for one in words])))
    return found


class Lessons:
    """Training texts of the transformer: reviews, their pieces, and phrases.

    Args:
        reviews: Labelled and unlabelled ones.
        teacher: Says what it makes of pieces.
        bank: Phrases of each length, as `read_bank` returns them.
        rng: Draws steps.
    """

    def __init__(
        self,
        reviews: tuple[Corpus, Corpus],
        teacher: Judge,
        bank: Bank,
        rng: np.random.Generator,
    ) -> None:
        self.reviews, self.teacher, self.bank, self.rng = reviews, teacher, bank, rng
        counts = np.sqrt([len(batch[1]) for batch, _ in bank])  # so that few of one length tire less
        self.shares = counts / counts.sum()

    def draw(self) -> Batch:
        """Returns the rows of a step and their targets: phrases, or pieces of reviews, of one length."""
        rng = self.rng
        if rng.random() < PHRASES:
            return self._draw_phrases()
        length = int(rng.integers(SHORTEST, WINDOW + 1))
        count = min(256, TOKENS_A_STEP // (length + 1))
        own = round(count * LABELLED)
        labelled, unlabelled = (
            draw_pieces(corpus, self.teacher, length, number, rng)
            for corpus, number in zip(self.reviews, (own, count - own), strict=True)
        )
        return np.concatenate([labelled[0], unlabelled[0]]), np.concatenate([labelled[1], unlabelled[1]])

    def _draw_phrases(self) -> Batch:
        (rows, targets), negated = self.bank[int(self.rng.choice(len(self.bank), p=self.shares))]
        count = min(256, TOKENS_A_STEP // rows.shape[1])
        chosen = self.rng.integers(len(rows), size=count)
        if len(negated):
            half = round(NEGATED * count)
            chosen[:half] = self.rng.choice(negated, half)
        return rows[chosen], targets[chosen]


def train(lessons: Lessons, words: int, *, steps: int, seed: int) -> dict[str, NDArray[np.float32]]:
    """Returns the weights after so many steps of AdamW, with a cosine schedule, in half precision."""
    torch.manual_seed(seed)
    model = Transformer(words)
    optimizer = torch.optim.AdamW(model.parameters(), lr=LEARNING_RATE, betas=(0.9, 0.98), weight_decay=0.02)
    rate = torch.optim.lr_scheduler.LambdaLR(
        optimizer, lambda step: min(1.0, (step + 1) / 200) * 0.5 * (1.0 + math.cos(math.pi * step / steps))
    )
    loss_sum = 0.0
    for step in range(1, steps + 1):
        rows, targets = (torch.from_numpy(part) for part in lessons.draw())
        loss = functional.binary_cross_entropy_with_logits(model(rows), targets.float())
        optimizer.zero_grad()
        loss.backward()
        nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimizer.step()
        rate.step()
        loss_sum += loss.item()
        if step % 250 == 0:
            print(json.dumps({"step": step, "loss": round(loss_sum / 250, 4)}), flush=True)
            loss_sum = 0.0
    return {
        name: array.detach().numpy().astype(np.float16).astype(np.float32)
        for name, array in model.arrays.items()
    }


def calibrate_order(judge: OrderJudge, pieces: Sequence[str], labels: Labels) -> OrderJudge:
    """Returns the judge whose temperature and bias make the labels of unseen pieces most likely."""
    line = LogisticRegression(C=1e6).fit(judge.log_odds(pieces)[:, None], labels)
    return OrderJudge(
        judge.words,
        judge.weights,
        temperature=1.0 / float(line.coef_[0, 0]),
        bias=float(line.intercept_[0]),
    )


def main() -> None:
    """Trains, calibrates, measures, saves."""
    parser = Parser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument(
        "--data", type=Path, required=True, help="folder with the parquet files of stanfordnlp/imdb"
    )
    parser.add_argument("--sst", type=Path, required=True, help="folder with the treebank's train.txt")
    parser.add_argument("--out", type=Path, default=ASSETS, help="folder for the judge")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--steps", type=int, default=5000, help="steps of AdamW")
    parser.add_argument("--words", type=int, default=8000, help="words of the vocabulary")
    parser.add_argument("--unlabelled", type=int, default=25000, help="unlabelled reviews")
    arguments = parser.parse_args()
    torch.set_num_threads(1)
    rng = np.random.default_rng(arguments.seed)
    texts, labels = load_reviews(arguments.data, "train")
    halves = np.array([find_half(text, byte=1) for text in texts])
    own, other = np.flatnonzero(halves == 0), rng.permutation(np.flatnonzero(halves == 1))
    mine, others = [texts[i] for i in own], [texts[i] for i in other]
    teacher = fit_weights(mine, labels[own], rng)
    of_wholes = calibrate(teacher, others, labels[other])
    pieces, piece_labels = cut_pieces(others, rng, (8, 32), 2), np.repeat(labels[other], 2)
    of_pieces = calibrate(teacher, pieces, piece_labels)
    counts = Counter(word for text in mine for word in split_words(text))
    words = [word for word, _ in counts.most_common(arguments.words)]
    known = {word: row for row, word in enumerate(words, start=1 + BUCKETS)}
    unlabelled = load_reviews(arguments.data, "unsupervised")[0][: arguments.unlabelled]
    corpora = (
        read_corpus(mine, labels[own], of_pieces, known),
        read_corpus(unlabelled, of_wholes.predict(unlabelled), of_pieces, known),
    )
    lessons = Lessons(corpora, of_pieces, read_bank(arguments.sst / "train.txt", known), rng)
    weights = train(lessons, len(words), steps=arguments.steps, seed=arguments.seed)
    judge = calibrate_order(OrderJudge(words, weights), pieces, piece_labels)
    judge.save(arguments.out / "judge-order.npz")
    print(json.dumps({"reviews": len(mine), "temperature": judge.temperature, "bias": judge.bias}))


if __name__ == "__main__":
    main()
