"""What scorers hand to environments."""

import numpy as np

from rlsf_gym.scorers.protocol import Candidates, Exceptions


def test_kinds_are_spread_over_their_tokens_but_for_exceptions() -> None:
    short = Candidates(
        ids=np.array([2, 3, 7]),
        scores=np.array([[0.1, 0.2], [0.3, 0.4]], np.float32),
        others=np.array([0.5, 0.6]),
        kinds=np.array([1, 0, 1]),
        exceptions=Exceptions(np.array([1]), np.array([2]), np.array([-1.0])),
    )
    candidates = short.spread()
    assert candidates.ids.tolist() == [2, 3, 7]
    assert candidates.others.tolist() == [0.5, 0.6]
    assert candidates.kinds is None
    assert candidates.exceptions is None
    expected = np.array([[0.2, 0.1, 0.2], [0.4, 0.3, -1.0]], np.float32)
    np.testing.assert_array_equal(candidates.scores, expected)
    assert candidates.scores.dtype == np.float32


def test_spreading_leaves_the_scores_alone() -> None:
    plain = Candidates(np.array([0, 1]), np.array([[0.1, 0.2]]), np.array([0.0]))
    odd = plain._replace(exceptions=Exceptions(np.array([0]), np.array([1]), np.array([0.9])))
    assert odd.spread().scores.tolist() == [[0.1, 0.9]]
    assert plain.scores.tolist() == [[0.1, 0.2]]
