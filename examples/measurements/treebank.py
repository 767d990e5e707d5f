"""Reads trees of the Stanford Sentiment Treebank: phrases with labels from 0 (very negative) to 4."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

_BRACKETS = {"-LRB-": "(", "-RRB-": ")"}


class Node(NamedTuple):
    """A phrase of a tree."""

    start: int
    """Number of its first word in the sentence."""
    end: int
    """Number of the word behind it."""
    label: int
    """From 0 to 4; 2 is neutral."""


class Tree(NamedTuple):
    """A sentence with all its labelled phrases."""

    words: list[str]
    nodes: list[Node]
    """Parts before the whole that they make up."""


def read_tree(line: str) -> Tree:
    """Returns the tree of a line in Penn brackets, "(3 (2 a) (4 gem))"."""
    words: list[str] = []
    nodes: list[Node] = []
    opened: list[tuple[int, int]] = []  # label and first word
    parts: list[tuple[str, str]] = re.findall(r"\((\d)|([^\s()]+|\))", line)
    for label, word in parts:
        if label:
            opened.append((int(label), len(words)))
        elif word != ")":
            words.append(_BRACKETS.get(word, word))
        else:
            value, start = opened.pop()
            nodes.append(Node(start, len(words), value))
    return Tree(words, nodes)


def read_trees(path: Path, limit: int | None = None) -> list[Tree]:
    """Returns the trees of a file, one a line; the first so many of them."""
    return [read_tree(line) for line in path.read_text(encoding="utf-8").splitlines()[:limit]]


def read_phrases(line: str) -> Iterator[tuple[str, int]]:
    """Yields each phrase of a tree in Penn brackets, with its label."""
    tree = read_tree(line)
    for node in tree.nodes:
        yield " ".join(tree.words[node.start : node.end]), node.label


def join_words(phrase: str) -> str:
    """Returns a phrase of a treebank as it is written elsewhere.

    >>> join_words("it is n't the film 's fault")
    "it isn't the film's fault"
    """
    return phrase.replace(" n't", "n't").replace(" '", "'")
