"""Fingerprint of a vocabulary: a SHA-256 of tokens and ids that environments and learners compare.

A policy that samples ids of another vocabulary writes other text than it means to, and nothing else tells. So
environments say the hash of theirs as they begin an episode. It is made of what `tokenizer.json` and
`vocab.json` hold, so that it can be computed from a model's files without decoding anything:

    sha256(json.dumps(sorted([id, token] for each token), separators=(",", ":")))

Tokens are written as byte-level BPE writes them: printable Latin-1 as itself, other bytes as U+0100 and on.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from typing import Any, cast

from rlsf_gym.text.byte_pair import byte_of_character
from rlsf_gym.text.tokenizer import Tokenizer

__all__ = ["hash_vocabulary", "read_vocabulary"]

END = "<|endoftext|>"


def hash_vocabulary(tokenizer: Tokenizer) -> str:
    """Returns the SHA-256 of a tokenizer's vocabulary, as 64 hexadecimal digits.

    Args:
        tokenizer: Any tokenizer; one with tokens of another form may have a `vocabulary`, a dict of token to
            id, which is used in place of its bytes.
    """
    pairs = sorted([number, token] for token, number in read_vocabulary(tokenizer).items())
    return hashlib.sha256(json.dumps(pairs, separators=(",", ":")).encode()).hexdigest()


def read_vocabulary(tokenizer: Tokenizer) -> Mapping[str, int]:
    """Returns the vocabulary, token to id, with tokens as a vocabulary file writes them.

    Of a tokenizer that has no such file, tokens are its bytes in the characters of byte-level BPE, the end
    token is `<|endoftext|>`, and another token without bytes, or with those of an earlier one, is `<|ID|>`.
    """
    written = cast(Any, tokenizer).vocabulary if hasattr(tokenizer, "vocabulary") else None
    if written is not None:
        return cast("Mapping[str, int]", written)
    characters = {byte: character for character, byte in byte_of_character().items()}
    tokens: dict[str, int] = {END: tokenizer.eos_token_id}
    for number in range(tokenizer.vocab_size):
        if number != tokenizer.eos_token_id:
            token = "".join(characters[byte] for byte in tokenizer.token_bytes(number))
            tokens[token if token and token not in tokens else f"<|{number}|>"] = number
    return tokens
