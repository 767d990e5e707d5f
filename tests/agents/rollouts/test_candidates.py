"""agents/rollouts/candidates.py: what next tokens would have earned, read, checked, sorted into kinds."""

import numpy as np
import pytest
import torch

from agents.maths.tensors import Rollout
from agents.parallel import Processes
from agents.policies.trunks.trunk import Outputs
from agents.rollouts import candidates
from agents.rollouts.candidates import (
    Feedback,
    gather_feedback,
    join_feedback,
    read_candidates,
)
from agents.rollouts.collect import collect
from agents.rollouts.player import Player
from tests.helpers.candidate_game import BAD, END, GOOD, TRAP, CandidateGame
from tests.helpers.candidate_game import T as GAME_T
from tests.helpers.candidate_game import V as GAME_V

V = 6
MASK = torch.tensor([[True, True, True], [True, False, False]])
TOKENS = torch.tensor([[5, 1, 4, 0], [5, 2, 0, 0]])


def infos(**changed):
    """Two responses, [1, 4, 0] and [2]; tokens 1 and 4 earn the same, as do 0, 3 and 5, and 2 by itself.

    The column of token 4 is given although it is that of 1, that of 3 although it is that of the others.
    """
    one, two, other = (
        [[0.5, 1.0, 2.0], [3.0, 0, 0]],
        [[0.5, 1.0, 2.0], [4.0, 0, 0]],
        [[-0.0, 7.0, 8.0], [0.0, 0, 0]],
    )
    columns = np.stack([np.array(x, dtype=np.float32) for x in (one, two, other, one)], axis=-1)
    return {
        "candidate_ids": np.array([[1, 2, 3, 4]] * 2),
        "candidate_rewards": columns,
        "other_rewards": np.array(other, dtype=np.float32) + np.float32(0.0),
        **changed,
    }


def rollout_of(tokens=TOKENS, scores=((0.5, 1.0, 8.0), (4.0, 0.0, 0.0)), mask=MASK):
    zeros = torch.zeros(mask.shape)
    return Rollout(
        tokens=tokens, attention_mask=tokens >= 0, response_mask=mask, scores=torch.tensor(scores),
        logprobs=zeros, values=zeros, entropy=zeros, ref_logprobs=zeros, kl=zeros,
    )  # fmt: skip


def read(**changed):
    return read_candidates(infos(**changed), rollout_of(), vocab_size=V)


@pytest.mark.parametrize("at_once", [1, 3, 1024])
def test_tokens_that_earn_the_same_everywhere_are_one_kind(at_once, monkeypatch):
    monkeypatch.setattr(candidates, "COLUMNS_AT_ONCE", at_once)
    kind_of, rewards = read()
    assert kind_of.tolist() == [0, 1, 2, 0, 1, 0]
    assert rewards.dtype == torch.float32
    assert rewards.tolist() == [
        [[0.0, 0.5, 0.5], [7.0, 1.0, 1.0], [8.0, 2.0, 2.0]],
        [[0.0, 3.0, 4.0], [0.0, 0.0, 0.0], [0.0, 0.0, 0.0]],
    ]


def test_columns_may_lie_in_memory_as_they_like():
    given = infos()["candidate_rewards"]
    apart = np.ascontiguousarray(given.transpose(2, 0, 1)).transpose(1, 2, 0)
    shared = np.broadcast_to(np.array([1, 2, 3, 4]), (2, 4))
    found, expected = read(candidate_rewards=apart, candidate_ids=shared), read()
    assert all(map(torch.equal, found, expected))
    assert all(map(torch.equal, read(candidate_rewards=given.astype(np.float64)), expected))


def test_columns_that_share_a_hash_stay_apart(monkeypatch):
    """With a hash of 0 for all, each candidate is a kind of its own."""
    monkeypatch.setattr(candidates, "_hash_tokens", lambda columns, real, size: np.zeros(size, np.uint64))
    kind_of, rewards = read()
    assert kind_of.tolist() == [0, 1, 2, 3, 4, 0]
    assert rewards[0, 0].tolist() == [0.0, 0.5, 0.5, 0.0, 0.5]


def test_kinds_are_those_of_brute_force_on_random_rewards():
    rng = np.random.default_rng(0)
    shape, size = (3, 4), 50
    ids = np.sort(rng.choice(size, 40, replace=False))
    table = rng.integers(0, 2, (2, *shape)).astype(np.float32)  # two columns that all take theirs from
    columns = np.stack([table[k] for k in rng.integers(0, 2, 40)], -1)
    columns[1, 2, rng.integers(0, 40, 5)] = 7.0
    others = table[0].copy()
    dense = np.repeat(others[..., None], size, axis=-1)
    dense[..., ids] = columns
    tokens = torch.as_tensor(rng.integers(0, size, (3, 1 + 4)))
    paid = np.take_along_axis(dense, tokens[:, 1:, None].numpy(), -1)[..., 0]
    given = {"candidate_ids": np.stack([ids] * 3), "candidate_rewards": columns, "other_rewards": others}
    whole = rollout_of(tokens, paid.tolist(), torch.ones(3, 4).bool())
    kind_of, rewards = read_candidates(given, whole, vocab_size=size)
    assert np.array_equal(rewards.numpy()[..., kind_of.numpy()], dense)
    assert rewards.shape[-1] == len(np.unique(dense.reshape(12, size), axis=1).T)


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        (
            {"other_rewards": np.zeros((2, 2))},
            r"info\['other_rewards'\]: expected real numbers of shape \(B, T\) = \(2, 3\), got float64 of "
            r"shape \(2, 2\)",
        ),
        (
            {"candidate_rewards": np.zeros((2, 3, 5))},
            r"info\['candidate_rewards'\]: expected real numbers of shape \(B, T, K\) = \(2, 3, 4\), got "
            r"float64 of shape \(2, 3, 5\)",
        ),
        (
            {"candidate_rewards": np.full((2, 3, 4), "a")},
            r"info\['candidate_rewards'\]: expected real numbers .* got <U1 of shape \(2, 3, 4\)",
        ),
        (
            {"candidate_ids": np.array([1, 2, 3, 4])},
            r"info\['candidate_ids'\]: expected whole numbers of shape \(B, K\) with B = 2, got int64 of "
            r"shape \(4,\)",
        ),
        (
            {"candidate_ids": np.array([[1.0, 2.0, 3.0, 4.0]] * 2)},
            r"expected whole numbers of shape \(B, K\) with B = 2, got float64 of shape \(2, 4\)",
        ),
        (
            {"candidate_ids": np.array([[1, 2, 3, 4], [1, 2, 3, 5]])},
            "expected the same ids in every episode of a step, got several sets; let the vector ",
        ),
        (
            {"candidate_ids": np.array([[1, 2, 2, 4]] * 2)},
            "expected increasing token ids from 0 to V - 1 = 5, got 4 from 1 to 4",
        ),
        (
            {"candidate_ids": np.array([[-1, 2, 3, 4]] * 2)},
            "expected increasing token ids from 0 to V - 1 = 5, got 4 from -1 to 4",
        ),
        (
            {"candidate_ids": np.array([[1, 2, 3, 6]] * 2)},
            "expected increasing token ids from 0 to V - 1 = 5, got 4 from 1 to 6",
        ),
        (
            {"candidate_rewards": infos()["candidate_rewards"] + np.float32(0.5)},
            r"info\['candidate_rewards'\]: expected 0 behind the end of each response, as in",
        ),
        (
            {"other_rewards": np.full((2, 3), 8.0)},
            r"info\['candidate_rewards'\]: expected 0 behind the end of each response, as in",
        ),
        (
            {"candidate_rewards": infos()["candidate_rewards"] * np.float32(1.001)},
            r"info\['candidate_rewards'\] of episode 0: expected token_rewards\[0\] = 0.5 as the entry of "
            r"the sampled token 1, got 0.5005; a wrapper that changes the one must change the other",
        ),
        (
            {"_candidate_ids": np.array([True, False])},
            "infos: expected candidate_ids, candidate_rewards, other_rewards of every episode, got none "
            "under candidate_ids; make the environment with candidates=True, or set candidates='off'",
        ),
    ],
)  # fmt: skip
def test_what_contradicts_itself_is_refused_in_a_line(changed, message):
    with pytest.raises(ValueError, match=message) as caught:
        read(**changed)
    assert "\n" not in str(caught.value)


def test_a_sampled_entry_may_be_off_by_rounding():
    read(candidate_rewards=infos()["candidate_rewards"] * np.float32(1.0 + 1e-7))


@pytest.mark.parametrize("wrong", [np.nan, np.inf])
def test_rewards_that_are_not_finite_are_refused(wrong):
    columns = infos()["candidate_rewards"]
    columns[0, 1, 2] = wrong
    with pytest.raises(FloatingPointError, match=r"info\['candidate_rewards'\]: expected finite numbers"):
        read(candidate_rewards=columns)


def test_a_response_without_tokens_is_read():
    given = infos()
    given["candidate_rewards"][1], given["other_rewards"][1] = 0.0, 0.0
    mask = torch.tensor([[True, True, True], [False, False, False]])
    scores = ((0.5, 1.0, 8.0), (0.0, 0.0, 0.0))
    _, rewards = read_candidates(given, rollout_of(scores=scores, mask=mask), vocab_size=V)
    assert rewards[0].any() and not rewards[1].any()


@pytest.fixture
def collected(make_policy):
    policy, reference = make_policy(scale=1.0), make_policy(scale=1.0, seed=1)
    player = Player(CandidateGame(8), policy, reference)
    lengths = torch.tensor([1, 2, 3, 4, 5, 6, 6, 6])
    generator = torch.Generator().manual_seed(0)
    return player, collect(player, seed=0, generator=generator, lengths=lengths, with_candidates=True)


def test_episodes_are_collected_with_kinds_and_without_candidates(collected):
    _, found = collected
    assert not {"candidate_ids", "candidate_rewards", "other_rewards"} & set(found.episodes[0])
    kind_of = found.feedback.rewards.kind_of
    assert kind_of.tolist() == [0, 0, 0, 1, 2, *[3] * (GAME_V - 5)]
    assert [kind_of[a] for a in (*BAD, GOOD, TRAP, END)] == [0, 0, 0, 1, 2, 3]
    assert found.feedback.rewards.rewards.shape == (8, GAME_T, 4)
    assert len(found.feedback.states.hidden) == found.rollout.response_mask.sum()


def test_kinds_are_joined_with_the_probabilities_of_whole_distributions(collected):
    player, found = collected
    rollout = found.rollout
    kinds = join_feedback([found.feedback] * 2, [rollout.response_mask] * 2, player.policy, Processes())
    start = rollout.prompt_length
    positions = (rollout.attention_mask.cumsum(-1) - 1).clamp(min=0)
    logits = player.policy.backbone.model(
        input_ids=rollout.tokens, attention_mask=rollout.attention_mask, position_ids=positions
    ).logits[:, start - 1 : -1]
    p = logits.softmax(-1)
    expected = torch.stack([p[..., c == kinds.kind_of].sum(-1) for c in range(4)], -1)
    expected = expected * rollout.response_mask[..., None]
    assert (kinds.probabilities - torch.cat([expected] * 2)).abs().max() < 1e-5
    assert kinds.rewards.shape == (16, GAME_T, 4)
    hidden, logits = kinds.ref_states
    assert hidden.shape == (16, GAME_T, 32) and logits is None
    assert not hidden[~torch.cat([rollout.response_mask] * 2)].any()


def test_rounds_without_tokens_have_no_probabilities(make_policy):
    policy = make_policy()
    empty = Feedback(read(), Outputs(torch.zeros(0, 32), None), (torch.zeros(2, 3, 32), torch.zeros(2, 3, V)))
    assert gather_feedback(empty, Processes()) is not empty
    kinds = join_feedback([empty], [torch.zeros(2, 3).bool()], policy, Processes())
    assert not kinds.probabilities.any()
    assert kinds.ref_states[1].shape == (2, 3, V)
