"""Tokenizers by name, folder or object, and what one has to have."""

from rlsf_gym.text.tokenizer import (
    TOKENIZERS,
    BytePairTokenizer,
    ByteTokenizer,
    Tokenizer,
    load_tokenizer,
    register_tokenizer,
)

__all__ = [
    "TOKENIZERS",
    "BytePairTokenizer",
    "ByteTokenizer",
    "Tokenizer",
    "load_tokenizer",
    "register_tokenizer",
]
