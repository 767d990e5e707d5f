"""Reads from infos what every next token would have earned, and sorts the tokens into kinds.

An environment that is made with `candidates=True` reports, for a batch of B responses of T tokens,
`candidate_ids` (B, K), the same increasing token ids in each row, `candidate_rewards` (B, T, K), what
`token_rewards[t]` would have been with each of them at t after the same tokens, and `other_rewards` (B, T),
the same for every token that is not among them. They are read from the infos of the whole vector environment
and not kept: K is in the tens of thousands for large vocabularies, and most of the columns are equal.

Equal columns are found by a hash, the sum over positions of w_{b,t} bits_{b,t,k} modulo 2^64 with fixed
random odd w, which is the same to the bit in whatever order it is added up, and then compared entry by entry.
"""

from __future__ import annotations

from collections.abc import Generator, Mapping, Sequence
from typing import Any, NamedTuple, cast

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from agents.maths.kinds import KindRewards, Kinds, States, merge_kinds, number_kinds
from agents.maths.tensors import Rollout
from agents.parallel import Processes
from agents.policies.policy import CausalLMPolicy
from agents.policies.trunks.trunk import Outputs
from agents.rollouts.standings import NAMES

COLUMNS_AT_ONCE = 1024
"""Candidates that are read at a time."""
TOLERANCE = 1e-6
"""Distance of a sampled token's entry from its reward, relative to the larger of it and 1."""
HASH_SEED = 20_231
FloatArray = npt.NDArray[np.float32]
IntArray = npt.NDArray[np.int64]
Infos = Mapping[str, Any]


class Feedback(NamedTuple):
    """What is kept of the candidates of a round until the batch is whole."""

    rewards: KindRewards
    """Rewards by kind, of all episodes of the round; on the CPU."""
    states: Outputs
    """Outputs of the policy's backbone before the N real tokens of this process's episodes."""
    ref_states: States
    """Outputs of the reference's backbone before each token of all episodes of the round."""


class _Columns(NamedTuple):
    """Candidates of a batch, checked for their shapes."""

    ids: IntArray
    """(K,), increasing."""
    rewards: npt.NDArray[Any]
    """(B, T, K)."""
    others: FloatArray
    """(B, T)."""

    def pieces(self) -> Generator[tuple[slice, FloatArray]]:
        """Yields some columns at a time, as rows: (columns, B T) float32, with -0 as 0."""
        for start in range(0, len(self.ids), COLUMNS_AT_ONCE):
            piece = slice(start, start + COLUMNS_AT_ONCE)
            columns = self.rewards[:, :, piece].transpose(2, 0, 1).astype(np.float32)
            yield piece, columns.reshape(len(columns), -1) + np.float32(0.0)


def sends_candidates(infos: Infos) -> bool:
    """Returns whether the infos of ended episodes hold what every next token would have earned."""
    return NAMES[0] in infos


def read_candidates(infos: Infos, rollout: Rollout, *, vocab_size: int) -> KindRewards:
    """Returns the rewards of the next tokens by kind, on the CPU, from the infos of the ended episodes.

    Args:
        infos: Of the vector environment, key to array (B, ...).
        rollout: The same episodes: responses, token rewards and mask are read.
        vocab_size: V.

    Raises:
        ValueError: If there are none, an array is of another shape or dtype, ids are not increasing or not in
            the vocabulary, rewards are not 0 after a response, or the entry of a sampled token is not its
            reward.
        FloatingPointError: If a reward is not finite.
    """
    mask = rollout.response_mask.cpu()  # (B, T) bool
    columns = _read_columns(infos, mask.shape, vocab_size)
    real = mask.numpy().reshape(-1)  # (B T,) bool
    kind_of, smallest = number_kinds(_hash_tokens(columns, real, vocab_size))
    rewards = _rewards_of(smallest.numpy(), columns)  # (C, B T) float32
    if not np.isfinite(rewards).all():
        raise FloatingPointError("info['candidate_rewards']: expected finite numbers, got others")
    if not _are_kinds(kind_of.numpy(), rewards, columns):  # two columns share a hash: each is a kind then
        own = np.zeros(vocab_size, dtype=np.int64)
        own[columns.ids] = 1 + np.arange(len(columns.ids))
        kind_of, smallest = number_kinds(own)
        rewards = _rewards_of(smallest.numpy(), columns)
    found = KindRewards(kind_of, torch.as_tensor(rewards.T.reshape(*mask.shape, -1).copy()))
    tokens = rollout.tokens[:, rollout.prompt_length :].cpu()
    _check_sampled(found, tokens, rollout.scores.cpu(), mask)
    return found


def gather_feedback(own: Feedback, processes: Processes) -> Feedback:
    """Returns the feedback of all processes, in the order of their ranks; the states stay this one's own."""
    hidden, logits = own.ref_states
    return Feedback(
        merge_kinds(processes.gather_items([own.rewards])),
        own.states,
        (processes.gather_rows(hidden), None if logits is None else processes.gather_rows(logits)),
    )


def join_feedback(
    rounds: Sequence[Feedback], masks: Sequence[Tensor], policy: CausalLMPolicy, processes: Processes
) -> Kinds:
    """Returns the kinds of a whole batch, with their probabilities under the policy, on its device.

    Args:
        rounds: The feedback of each round.
        masks: Response mask of each, (B, T) bool.
        policy: That sampled.
        processes: Have a share of each round.
    """
    kind_of, rewards = merge_kinds([one.rewards for one in rounds])
    kind_of, count = kind_of.to(policy.device), rewards.shape[-1]
    probabilities: list[Tensor] = []
    for one, mask in zip(rounds, masks, strict=True):
        real = processes.share(mask)  # (b, T) bool
        own = torch.zeros(*real.shape, count, device=policy.device)
        if len(one.states.hidden):
            own[real] = policy.head.kind_probabilities(one.states, kind_of, count)
        probabilities.append(processes.gather_rows(own))
    hidden = torch.cat([one.ref_states[0] for one in rounds])
    logits = [one.ref_states[1] for one in rounds if one.ref_states[1] is not None]
    ref_states = hidden, torch.cat(logits) if logits else None
    return Kinds(kind_of, rewards.to(policy.device), torch.cat(probabilities), ref_states)


def _read_columns(infos: Infos, shape: Sequence[int], vocab_size: int) -> _Columns:
    """Returns the candidates of B episodes of T tokens, after holding their arrays against each other."""
    for key in NAMES:
        said = infos.get(f"_{key}")
        if key not in infos or not (said is None or np.all(said)):
            raise ValueError(
                f"infos: expected {', '.join(NAMES)} of every episode, got none under {key}; make the "
                "environment with candidates=True, or set candidates='off'"
            )
    batch, length = shape
    table = _read_ids(np.asarray(infos["candidate_ids"]), batch, vocab_size)
    rewards = _read_numbers(infos, "candidate_rewards", (batch, length, len(table)))
    others = _read_numbers(infos, "other_rewards", (batch, length)).astype(np.float32)
    return _Columns(table, rewards, others)


def _read_ids(ids: npt.NDArray[Any], batch: int, vocab_size: int) -> IntArray:
    """Returns the ids (K,) that all rows hold."""
    if ids.ndim != 2 or len(ids) != batch or ids.dtype.kind not in "iu":
        raise ValueError(
            f"info['candidate_ids']: expected whole numbers of shape (B, K) with B = {batch}, "
            f"got {ids.dtype} of shape {ids.shape}"
        )
    first: IntArray = ids[0].astype(np.int64)
    if ids.strides[0] and (ids != first).any():
        raise ValueError(
            "info['candidate_ids']: expected the same ids in every episode of a step, got several sets; "
            "let the vector environment align them"
        )
    if len(first) and (first[0] < 0 or first[-1] >= vocab_size or (np.diff(first) <= 0).any()):
        raise ValueError(
            f"info['candidate_ids']: expected increasing token ids from 0 to V - 1 = {vocab_size - 1}, "
            f"got {len(first)} from {first.min()} to {first.max()}"
        )
    return first


def _read_numbers(infos: Infos, key: str, shape: tuple[int, ...]) -> npt.NDArray[Any]:
    values = np.asarray(infos[key])
    if values.shape != shape or values.dtype.kind not in "fiub":
        axes = "(B, T, K)" if len(shape) == 3 else "(B, T)"
        raise ValueError(
            f"info[{key!r}]: expected real numbers of shape {axes} = {shape}, "
            f"got {values.dtype} of shape {values.shape}"
        )
    return values


def _hash_tokens(columns: _Columns, real: npt.NDArray[np.bool_], vocab_size: int) -> npt.NDArray[np.uint64]:
    """Returns a number for each token, (V,), equal for tokens that earn the same at all real positions.

    Raises:
        ValueError: If a reward lies behind the end of a response.
    """
    rng = np.random.default_rng(HASH_SEED)
    weights = rng.integers(0, 2**64, len(real), dtype=np.uint64) | np.uint64(1)  # (B T,)
    others = (columns.others.reshape(1, -1) + np.float32(0.0)).view(np.uint32).astype(np.uint64)
    keys = np.repeat(others @ weights, vocab_size)
    behind = ~real
    is_wrong = bool(others[:, behind].any())
    for piece, rows in columns.pieces():
        keys[columns.ids[piece]] = rows.view(np.uint32).astype(np.uint64) @ weights
        is_wrong = is_wrong or bool(rows[:, behind].any())
    if is_wrong:
        raise ValueError(
            "info['candidate_rewards']: expected 0 behind the end of each response, as in "
            "info['response_mask'], got other numbers"
        )
    return keys


def _rewards_of(tokens: IntArray, columns: _Columns) -> FloatArray:
    """Returns the rewards of C tokens, (C, B T) float32."""
    column = np.searchsorted(columns.ids, tokens)
    listed = np.isin(tokens, columns.ids)
    rewards = np.tile(columns.others.reshape(1, -1), (len(tokens), 1))
    taken = columns.rewards.transpose(2, 0, 1)[column[listed]]  # (listed, B, T)
    rewards[listed] = taken.reshape(len(taken), rewards.shape[1])
    return rewards + np.float32(0.0)


def _are_kinds(kind_of: IntArray, rewards: FloatArray, columns: _Columns) -> bool:
    """Returns whether tokens of one kind earn the same everywhere, entry by entry."""
    unlisted = np.ones(len(kind_of), dtype=bool)
    unlisted[columns.ids] = False
    equal = bool((rewards[np.unique(kind_of[unlisted])] == columns.others.reshape(1, -1)).all())
    for piece, rows in columns.pieces():
        equal = equal and bool((rewards[kind_of[columns.ids[piece]]] == rows).all())
    return equal


def _check_sampled(found: KindRewards, tokens: Tensor, scores: Tensor, mask: Tensor) -> None:
    """Checks that the entry of each sampled token is what it was paid.

    Raises:
        ValueError: If one is not.
    """
    entries = found.rewards.gather(-1, found.kind_of[tokens][..., None])[..., 0]  # (B, T) float32
    off = (entries - scores).abs() > TOLERANCE * scores.abs().clamp(min=1.0)
    wrong: list[list[int]] = cast(Any, (off & mask).nonzero()[:1]).tolist()
    for b, t in wrong:
        raise ValueError(
            f"info['candidate_rewards'] of episode {b}: expected token_rewards[{t}] = "
            f"{scores[b, t].item():.6g} as the entry of the sampled token {int(tokens[b, t])}, got "
            f"{entries[b, t].item():.6g}; a wrapper that changes the one must change the other"
        )
