from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
import pytest

from rlsf_gym import scorers
from rlsf_gym.scorers import (
    SCORERS,
    VaderScorer,
    find_assess_batch,
    load_scorer,
    prefix_scores_batch,
    register_scorer,
)


class LengthScorer:
    """Scores a text by its length over a scale."""

    name = "length"
    bounded = True
    verifiable = False

    def __init__(self, scale: int = 100) -> None:
        self.scale = scale

    def score(self, texts: Sequence[str]) -> npt.NDArray[np.float64]:
        return np.array([len(text) / self.scale for text in texts])

    def prefix_scores(
        self, prompt: str, response: str, char_ends: npt.NDArray[np.int64]
    ) -> npt.NDArray[np.float64]:
        return self.score([prompt + response[:end] for end in char_ends])

    def certify(self, prompt: str, response: str) -> None: ...


class BatchedScorer(LengthScorer):
    def prefix_scores_batch(
        self, prompts: Sequence[str], responses: Sequence[str], char_ends: Sequence[npt.NDArray[np.int64]]
    ) -> list[npt.NDArray[np.float64]]:
        return [np.full(len(ends), 0.5) for ends in char_ends]


class Empty:
    pass


SHARED = LengthScorer(7)


def test_a_factory_gets_the_arguments() -> None:
    scorer = load_scorer(LengthScorer, scale=10)
    np.testing.assert_array_equal(scorer.score(["ab", "", "abcd"]), [0.2, 0.0, 0.4])


def test_an_object_is_taken_as_it_is() -> None:
    assert load_scorer(SHARED) is SHARED
    with pytest.raises(ValueError, match="is made already and takes no arguments, got scale"):
        load_scorer(SHARED, scale=3)


def test_a_registered_name(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("rlsf_gym.scorers.table.SCORERS", SCORERS.copy())
    register_scorer("length", LengthScorer)
    assert load_scorer("length", scale=2).name == "length"
    with pytest.raises(ValueError, match="length"):
        register_scorer("length", BatchedScorer)


def test_an_unknown_name_lists_the_known_ones() -> None:
    with pytest.raises(
        ValueError, match=r"unknown scorer 'vadr'.*did you mean 'vader'.*'transformer', 'vader'"
    ):
        load_scorer("vadr")


def test_wrong_arguments_name_the_right_ones() -> None:
    with pytest.raises(ValueError, match=r"takes \(scale\): got an unexpected keyword argument 'scael'"):
        load_scorer(LengthScorer, scael=3)


def test_what_is_no_scorer_raises() -> None:
    with pytest.raises(
        ValueError, match="Empty lacks name, bounded, verifiable, score, prefix_scores, certify"
    ):
        load_scorer(Empty)  # type: ignore[arg-type]
    with pytest.raises(ValueError, match="float lacks name"):
        load_scorer("math:pi")


@pytest.mark.parametrize(("factory", "expected"), [(LengthScorer, [0.01, 0.03]), (BatchedScorer, [0.5, 0.5])])
def test_batches_of_prefixes(factory: type[LengthScorer], expected: list[float]) -> None:
    ends = [np.array([0, 2]), np.array([], dtype=np.int64)]
    first, second = prefix_scores_batch(factory(), ["a", "b"], ["xyz", ""], ends)
    np.testing.assert_allclose(first, expected)
    assert second.shape == (0,)


def test_batches_of_different_lengths_raise() -> None:
    with pytest.raises(ValueError, match="equally many, got 2, 1 and 0"):
        prefix_scores_batch(LengthScorer(), ["a", "b"], ["x"], [])


class Halved(VaderScorer):
    def score(self, texts: Sequence[str]) -> npt.NDArray[np.float64]:
        return super().score(texts) / 2


class HalvedToo(Halved):
    def assess_batch(self, *batch: object) -> list[object]:  # type: ignore[override]
        return []


class Named(VaderScorer):
    name = "mine"


class Through:
    def __init__(self, scorer: VaderScorer) -> None:
        self._scorer = scorer

    def __getattr__(self, name: str) -> object:
        return getattr(self._scorer, name)


def test_one_call_for_all_is_made_only_where_it_speaks_for_the_other_methods() -> None:
    patched = VaderScorer()
    patched.score = Halved().score  # type: ignore[method-assign]
    for scorer in (LengthScorer(), Halved(), Through(VaderScorer()), patched):
        assert find_assess_batch(scorer) is None  # type: ignore[arg-type]
    for scorer in (VaderScorer(), Named(), HalvedToo()):
        assert find_assess_batch(scorer) == scorer.assess_batch


def test_only_our_classes_are_re_exported() -> None:
    assert set(SCORERS) >= {"vader", "transformer"}
    with pytest.raises(AttributeError, match="has no attribute 'Vader'"):
        _ = scorers.Vader  # type: ignore[attr-defined]
