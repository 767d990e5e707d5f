"""The held-out judge."""

from __future__ import annotations

import math
import subprocess
import sys
import time
import zlib
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from rlsf_gym.domains.sentiment.judge import BUCKETS, BUNDLED, Judge, hash_features


def bucket(feature: bytes) -> int:
    return zlib.crc32(feature) % BUCKETS


def make_judge(words: dict[bytes, float], temperature: float = 1.0, bias: float = 0.0) -> Judge:
    weights = np.zeros(BUCKETS, dtype=np.float32)
    for word, weight in words.items():
        weights[bucket(word)] = weight
    return Judge(weights, temperature, bias)


def test_features_are_words_and_pairs() -> None:
    expected = sorted(map(bucket, (b"it", b"isn't", b"bad", b"!", b"it isn't", b"isn't bad", b"bad !")))
    assert hash_features("It isn't -- BAD!").tolist() == expected


def test_a_repeated_word_counts_once() -> None:
    assert hash_features("good good good").tolist() == sorted([bucket(b"good"), bucket(b"good good")])


def test_bucket_is_the_published_check_value() -> None:
    # The check value of CRC-32 is 0xCBF43926, that of "123456789"; its low 18 bits are 0x03926.
    assert hash_features("123456789").tolist() == [0x03926]


def test_buckets_are_the_same_in_another_process() -> None:
    module = "rlsf_gym.domains.sentiment.judge"
    code = f"from {module} import hash_features; print(hash_features('A fine film').tolist())"
    root = Path(__file__).parents[4]
    result = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=root
    )
    assert result.stdout.strip() == str(hash_features("a fine film").tolist())


@given(st.text())
def test_every_text_has_features_in_range(text: str) -> None:
    features = hash_features(text)
    assert features.dtype == np.int64
    assert np.all((features >= 0) & (features < BUCKETS))
    assert np.all(np.diff(features) > 0)


def test_predict_is_a_sigmoid_of_the_weights() -> None:
    judge = make_judge({b"good": 2.0, b"film": -0.5, b"good film": 1.0}, temperature=2.0, bias=0.25)
    # (2 - 0.5 + 1) / 2 + 0.25 = 1.5; an empty text has the bias alone
    expected = [1 / (1 + math.exp(-1.5)), 1 / (1 + math.exp(-0.25))]
    assert judge.predict(["Good film.", ""]).tolist() == pytest.approx(expected, abs=1e-12)


def test_predict_of_nothing_is_empty() -> None:
    probabilities = make_judge({}).predict([])
    assert probabilities.shape == (0,)
    assert probabilities.dtype == np.float64


def test_extreme_sums_stay_probabilities() -> None:
    judge = make_judge({b"good": 6e4, b"bad": -6e4}, temperature=1e-3)
    assert judge.predict(["good", "bad"]).tolist() == [1.0, 0.0]


def test_one_string_is_refused() -> None:
    with pytest.raises(ValueError, match="got one string; put it into a list"):
        make_judge({}).predict("good")


def test_saved_judge_loads_the_same(tmp_path: Path) -> None:
    judge = make_judge({b"good": 1.5}, temperature=0.7, bias=-0.1)
    judge.save(tmp_path / "judge.npz")
    again = Judge.load(tmp_path / "judge.npz")
    assert (again.temperature, again.bias) == (0.7, -0.1)
    assert np.array_equal(again.weights, judge.weights)
    assert not again.weights.flags.writeable


def test_unknown_name_lists_the_known(tmp_path: Path) -> None:
    message = (
        r"one of bundled, bundled-b, order or the path of an \.npz file or of a classifier's folder, "
        "got 'bundeld'"
    )
    with pytest.raises(ValueError, match=message):
        Judge.load("bundeld")
    with pytest.raises(ValueError, match="got '"):
        Judge.load(tmp_path)


def test_file_of_something_else_is_refused(tmp_path: Path) -> None:
    file = tmp_path / "judge.npz"
    file.write_bytes(b"PK nothing")
    with pytest.raises(ValueError, match=r"must be an \.npz of weights, temperature and bias") as caught:
        Judge.load(file)
    assert "\n" not in str(caught.value)
    np.savez(file, weights=np.zeros(BUCKETS))
    with pytest.raises(ValueError, match="temperature"):
        Judge.load(file)
    np.save(tmp_path / "judge.npy", np.zeros(3))
    with pytest.raises(ValueError, match=r"must be an \.npz"):
        Judge.load(tmp_path / "judge.npy")


def test_pickled_objects_are_refused(tmp_path: Path) -> None:
    np.savez(tmp_path / "judge.npz", weights=np.array([{}], dtype=object), temperature=1.0, bias=0.0)
    with pytest.raises(ValueError, match="allow_pickle=False"):
        Judge.load(tmp_path / "judge.npz")


@pytest.mark.parametrize(
    ("arrays", "message"),
    [
        (
            {"weights": np.zeros(8)},
            r"weights must be floating point of shape \(262144,\), got float64 \(8,\)",
        ),
        ({"weights": np.zeros(BUCKETS, dtype=np.int64)}, "got int64"),
        ({"weights": np.full(BUCKETS, np.nan)}, "weights must be finite"),
        ({"temperature": 0.0}, "temperature must be a finite number above 0, got 0.0"),
        (
            {"temperature": np.ones(2)},
            r"temperature in .* must be one floating-point number, got float64 \(2,\)",
        ),
        ({"bias": np.inf}, "bias must be finite, got inf"),
        ({"bias": 1}, "bias in .* must be one floating-point number, got int64"),
    ],
)
def test_bad_arrays_are_refused(tmp_path: Path, arrays: dict[str, object], message: str) -> None:
    content = {"weights": np.zeros(BUCKETS), "temperature": 1.0, "bias": 0.0} | arrays
    np.savez(tmp_path / "judge.npz", **content)
    with pytest.raises(ValueError, match=message):
        Judge.load(tmp_path / "judge.npz")


@pytest.mark.parametrize("name", BUNDLED)
def test_bundled_judge_tells_good_from_bad(name: str) -> None:
    judge = Judge.load(name)
    good = ["A wonderful film, I loved every minute of it.", "Excellent acting and a superb, moving story."]
    bad = ["A terrible film, the worst I have ever seen.", "Boring, awful acting and a waste of time."]
    assert judge.predict(good).min() > 0.75
    assert judge.predict(bad).max() < 0.25
    assert 0.35 < judge.predict([""])[0] < 0.65


def test_the_two_bundled_judges_differ() -> None:
    assert not np.array_equal(Judge.load("bundled").weights, Judge.load("bundled-b").weights)


def test_a_batch_of_512_texts_is_quick() -> None:
    judge = Judge.load()
    texts = [
        f"The film number {n} was a quiet story about two people on a train to the sea" for n in range(512)
    ]
    start = time.process_time()
    judge.predict(texts)
    assert time.process_time() - start < 0.5
