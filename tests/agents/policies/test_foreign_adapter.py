"""agents/policies/foreign_adapter.py: what fine-tuning taught stays in policy and reference."""

from __future__ import annotations

import importlib
import json

import pytest
import safetensors.torch
import torch
import transformers as tf

from agents import CausalLMPolicy, TokenPPO, TokenPPOConfig

QUICK = {"batch_size": 16, "minibatch_size": 8, "num_ppo_epochs": 1, "learning_rate": 1e-2}
LORA = {"r": 4, "target_modules": ["c_attn"], "fan_in_fan_out": True, "init_lora_weights": False}
TOKENS = torch.arange(8)[None]

pytestmark = pytest.mark.filterwarnings("ignore")  # peft and transformers warn of each other


def kinds(peft):
    ia3 = {"target_modules": ["c_attn"], "feedforward_modules": [], "init_ia3_weights": False}
    return {
        "lora": peft.LoraConfig(**LORA),
        "dora": peft.LoraConfig(**LORA, use_dora=True),
        "ia3": peft.IA3Config(**ia3, fan_in_fan_out=True),
        "head saved": peft.LoraConfig(**LORA, modules_to_save=["lm_head"]),
        "prefix": peft.PrefixTuningConfig(task_type="CAUSAL_LM", num_virtual_tokens=3),
        "prompt": peft.PromptTuningConfig(task_type="CAUSAL_LM", num_virtual_tokens=3),
    }


@pytest.fixture
def base_folder(make_policy, tmp_path):
    make_policy().backbone.model.save_pretrained(tmp_path / "base")
    return tmp_path / "base"


@pytest.fixture
def make_adapter(base_folder, tmp_path):
    """Writes an adapter of peft's with random weights, and returns its folder and the logits it gives."""
    peft = importlib.import_module("peft")

    def make(kind):
        torch.manual_seed(1)
        tuned = peft.get_peft_model(tf.AutoModelForCausalLM.from_pretrained(base_folder), kinds(peft)[kind])
        with torch.no_grad():
            for parameter in tuned.parameters():
                if parameter.requires_grad:
                    parameter.add_(0.3 * torch.randn_like(parameter))
            logits = tuned.eval()(input_ids=TOKENS).logits
        tuned.save_pretrained(tmp_path / "sft")
        return tmp_path / "sft", logits

    return make


def logits_of(policy):
    with torch.no_grad():
        return policy.backbone.model(input_ids=TOKENS).logits


@pytest.mark.parametrize("kind", ["lora", "dora", "ia3", "head saved"])
def test_an_adapter_is_where_policy_and_reference_begin(make_adapter, make_toy, kind, tmp_path):
    folder, expected = make_adapter(kind)
    policy = CausalLMPolicy.from_pretrained(folder)
    assert (logits_of(policy) - expected).abs().max() < 1e-4
    assert policy.adapter is None
    assert all(parameter.requires_grad for parameter in policy.parameters())
    before = {name: parameter.detach().clone() for name, parameter in policy.backbone.named_parameters()}
    agent = TokenPPO(policy, make_toy(num_envs=16), TokenPPOConfig(**QUICK))
    assert (logits_of(agent.reference) - expected).abs().max() < 1e-4
    agent.learn(16)
    assert all(
        not torch.equal(p, before[name]) for name, p in policy.backbone.named_parameters() if p.dim() > 1
    )
    policy.save_pretrained(tmp_path / "trained")
    assert torch.equal(logits_of(CausalLMPolicy.from_pretrained(tmp_path / "trained")), logits_of(policy))


def test_a_new_adapter_goes_onto_what_was_merged_and_saved(make_adapter, tmp_path):
    folder, expected = make_adapter("lora")
    with pytest.raises(
        ValueError, match=r"lora: expected None, as .* merge that one first: .*save_pretrained"
    ):
        CausalLMPolicy.from_pretrained(folder, lora={"rank": 2})
    CausalLMPolicy.from_pretrained(folder).save_pretrained(tmp_path / "merged")
    policy = CausalLMPolicy.from_pretrained(tmp_path / "merged", lora={"rank": 2})
    for one in (policy, policy.frozen_copy()):
        assert (logits_of(one) - expected).abs().max() < 1e-4
    policy.save_pretrained(tmp_path / "again")
    assert torch.equal(logits_of(CausalLMPolicy.from_pretrained(tmp_path / "again")), logits_of(policy))


def test_a_new_adapter_in_memory_is_not_said_to_be_one_of_the_base(make_adapter, tmp_path):
    model = CausalLMPolicy.from_pretrained(make_adapter("lora")[0]).backbone.model
    with pytest.raises(ValueError, match="expected a base model that was read from a folder or the hub"):
        CausalLMPolicy(model, lora={"rank": 2}).save_pretrained(tmp_path / "again")


@pytest.mark.parametrize(("kind", "name"), [("prefix", "PREFIX_TUNING"), ("prompt", "PROMPT_TUNING")])
def test_kinds_that_cannot_be_added_to_weights_are_refused(make_adapter, kind, name):
    with pytest.raises(ValueError, match=f"such as LoRA, got {name}; take another kind") as caught:
        CausalLMPolicy.from_pretrained(make_adapter(kind)[0])
    assert "\n" not in str(caught.value)


def change(folder, **values):
    file = folder / "adapter_config.json"
    file.write_text(json.dumps({**json.loads(file.read_text()), **values}))


def rewrite(folder, edit):
    weights = safetensors.torch.load_file(folder / "adapter_model.safetensors")
    safetensors.torch.save_file(edit(weights), folder / "adapter_model.safetensors")


DAMAGES = {
    "no weights": (lambda f: (f / "adapter_model.safetensors").unlink(), "expected a file, found none"),
    "cut": (lambda f: (f / "adapter_model.safetensors").write_bytes(b"abc"), "expected whole safetensors"),
    "no JSON": (lambda f: (f / "adapter_config.json").write_text("{"), "adapter_config.json is damaged"),
    "a list": (lambda f: (f / "adapter_config.json").write_text("[]"), "expected an object"),
    "no base": (
        lambda f: change(f, base_model_name_or_path=None),
        "expected base_model_name_or_path, got None",
    ),
    "no such kind": (lambda f: change(f, peft_type="NONE"), "expected an adapter of GPT2LMHeadModel"),
    "another rank": (lambda f: change(f, r=8), "expected an adapter of GPT2LMHeadModel"),
    "a layer less": (lambda f: rewrite(f, lambda w: dict(list(w.items())[1:])), "weights for the layers"),
    "a layer more": (lambda f: rewrite(f, lambda w: {**w, "other": torch.ones(1)}), "weights for the layers"),
    "not finite": (
        lambda f: rewrite(f, lambda w: {n: t / 0 for n, t in w.items()}),
        "expected finite numbers",
    ),
}


@pytest.mark.parametrize("damage", DAMAGES)
def test_damaged_folders_are_refused_in_one_line(make_adapter, damage):
    folder, _ = make_adapter("lora")
    do, message = DAMAGES[damage]
    do(folder)
    with pytest.raises(ValueError, match=message) as caught:
        CausalLMPolicy.from_pretrained(folder)
    assert "\n" not in str(caught.value)
    assert str(folder) in str(caught.value)


def test_an_adapter_of_a_base_with_more_tokens_is_refused(make_policy, make_adapter, base_folder):
    folder, _ = make_adapter("head saved")
    make_policy(model_vocab=14).backbone.model.save_pretrained(base_folder)
    with pytest.raises(
        ValueError, match=r"give the base model that it was trained on, resized as it was then"
    ):
        CausalLMPolicy.from_pretrained(folder)


def test_a_base_that_has_moved_can_be_given(make_adapter, base_folder, tmp_path):
    folder, expected = make_adapter("lora")
    base_folder.rename(tmp_path / "moved")
    with pytest.raises(ValueError, match="base"):
        CausalLMPolicy.from_pretrained(folder)
    policy = CausalLMPolicy.from_pretrained(folder, base=tmp_path / "moved")
    assert (logits_of(policy) - expected).abs().max() < 1e-4


def test_the_folder_above_several_adapters_says_so(make_adapter):
    folder, _ = make_adapter("lora")
    with pytest.raises(ValueError, match=r"expected config.json, found none; it holds the adapters .*sft"):
        CausalLMPolicy.from_pretrained(folder.parent)
