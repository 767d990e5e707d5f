"""Token rewards in TRL: advantages of each token reach the loss, and other releases are refused."""

import importlib.metadata

import pytest

pytest.importorskip("trl", reason="needs trl")

import torch

from examples.quickstart import trl_token_rewards as example


def test_an_advantage_is_what_follows_less_the_mean_of_the_group():
    rewards = torch.tensor([[1.0, 2.0, 0.0], [0.0, 0.0, 4.0], [1.0, 1.0, 1.0], [1.0, 1.0, 1.0]])
    # Returns to go: [3, 2, 0] and [4, 4, 4], with means [3.5, 3, 2]; the second group has no difference.
    expected = [[-0.5, -1.0, -2.0], [0.5, 1.0, 2.0], [0.0] * 3, [0.0] * 3]
    assert example.assign_advantages(rewards, 2).tolist() == expected


@pytest.mark.skipif(importlib.metadata.version("trl") != example.RELEASE, reason="needs that release of trl")
def test_the_batch_has_an_advantage_for_each_token(monkeypatch):
    ids = torch.tensor([[5, 6, 7], [5, 6, 0]])
    batch = {"completion_ids": ids, "advantages": torch.tensor([1.0, -1.0])}
    monkeypatch.setattr(example.trl.GRPOTrainer, "_generate_and_score_completions", lambda *_: dict(batch))
    monkeypatch.setattr(example, "GROUP", 2)
    trainer = example.TokenRewardTrainer.__new__(example.TokenRewardTrainer)
    trainer.token_rewards = [[0.0, 0.5, 0.5], [1.0, 1.0]]
    advantages = trainer._generate_and_score_completions([])["advantages"]
    # Returns to go: [1, 1, 0.5] and [2, 1, 0].
    assert advantages.tolist() == [[-0.5, 0.0, 0.25], [0.5, 0.0, -0.25]]


def test_another_release_is_refused(monkeypatch):
    monkeypatch.setattr(example.trl, "__version__", "1.17.0")
    with pytest.raises(
        SystemExit, match=r"^trl must be 1\.16\.0, got 1\.17\.0: a private method is overridden$"
    ):
        example.TokenRewardTrainer(None)
