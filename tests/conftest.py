"""What tests of several folders share."""

import pytest


@pytest.fixture(scope="session")
def tiny_policy(tmp_path_factory):
    """Returns the folder of a random GPT-2 of one layer over the 257 ids of the byte tokenizer."""
    import torch
    from transformers import GPT2Config, GPT2LMHeadModel

    folder = tmp_path_factory.mktemp("models") / "tiny"
    with torch.random.fork_rng():
        torch.manual_seed(0)
        config = GPT2Config(vocab_size=257, n_layer=1, n_head=1, n_embd=16, n_positions=128)
        GPT2LMHeadModel(config).save_pretrained(folder)
    return folder
