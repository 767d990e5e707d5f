"""agents/policies/probe.py: models that say something else when they are padded or grown are refused."""

from __future__ import annotations

import pytest
import torch
import transformers as tf

from agents.policies.policy import CausalLMPolicy

SIZES = {"vocab_size": 120, "hidden_size": 32, "num_hidden_layers": 2, "num_attention_heads": 4,
         "intermediate_size": 64, "max_position_embeddings": 128, "pad_token_id": 0, "bos_token_id": 1,
         "eos_token_id": 2}  # fmt: skip
GROUPED = {**SIZES, "num_key_value_heads": 2}
STATES = {"vocab_size": 120, "hidden_size": 32, "num_hidden_layers": 2, "pad_token_id": 0}

CARRIED = {
    "mamba": lambda: tf.MambaConfig(state_size=4, **STATES),
    "mamba2": lambda: tf.Mamba2Config(state_size=8, num_heads=8, head_dim=8, n_groups=1, **STATES),
    "falcon_mamba": lambda: tf.FalconMambaConfig(state_size=4, **STATES),
    "jamba": lambda: tf.JambaConfig(
        mamba_d_state=4, attn_layer_period=2, attn_layer_offset=1, num_experts=2, use_mamba_kernels=False,
        **GROUPED,
    ),
    "short window": lambda: tf.MistralConfig(sliding_window=8, **GROUPED),
    "window in every other layer": lambda: tf.Gemma2Config(sliding_window=8, head_dim=8, **GROUPED),
    "ALiBi": lambda: tf.BloomConfig(vocab_size=120, hidden_size=32, n_layer=2, n_head=4),
    "one head of keys": lambda: tf.GPTBigCodeConfig(vocab_size=120, n_embd=32, n_layer=2, n_head=4),
    "offset positions": lambda: tf.OPTConfig(
        vocab_size=120, hidden_size=32, word_embed_proj_dim=16, ffn_dim=64, num_hidden_layers=2,
        num_attention_heads=4, max_position_embeddings=64,
    ),
    "token types": lambda: tf.BertConfig(is_decoder=True, **SIZES),
}  # fmt: skip
"""Recurrent states, windows, positions: of other kinds, and right."""
REFUSED = {
    "rwkv": lambda: tf.RwkvConfig(context_length=128, **{**STATES, "pad_token_id": None}),
    "recurrent_gemma": lambda: tf.RecurrentGemmaConfig(
        lru_width=32, attention_window_size=8, **{**GROUPED, "num_hidden_layers": 3}
    ),
    "xlnet": lambda: tf.XLNetConfig(vocab_size=120, d_model=32, n_layer=2, n_head=4, d_inner=64),
    "openai": lambda: tf.OpenAIGPTConfig(vocab_size=120, n_embd=32, n_layer=2, n_head=4, n_positions=64),
    "bert that looks ahead": lambda: tf.BertConfig(**SIZES),
    "positions after padding": lambda: tf.RobertaConfig(is_decoder=True, **SIZES),
    "no positions to give": lambda: tf.BartConfig(
        vocab_size=120, d_model=32, decoder_layers=2, decoder_attention_heads=4, decoder_ffn_dim=64,
        max_position_embeddings=64, is_encoder_decoder=False, is_decoder=True,
    ),
}  # fmt: skip


def make_model(config):
    torch.manual_seed(0)
    model = tf.AutoModelForCausalLM.from_config(config)
    with torch.no_grad():
        for parameter in model.parameters():
            if parameter.dim() > 1:
                parameter.mul_(3)
    return model


@pytest.mark.filterwarnings("ignore")  # of the libraries, about kernels that are not there
@pytest.mark.parametrize("kind", CARRIED)
def test_what_is_generated_is_what_is_scored(kind):
    policy = CausalLMPolicy(make_model(CARRIED[kind]()))
    ids = torch.arange(18).reshape(3, 6) + 5
    mask = torch.ones(3, 6, dtype=torch.bool)
    mask[0, :4] = False
    made = policy.generate(
        ids, mask, lengths=torch.tensor([12, 12, 4]), eos_token_id=7,
        generator=torch.Generator().manual_seed(0),
    )  # fmt: skip
    tokens = torch.cat([ids, made.response_ids.clamp(max=119)], 1)
    real = torch.cat([mask, made.response_mask], 1)
    with torch.no_grad():
        scored = policy.score(tokens, real, 12).logprobs
        alone = policy.score(tokens[:1, 4:], real[:1, 4:], 12).logprobs
    assert (scored - made.logprobs).abs().max() < 1e-4
    assert (alone - scored[:1]).abs().max() < 1e-4


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("kind", REFUSED)
def test_what_would_be_read_otherwise_is_refused_in_one_line(kind):
    model = make_model(REFUSED[kind]())
    with pytest.raises(
        ValueError, match=rf"^model {type(model).__name__}: expected .*such as GPT-2"
    ) as caught:
        CausalLMPolicy(model)
    assert "\n" not in str(caught.value)


def test_weights_as_they_are_drawn_are_enough_to_see_it():
    config = tf.XLNetConfig(vocab_size=120, d_model=32, n_layer=2, n_head=4, d_inner=64)
    with pytest.raises(ValueError, match="cut before its end"):
        CausalLMPolicy(tf.AutoModelForCausalLM.from_config(config))


def test_a_memory_that_forgets_is_found(make_policy):
    model = make_policy("llama").backbone.model
    plain = model.model.forward
    model.model.forward = lambda *args, past_key_values=None, position_ids=None, **kwargs: plain(
        *args, position_ids=position_ids, **{**kwargs, "attention_mask": None}
    )
    with pytest.raises(ValueError, match="grown token by token"):
        CausalLMPolicy(model)


def test_trying_out_draws_nothing_and_changes_nothing(make_policy):
    model = make_policy().backbone.model
    before, weights = torch.get_rng_state(), {n: p.clone() for n, p in model.named_parameters()}
    policy = CausalLMPolicy(model)
    after = torch.get_rng_state()
    torch.set_rng_state(before)
    torch.nn.Linear(32, 1)  # as the value head is drawn
    assert torch.equal(torch.get_rng_state(), after)
    assert all(torch.equal(p, weights[n]) for n, p in policy.backbone.model.named_parameters())
