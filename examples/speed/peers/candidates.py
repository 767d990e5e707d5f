"""`agents.TokenPPO` on an environment that says what every next token would have earned, at no cost."""

from __future__ import annotations

from typing import Any

import numpy as np

from agents import CausalLMPolicy, TokenPPO, TokenPPOConfig
from examples.speed.peers.channel import Channel, read_arguments
from examples.speed.peers.gpt2 import make_model
from examples.speed.peers.token_ppo import FlatEnv, Keeper, serve
from examples.speed.peers.work import Work

KINDS = 200
"""Columns that differ, or as many as there are candidates."""


class CandidateEnv(FlatEnv):
    """Pays each token what a table has for its kind; the same table and the same arrays in every step.

    Args:
        work: Sizes.
        sends: Whether infos hold the candidates; the arrays are there in either case.
    """

    def __init__(self, work: Work, sends: bool) -> None:
        super().__init__(work)
        self.sends = sends
        rng = np.random.default_rng(0)
        number = candidates_of(work)
        self._ids = np.sort(rng.choice(work.padding, number, replace=False))  # (K,)
        column = rng.integers(0, min(KINDS, number), number)
        shape = (work.batch, work.response_length)
        table = rng.normal(size=(KINDS, *shape)).astype(np.float32)
        self._candidates = table[column].transpose(1, 2, 0)  # (B, T, K), a column is contiguous
        self._others = rng.normal(size=shape).astype(np.float32)  # (B, T)

    def step(self, actions: np.ndarray) -> Any:
        """Returns what each response earned, and what others would have."""
        place = np.searchsorted(self._ids, actions).clip(max=len(self._ids) - 1)  # (B, T)
        listed = self._ids[place] == actions
        entries = np.take_along_axis(self._candidates, place[..., None], -1)[..., 0]
        rewards = np.where(listed, entries, self._others)
        ended = np.ones(self.num_envs, bool)
        infos: dict[str, Any] = {"token_rewards": rewards, "response_mask": np.ones(actions.shape, np.int8)}
        if self.sends:
            infos |= {
                "candidate_ids": np.broadcast_to(self._ids, (self.num_envs, len(self._ids))),
                "candidate_rewards": self._candidates,
                "other_rewards": self._others,
            }
        return {}, rewards.sum(-1, dtype=np.float64), ended, ~ended, infos


def candidates_of(work: Work) -> int:
    """Returns K: what VADER has of the bundled tokenizer and of GPT-2's, and the same share of others."""
    return {4096: 1_500, 50257: 23_000}.get(work.vocab, work.vocab * 3 // 8)


def main() -> None:
    """Serves iterations of the learner with the setting `candidates` that the variant is."""
    channel = Channel()
    work, candidates = read_arguments()
    keeper = Keeper()
    config = TokenPPOConfig(
        batch_size=work.batch,
        minibatch_size=work.minibatch,
        num_ppo_epochs=work.epochs,
        learning_rate=work.learning_rate,
        lr_schedule="constant",
        candidates=candidates,
    )
    env = CandidateEnv(work, sends=candidates != "off")
    agent = TokenPPO(CausalLMPolicy(make_model(work)), env, config, callbacks=[keeper])
    serve(channel, agent, work, keeper)


if __name__ == "__main__":
    main()
