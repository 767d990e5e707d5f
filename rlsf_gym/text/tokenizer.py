"""Byte-level tokenizers, which map token ids to the exact bytes they stand for.

Rewards belong to token ids and certificates to characters, so the one thing that a tokenizer must tell is
which bytes a token id stands for. Byte-level BPE (GPT-2, Qwen, Llama 3, ...) does; tokenizers of other kinds
(SentencePiece, WordPiece), whose tokens depend on their neighbours, are refused.
"""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Iterable
from importlib import resources
from pathlib import Path
from typing import Any, Protocol, cast

from tokenizers import Tokenizer as Backend

from rlsf_gym.registry import Table
from rlsf_gym.text.byte_pair import BytePairTokenizer, check_token_id, encode_utf8
from rlsf_gym.text.pieces import read_pieces
from rlsf_gym.text.tokenizer_files import fetch_folder, read_tokenizer

__all__ = [
    "TOKENIZERS",
    "BytePairTokenizer",
    "ByteTokenizer",
    "Tokenizer",
    "load_tokenizer",
    "register_tokenizer",
]


class Tokenizer(Protocol):
    """Protocol of a tokenizer: text to token ids, and each token id to its bytes."""

    @property
    def vocab_size(self) -> int:
        """V, the number of token ids: they run from 0 to V - 1."""
        ...

    @property
    def eos_token_id(self) -> int:
        """Id of the token that ends a response."""
        ...

    def encode(self, text: str) -> list[int]:
        """Returns the token ids of a text; special tokens inside it are plain text."""
        ...

    def decode(self, ids: Iterable[int]) -> str:
        """Returns the text of the ids; bytes that are no UTF-8 become U+FFFD."""
        ...

    def token_bytes(self, token_id: int) -> bytes:
        """Returns the bytes that a token stands for: none for a special token."""
        ...


class WrappedTokenizer(Protocol):
    """Protocol of a fast tokenizer of transformers: one of the tokenizers library, and its end token."""

    @property
    def backend_tokenizer(self) -> Any:
        """The tokenizer of the tokenizers library."""
        ...

    @property
    def eos_token(self) -> Any:
        """End token as the vocabulary writes it, or None."""
        ...


class ByteTokenizer:
    """Tokenizer with one token per byte of UTF-8; id 256 ends a response.

    >>> ByteTokenizer().encode("no")
    [110, 111]
    """

    vocab_size = 257
    eos_token_id = 256

    def encode(self, text: str) -> list[int]:
        """Returns the UTF-8 bytes of a text as token ids."""
        return list(encode_utf8(text))

    def decode(self, ids: Iterable[int]) -> str:
        """Returns the text of the ids; bytes that are no UTF-8 become U+FFFD."""
        return b"".join(map(self.token_bytes, ids)).decode("utf-8", errors="replace")

    def token_bytes(self, token_id: int) -> bytes:
        """Returns the byte of a token id; empty for the end token."""
        check_token_id(token_id, self.vocab_size)
        return b"" if token_id == self.eos_token_id else bytes((token_id,))

    def __repr__(self) -> str:
        """Returns the expression that makes this tokenizer."""
        return "ByteTokenizer()"


def _read_bundled() -> BytePairTokenizer:
    asset = resources.files("rlsf_gym.text") / "assets" / "tokenizer.json"
    return BytePairTokenizer(Backend.from_str(asset.read_text(encoding="utf-8")))


TOKENIZERS = Table(
    "tokenizer",
    {
        "bundled": _read_bundled,
        "bytes": ByteTokenizer,
        "countdown": "rlsf_gym.domains.countdown.tokenizer:TOKENIZER",
        "toy": "rlsf_gym.domains.sentiment.toy:ToyTokenizer",
        "sudoku": "rlsf_gym.domains.constraints.sudoku.tokenizer:SudokuTokenizer",
        "knights": "rlsf_gym.domains.constraints.knights_and_knaves.tokenizer:KnightsTokenizer",
    },
)
"""Name to tokenizer: an object, a class or function that makes one, or `"module:attribute"`."""


def load_tokenizer(
    spec: str | os.PathLike[str] | Tokenizer | WrappedTokenizer | Backend, *, eos_token: str | None = None
) -> Tokenizer:
    """Returns the tokenizer that a name, a path or an object stands for.

    Args:
        spec: A name in `TOKENIZERS` (`"bundled"` has 4,096 tokens, `"toy"` the words of a small language), a
            `tokenizer.json`, a folder with one or with GPT-2's `vocab.json` and `merges.txt`,
            `"module:attribute"`, the name of a model on the Hugging Face hub, a tokenizer, a fast one of
            transformers, or one of the tokenizers library.
        eos_token: The end token as the vocabulary of files writes it, where they do not tell or tell
            another one.

    Raises:
        ValueError: If there is no such tokenizer, it is not byte-level, or it has an end token of its own and
            another is asked for.
    """
    if isinstance(spec, str) and spec not in TOKENIZERS:
        is_path = spec.startswith((".", "/", "~")) or spec.endswith((".json", "/")) or spec.count("/") > 1
        if is_path or os.path.exists(spec):
            spec = Path(spec)
        elif ":" not in spec:
            spec = fetch_folder(spec)
    if isinstance(spec, os.PathLike):
        return read_tokenizer(Path(spec), eos_token)
    part: Any = TOKENIZERS.load(spec)
    is_maker = isinstance(part, type) or not hasattr(part, "encode")
    return _check_tokenizer(part() if is_maker and callable(part) else part, eos_token)


def register_tokenizer(name: str, tokenizer: str | Tokenizer | Callable[[], Tokenizer]) -> None:
    """Registers a tokenizer under a name.

    Args:
        name: The name, without a colon.
        tokenizer: A tokenizer, a class or function that makes one, or its `"module:attribute"`.

    Raises:
        ValueError: If the name belongs to another tokenizer.
    """
    TOKENIZERS.register(name, tokenizer)


def _check_tokenizer(tokenizer: Any, eos_token: str | None) -> Tokenizer:
    """Returns an object that is a tokenizer, wrapped where it is one of the tokenizers library."""
    if isinstance(tokenizer, Backend):
        return BytePairTokenizer(tokenizer, eos_token=eos_token)
    if isinstance(getattr(tokenizer, "backend_tokenizer", None), Backend):
        return _unwrap(tokenizer, eos_token)
    needed = ("vocab_size", "eos_token_id", "encode", "decode", "token_bytes")
    missing = [name for name in needed if not hasattr(tokenizer, name)]
    if missing:
        raise ValueError(
            f"tokenizer must have {', '.join(needed)}; {type(tokenizer).__name__} "
            f"lacks {', '.join(missing)}: pass its folder or its name instead"
        )
    if eos_token is not None:
        raise ValueError(
            f"eos_token must be None for {type(tokenizer).__name__}, which has an end token of its own, "
            f"got {eos_token!r}: leave it out"
        )
    return cast(Tokenizer, tokenizer)


def _unwrap(wrapped: Any, eos_token: str | None) -> Tokenizer:
    """Returns the tokenizer that one of transformers wraps, as its folder would be read."""
    backend: Backend = wrapped.backend_tokenizer
    pieces = read_pieces(json.loads(backend.to_str()))
    if pieces is not None:
        return pieces
    return BytePairTokenizer(
        backend,
        eos_token=eos_token or wrapped.eos_token,
        special_tokens=getattr(wrapped, "all_special_tokens", ()),
    )
