import numpy as np
import pytest

from rlsf_gym.scorers.transformer.labels import LabelWeights, weigh_labels


@pytest.mark.parametrize(
    ("labels", "positive_label", "weights"),
    [
        (("NEGATIVE", "POSITIVE"), None, (-1.0, 1.0)),
        (("pos", "neg"), None, (1.0, -1.0)),
        (("LABEL_0", "LABEL_1"), "LABEL_1", (-1.0, 1.0)),
        (("toxic", "fine"), "fine", (-1.0, 1.0)),
        (("NEGATIVE", "POSITIVE"), "NEGATIVE", (1.0, -1.0)),
    ],
)
def test_two_labels(
    labels: tuple[str, str], positive_label: str | None, weights: tuple[float, float]
) -> None:
    assert weigh_labels(labels, positive_label=positive_label) == LabelWeights(labels, weights)


def test_scores_by_hand() -> None:
    logits = np.log([[1.0, 3.0], [4.0, 1.0]])  # p(positive) = 3/4 and 1/5
    np.testing.assert_allclose(weigh_labels(["neg", "pos"]).scores(logits), [0.5, -0.6])
    raw = weigh_labels(["neg", "pos"], raw=True)
    np.testing.assert_allclose(raw.scores(logits), [np.log(3), -np.log(4)])


def test_values_of_many_labels() -> None:
    weights = weigh_labels(["bad", "so", "good"], label_values={"good": 1.0, "so": 0.25, "bad": -1})
    logits = np.log([[1.0, 4.0, 5.0]])  # (5 - 1) / 10 + 0.25 * 4 / 10
    np.testing.assert_allclose(weights.scores(logits), [0.5])


def test_great_logits_do_not_overflow() -> None:
    np.testing.assert_array_equal(weigh_labels(["neg", "pos"]).scores(np.array([[-1e4, 1e4]])), [1.0])


@pytest.mark.parametrize(
    ("labels", "kwargs", "message"),
    [
        (["a", "b"], {}, "positive_label must say which of 'a', 'b' is the positive one"),
        (["LABEL_0", "LABEL_1"], {}, "must say which of 'LABEL_0', 'LABEL_1' is the positive one"),
        (["1", "0"], {}, "must say which of '1', '0' is the positive one"),
        (["LABEL_0", "LABEL_1"], {"raw": True}, "must say which of 'LABEL_0', 'LABEL_1'"),
        (["a", "b"], {"positive_label": "c"}, "must be one of 'a', 'b', got 'c'"),
        (["1 star", "2 stars", "3 stars"], {}, "classifier of 3 labels: '1 star', '2 stars', '3 stars'"),
        (["a", "b"], {"label_values": {"a": 1}}, "must have the labels 'a', 'b', got 'a'"),
        (["a", "b"], {"label_values": {"a": 1, "b": -2}}, r"must lie in \[-1, 1\], got -2 for 'b'"),
        (["a", "b"], {"label_values": {"a": 1, "b": 0}, "raw": True}, "must stand alone"),
    ],
)
def test_wrong_labels_raise(labels: list[str], kwargs: dict[str, object], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        weigh_labels(labels, **kwargs)  # type: ignore[arg-type]
