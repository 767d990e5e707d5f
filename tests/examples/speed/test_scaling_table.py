"""speed/scaling_table.py: numbers worked by hand, published or counted by torch, and the page's table."""

from pathlib import Path

import pytest
import torch
from transformers import GPT2Config, GPT2LMHeadModel, LlamaConfig, LlamaForCausalLM

from agents import CausalLMPolicy
from examples.speed import scaling_table

ROOT = Path(__file__).parents[3]
B, T, V, H, F, K = 2, 16, 50, 128, 352, 64


@pytest.fixture(scope="module")
def script():
    return scaling_table


@pytest.fixture
def toy(script):
    return script.Model("toy", 2, 8, 32, 8, 100, 16, tied=True)


def test_weights_are_those_that_are_published(script):
    """Of gpt2, gpt2-medium, gpt2-xl, Llama 3.2 1B and Llama 2 7B, as their model cards' files count them."""
    published = [124_439_808, 354_823_168, 1_557_611_200, 1_235_814_400, 6_738_415_616]
    assert [model.weights for model in script.MODELS] == published


def test_memory_by_hand(script, toy):
    work = script.Work(episodes=16, minibatch=8, rows=2, prompt=3, response=5, epochs=2)
    # Matrices: 2 layers x (4 x 64 + 2 x 8 x 32) = 1,536. Biases and norms: 2 x (9 x 8 + 32) + 16 = 224.
    # Embeddings: (100 + 16) x 8 = 928. In all 2,688 weights.
    assert (toy.trunk_weights, toy.weights) == (1_536, 2_688)
    found = script.memory(toy, work, 4)
    assert found.states == 20 * 2_688 == 53_760
    assert found.activations == 4 * (2 * 8) * 2 * (8 * 8 + 2 * 32)  # 16,384
    assert found.logits == 4 * 100 * (2 * 5 + 8)  # 7,200
    assert found.playing == 4 * 100 * 1_536 + 4 * 4 * (2 * 2 * 8 * 8 + 5 * 8)  # 619,136
    assert found.total == 53_760 + found.playing == 672_896
    saving = script.memory(toy, work, 4, checkpointing=True, spread=True)
    assert saving.states == 13_440
    assert saving.activations == 4 * (2 * 8) * (2 * 8 + 128)
    assert saving.total == 13_440 + 619_136
    many = script.memory(toy, work._replace(rows=2_000), 4)  # a thousand times the activations
    assert many.total == 53_760 + 16_384_000 + 4_003_200


def test_seconds_by_hand(script, toy):
    work = script.Work(episodes=16, minibatch=8, rows=2, prompt=3, response=5, epochs=2)
    machine = script.Machine(operations=1e6, memory=1e5, link=1e4, network=1e3, gpus=2)
    # A response forward: 8 tokens x (2 x 1,536 + 2 x 2 x 8 x 8 of attention), and 2 x 5 x 8 x 100 of the
    # head: 34,624.
    found = script.seconds(toy, work, 2, machine)
    assert found.operations == pytest.approx(8 * 16 * 34_624 / 2e6)
    assert found.decoding == pytest.approx(4 * 2_688 * 5 / 1e5)
    assert found.optimiser == pytest.approx(4 * 28 * 2_688 / 1e5)  # 4 steps
    assert found.gradients == pytest.approx(4 * 4 * 2_688 / 1e4)  # 2 (W - 1) / W = 1
    more = script.seconds(toy, work, 4, machine, checkpointing=True)
    assert more.operations == pytest.approx(10 * 16 * 34_624 / 4e6)
    assert more.gradients == pytest.approx(1.5 * 4 * 4 * 2_688 / 1e3)
    assert script.seconds(toy, work, 1, machine).gradients == 0.0


def kept_of_a_token(make):
    """Returns the numbers that one more layer keeps of a token that is read, parameters left out."""
    sizes = []
    tokens = torch.zeros(B, T + 1, dtype=torch.int64)  # the last is not read
    for layers in (1, 2):
        policy, kept = CausalLMPolicy(make(layers)), {}
        own = {x.untyped_storage().data_ptr() for x in (*policy.parameters(), *policy.buffers())}

        def keep(tensor, kept=kept):
            storage = tensor.untyped_storage()
            kept[storage.data_ptr()] = (storage.nbytes(), tensor)
            return tensor

        with torch.autograd.graph.saved_tensors_hooks(keep, lambda tensor: tensor):
            scored = policy.score(tokens, torch.ones_like(tokens, dtype=torch.bool), T)
        sizes.append(sum(size for pointer, (size, _) in kept.items() if pointer not in own))
        del scored
    return (sizes[1] - sizes[0]) / (4 * B * T)


def test_what_a_layer_keeps_is_what_torch_keeps(script):
    """But for the statistics of norms and attention, a few numbers a token."""
    shared = {"vocab_size": V, "bos_token_id": None, "eos_token_id": None}
    gpt2 = kept_of_a_token(
        lambda layers: GPT2LMHeadModel(
            GPT2Config(n_layer=layers, n_embd=H, n_head=4, n_positions=T + 1, **shared)
        )
    )
    formula = script.Model("", 1, H, 4 * H, H, V, T, tied=True).kept_of_a_token
    assert formula == 8 * 128 + 2 * 512
    assert gpt2 == pytest.approx(formula, rel=0.01)
    shape = {"hidden_size": H, "intermediate_size": F, "num_attention_heads": 4, "num_key_value_heads": 2}
    llama = kept_of_a_token(
        lambda layers: LlamaForCausalLM(LlamaConfig(num_hidden_layers=layers, **shape, **shared))
    )
    assert llama == pytest.approx(script.Model("", 1, H, F, K, V, 0, tied=True).kept_of_a_token, rel=0.01)


def test_the_page_has_the_table(script):
    page = (ROOT / "docs" / "scaling.md").read_text(encoding="utf-8")
    assert "\n".join(script.table()) in page
