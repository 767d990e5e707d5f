"""workshop/train_judge.py: judges trained on a made-up corpus tell its classes apart, and ratios by hand."""

import numpy as np
import pytest

pytestmark = pytest.mark.whole

pytest.importorskip("sklearn")
parquet = pytest.importorskip("pyarrow.parquet")

SUBJECTS = ("plot", "cast", "music", "pace", "ending", "script", "camera", "dialogue")


def review(label, number):
    word = ("dull", "fine")[label]
    return f"The {SUBJECTS[number % 8]} number {number} was {word} and the rest {word} too."


def write_reviews(path, numbers):
    import pyarrow

    rows = [(review(label, number), label) for number in numbers for label in (0, 1)]
    texts, labels = zip(*rows, strict=True)
    parquet.write_table(pyarrow.table({"text": texts, "label": labels}), path)


def test_judges_tell_apart_what_they_were_trained_on(tmp_path, monkeypatch, capsys):
    from examples.workshop import train_judge
    from rlsf_gym.domains.sentiment.judge import Judge

    write_reviews(tmp_path / "train.parquet", range(40))
    write_reviews(tmp_path / "test.parquet", range(40, 60))
    monkeypatch.setattr("sys.argv", ["train_judge.py", "--data", str(tmp_path), "--out", str(tmp_path)])
    train_judge.main()
    assert "40 test reviews" in (tmp_path / "JUDGE.md").read_text(encoding="utf-8")
    for file in ("judge-a.npz", "judge-b.npz"):
        bad, good = Judge.load(tmp_path / file).predict([review(0, 70), review(1, 70)])
        assert bad < 0.5 < good
    assert '"bundled-b"' in capsys.readouterr().out


def test_ratios_of_smoothed_shares_by_hand():
    from scipy.sparse import csr_matrix

    from examples.workshop.train_judge import log_count_ratio

    features = csr_matrix(np.array([[1, 1, 0], [0, 1, 0]], np.float32))
    # Positive counts 1 + (1, 1, 0) = (2, 2, 1) of 5, negative 1 + (0, 1, 0) = (1, 2, 1) of 4.
    expected = np.log([(2 / 5) / (1 / 4), (2 / 5) / (2 / 4), (1 / 5) / (1 / 4)])
    np.testing.assert_allclose(log_count_ratio(features, np.array([1, 0])), expected, rtol=1e-6)
