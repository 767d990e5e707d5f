"""agents/backbone.py: hidden states and logits at the wanted positions of any causal language model."""

import pytest
import torch

from agents.backbone import bundled_folder, load_model, position_ids


@pytest.mark.parametrize("architecture", ["gpt2", "llama", "qwen2", "qwen3", "gpt_neox"])
def test_the_head_runs_at_the_wanted_positions_alone(make_policy, architecture):
    backbone = make_policy(architecture).backbone
    assert backbone.head_is_separate
    tokens, mask = torch.arange(10).reshape(2, 5), torch.ones(2, 5, dtype=torch.bool)
    rows, columns = torch.tensor([1, 0, 1]), torch.tensor([4, 2, 0])
    found = backbone(tokens, mask, rows=rows, columns=columns)
    whole = backbone.model(tokens, output_hidden_states=True)
    assert torch.allclose(found.logits, whole.logits[rows, columns], atol=1e-5)
    assert torch.allclose(found.hidden, whole.hidden_states[-1][rows, columns], atol=1e-5)
    assert found.hidden.shape == (3, backbone.hidden_size)
    assert found.logits.shape == (3, backbone.logit_count)


def test_running_whole_gives_the_same(make_policy):
    backbone = make_policy().backbone
    arguments = (torch.arange(10).reshape(2, 5), torch.ones(2, 5, dtype=torch.bool))
    wanted = {"rows": torch.tensor([1, 0]), "columns": torch.tensor([4, 2])}
    apart = backbone(*arguments, **wanted)
    backbone.head_is_separate = False
    whole = backbone(*arguments, **wanted)
    assert torch.allclose(apart.logits, whole.logits, atol=1e-5)
    assert torch.allclose(apart.hidden, whole.hidden, atol=1e-5)


def test_a_cache_goes_on_where_it_stopped(make_policy):
    backbone = make_policy("llama").backbone
    tokens, mask = torch.arange(10).reshape(2, 5), torch.tensor([[False, True, True, True, True], [True] * 5])
    rows = torch.arange(2)
    whole = backbone(tokens, mask, rows=rows, columns=torch.full((2,), 4))
    cache = backbone.new_cache()
    backbone(tokens[:, :3], mask[:, :3], rows=rows, columns=torch.full((2,), 2), cache=cache)
    rest = backbone(tokens[:, 3:], mask, rows=rows, columns=torch.full((2,), 1), cache=cache)
    assert torch.allclose(rest.logits, whole.logits, atol=1e-5)


def test_positions_start_at_the_first_real_token():
    mask = torch.tensor([[False, False, True, True], [True, True, True, True]])
    assert position_ids(mask).tolist() == [[0, 0, 0, 1], [0, 1, 2, 3]]


def test_a_missing_model_is_refused_in_one_line(tmp_path):
    with pytest.raises(
        ValueError, match="expected a causal language model with safetensors weights"
    ) as caught:
        load_model(tmp_path / "none")
    assert "\n" not in str(caught.value)


def test_the_bundled_folder_is_inside_the_package():
    assert bundled_folder().parts[-3:] == ("agents", "assets", "gpt2-imdb-4m")
