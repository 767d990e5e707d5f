"""Reads byte-level tokenizers from files, folders and the Hugging Face hub."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, cast

from tokenizers import AddedToken, decoders, models, pre_tokenizers
from tokenizers import Tokenizer as Backend

from rlsf_gym.arguments import first_line
from rlsf_gym.text.byte_pair import BytePairTokenizer
from rlsf_gym.text.pieces import PieceTokenizer, read_pieces

__all__ = ["fetch_folder", "read_tokenizer"]

_CONFIGS = ("special_tokens_map.json", "tokenizer_config.json")
_HUB_FILES = ("tokenizer.json", "vocab.json", "merges.txt", "added_tokens.json", *_CONFIGS)


def read_tokenizer(path: Path, eos_token: str | None = None) -> BytePairTokenizer | PieceTokenizer:
    """Returns the tokenizer of a `tokenizer.json`, or of a folder with one or with GPT-2's files.

    A folder's `special_tokens_map.json`, `tokenizer_config.json` and `added_tokens.json` are read as well.

    Args:
        path: The file or folder.
        eos_token: The end token as the vocabulary writes it; by default the one that the folder declares, or
            the first of `END_TOKENS` that there is.

    Raises:
        ValueError: If there is no such file or folder, or it holds neither byte-level BPE nor pieces.
    """
    file = path / "tokenizer.json" if os.path.isdir(path) else path
    if os.path.isfile(file):
        pieces = read_pieces(json.loads(_read_backend(file).to_str()))
        if pieces is not None:
            return pieces
    if os.path.isdir(path):
        return _read_folder(path, eos_token)
    if os.path.isfile(path):
        return BytePairTokenizer(_read_backend(path), eos_token=eos_token)
    found = "a pipe, socket or device is there" if os.path.exists(path) else "there is no such path"
    raise ValueError(f"tokenizer must be an existing file or folder, got {str(path)!r}: {found}")


def fetch_folder(name: str) -> Path:
    """Returns a local folder with the tokenizer's files of a model on the hub, downloaded if missing.

    Raises:
        ValueError: If there is no such model, or the hub cannot be reached.
    """
    # Partly typed libraries are cast where they enter.
    import huggingface_hub

    try:
        return Path(cast(Any, huggingface_hub).snapshot_download(name, allow_patterns=list(_HUB_FILES)))
    except Exception as error:  # the library raises errors of its HTTP client as well
        raise ValueError(
            f"tokenizer must be 'bundled', 'bytes', an existing path or a name on the hub, got {name!r}: "
            f"{type(error).__name__}: {first_line(error)}"
        ) from None


def _read_folder(folder: Path, eos_token: str | None) -> BytePairTokenizer:
    configs = [_read_object(folder / name) for name in _CONFIGS if (folder / name).is_file()]
    if (folder / "tokenizer.json").is_file():
        backend = _read_backend(folder / "tokenizer.json")
    elif (folder / "vocab.json").is_file() and (folder / "merges.txt").is_file():
        backend = _read_vocabulary(folder)
        _add_tokens(backend, folder, configs)
    else:
        raise ValueError(
            f"tokenizer folder must hold tokenizer.json, or vocab.json and merges.txt: {folder} does not"
        )
    declared = [token for config in configs for token in _declared_tokens(config)]
    ends = [token for role, token in declared if role == "eos_token"]
    return BytePairTokenizer(
        backend,
        eos_token=eos_token or (ends[-1] if ends else None),
        special_tokens=[token for _, token in declared],
    )


def _declared_tokens(config: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """Yields role and content of the special tokens that a file beside a tokenizer names."""
    for role, value in config.items():
        if role.endswith("_token"):
            yield from ((role, token) for token in _contents([value]))
        elif role in ("additional_special_tokens", "extra_special_tokens"):
            listed = cast(Mapping[str, Any], value).values() if isinstance(value, Mapping) else value
            yield from ((role, token) for token in _contents(listed))


def _contents(values: Any) -> list[str]:
    """Returns the tokens of a list, each written as a string or as an object with its content."""
    found = [
        cast(Mapping[str, Any], value).get("content") if isinstance(value, Mapping) else value
        for value in values or ()
    ]
    return [content for content in found if isinstance(content, str)]


def _add_tokens(backend: Backend, folder: Path, configs: list[dict[str, Any]]) -> None:
    """Adds the tokens that are declared in files beside vocab.json, at their declared ids."""
    added = folder / "added_tokens.json"
    tokens = (
        {token: (number, False) for token, number in _read_object(added).items()} if added.is_file() else {}
    )
    for config in configs:
        tokens |= _declared_ids(folder, config)
    for token, (number, _) in tokens.items():
        if type(number) is not int:
            raise ValueError(
                f"tokenizer folder must give added tokens whole numbers as ids, {folder} gives {token!r} "
                f"{str(number)[:40]!r}"
            )
    for token, (number, special) in sorted(tokens.items(), key=lambda item: item[1]):
        if backend.token_to_id(token) is None:
            cast(Any, backend).add_tokens([AddedToken(token, special=special, normalized=False)])
        if backend.token_to_id(token) != number:
            raise ValueError(
                f"tokenizer folder must give added tokens the ids behind those of vocab.json, {folder} gives "
                f"{token!r} the id {number} for {backend.token_to_id(token)}: save it with a tokenizer.json"
            )


def _declared_ids(folder: Path, config: Mapping[str, Any]) -> dict[str, tuple[int, bool]]:
    """Returns the tokens that tokenizer_config.json adds, each with its id and whether it is special."""
    try:
        entries = [(int(number), entry) for number, entry in config.get("added_tokens_decoder", {}).items()]
        return {str(entry["content"]): (number, bool(entry.get("special"))) for number, entry in entries}
    except (AttributeError, KeyError, TypeError, ValueError) as error:
        raise ValueError(
            f"tokenizer folder must have added_tokens_decoder map ids to objects with content, {folder} "
            f"does not: {type(error).__name__}: {first_line(error)}"
        ) from None


def _read_object(path: Path) -> dict[str, Any]:
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError) as error:
        raise ValueError(f"tokenizer file must be JSON: {path}: {first_line(error)}") from None
    if not isinstance(found, dict):
        raise ValueError(f"tokenizer file must hold a JSON object: {path} holds {type(found).__name__}")
    return cast(dict[str, Any], found)


def _read_backend(path: Path) -> Backend:
    try:
        return Backend.from_file(str(path))
    except Exception as error:  # the library raises bare Exception
        raise ValueError(
            f"tokenizer file must be a tokenizer.json of the tokenizers library: {path}: {first_line(error)}"
        ) from None


def _read_vocabulary(folder: Path) -> Backend:
    try:
        model: models.Model = cast(Any, models.BPE).from_file(
            str(folder / "vocab.json"), str(folder / "merges.txt")
        )
    except Exception as error:  # the library raises bare Exception
        raise ValueError(
            f"tokenizer folder must hold GPT-2's vocab.json and merges.txt: {folder}: {first_line(error)}"
        ) from None
    backend = Backend(model)
    backend.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    backend.decoder = decoders.ByteLevel()
    return backend
