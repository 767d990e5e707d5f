"""Measures how well the credit of words and phrases agrees with what readers said of them.

The credit of a phrase is the sum of its words' credit in the whole sentence. What is drawn again by the
bootstrap are sentences.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from agents.stats.intervals import Interval
from examples.measurements.treebank import Tree
from examples.measurements.weighted import code_correlation, draw_weights, rank_codes, sign_accuracy
from examples.quickstart.word_credit import WordPayer
from rlsf_gym.designs import Design

FloatArray = npt.NDArray[np.float64]
IntArray = npt.NDArray[np.int64]

NEGATIONS = frozenset(
    (
        *("not", "n't", "no", "never", "without", "cannot", "nothing", "nobody", "none", "neither", "nor"),
        *("hardly", "barely", "scarcely"),
    )
)
"""As the treebank splits words; chosen without a look at the scorer's own list."""
NEUTRAL = 2


class Phrases(NamedTuple):
    """Phrases of one kind in all sentences."""

    groups: IntArray
    """int64 (K,), the number of the sentence."""
    starts: IntArray
    """int64 (K,), the first word."""
    ends: IntArray
    """int64 (K,), the word behind the last."""
    labels: FloatArray
    """float64 (K,), from 0 to 4."""


def choose_phrases(trees: Sequence[Tree], chosen: Callable[[Tree, int], bool]) -> Phrases:
    """Returns the phrases of all trees for which `chosen(tree, number of the node)` holds."""
    rows = [
        (group, node.start, node.end, node.label)
        for group, tree in enumerate(trees)
        for number, node in enumerate(tree.nodes)
        if chosen(tree, number)
    ]
    table = np.array(rows, np.int64).reshape(-1, 4)
    return Phrases(table[:, 0], table[:, 1], table[:, 2], table[:, 3].astype(np.float64))


def is_word(tree: Tree, number: int) -> bool:
    """Returns whether a node is a single word."""
    node = tree.nodes[number]
    return node.end - node.start == 1


def is_phrase(tree: Tree, number: int) -> bool:
    """Returns whether a node is two words or more."""
    return not is_word(tree, number)


def is_negated(tree: Tree, number: int) -> bool:
    """Returns whether a node is a negation word and then a phrase that is charged by its own label."""
    node = tree.nodes[number]
    if tree.words[node.start].lower() not in NEGATIONS:
        return False
    return any(
        (rest.start, rest.end) == (node.start + 1, node.end) and rest.label != NEUTRAL for rest in tree.nodes
    )


def is_judged_negated(tree: Tree, number: int) -> bool:
    """Returns whether such a node is charged itself, so that there is a sign to be right about."""
    return tree.nodes[number].label != NEUTRAL and is_negated(tree, number)


def sum_credit(credit: Sequence[FloatArray], phrases: Phrases) -> FloatArray:
    """Returns the credit of each phrase, float64 (K,), from that of the words of each sentence."""
    spans = zip(phrases.groups, phrases.starts, phrases.ends, strict=True)
    return np.array([credit[group][start:end].sum() for group, start, end in spans]).round(12)


def correlate(credit: FloatArray, phrases: Phrases, resamples: int) -> Interval:
    """Returns Spearman's correlation of credit and labels, with its bootstrap interval."""
    codes = rank_codes(credit), rank_codes(phrases.labels)
    return _interval(lambda weights: code_correlation(*codes, weights), phrases, resamples)


def share_right(credit: FloatArray, phrases: Phrases, resamples: int) -> Interval:
    """Returns the share of phrases whose credit has the sign of their label; no credit is wrong."""
    return _interval(lambda weights: sign_accuracy(credit, phrases.labels, weights), phrases, resamples)


def _interval(figure: Callable[[FloatArray], float], phrases: Phrases, resamples: int) -> Interval:
    groups = rank_codes(phrases.groups)  # a sentence without such a phrase has no say
    drawn = [figure(weights) for weights in draw_weights(groups, resamples)]
    low, high = np.quantile(drawn, [0.025, 0.975])
    return Interval(figure(np.ones(len(phrases.labels))), float(low), float(high))


class Plausibility(NamedTuple):
    """What was measured, and on how much."""

    counts: dict[str, int]
    """Sentences, words, phrases, negated phrases, and those of them that have a sign."""
    measures: dict[str, dict[str, Interval]]
    """By design: `word_correlation`, `phrase_correlation` and, where there is a negated phrase with a sign,
    `negation_right`."""


def measure(trees: Sequence[Tree], designs: Mapping[str, Design], *, resamples: int) -> Plausibility:
    """Returns how well each design's credit agrees with the labels of the trees."""
    payer = WordPayer(designs)
    paid = [payer.pay("", " ".join(tree.words)).credit for tree in trees]
    words, phrases = choose_phrases(trees, is_word), choose_phrases(trees, is_phrase)
    negated = choose_phrases(trees, is_judged_negated)
    counts = {
        "sentences": len(trees),
        "words": len(words.labels),
        "phrases": len(phrases.labels),
        "negated phrases": len(choose_phrases(trees, is_negated).labels),
        "negated phrases with a sign": len(negated.labels),
    }
    measures: dict[str, dict[str, Interval]] = {}
    for name in designs:
        credit = [one[name] for one in paid]
        measures[name] = {
            "word_correlation": correlate(sum_credit(credit, words), words, resamples),
            "phrase_correlation": correlate(sum_credit(credit, phrases), phrases, resamples),
        }
        if len(negated.labels):
            right = share_right(sum_credit(credit, negated), negated, resamples)
            measures[name]["negation_right"] = right
    return Plausibility(counts, measures)
