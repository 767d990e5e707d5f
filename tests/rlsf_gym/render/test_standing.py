"""Tokens among all that could have stood in their place: by hand, and against a slow count."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from rlsf_gym.render.standing import (
    EVEN,
    Choice,
    Standing,
    make_standings,
    rank_candidates,
    rankings_from_info,
)
from rlsf_gym.text.tokenizer import ByteTokenizer

IDS = np.array([1, 2, 5])
REWARDS = np.array([[0.5, -0.25, 0.5], [0.0, -1.0, 0.125], [0.0, 0.0, 0.0]], np.float32)
OTHERS = np.array([0.125, -1.0, 0.0], np.float32)


def test_three_tokens_by_hand():
    """Of 7 tokens, 0, 3, 4 and 6 earn the reward of all others."""
    first, second, third = rank_candidates(IDS, REWARDS, OTHERS, chosen=[3, 5, 2], vocab_size=7)
    assert first == {
        "best": [(1, 0.5), (5, 0.5), (0, 0.125)],
        "worst": [(2, -0.25)],
        "rank": 3,
        "shared": 4,
        "of": 7,
    }
    assert (second["best"], second["worst"]) == ([(5, 0.125), (1, 0.0), (0, -1.0)], [(0, -1.0)])
    assert (second["rank"], second["shared"]) == (1, 1)
    assert third["best"] == [(0, 0.0), (1, 0.0), (2, 0.0)]
    assert (third["rank"], third["shared"]) == (1, 7)


def test_what_differs_in_the_last_bits_alone_is_equal():
    rewards, others = np.array([[-1e-9, 0.25 - 1e-9, 1e-9]]), np.zeros(1)
    (found,) = rank_candidates(IDS, rewards, others, chosen=[5], vocab_size=6)
    assert found["best"] == [(2, 0.25), (0, 0.0), (1, 0.0)]
    assert (found["rank"], found["shared"]) == (2, 5)
    assert "-" not in str(found)


@given(data=st.data(), size=st.integers(1, 9))
def test_equal_to_a_count_over_the_whole_vocabulary(data, size):
    rewards = st.sampled_from([-1.0, -0.25, 0.0, 0.5])
    ids = sorted(data.draw(st.sets(st.integers(0, size - 1))))
    chosen = data.draw(st.integers(0, size - 1))
    row, other = {token: data.draw(rewards) for token in ids}, data.draw(rewards)
    every = {token: row.get(token, other) for token in range(size)}
    (found,) = rank_candidates(
        np.array(ids, np.int64),
        np.array([list(row.values())]),
        np.array([other]),
        chosen=[chosen],
        vocab_size=size,
    )
    ordered = sorted(every, key=lambda token: (-every[token], token))
    assert found["best"] == [(token, every[token]) for token in ordered[:3]]
    assert found["worst"] == [min((reward, token) for token, reward in every.items())[::-1]]
    assert found["rank"] == 1 + sum(reward > every[chosen] for reward in every.values())
    assert found["shared"] == sum(reward == every[chosen] for reward in every.values())


def test_infos_without_candidates_or_with_those_of_a_token_to_come():
    info = {"candidate_ids": IDS, "candidate_rewards": REWARDS, "other_rewards": OTHERS}
    assert len(rankings_from_info(info, chosen=[3, 5], vocab_size=7)) == 2
    assert rankings_from_info({}, chosen=[3, 5], vocab_size=7) == []
    coming = {"candidate_ids": IDS, "candidate_rewards": REWARDS[0], "other_rewards": OTHERS[0]}
    assert rankings_from_info(coming, chosen=[3, 5], vocab_size=7) == []


def test_tokens_have_texts():
    rewards = np.array([[0.5, 0.25, 0.125, -0.5]])
    ids = np.array([0x1B, ord("a"), 0xC3, 256])
    rankings = rank_candidates(ids, rewards, np.zeros(1), chosen=[ord("b")], vocab_size=257)
    assert make_standings(rankings, ByteTokenizer()) == [
        Standing(
            best=(Choice("\u241b", 0.5), Choice("a", 0.25), Choice("\u2039c3\u203a", 0.125)),
            worst=(Choice("\u220e", -0.5),),
            rank=4,
            shared=253,
            of=257,
        )
    ]


@pytest.mark.parametrize(
    ("standing", "told"),
    [
        (
            Standing((Choice(" wonderful", 0.61), Choice("x", 0)), (Choice(" awful", -0.58),), 214, 1, 4096),
            "best here ' wonderful' +0.61, worst ' awful' -0.58; rank 214 of 4,096",
        ),
        (Standing(rank=1_214, shared=3_600, of=50_257), "rank 1,214 of 50,257, shared by 3,600"),
        (Standing(rank=3), "rank 3"),
        (Standing(best=(Choice("\x1b", 1.0),)), "best here '\\x1b' +1.00"),
        (Standing((Choice("a", 0.0),), (Choice("a", 0.0),), 1, 257, 257), EVEN),
        (Standing(), ""),
    ],
)
def test_a_line_by_hand(standing, told):
    assert standing.describe() == told
