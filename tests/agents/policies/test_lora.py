"""lora.py, lora_files.py and policy_pair.py: a trained adapter, the base model as its reference."""

from __future__ import annotations

import copy
import importlib
import json
import shutil

import numpy as np
import pytest
import safetensors.torch
import torch

from agents import CausalLMPolicy, LoraSettings, TokenPPO, TokenPPOConfig
from agents.policies.lora import hash_weights

V, P, T, END = 12, 5, 6, 11
SMALL = LoraSettings(rank=4, alpha=8.0)
ARCHITECTURES = ["gpt2", "llama", "qwen2", "qwen3", "gpt_neox"]
QUICK = {"batch_size": 16, "minibatch_size": 8, "num_ppo_epochs": 2, "learning_rate": 1e-2}


def sequences(rows=6):
    rng = np.random.default_rng(0)
    mask = torch.as_tensor(np.arange(P + T) >= rng.integers(0, P, rows)[:, None])
    return torch.as_tensor(rng.integers(0, V, (rows, P + T))) * mask, mask


def logprobs(policy):
    with torch.no_grad():
        return policy.score(*sequences(), T).logprobs


def move(policy, seed=3):
    """Gives adapter and value head other weights, as training would."""
    generator = torch.Generator().manual_seed(seed)
    with torch.no_grad():
        for parameter in [*policy.adapter.parameters().values(), *policy.value_head.parameters()]:
            parameter.copy_(torch.randn(parameter.shape, generator=generator) * 0.3)
    return policy


@pytest.fixture
def base_folder(make_policy, tmp_path):
    make_policy().backbone.model.save_pretrained(tmp_path / "base")
    return tmp_path / "base"


class Record:
    def __init__(self):
        self.metrics = []

    def on_iteration(self, metrics, timings, episodes):
        self.metrics.append(dict(metrics))


@pytest.mark.parametrize("architecture", ARCHITECTURES)
def test_the_reference_is_the_base_model_to_the_bit(make_policy, architecture):
    base, policy = make_policy(architecture), make_policy(architecture, lora=SMALL)
    assert torch.equal(logprobs(policy), logprobs(base))  # B is 0 at the start
    reference = policy.frozen_copy()
    move(policy)
    assert (logprobs(policy) - logprobs(base)).abs().max() > 0.1
    assert torch.equal(logprobs(reference), logprobs(base))
    assert reference.adapter is None


@pytest.mark.parametrize("architecture", ARCHITECTURES)
def test_the_reference_holds_no_weights_of_its_own(make_policy, architecture):
    policy = make_policy(architecture, lora=SMALL)
    base_weights = {p.data_ptr() for p in policy.backbone.parameters() if not p.requires_grad}
    reference = policy.frozen_copy()
    assert {p.data_ptr() for p in reference.backbone.parameters()} == base_weights
    assert not any(p.requires_grad for p in reference.parameters())
    assert reference.value_head.weight.data_ptr() != policy.value_head.weight.data_ptr()
    assert all(p.requires_grad for p in policy.adapter.parameters().values())


@pytest.mark.parametrize("architecture", ARCHITECTURES)
def test_adapter_and_value_head_alone_get_gradients(make_policy, architecture):
    policy = move(make_policy(architecture, lora=SMALL))
    scored = policy.score(*sequences(), T)
    (scored.logprobs.sum() + scored.values.sum()).backward()
    trained = {name for name, p in policy.named_parameters() if p.grad is not None and p.grad.any()}
    assert trained == {name for name, p in policy.named_parameters() if p.requires_grad}
    assert all("lora_" in name or name.startswith("value_head.") for name in trained)


def test_the_trained_weights_are_as_few_as_the_ranks_say(make_policy):
    """GPT-2 of width 32: a layer's matrices are 32 x 96, 32 x 32, 32 x 128 and 128 x 32."""
    policy = make_policy(lora=SMALL)
    adapter = sum(p.numel() for p in policy.adapter.parameters().values())
    assert adapter == 2 * 4 * ((32 + 96) + (32 + 32) + (32 + 128) + (128 + 32))
    assert sum(p.numel() for p in policy.parameters() if p.requires_grad) == adapter + 32 + 1
    narrow = make_policy(lora={"rank": 1, "targets": ["c_attn"]})
    assert sum(p.numel() for p in narrow.adapter.parameters().values()) == 2 * (32 + 96)


def test_an_adapted_layer_follows_the_equation(make_policy):
    policy = move(make_policy("llama", lora=SMALL))
    layer = policy.backbone.model.model.layers[1].mlp.up_proj
    x = torch.linspace(-1, 1, 32)
    low = layer.lora_B["default"].weight @ (layer.lora_A["default"].weight @ x)
    assert torch.allclose(layer(x), layer.base_layer.weight @ x + 8.0 / 4 * low, atol=1e-5)


def test_adapters_start_from_their_seed_and_leave_global_generators_alone(make_policy):
    model = make_policy().backbone.model
    before = torch.get_rng_state()
    first = CausalLMPolicy(copy.deepcopy(model), lora=SMALL)
    after = torch.get_rng_state()
    again = CausalLMPolicy(copy.deepcopy(model), lora=SMALL)
    other = CausalLMPolicy(copy.deepcopy(model), lora={"rank": 4, "seed": 1})
    name = next(name for name in first.adapter.parameters() if "lora_A" in name)
    assert torch.equal(first.adapter.parameters()[name], again.adapter.parameters()[name])
    assert not torch.equal(first.adapter.parameters()[name], other.adapter.parameters()[name])
    plain = torch.get_rng_state()
    torch.set_rng_state(before)
    CausalLMPolicy(copy.deepcopy(model))
    assert torch.equal(after, torch.get_rng_state())  # the value head draws, the adapter doesn't
    torch.set_rng_state(plain)


@pytest.mark.parametrize("architecture", ["gpt2", "llama", "gpt_neox"])
def test_merging_keeps_the_policy_and_the_reference(make_policy, architecture, tmp_path):
    base, policy = make_policy(architecture), move(make_policy(architecture, lora=SMALL))
    reference, adapted = policy.frozen_copy(), logprobs(policy)
    assert policy.merge() is policy
    assert policy.adapter is None
    assert (logprobs(policy) - adapted).abs().max() < 1e-4
    assert torch.equal(logprobs(reference), logprobs(base))
    assert {name for name, _ in policy.named_parameters()} == {name for name, _ in base.named_parameters()}
    assert all(p.requires_grad for p in policy.parameters())
    policy.save_pretrained(tmp_path)
    assert torch.equal(logprobs(CausalLMPolicy.from_pretrained(tmp_path)), logprobs(policy))
    merged = logprobs(policy)
    assert torch.equal(logprobs(policy.merge()), merged)


def test_a_folder_holds_the_adapter_alone_and_gives_every_bit_back(base_folder, tmp_path):
    policy = move(CausalLMPolicy.from_pretrained(base_folder, lora=SMALL))
    policy.save_pretrained(tmp_path / "saved")
    assert {path.name for path in (tmp_path / "saved").iterdir()} == {
        "lora.json", "adapter_config.json", "adapter_model.safetensors", "value_head.safetensors",
        "README.md", "generation_config.json", "policy.json",
    }  # fmt: skip
    record = json.loads((tmp_path / "saved" / "lora.json").read_text())
    assert record["base"] == "../base"
    assert record["base_sha256"] == hash_weights(CausalLMPolicy.from_pretrained(base_folder).backbone.model)
    loaded = CausalLMPolicy.from_pretrained(tmp_path / "saved")
    assert loaded.adapter.settings == SMALL
    for (name, a), (other, b) in zip(policy.named_parameters(), loaded.named_parameters(), strict=True):
        assert name == other
        assert torch.equal(a, b)
        assert a.requires_grad == b.requires_grad
    with pytest.raises(ValueError, match=r"lora: expected None, as .* holds an adapter already"):
        CausalLMPolicy.from_pretrained(tmp_path / "saved", lora=SMALL)


@pytest.mark.filterwarnings("ignore:.*is_gradient_checkpointing:FutureWarning")  # peft asks transformers
def test_peft_reads_the_folder(base_folder, tmp_path):
    peft = importlib.import_module("peft")
    policy = move(CausalLMPolicy.from_pretrained(base_folder, lora=SMALL))
    policy.save_pretrained(tmp_path / "saved")
    plain = CausalLMPolicy.from_pretrained(base_folder).backbone.model
    theirs = peft.PeftModel.from_pretrained(plain, tmp_path / "saved")
    tokens = torch.arange(8)[None]
    with torch.no_grad():
        assert torch.equal(theirs(tokens).logits, policy.backbone.model(tokens).logits)


def test_a_whole_model_takes_the_place_of_an_adapter(base_folder, tmp_path):
    policy = move(CausalLMPolicy.from_pretrained(base_folder, lora=SMALL))
    policy.save_pretrained(tmp_path / "saved")
    policy.merge().save_pretrained(tmp_path / "saved")
    loaded = CausalLMPolicy.from_pretrained(tmp_path / "saved")
    assert loaded.adapter is None
    assert torch.equal(logprobs(loaded), logprobs(policy))


def test_the_bundled_model_is_known_by_its_name(tmp_path):
    policy = CausalLMPolicy.from_pretrained("bundled", lora={"rank": 1, "targets": ["c_attn"]})
    policy.save_pretrained(tmp_path)
    assert json.loads((tmp_path / "lora.json").read_text())["base"] == "bundled"
    assert torch.equal(logprobs(CausalLMPolicy.from_pretrained(tmp_path)), logprobs(policy))


def test_both_may_move_and_so_may_one_of_them(base_folder, tmp_path):
    policy = move(CausalLMPolicy.from_pretrained(base_folder, lora=SMALL))
    policy.save_pretrained(tmp_path / "saved")
    shutil.copytree(tmp_path, tmp_path.parent / f"{tmp_path.name}-moved")  # both, as they lay
    moved = tmp_path.parent / f"{tmp_path.name}-moved"
    (moved / "saved").rename(moved / "elsewhere")
    assert torch.equal(logprobs(CausalLMPolicy.from_pretrained(moved / "elsewhere")), logprobs(policy))
    (moved / "deeper").mkdir()
    (moved / "elsewhere").rename(moved / "deeper" / "still")  # the adapter alone
    assert torch.equal(logprobs(CausalLMPolicy.from_pretrained(moved / "deeper" / "still")), logprobs(policy))
    base_folder.rename(tmp_path / "gone")
    with pytest.raises(ValueError, match=r"expected its base model in .*, found none; say where it is now"):
        CausalLMPolicy.from_pretrained(moved / "deeper" / "still")
    found = CausalLMPolicy.from_pretrained(moved / "deeper" / "still", base=tmp_path / "gone")
    assert torch.equal(logprobs(found), logprobs(policy))
    with pytest.raises(ValueError, match=r"base: expected None, as .* holds no adapter"):
        CausalLMPolicy.from_pretrained(tmp_path / "gone", base=tmp_path / "gone")


@pytest.mark.filterwarnings("ignore:.*is_gradient_checkpointing:FutureWarning")  # peft asks transformers
@pytest.mark.parametrize("name", ["bundled", "a folder"])
def test_auto_classes_of_peft_read_the_folder(base_folder, tmp_path, name):
    peft = importlib.import_module("peft")
    policy = move(CausalLMPolicy.from_pretrained("bundled" if name == "bundled" else base_folder, lora=SMALL))
    policy.save_pretrained(tmp_path / "saved")
    config = json.loads((tmp_path / "saved" / "adapter_config.json").read_text())
    assert config["task_type"] == "CAUSAL_LM"
    assert config["base_model_name_or_path"].startswith(".")
    theirs = peft.AutoPeftModelForCausalLM.from_pretrained(tmp_path / "saved", dtype=torch.float32)
    tokens = torch.arange(8)[None]
    with torch.no_grad():
        assert torch.equal(theirs(input_ids=tokens).logits, policy.backbone.model(tokens).logits)


def test_an_adapter_never_takes_the_place_of_a_whole_model(base_folder):
    policy = CausalLMPolicy.from_pretrained(base_folder, lora=SMALL)
    with pytest.raises(ValueError, match="adapter: expected a folder without a whole model"):
        policy.save_pretrained(base_folder)
    assert CausalLMPolicy.from_pretrained(base_folder).adapter is None


def test_a_frozen_model_is_not_trained_but_refused(make_policy, make_toy):
    policy = make_policy()
    policy.backbone.requires_grad_(False)
    with pytest.raises(ValueError, match="expected weights that can be trained, got a model whose weights"):
        TokenPPO(policy, make_toy(num_envs=16), TokenPPOConfig(**QUICK))
    policy.backbone.model.transformer.h[1].requires_grad_(True)  # some will do
    TokenPPO(policy, make_toy(num_envs=16), TokenPPOConfig(**QUICK))


def test_another_base_model_is_refused(base_folder, make_policy, tmp_path):
    CausalLMPolicy.from_pretrained(base_folder, lora=SMALL).save_pretrained(tmp_path / "saved")
    make_policy(seed=1).backbone.model.save_pretrained(base_folder)
    with pytest.raises(
        ValueError, match=r"adapter: expected the base model .* SHA-256 .*; restore the model"
    ):
        CausalLMPolicy.from_pretrained(tmp_path / "saved")


def test_damaged_adapters_are_refused_in_one_line(base_folder, tmp_path):
    folder = tmp_path / "saved"
    CausalLMPolicy.from_pretrained(base_folder, lora=SMALL).save_pretrained(folder)
    weights = safetensors.torch.load_file(folder / "adapter_model.safetensors")
    fewer = dict(list(weights.items())[1:])
    safetensors.torch.save_file(fewer, folder / "adapter_model.safetensors")
    with pytest.raises(ValueError, match="adapter: its weights do not fit the model's layers"):
        CausalLMPolicy.from_pretrained(folder)
    damages = (("adapter_model.safetensors", "none"), ("lora.json", "{}"), ("lora.json", "{"))
    for name, content in (*damages, ("lora.json", "[" * 100_000)):
        (folder / name).write_text(content)
        with pytest.raises(ValueError, match="missing or damaged files") as caught:
            CausalLMPolicy.from_pretrained(folder)
        assert "\n" not in str(caught.value)


def test_an_adapter_of_a_model_in_memory_has_nothing_to_refer_to(make_policy, tmp_path):
    with pytest.raises(ValueError, match="expected a base model that was read from a folder or the hub"):
        make_policy(lora=SMALL).save_pretrained(tmp_path)


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"rank": 0}, "lora rank: expected a whole number >= 1, got 0"),
        ({"alpha": 0.0}, "lora alpha: expected a number > 0, got 0.0"),
        ({"targets": "c_attn"}, "lora targets: expected 'all-linear' or a tuple of names"),
        ({"targets": []}, "lora targets: expected 'all-linear' or a tuple of names"),
        ({"targets": ["q_proj"]}, r"expected names of layers of GPT2LMHeadModel, got \['q_proj'\]"),
        ({"targets": ["wte"]}, "expected layers between the embeddings and the head"),
        ({"targets": ["lm_head"]}, "expected layers between the embeddings and the head"),
    ],
)
def test_wrong_settings_are_refused(make_policy, settings, message):
    with pytest.raises(ValueError, match=message):
        make_policy(lora=settings)


def test_without_peft_the_extra_is_named(make_policy, monkeypatch):
    honest = importlib.import_module

    def lacking(name, *args):
        if name == "peft":
            raise ImportError("No module named 'peft'")
        return honest(name, *args)

    monkeypatch.setattr(importlib, "import_module", lacking)
    with pytest.raises(ImportError, match=r"pip install 'rlsf-gym\[lora\]'"):
        make_policy(lora=SMALL)
    assert make_policy().adapter is None


@pytest.mark.parametrize("architecture", ["gpt2", "llama", "qwen2"])
def test_before_the_first_step_ratios_are_one_and_nothing_has_diverged(make_policy, make_toy, architecture):
    record, policy = Record(), make_policy(architecture, lora=SMALL)
    TokenPPO(policy, make_toy(num_envs=16), TokenPPOConfig(**QUICK), callbacks=[record]).learn(32)
    first, second = record.metrics
    assert first["policy/ratio_error"] < 1e-4
    assert first["policy/rescored"] == 0.0
    assert abs(first["objective/kl"]) < 1e-5
    assert second["objective/kl"] > 1e-4


def test_the_toy_task_is_learned_and_the_base_stays(make_policy, make_toy):
    record, policy = Record(), make_policy(lora=SMALL, scale=8.0)
    before = hash_weights(policy.frozen_copy().backbone.model)
    settings = {**QUICK, "batch_size": 64, "minibatch_size": 32, "num_ppo_epochs": 4, "kl_coef": 0.0}
    agent = TokenPPO(policy, make_toy(num_envs=64), TokenPPOConfig(**settings), callbacks=[record])
    agent.learn(64 * 15)
    scores = [row["objective/scores"] for row in record.metrics]
    assert scores[0] < 1.5
    assert np.mean(scores[-3:]) > 5.0  # of at most 6
    assert hash_weights(agent.reference.backbone.model) == before


@pytest.mark.parametrize("settings", [{}, {"critic_warmup_iterations": 1}])
def test_a_resumed_run_goes_on_to_the_bit(base_folder, make_toy, tmp_path, settings):
    def agent(record):
        policy = CausalLMPolicy.from_pretrained(base_folder, lora=SMALL, temperature=0.9)
        config = TokenPPOConfig(**{**QUICK, **settings, "lr_schedule": "constant"})
        return TokenPPO(policy, make_toy(num_envs=16), config, callbacks=[record])

    whole, first, second = Record(), Record(), Record()
    uninterrupted = agent(whole).learn(16 * 4)
    agent(first).learn(16 * 2).save(tmp_path / "checkpoint")
    assert not (tmp_path / "checkpoint" / "reference").exists()
    assert not list((tmp_path / "checkpoint").rglob("model.safetensors"))
    resumed = TokenPPO.load(tmp_path / "checkpoint", make_toy(num_envs=16), callbacks=[second])
    assert resumed.reference.temperature == 0.9
    resumed.learn(16 * 4)
    assert json.dumps(first.metrics + second.metrics) == json.dumps(whole.metrics)
    for a, b in zip(uninterrupted.policy.parameters(), resumed.policy.parameters(), strict=True):
        assert torch.equal(a, b)
    assert torch.equal(logprobs(uninterrupted.reference), logprobs(resumed.reference))
    resumed.save(tmp_path / "checkpoint")
    assert TokenPPO.load(tmp_path / "checkpoint", make_toy(num_envs=16)).iteration == 4


def test_a_reference_of_its_own_is_saved_with_it(base_folder, make_policy, make_toy, tmp_path):
    policy = CausalLMPolicy.from_pretrained(base_folder, lora=SMALL)
    other = make_policy(seed=1)
    agent = TokenPPO(policy, make_toy(num_envs=16), TokenPPOConfig(**QUICK), reference=other)
    agent.save(tmp_path / "checkpoint")
    loaded = TokenPPO.load(tmp_path / "checkpoint", make_toy(num_envs=16))
    assert torch.equal(logprobs(loaded.reference), logprobs(other))
