"""Byte-level tokenizers: token ids to the exact bytes they stand for.

Rewards are laid on token ids and certificates on characters, so the one thing that a tokenizer must tell is
which bytes a token id stands for. Byte-level BPE (GPT-2, Qwen, Llama 3, ...) does; tokenizers of other kinds
(SentencePiece, WordPiece), whose tokens depend on their neighbours, are refused.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable
from importlib import resources
from pathlib import Path
from typing import Any, Protocol, cast

from tokenizers import Tokenizer as Backend
from tokenizers import decoders, models, pre_tokenizers

from rlsf_gym.byte_pair import BytePairTokenizer, check_token_id, encode_utf8
from rlsf_gym.resolve import register, resolve
from rlsf_gym.toy import ToyTokenizer

__all__ = [
    "TOKENIZERS",
    "BytePairTokenizer",
    "ByteTokenizer",
    "Tokenizer",
    "load_tokenizer",
    "register_tokenizer",
]

_HUB_FILES = (
    "tokenizer.json",
    "vocab.json",
    "merges.txt",
    "tokenizer_config.json",
    "special_tokens_map.json",
)


class Tokenizer(Protocol):
    """Turns text into token ids, token ids into bytes."""

    @property
    def vocab_size(self) -> int:
        """V, the number of token ids: they run from 0 to V - 1."""
        ...

    @property
    def eos_token_id(self) -> int:
        """The id of the token that ends a response."""
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


class ByteTokenizer:
    """One token per byte of UTF-8; id 256 ends a response.

    >>> ByteTokenizer().encode("no")
    [110, 111]
    """

    vocab_size = 257
    eos_token_id = 256

    def encode(self, text: str) -> list[int]:
        """Returns the bytes of the text."""
        return list(encode_utf8(text))

    def decode(self, ids: Iterable[int]) -> str:
        """Returns the text of the ids; bytes that are no UTF-8 become U+FFFD."""
        return b"".join(map(self.token_bytes, ids)).decode("utf-8", errors="replace")

    def token_bytes(self, token_id: int) -> bytes:
        """Returns one byte, or none for the end token."""
        check_token_id(token_id, self.vocab_size)
        return b"" if token_id == self.eos_token_id else bytes((token_id,))

    def __repr__(self) -> str:
        """Returns the expression that makes this tokenizer."""
        return "ByteTokenizer()"


def _read_bundled() -> BytePairTokenizer:
    asset = resources.files("rlsf_gym") / "assets" / "tokenizer.json"
    return BytePairTokenizer(Backend.from_str(asset.read_text(encoding="utf-8")))


TOKENIZERS: dict[str, Any] = {"bundled": _read_bundled, "bytes": ByteTokenizer, "toy": ToyTokenizer}
"""Name to tokenizer: an object, a class or function that makes one, or `"module:attribute"`."""


def load_tokenizer(spec: str | Tokenizer, *, eos_token: str | None = None) -> Tokenizer:
    """Returns the tokenizer that a name, a path or an object stands for.

    Args:
        spec: A name in `TOKENIZERS` (`"bundled"` has 4,096 tokens, `"toy"` the words of `rlsf_gym.toy`), a
            `tokenizer.json`, a folder with one or with GPT-2's `vocab.json` and `merges.txt`,
            `"module:attribute"`, the name of a model on the Hugging Face hub, or a tokenizer.
        eos_token: The end token as the vocabulary of files writes it, where they do not tell or tell
            another one.

    Raises:
        ValueError: If there is no such tokenizer, or it is not byte-level.
    """
    if not isinstance(spec, str):
        return _check_tokenizer(spec)
    if spec in TOKENIZERS:
        return _make(resolve("tokenizer", spec, TOKENIZERS))
    if Path(spec).is_file():
        return BytePairTokenizer(_read_backend(Path(spec)), eos_token=eos_token)
    if ":" in spec and not Path(spec).exists():
        return _make(resolve("tokenizer", spec, {}))
    return _load_folder(_find_folder(spec), eos_token)


def register_tokenizer(name: str, tokenizer: str | Tokenizer | Callable[[], Tokenizer]) -> None:
    """Gives a tokenizer a name of its own.

    Args:
        name: The name, without a colon.
        tokenizer: A tokenizer, a class or function that makes one, or its `"module:attribute"`.

    Raises:
        ValueError: If the name belongs to another tokenizer.
    """
    register("tokenizer", name, tokenizer, TOKENIZERS)


def _make(part: Any) -> Tokenizer:
    """Returns a tokenizer, made by the part if that is a class or a function."""
    return _check_tokenizer(part if hasattr(part, "encode") and not isinstance(part, type) else part())


def _find_folder(spec: str) -> Path:
    path = Path(spec)
    if path.is_dir():
        return path
    if path.suffix == ".json" or path.is_absolute() or spec.startswith("."):
        raise ValueError(f"tokenizer must be an existing file or folder, got {spec!r}: there is no such path")
    return _fetch_folder(spec)


def _check_tokenizer(tokenizer: Any) -> Tokenizer:
    if isinstance(tokenizer, Backend):
        return BytePairTokenizer(tokenizer)
    needed = ("vocab_size", "eos_token_id", "encode", "decode", "token_bytes")
    missing = [name for name in needed if not hasattr(tokenizer, name)]
    if missing:
        raise ValueError(
            f"tokenizer must have {', '.join(needed)}; {type(tokenizer).__name__} "
            f"lacks {', '.join(missing)}: pass its folder or its name instead"
        )
    return cast(Tokenizer, tokenizer)


def _load_folder(folder: Path, eos_token: str | None) -> BytePairTokenizer:
    specials = _declared_tokens(folder)
    if (folder / "tokenizer.json").is_file():
        backend = _read_backend(folder / "tokenizer.json")
    elif (folder / "vocab.json").is_file() and (folder / "merges.txt").is_file():
        backend = _read_vocabulary(folder)
    else:
        raise ValueError(
            f"tokenizer folder must hold tokenizer.json, or vocab.json and merges.txt: {folder} does not"
        )
    declared = specials.get("eos_token")
    return BytePairTokenizer(backend, eos_token=eos_token or declared, special_tokens=list(specials.values()))


def _declared_tokens(folder: Path) -> dict[str, str]:
    """Returns role -> token, such as `eos_token`, from the files that stand beside a tokenizer."""
    tokens: dict[str, str] = {}
    for name in ("special_tokens_map.json", "tokenizer_config.json"):
        data: dict[str, Any] = _read_json(folder / name) if (folder / name).is_file() else {}
        for role, value in data.items():
            content = cast(dict[str, Any], value).get("content") if isinstance(value, dict) else value
            if role.endswith("_token") and isinstance(content, str):
                tokens[role] = content
    return tokens


def _read_json(path: Path) -> Any:
    try:
        return json.loads(path.read_text(encoding="utf-8"))
    except ValueError as error:
        raise ValueError(f"tokenizer file must be JSON: {path}: {error}") from None


def _read_backend(path: Path) -> Backend:
    try:
        return Backend.from_file(str(path))
    except Exception as error:  # the library raises bare Exception
        raise ValueError(
            f"tokenizer file must be a tokenizer.json of the tokenizers library: {path}: {error}"
        ) from None


def _read_vocabulary(folder: Path) -> Backend:
    try:
        model: models.Model = cast(Any, models.BPE).from_file(
            str(folder / "vocab.json"), str(folder / "merges.txt")
        )
    except Exception as error:  # the library raises bare Exception
        raise ValueError(
            f"tokenizer folder must hold GPT-2's vocab.json and merges.txt: {folder}: {error}"
        ) from None
    backend = Backend(model)
    backend.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    backend.decoder = decoders.ByteLevel()
    return backend


def _fetch_folder(name: str) -> Path:
    # Partly typed libraries are cast where they enter.
    import huggingface_hub

    try:
        return Path(cast(Any, huggingface_hub).snapshot_download(name, allow_patterns=list(_HUB_FILES)))
    except (OSError, ValueError) as error:
        reason = str(error).strip().splitlines()[0]
        raise ValueError(
            f"tokenizer must be 'bundled', 'bytes', a path or a name on the hub, got {name!r}: "
            f"{type(error).__name__}: {reason}"
        ) from None
