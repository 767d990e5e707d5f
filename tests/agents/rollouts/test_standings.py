"""Ranks of sampled tokens: by hand, against a slow count over the whole vocabulary, and what is refused."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from agents.rollouts.standings import rank_tokens

CANDIDATES = {
    "candidate_ids": np.array([1, 2, 5]),
    "candidate_rewards": np.array([[0.5, -0.25, 0.5], [0.0, -1.0, 0.125], [0.0, 0.0, 0.0]], np.float32),
    "other_rewards": np.array([0.125, -1.0, 0.0], np.float32),
}


def test_three_tokens_by_hand():
    """Of 7 tokens, 0, 3, 4 and 6 earn the reward of all others."""
    first, second, third = rank_tokens(CANDIDATES, [3, 5, 2], vocab_size=7)
    assert first == {
        "best": [[1, 0.5], [5, 0.5], [0, 0.125]],
        "worst": [[2, -0.25]],
        "rank": 3,
        "shared": 4,
        "of": 7,
    }
    assert second == {
        "best": [[5, 0.125], [1, 0.0], [0, -1.0]],
        "worst": [[0, -1.0]],
        "rank": 1,
        "shared": 1,
        "of": 7,
    }
    assert third["best"] == [[0, 0.0], [1, 0.0], [2, 0.0]]
    assert (third["rank"], third["shared"], third["of"]) == (1, 7, 7)


def test_what_differs_in_the_last_bits_alone_is_equal():
    noisy = {
        **CANDIDATES,
        "candidate_rewards": np.array([[-1e-9, 0.25 - 1e-9, 1e-9]]),
        "other_rewards": [0.0],
    }
    (found,) = rank_tokens(noisy, [5], vocab_size=6)
    assert found["best"] == [[2, 0.25], [0, 0.0], [1, 0.0]]
    assert (found["rank"], found["shared"]) == (2, 5)
    assert "-" not in str(found)


@given(data=st.data(), size=st.integers(1, 9), count=st.integers(1, 3))
def test_equal_to_a_count_over_the_whole_vocabulary(data, size, count):
    rewards = st.sampled_from([-1.0, -0.25, 0.0, 0.5])
    ids = sorted(data.draw(st.sets(st.integers(0, size - 1))))
    tokens = data.draw(st.lists(st.integers(0, size - 1), min_size=count, max_size=count))
    dense = [{token: data.draw(rewards) for token in ids} for _ in range(count)]
    others = [data.draw(rewards) for _ in range(count)]
    info = {
        "candidate_ids": np.array(ids, np.int64),
        "candidate_rewards": np.array([list(row.values()) for row in dense]).reshape(count, len(ids)),
        "other_rewards": np.array(others),
    }
    found = rank_tokens(info, tokens, size)
    for one, token, row, other in zip(found, tokens, dense, others, strict=True):
        every = {token: row.get(token, other) for token in range(size)}
        ordered = sorted(every, key=lambda token: (-every[token], token))
        lowest = min(every, key=lambda token: (every[token], token))
        assert one["best"] == [[best, every[best]] for best in ordered[:3]]
        assert one["worst"] == [[lowest, every[lowest]]]
        assert one["rank"] == 1 + sum(reward > every[token] for reward in every.values())
        assert one["shared"] == sum(reward == every[token] for reward in every.values())


@pytest.mark.parametrize(
    ("key", "value", "message"),
    [
        ("candidate_ids", np.array([[1, 2, 5]]), r"of shapes \(K,\), \(T, K\), \(T,\) with T >= 3"),
        ("candidate_ids", np.array([1, 2]), "of shapes"),
        ("candidate_ids", None, "of shapes"),
        ("candidate_ids", np.array([2, 1, 5]), "increasing token ids from 0 to V - 1 = 6"),
        ("candidate_ids", np.array([1, 1, 5]), "increasing"),
        ("candidate_ids", np.array([-1, 2, 5]), "increasing"),
        ("candidate_ids", np.array([1, 2, 7]), "increasing"),
        ("candidate_ids", np.array([1.0, 2.0, 5.0]), "increasing"),
        ("candidate_rewards", np.zeros((2, 3)), "of shapes"),
        ("candidate_rewards", np.zeros(3), "of shapes"),
        ("candidate_rewards", np.full((3, 3), np.nan), r"info\['candidate_rewards'\]: expected finite"),
        ("other_rewards", np.zeros(2), "of shapes"),
        ("other_rewards", 0.0, "of shapes"),
        ("other_rewards", np.array([0.0, np.inf, 0.0]), r"info\['other_rewards'\]: expected finite"),
        ("other_rewards", np.array(["0", "0", "0"]), "expected finite"),
    ],
)
def test_what_is_wrong_is_said_in_one_line(key, value, message):
    with pytest.raises(ValueError, match=message) as caught:
        rank_tokens({**CANDIDATES, key: value}, [3, 5, 2], vocab_size=7)
    assert "\n" not in str(caught.value)
