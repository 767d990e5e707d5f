"""A byte-level tokenizer as trainers hand one over: of the tokenizers library, with special tokens."""

from tokenizers import Tokenizer, decoders, models, pre_tokenizers

from rlsf_gym.text.tokenizer import ByteTokenizer
from rlsf_gym.text.vocabulary import read_vocabulary


class Fast:
    """A tokenizer of transformers: what it wraps, and its end token."""

    def __init__(self, backend, eos_token):
        self.backend_tokenizer, self.eos_token = backend, eos_token


def byte_level():
    """Returns one token a byte, and the special tokens <|endoftext|> and <|im_end|>."""
    backend = Tokenizer(models.BPE(vocab=read_vocabulary(ByteTokenizer()), merges=[]))
    backend.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    backend.decoder = decoders.ByteLevel()
    backend.add_special_tokens(["<|endoftext|>", "<|im_end|>"])
    return backend
