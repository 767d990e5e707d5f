"""agents/policies/position_limit.py: prompts and responses that outgrow the positions of a model."""

from __future__ import annotations

import pytest
import torch
import transformers as tf

from agents import TokenPPO, TokenPPOConfig
from agents.policies.policy import CausalLMPolicy
from agents.policies.position_limit import PositionLimit, position_limit

P, T = 5, 6  # of the toy environment: ten tokens are read, the eleventh is only scored
SMALL = {"vocab_size": 12, "n_embd": 32, "n_layer": 1, "n_head": 4}
ENDS = {"bos_token_id": None, "eos_token_id": None}
CONFIG = TokenPPOConfig(batch_size=8, minibatch_size=8, num_ppo_epochs=1)

TABLES = {
    "learned": lambda n: tf.GPT2Config(n_positions=n, **SMALL, **ENDS),
    "sines": lambda n: tf.GPTJConfig(n_positions=n, rotary_dim=4, **SMALL, **ENDS),
    "with an offset": lambda n: tf.OPTConfig(
        vocab_size=12, hidden_size=32, word_embed_proj_dim=32, ffn_dim=64, num_hidden_layers=1,
        num_attention_heads=4, max_position_embeddings=n, pad_token_id=1, **ENDS,
    ),
    "slopes": lambda n: tf.MptConfig(vocab_size=12, d_model=32, n_layers=1, n_heads=4, max_seq_len=n),
}  # fmt: skip


def make_model(config):
    torch.manual_seed(0)
    return tf.AutoModelForCausalLM.from_config(config)


@pytest.mark.parametrize("table", TABLES)
def test_the_last_position_can_be_read_and_one_more_is_refused(table, make_toy):
    TokenPPO(CausalLMPolicy(make_model(TABLES[table](10))), make_toy(), CONFIG).learn(8)
    with pytest.raises(ValueError, match=r"policy: expected P \+ T - 1 <= 9, .*, got P = 5 and T = 6; take"):
        TokenPPO(CausalLMPolicy(make_model(TABLES[table](9))), make_toy(), CONFIG)
    short = TokenPPOConfig(batch_size=8, minibatch_size=8, num_ppo_epochs=1, response_length=(2, 5))
    TokenPPO(CausalLMPolicy(make_model(TABLES[table](9))), make_toy(), short).learn(8)


def test_a_reference_with_fewer_positions_is_refused(make_policy, make_toy):
    small = CausalLMPolicy(make_model(TABLES["learned"](9)))
    with pytest.raises(ValueError, match=r"P \+ T - 1 <= 9"):
        TokenPPO(make_policy(), make_toy(), CONFIG, reference=small)


def test_rotary_positions_go_on_with_a_warning(make_toy):
    config = tf.LlamaConfig(
        vocab_size=12, hidden_size=32, intermediate_size=64, num_hidden_layers=1, num_attention_heads=2,
        max_position_embeddings=9, pad_token_id=None, **ENDS,
    )  # fmt: skip
    policy = CausalLMPolicy(make_model(config))
    with pytest.warns(UserWarning, match="it was not made for texts of that length"):
        TokenPPO(
            policy, make_toy(), CONFIG, reference=CausalLMPolicy(make_model(TABLES["learned"](10)))
        ).learn(8)


def test_texts_that_are_too_long_are_refused_where_they_are_made_and_scored():
    policy = CausalLMPolicy(make_model(TABLES["learned"](9)))
    ids, mask = torch.ones(2, 5, dtype=torch.int64), torch.ones(2, 5, dtype=torch.bool)
    asked = {"eos_token_id": None, "generator": None, "deterministic": True}
    assert policy.generate(ids, mask, lengths=torch.tensor([5, 5]), **asked).response_mask.all()
    with pytest.raises(ValueError, match=r"expected texts of at most 9 tokens, .*, got 10; take shorter"):
        policy.generate(ids, mask, lengths=torch.tensor([6, 6]), **asked)
    padded = torch.nn.functional.pad(mask, (4, 0))  # padding takes no positions
    policy.generate(torch.nn.functional.pad(ids, (4, 0)), padded, lengths=torch.tensor([5, 5]), **asked)
    tokens = torch.ones(2, 11, dtype=torch.int64)
    assert policy.score(tokens[:, :10], tokens[:, :10].bool(), 5).logprobs.shape == (2, 5)
    with pytest.raises(ValueError, match="got 10"):
        policy.score(tokens, tokens.bool(), 6)


@pytest.mark.parametrize(
    ("config", "limit"),
    [
        (tf.GPT2Config(n_positions=40, **SMALL), PositionLimit(40, True)),
        (tf.BloomConfig(vocab_size=12, hidden_size=32, n_layer=1, n_head=4), PositionLimit(None, False)),
        (
            tf.XGLMConfig(vocab_size=12, d_model=32, num_layers=1, attention_heads=4, ffn_dim=64,
                          max_position_embeddings=40),
            PositionLimit(40, False),  # sines that are made longer when they end
        ),
    ],
)  # fmt: skip
def test_limits(config, limit):
    assert position_limit(make_model(config)) == limit
