"""Matrix products in bfloat16: which numbers get coarser, and which must not."""

from __future__ import annotations

import copy
import json

import numpy as np
import pytest
import torch
from torch import nn
from transformers.pytorch_utils import Conv1D

from agents import CausalLMPolicy, TokenPPO, TokenPPOConfig
from agents.learners.update import RATIO_TOLERANCE

V, P, T = 12, 5, 6
QUICK = {"batch_size": 16, "minibatch_size": 8, "num_ppo_epochs": 2, "learning_rate": 1e-3}
ARCHITECTURES = ["gpt2", "llama", "qwen2", "gpt_neox"]
LORA = {"rank": 4}


class Record:
    def __init__(self):
        self.metrics = []

    def on_iteration(self, metrics, timings, episodes):
        self.metrics.append(dict(metrics))


def scored(policy):
    tokens = torch.arange(4 * (P + T)).reshape(4, -1) % V
    with torch.no_grad():
        return policy.score(tokens, torch.ones(4, P + T, dtype=torch.bool), T, with_entropy=True)


@pytest.mark.parametrize("architecture", ARCHITECTURES)
def test_logprobs_are_near_those_of_float32_and_not_rounded_themselves(make_policy, architecture):
    exact, coarse = (
        scored(make_policy(architecture, dtype=dtype)).logprobs for dtype in ("float32", "bfloat16")
    )
    error = (exact - coarse).abs().max()
    assert 1e-6 < error < 0.05  # a bfloat16 is off by up to 1/512 of itself, and errors add up over layers
    assert coarse.dtype == torch.float32
    assert not torch.equal(coarse, coarse.bfloat16().float())


@pytest.mark.parametrize("architecture", ARCHITECTURES)
def test_what_is_trained_stays_in_float32(make_policy, architecture):
    whole = make_policy(architecture, dtype="bfloat16")
    assert {p.dtype for p in whole.parameters()} == {torch.float32}
    adapted = make_policy(architecture, dtype="bfloat16", lora=LORA)
    trained = {p.dtype for p in adapted.parameters() if p.requires_grad}
    assert trained == {torch.float32}


@pytest.mark.parametrize("architecture", ARCHITECTURES)
def test_storing_frozen_matrices_in_bfloat16_changes_nothing(make_policy, architecture):
    """Autocast rounds the same matrices at each use."""
    policy = make_policy(architecture, dtype="bfloat16", lora=LORA)
    stored = [
        module.weight
        for module in policy.frozen_copy().backbone.model.modules()
        if isinstance(module, nn.Linear | Conv1D) and module is not policy.backbone.model.lm_head
    ]
    inside = [w for w in stored if w.dtype == torch.bfloat16]
    assert len(inside) >= len(policy.adapter.parameters()) // 2
    rounded = scored(make_policy(architecture, dtype="bfloat16"))
    assert torch.equal(scored(policy).logprobs, rounded.logprobs)
    assert torch.equal(scored(policy.frozen_copy()).logprobs, rounded.logprobs)


def test_merging_gives_float32_back(make_policy):
    policy = make_policy(dtype="bfloat16", lora=LORA)
    before = scored(policy).logprobs
    assert {p.dtype for p in policy.merge().parameters()} == {torch.float32}
    assert torch.equal(scored(policy).logprobs, before)  # B was still 0


@pytest.mark.parametrize("architecture", ARCHITECTURES)
@pytest.mark.parametrize("lora", [None, LORA])
def test_ratios_start_at_one(make_policy, make_toy, architecture, lora):
    """Generation, one token at a time, may round otherwise than scoring, which is exact against itself.

    On some processors the two round alike, and then nothing has to be scored again.
    """
    record = Record()
    policy = make_policy(architecture, dtype="bfloat16", lora=lora)
    TokenPPO(policy, make_toy(num_envs=16), TokenPPOConfig(**QUICK), callbacks=[record]).learn(32)
    for row in record.metrics:
        assert row["policy/ratio_error"] < RATIO_TOLERANCE
    assert abs(record.metrics[0]["objective/kl"]) < 1e-3  # nats per response; generation against scoring


def test_the_toy_task_is_learned(make_policy, make_toy):
    record = Record()
    settings = {**QUICK, "batch_size": 64, "minibatch_size": 32, "num_ppo_epochs": 4}
    settings |= {"learning_rate": 3e-3, "kl_coef": 0.0}
    policy = make_policy(scale=1.0, dtype="bfloat16")
    TokenPPO(policy, make_toy(num_envs=64), TokenPPOConfig(**settings), callbacks=[record]).learn(64 * 15)
    assert np.mean([row["objective/scores"] for row in record.metrics[-3:]]) > 5.0  # of at most 6


@pytest.mark.parametrize("lora", [None, LORA])
def test_a_resumed_run_goes_on_to_the_bit(make_policy, make_toy, tmp_path, lora):
    make_policy().backbone.model.save_pretrained(tmp_path / "base")
    whole, first, second = Record(), Record(), Record()

    def agent(record):
        policy = CausalLMPolicy.from_pretrained(tmp_path / "base", lora=copy.copy(lora), dtype="bfloat16")
        config = TokenPPOConfig(**QUICK, lr_schedule="constant")
        return TokenPPO(policy, make_toy(num_envs=16), config, callbacks=[record])

    agent(whole).learn(16 * 3)
    agent(first).learn(16).save(tmp_path / "checkpoint")
    resumed = TokenPPO.load(tmp_path / "checkpoint", make_toy(num_envs=16), callbacks=[second])
    assert resumed.policy.backbone.dtype == resumed.reference.backbone.dtype == "bfloat16"
    resumed.learn(16 * 3)
    assert json.dumps(first.metrics + second.metrics) == json.dumps(whole.metrics)


def test_other_types_are_refused(make_policy):
    with pytest.raises(ValueError, match="dtype: expected one of 'float32', 'bfloat16', got 'float16'"):
        make_policy(dtype="float16")
