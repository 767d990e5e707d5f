"""agents/policies/gradient_checkpointing.py: fewer activations are kept, and nothing else changes."""

from __future__ import annotations

import copy

import pytest
import torch
from torch import nn
from transformers import PreTrainedModel
from transformers.models.gpt2 import GPT2Config

from agents import TokenPPO, TokenPPOConfig
from agents.policies.gradient_checkpointing import recompute_in_backward

V, P, T = 12, 5, 6
QUICK = {"batch_size": 16, "minibatch_size": 8, "num_ppo_epochs": 2, "learning_rate": 1e-3}
ARCHITECTURES = ["gpt2", "llama", "qwen3", "gpt_neox"]


def gradients(policy):
    """Returns the gradients of a score, and the bytes that its graph kept."""
    mask = torch.ones(4, P + T, dtype=torch.bool)
    mask[1, :3] = False
    tokens = torch.arange(4 * (P + T)).reshape(4, -1) % V
    kept = []

    def pack(tensor):
        kept.append(tensor.numel() * tensor.element_size())
        return tensor

    with torch.autograd.graph.saved_tensors_hooks(pack, lambda tensor: tensor):
        scored = policy.score(tokens, mask, T)
    held = sum(kept)
    (scored.logprobs.sum() + scored.values.sum()).backward()
    return {name: p.grad for name, p in policy.named_parameters() if p.grad is not None}, held


@pytest.mark.parametrize("architecture", ARCHITECTURES)
@pytest.mark.parametrize("lora", [None, {"rank": 4}])
@pytest.mark.parametrize("dtype", ["float32", "bfloat16"])
def test_gradients_are_the_same_and_less_is_kept(make_policy, architecture, lora, dtype):
    plain, kept = gradients(make_policy(architecture, lora=lora, dtype=dtype))
    recomputed, kept_now = gradients(
        make_policy(architecture, lora=lora, dtype=dtype, gradient_checkpointing=True)
    )
    assert plain.keys() == recomputed.keys()
    assert all(torch.equal(plain[name], recomputed[name]) for name in plain)
    assert kept_now < 0.6 * kept


def test_a_copy_recomputes_its_own_layers(make_policy):
    policy = make_policy(gradient_checkpointing=True)
    twin = copy.deepcopy(policy)
    with torch.no_grad():
        for parameter in policy.backbone.parameters():
            parameter.zero_()
    expected, _ = gradients(make_policy(gradient_checkpointing=True))
    found, _ = gradients(twin)
    assert all(torch.equal(expected[name], found[name]) for name in expected)


def test_runs_are_the_same_and_the_setting_is_kept(make_policy, make_toy, tmp_path):
    agents = [
        TokenPPO(make_policy(gradient_checkpointing=on), make_toy(num_envs=16), TokenPPOConfig(**QUICK))
        for on in (False, True)
    ]
    for agent in agents:
        agent.learn(32)
    pairs = zip(agents[0].policy.parameters(), agents[1].policy.parameters(), strict=True)
    assert all(torch.equal(a, b) for a, b in pairs)
    agents[1].save(tmp_path / "checkpoint")
    assert TokenPPO.load(tmp_path / "checkpoint", make_toy(num_envs=16)).policy.gradient_checkpointing


def test_a_model_without_such_layers_is_refused():
    class Odd(PreTrainedModel):
        config_class = GPT2Config

        def __init__(self):
            super().__init__(GPT2Config())
            self.layer = nn.Linear(2, 2)

    with pytest.raises(ValueError, match=r"gradient_checkpointing: expected a model with .*, got Odd"):
        recompute_in_backward(Odd())
