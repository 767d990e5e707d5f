"""The measurement of the graph's gain: trees, figures and weights, worked by hand."""

import sys

import numpy as np
import pytest

pytest.importorskip("pyarrow")
pytest.importorskip("networkx")


@pytest.fixture(scope="module")
def gain():
    from examples.measurements import knowledge_gain

    return knowledge_gain


def test_phrases_of_a_tree(gain):
    tree = "(3 (2 A) (4 (3 (3 fine) (2 film)) (2 -RRB-)))"
    assert list(gain.read_phrases(tree)) == [
        ("A", 2),
        ("fine", 3),
        ("film", 2),
        ("fine film", 3),
        (")", 2),
        ("fine film )", 4),
        ("A fine film )", 3),
    ]


def test_equal_phrases_of_a_tree_count_once(gain, tmp_path):
    path = tmp_path / "trees.txt"
    path.write_text("(2 (2 a) (2 a))\n(3 (2 a) (3 b))\n")
    corpus = gain.read_sst(path)
    assert corpus.texts == ["a", "a a", "a", "b", "a b"]
    assert corpus.labels.tolist() == [2, 2, 2, 3, 3]
    assert corpus.groups.tolist() == [0, 0, 1, 1, 1]


def test_figures_by_hand(gain):
    scores, labels, ones = np.array([0.5, -0.5, 0.0, 0.5]), np.array([4.0, 0.0, 1.0, 1.0]), np.ones(4)
    assert gain.sign_accuracy(scores, labels, ones) == 0.5
    assert gain.auc(scores, labels, ones) == pytest.approx(2.5 / 3)  # above two of three, equal to one
    # Ranks 3.5 1 2 3.5 and 4 1 2.5 2.5, less their mean: 1 -1.5 -0.5 1 and 1.5 -1.5 0 0.
    assert gain.rank_correlation(scores, labels, ones) == pytest.approx(3.75 / 4.5)


@pytest.mark.parametrize("name", ["sign_accuracy", "auc", "rank_correlation"])
def test_a_weight_is_as_good_as_a_copy(gain, name):
    scores, labels = np.array([0.5, -0.5, 0.0, 0.4]), np.array([4.0, 0.0, 3.0, 1.0])
    counts = np.array([1, 3, 2, 0])
    figure = getattr(gain, name)
    copies = figure(np.repeat(scores, counts), np.repeat(labels, counts), np.ones(6))
    assert figure(scores, labels, counts.astype(float)) == pytest.approx(copies, abs=1e-12)


def test_what_is_printed(gain, tmp_path, monkeypatch, capsys):
    path = tmp_path / "trees.txt"
    path.write_text("(4 (3 (3 good) (3 riveting)) (1 (1 wooden) (2 acting)))\n" * 3)
    monkeypatch.setattr(sys, "argv", ["knowledge_gain.py", "--sst", str(path), "--resamples", "20"])
    gain.main()
    lines = capsys.readouterr().out.splitlines()
    assert lines[0].startswith(
        "SST phrases: 21 texts; the graph says something of 85.7%; score 0: VADER 57.1%,"
    )
    assert [line.split("  ")[1] for line in lines[1:]] == ["sign accuracy", "AUC", "rank correlation"]
    assert "VADER 0.5000  knowledge 1.0000  difference +0.5000 [+0.5000, +0.5000]" in lines[1]
