"""Decodes responses that follow the rewards which an environment tells of every next token.

With p the policy's distribution and r(s, a) the reward that token a would earn, tokens are drawn from

    q(a | s) = p(a | s) exp(r(s, a) / beta) / Z(s)

which is the best policy at a KL coefficient of beta where nothing but the next reward counts. It looks one
token ahead, as decoding with a classifier of prefixes does (Yang and Klein 2021, "FUDGE", arXiv 2104.05218);
the classifier is the environment's scorer, asked for all V tokens at each step.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple, cast

import numpy as np
import numpy.typing as npt
import torch
from gymnasium import Env, spaces
from torch import Tensor

from agents.policies.policy import CausalLMPolicy
from agents.policies.sampling import draw_uniforms
from agents.rollouts.standings import NAMES

IntArray = npt.NDArray[np.int64]


class GuidedResponse(NamedTuple):
    """One response that was decoded under guidance."""

    tokens: IntArray
    """(P + T,) int64: left-padded prompt, then the response; 0 where the mask is False."""
    attention_mask: npt.NDArray[np.bool_]
    """(P + T,) bool: True on real tokens."""
    prompt_length: int
    """P, the number of prompt columns."""
    kl: float
    """Sum over the tokens of KL(q, p) over the whole vocabulary, nats."""
    info: Mapping[str, Any]
    """Info of the step that ended the response."""

    @property
    def length(self) -> int:
        """Tokens of the response, the end token included."""
        return int(self.attention_mask[self.prompt_length :].sum())


@torch.no_grad()
def respond_guided(
    policy: CausalLMPolicy,
    envs: Sequence[Env[Any, Any]],
    *,
    beta: float,
    seeds: Sequence[int],
    generator: torch.Generator,
) -> list[GuidedResponse]:
    """Returns one response of each environment, decoded under guidance.

    Args:
        policy: Proposes tokens; its vocabulary is cut to the environments'.
        envs: In which one step is one token: observations Dict(`input_ids` (P + T,), `attention_mask`), with
            the prompt left-padded in the first P places, actions Discrete(V). The infos of reset and of each
            step but the last have `candidate_ids` (K,), `candidate_rewards` (K,) and `other_rewards` ().
        beta: Reward that weighs as much as a nat, > 0.
        seeds: Of each environment's reset.
        generator: On the CPU; draws tokens.

    Raises:
        ValueError: If `beta` is not above 0, or spaces or infos are others.
    """
    if not beta > 0.0:
        raise ValueError(f"beta: expected a number > 0, got {beta}")
    vocab_size = _vocab_size(envs[0])
    policy.restrict_vocabulary(vocab_size)
    rows = [_Row(env, seed) for env, seed in zip(envs, seeds, strict=True)]
    prompts = [row.prompt for row in rows]
    room = max(row.room for row in rows)
    uniforms = draw_uniforms(len(rows), room, generator)  # (B, T) float64
    ids, mask = _left_padded(prompts)
    head = policy.head
    growth, outputs = head.backbone.open(ids.to(policy.device), mask.to(policy.device), room - 1)
    growing = list(enumerate(rows))
    for step in range(room):
        proposed = head.distributions(outputs)
        exponents = torch.stack([row.rewards(vocab_size) for _, row in growing], 1) / beta  # (V, N) float32
        guided = proposed.tilted(exponents.to(policy.device))
        drawn = uniforms[[number for number, _ in growing], step].to(policy.device)  # (N,) float64
        chosen = guided.draw(drawn)
        divergences = guided.divergence_from(proposed)
        for (_, row), token, divergence in zip(growing, chosen, divergences, strict=True):
            row.append(int(token), float(divergence))
        places = [place for place, (_, row) in enumerate(growing) if not row.ended]
        if not places:
            break
        if len(places) < len(growing):
            staying = torch.tensor(places, device=policy.device)
            growth.keep(staying)
            growing, chosen = [growing[place] for place in places], chosen[staying]
        outputs = head.backbone.extend(growth, chosen)
    return [row.result() for row in rows]


class _Row:
    """One environment with the response that grows in it."""

    def __init__(self, env: Env[Any, Any], seed: int) -> None:
        self._env = env
        self._observation, self._info = env.reset(seed=seed)
        real = np.flatnonzero(_mask_of(self._observation))
        self._prompt_length = int(real[-1]) + 1
        self.prompt: IntArray = np.asarray(self._observation["input_ids"], np.int64)[real]
        self.room = len(self._observation["input_ids"]) - self._prompt_length
        """T, the most tokens that the response may have."""
        self.ended = False
        self._kl = 0.0

    def rewards(self, vocab_size: int) -> Tensor:
        """Returns what each next token would earn, (V,) float32."""
        return read_next_rewards(self._info, vocab_size)

    def append(self, token: int, divergence: float) -> None:
        self._observation, _, terminated, truncated, self._info = self._env.step(token)
        self.ended = bool(terminated or truncated)
        self._kl += divergence

    def result(self) -> GuidedResponse:
        mask = _mask_of(self._observation)
        tokens = np.where(mask, np.asarray(self._observation["input_ids"], np.int64), 0)
        return GuidedResponse(tokens, mask, self._prompt_length, self._kl, self._info)


def read_next_rewards(info: Mapping[str, Any], vocab_size: int) -> Tensor:
    """Returns what each of V next tokens would earn, (V,) float32, from an info with candidates.

    Raises:
        ValueError: If the info has none, or they are no numbers for tokens of the vocabulary.
    """
    for key in NAMES:
        if key not in info:
            raise ValueError(
                f"info: expected {key!r} in the infos of reset and step, got {sorted(map(str, info))}; make "
                "the environment with candidates=True"
            )
    ids, rewards, others = (np.asarray(info[key]) for key in NAMES)
    if ids.ndim != 1 or ids.dtype.kind not in "iu" or ids.shape != rewards.shape or others.ndim:
        raise ValueError(
            "info: expected candidate_ids (K,), candidate_rewards (K,) and one number as other_rewards, got "
            f"{ids.shape} of {ids.dtype}, {rewards.shape} and {others.shape}"
        )
    if len(ids) and not 0 <= ids.min() <= ids.max() < vocab_size:
        raise ValueError(f"info['candidate_ids']: expected ids below V = {vocab_size}, got {int(ids.max())}")
    table = torch.full((vocab_size,), float(others))
    table[torch.as_tensor(ids.astype(np.int64))] = torch.as_tensor(rewards.astype(np.float32))
    if not bool(table.isfinite().all()):
        raise FloatingPointError("info: candidate_rewards or other_rewards are not finite")
    return table


def _vocab_size(env: Env[Any, Any]) -> int:
    if not isinstance(env.action_space, spaces.Discrete):
        raise ValueError(f"env: expected actions Discrete(V), one token a step, got {env.action_space}")
    return int(cast(Any, env.action_space).n)


def _mask_of(observation: Any) -> npt.NDArray[np.bool_]:
    return np.asarray(observation["attention_mask"]) == 1


def _left_padded(prompts: Sequence[IntArray]) -> tuple[Tensor, Tensor]:
    """Returns prompts (B, P) int64, padded with 0 on the left, and their mask (B, P) bool."""
    width = max(map(len, prompts))
    ids = torch.zeros(len(prompts), width, dtype=torch.int64)
    mask = torch.zeros(len(prompts), width, dtype=torch.bool)
    for b, prompt in enumerate(prompts):
        ids[b, width - len(prompt) :] = torch.as_tensor(prompt)
        mask[b, width - len(prompt) :] = True
    return ids, mask
