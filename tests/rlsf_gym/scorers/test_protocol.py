"""What scorers hand to environments."""

import numpy as np

from rlsf_gym.scorers.protocol import CandidateKinds


def test_kinds_are_spread_over_their_tokens_but_for_exceptions() -> None:
    kinds = CandidateKinds(
        ids=np.array([2, 3, 7]),
        kinds=np.array([1, 0, 1]),
        values=np.array([[0.1, 0.2], [0.3, 0.4]], np.float32),
        others=np.array([0.5, 0.6]),
        rows=np.array([1]),
        columns=np.array([2]),
        exceptions=np.array([-1.0]),
    )
    candidates = kinds.spread()
    assert candidates.ids.tolist() == [2, 3, 7]
    assert candidates.others.tolist() == [0.5, 0.6]
    expected = np.array([[0.2, 0.1, 0.2], [0.4, 0.3, -1.0]], np.float32)
    np.testing.assert_array_equal(candidates.scores, expected)
    assert candidates.scores.dtype == np.float32
