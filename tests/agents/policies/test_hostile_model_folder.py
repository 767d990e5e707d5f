"""The JSON of a stranger's model folder, adapter and tokenizer: refused in one line, whatever it holds."""

import json
import os
import shutil
import warnings

import pytest
from transformers import GPT2Config, GPT2LMHeadModel

from agents import CausalLMPolicy, LoraSettings
from agents.policies.foreign_adapter import _read_config
from agents.policies.vocabulary import read_tokenizer
from agents.runs.printable import one_line

NESTED = "[" * 100_000


@pytest.fixture(scope="module")
def tiny(tmp_path_factory):
    """Returns the folder of a random GPT-2 of one layer, without a tokenizer."""
    folder = tmp_path_factory.mktemp("models") / "tiny"
    config = GPT2Config(
        vocab_size=12, n_layer=1, n_head=1, n_embd=16, n_positions=32, bos_token_id=0, eos_token_id=0
    )
    GPT2LMHeadModel(config).save_pretrained(folder)
    return folder


@pytest.fixture(scope="module")
def adapted(tiny, tmp_path_factory):
    """Returns the folder of an adapter, which nobody may change."""
    pytest.importorskip("peft")
    folder = tmp_path_factory.mktemp("adapters") / "lora"
    CausalLMPolicy.from_pretrained(tiny, lora=LoraSettings(rank=2, alpha=4.0)).save_pretrained(folder)
    return folder


@pytest.fixture
def adapter(adapted, tmp_path):
    return shutil.copytree(adapted, tmp_path / "lora")


@pytest.fixture
def model(tiny, tmp_path):
    return shutil.copytree(tiny, tmp_path / "model")


def refuse(folder, match):
    with pytest.raises(ValueError, match=match) as refused:
        CausalLMPolicy.from_pretrained(folder)
    assert str(refused.value).isprintable()


@pytest.mark.parametrize("name", ["tokenizer.json", "policy.json", "config.json", "generation_config.json"])
def test_nesting_without_end(model, name):
    (model / name).write_text(NESTED)
    refuse(model, "restore")


@pytest.mark.parametrize("name", ["vocab.json", "added_tokens.json", "tokenizer_config.json"])
def test_nesting_without_end_beside_a_vocabulary(tmp_path, name):
    (tmp_path / "vocab.json").write_text("{}")
    (tmp_path / name).write_text(NESTED)
    with pytest.raises(ValueError, match="expected a vocabulary in its files, got maximum recursion"):
        read_tokenizer(tmp_path).is_known  # noqa: B018


def test_ids_without_end(tmp_path):
    (tmp_path / "vocab.json").write_text('{"a": 1e400}')
    with pytest.raises(ValueError, match="expected a vocabulary in its files, got cannot convert"):
        read_tokenizer(tmp_path).is_known  # noqa: B018


@pytest.mark.parametrize("name", ["lora.json", "adapter_config.json"])
def test_adapters_nested_without_end(adapter, name):
    (adapter / name).write_text(NESTED)
    refuse(adapter, "missing or damaged files: maximum recursion depth exceeded")


def test_an_adapter_of_others_nested_without_end(tmp_path):
    (tmp_path / "adapter_config.json").write_text(NESTED)
    with pytest.raises(ValueError, match=r"adapter_config\.json is damaged: maximum recursion"):
        _read_config(tmp_path, "adapter")


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="no pipes here")
@pytest.mark.parametrize("name", ["adapter_config.json", "adapter_model.safetensors"])
def test_pipes_are_not_waited_for(adapter, name):
    (adapter / name).unlink()
    os.mkfifo(adapter / name)
    refuse(adapter, "expected a (regular )?file, (got a pipe|found none)")


@pytest.mark.parametrize(
    ("key", "value", "message"),
    [
        ("rank", 10**30, "lora rank: expected at most 65536"),
        ("rank", True, "lora rank: expected a whole number >= 1, got True"),
        ("rank", "4", "lora rank: expected a whole number >= 1, got '4'"),
        ("alpha", "\x1b[31m", r"lora alpha: expected a number > 0, got '\\x1b"),
        ("alpha", 1e200, "lora alpha: expected a number > 0"),
        ("seed", "x" * 100_000, "lora seed: expected a whole number >= 0 and below 2.64, got 'xxx"),
        ("seed", -1, "lora seed: expected a whole number >= 0 and below 2.64, got -1"),
        ("seed", 1 << 64, "lora seed: expected a whole number"),
        ("targets", [None], "lora targets: expected 'all-linear' or a tuple of names"),
        ("targets", {"a": 1}, "lora targets: expected 'all-linear' or a tuple of names"),
    ],
)
def test_settings_of_another_type(adapter, key, value, message):
    record = json.loads((adapter / "lora.json").read_text())
    record["settings"][key] = value
    (adapter / "lora.json").write_text(json.dumps(record))
    refuse(adapter, message)


@pytest.mark.parametrize("key", ["base", "base_sha256", "base_revision"])
@pytest.mark.parametrize("value", [-0.0, [1], {"a": {}}])
def test_records_of_another_type(adapter, key, value):
    record = json.loads((adapter / "lora.json").read_text())
    record[key] = value
    (adapter / "lora.json").write_text(json.dumps(record))
    refuse(adapter, f"missing or damaged files: {key}: expected a text, got")


def test_settings_that_peft_stumbles_over_later(tiny, tmp_path):
    peft = pytest.importorskip("peft")
    from transformers import AutoModelForCausalLM

    config = peft.LoraConfig(r=2, target_modules=["c_attn"], task_type="CAUSAL_LM", fan_in_fan_out=True)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        tuned = peft.get_peft_model(AutoModelForCausalLM.from_pretrained(tiny), config)
        tuned.save_pretrained(tmp_path)
    record = json.loads((tmp_path / "adapter_config.json").read_text())
    record |= {"alora_invocation_tokens": {"a": {}}, "base_model_name_or_path": str(tiny)}
    (tmp_path / "adapter_config.json").write_text(json.dumps(record))
    refuse(
        tmp_path, "expected an adapter that can be added to weights, got TypeError: .*restore adapter_config"
    )


def test_a_message_of_another_library_is_printable():
    assert one_line(ValueError("a\x1b[31m\nb\u202e")) == r"a\x1b[31m b\u202e"
