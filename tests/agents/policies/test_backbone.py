"""backbone.py: hidden states and logits at the wanted positions of any causal language model."""

import pytest
import torch
from transformers import GPT2Config, GPT2LMHeadModel

from agents.policies.backbone import Backbone, bundled_folder, load_model
from agents.policies.trunks.gpt2 import GPT2Trunk
from agents.policies.trunks.rows import RowTrunk

ROWS, COLUMNS = torch.tensor([1, 0, 1]), torch.tensor([4, 2, 0])


@pytest.mark.parametrize("architecture", ["gpt2", "llama", "qwen2", "qwen3", "gpt_neox"])
def test_the_head_runs_at_the_wanted_positions_alone(make_policy, architecture):
    backbone = make_policy(architecture).backbone
    tokens, mask = torch.arange(10).reshape(2, 5), torch.ones(2, 5, dtype=torch.bool)
    found = backbone(tokens, mask, rows=ROWS, columns=COLUMNS)
    whole = backbone.model(tokens, output_hidden_states=True)
    assert found.logits is None
    assert torch.allclose(backbone.logits(found), whole.logits[ROWS, COLUMNS], atol=1e-5)
    assert torch.allclose(found.hidden, whole.hidden_states[-1][ROWS, COLUMNS], atol=1e-5)
    assert found.hidden.shape == (3, backbone.hidden_size)
    assert backbone.logits(found).shape == (3, backbone.logit_count)
    assert backbone.linear_head is backbone.model.get_output_embeddings()


@pytest.mark.parametrize(
    ("architecture", "trunk"), [("gpt2", GPT2Trunk), ("llama", RowTrunk), ("gpt_neox", RowTrunk)]
)
def test_gpt2_is_read_end_to_end_and_others_in_rows(make_policy, architecture, trunk):
    assert type(make_policy(architecture).backbone.trunk) is trunk


@pytest.mark.parametrize(
    "option",
    [{"scale_attn_weights": False}, {"scale_attn_by_inverse_layer_idx": True}, {"add_cross_attention": True}],
)
def test_gpt2_with_options_that_came_later_is_read_in_rows(option):
    config = GPT2Config(n_layer=2, n_embd=32, n_head=2, n_positions=32, vocab_size=12, **option)
    assert type(Backbone(GPT2LMHeadModel(config)).trunk) is RowTrunk


def test_a_model_that_differs_from_what_it_says_it_is_runs_as_it_is(make_policy):
    model = make_policy().backbone.model
    block = model.transformer.h[0]
    plain = type(block).forward
    block.forward = lambda *args, **kwargs: 2.0 * plain(block, *args, **kwargs)
    backbone = Backbone(model)
    assert type(backbone.trunk) is RowTrunk
    tokens = torch.arange(5)[None]
    found = backbone(tokens, tokens >= 0, rows=torch.tensor([0]), columns=torch.tensor([4]))
    assert torch.allclose(backbone.logits(found)[0], model(tokens).logits[0, 4], atol=1e-4)


def test_a_missing_model_is_refused_in_one_line(tmp_path):
    with pytest.raises(
        ValueError, match="expected a causal language model with safetensors weights"
    ) as caught:
        load_model(tmp_path / "none")
    assert "\n" not in str(caught.value)


def test_the_bundled_folder_is_inside_the_package():
    assert bundled_folder().parts[-3:] == ("agents", "assets", "gpt2-imdb-4m")
