"""agents/policies/model_kind.py: models of which no policy can be made."""

from __future__ import annotations

import importlib
from types import SimpleNamespace

import pytest
import torch
import transformers as tf

from agents.policies.policy import CausalLMPolicy

SMALL = {"vocab_size": 12, "n_embd": 32, "n_layer": 1, "n_head": 4, "n_positions": 32}


def plain():
    return tf.GPT2LMHeadModel(tf.GPT2Config(**SMALL))


def wrapped():
    peft = importlib.import_module("peft")
    return peft.get_peft_model(plain(), peft.LoraConfig(r=2, target_modules=["c_attn"], fan_in_fan_out=True))


def injected():
    peft, model = importlib.import_module("peft"), plain()
    return peft.inject_adapter_in_model(
        peft.IA3Config(target_modules=["c_attn"], feedforward_modules=[]), model
    )


def merged():
    model = wrapped()
    model.merge_adapter()
    return model


def quantised():
    model = plain()
    model.config.quantization_config = {"quant_method": "gptq", "bits": 4}
    return model


def encoder_decoder():
    return tf.T5ForConditionalGeneration(
        tf.T5Config(vocab_size=12, d_model=32, d_kv=8, d_ff=64, num_layers=1)
    )


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize(
    ("make", "message"),
    [
        (wrapped, r"expected one without adapters of peft, .* pass model\.merge_and_unload\(\)"),
        (injected, "expected one without adapters of peft"),
        (merged, "expected one without adapters of peft"),
        (quantised, "expected whole weights, got quantised ones"),
        (encoder_decoder, "expected a decoder, got an encoder and a decoder"),
        (lambda: tf.GPT2Model(tf.GPT2Config(**SMALL)), "expected a head over the vocabulary, got none"),
        (
            lambda: tf.GPT2ForSequenceClassification(tf.GPT2Config(**SMALL)),
            "expected a head over the vocabulary, got none",
        ),
        (lambda: torch.nn.Linear(2, 2), "expected a causal language model of transformers, got Linear"),
    ],
)
def test_what_is_no_whole_language_model_is_refused(make, message):
    with pytest.raises(ValueError, match=rf"^model.*: {message}") as caught:
        CausalLMPolicy(make())
    assert "\n" not in str(caught.value)


def test_out_of_memory_is_not_called_a_wrong_model(make_policy):
    model = make_policy("llama").backbone.model

    def exhausted(*args, **kwargs):
        raise torch.OutOfMemoryError("no more")

    model.model.forward = exhausted
    with pytest.raises(torch.OutOfMemoryError):
        CausalLMPolicy(model)


def test_a_quantiser_is_enough(make_policy):
    model = make_policy().backbone.model
    model.hf_quantizer = SimpleNamespace()
    with pytest.raises(ValueError, match="quantised"):
        CausalLMPolicy(model)
