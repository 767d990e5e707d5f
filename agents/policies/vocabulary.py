"""The tokenizer's files that a model came with: copied as they are, and compared by hash; never used.

A policy that samples ids of another vocabulary than the environment's writes other text than it means to. The
environment says the SHA-256 of its own as `vocabulary_sha256` in the info of `reset`:

    sha256(json.dumps(sorted([id, token] for each token), separators=(",", ":")))

with tokens as `tokenizer.json` and `vocab.json` write them. The same is made here of the model's files, for
the ids below V: a model may have more.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any, cast

from agents.policies.bundled import bundled_folder, is_bundled
from agents.runs.printable import one_line

LARGEST = 1 << 28
"""Bytes of the largest file of a tokenizer that is read."""
FILES = (
    "tokenizer.json",
    "tokenizer_config.json",
    "special_tokens_map.json",
    "added_tokens.json",
    "vocab.json",
    "merges.txt",
    "vocab.txt",
    "tokenizer.model",
    "spiece.model",
    "chat_template.jinja",
)
"""Files that transformers reads a tokenizer from."""
VOCABULARIES = ("tokenizer.json", "vocab.json", "vocab.txt", "tokenizer.model", "spiece.model")
"""A folder with a tokenizer has at least one of these."""


class TokenizerFiles:
    """The files of a tokenizer, in memory: the folder that they came from may be gone when they are saved.

    Args:
        files: Name to content; none of a model without a tokenizer.
        source: Where they were found, as a tokenizer is asked for by name.

    Raises:
        ValueError: If a file is damaged.
    """

    def __init__(self, files: Mapping[str, bytes], source: str) -> None:
        self.files = dict(files)
        self.source = source
        self._tokens = None if not files else _read_tokens(self.files, source)
        self._hashes: dict[int, str] = {}

    def __bool__(self) -> bool:
        """Returns whether there is a tokenizer."""
        return bool(self.files)

    @property
    def is_known(self) -> bool:
        """Whether its vocabulary can be read from the files: that of SentencePiece alone can't."""
        return self._tokens is not None

    def sha256(self, vocab_size: int) -> str:
        """Returns the hash of the tokens with ids below V, as 64 hexadecimal digits; it must be known."""
        if vocab_size not in self._hashes:
            known = (self._tokens or {}).items()
            pairs = sorted([number, token] for token, number in known if number < vocab_size)
            text = json.dumps(pairs, separators=(",", ":"))
            self._hashes[vocab_size] = hashlib.sha256(text.encode()).hexdigest()
        return self._hashes[vocab_size]

    def save(self, folder: Path) -> None:
        """Writes the files into a folder, and takes away those of an earlier tokenizer there."""
        for name in FILES:
            if name in self.files:
                (folder / name).write_bytes(self.files[name])
            else:
                (folder / name).unlink(missing_ok=True)


def read_tokenizer(folder: Path, source: str | None = None) -> TokenizerFiles:
    """Returns the tokenizer's files in a folder, or none where it has no vocabulary.

    Args:
        folder: Where a model is.
        source: As a tokenizer is asked for by name; None: the folder.

    Raises:
        ValueError: If a file is damaged or far too large.
    """
    source = str(folder) if source is None else source
    if not any((folder / name).is_file() for name in VOCABULARIES):
        return TokenizerFiles({}, source)
    found = [folder / name for name in FILES if (folder / name).is_file()]
    large = [file.name for file in found if file.stat().st_size > LARGEST]
    if large:
        raise ValueError(
            f"tokenizer {source!r}: expected at most {LARGEST} bytes, {large[0]} has more; restore it"
        )
    return TokenizerFiles({file.name: file.read_bytes() for file in found}, source)


def find_tokenizer(name: str, revision: str | None = None, *, fetch: bool) -> TokenizerFiles:
    """Returns the tokenizer's files of a model by its folder or name on the hub; none where it has none.

    Args:
        name: A folder, a name, or empty for a model that was made in memory.
        revision: Commit on the hub.
        fetch: Whether to ask the hub for what is not in the cache.

    Raises:
        ValueError: If a file is damaged.
    """
    known = is_bundled(name)
    if known or not name or Path(name).is_dir():
        folder = bundled_folder(name) if known else Path(name)
        return read_tokenizer(folder, name) if name else TokenizerFiles({}, name)
    import huggingface_hub  # takes a while, and only names on the hub need it

    try:
        folder = cast(Any, huggingface_hub).snapshot_download(
            name, revision=revision, allow_patterns=list(FILES), local_files_only=not fetch
        )
    except (OSError, ValueError):  # no such name, or no way to the hub: nothing to compare
        return TokenizerFiles({}, name)
    return read_tokenizer(Path(folder), name)


def _read_tokens(files: Mapping[str, bytes], source: str) -> dict[str, int] | None:
    """Returns token to id, or None where the files are of a kind that does not tell."""
    try:
        if "tokenizer.json" in files:
            return _of_tokenizer_json(json.loads(files["tokenizer.json"]))
        if "vocab.json" not in files:
            return None
        tokens = {str(token): int(number) for token, number in json.loads(files["vocab.json"]).items()}
        added = json.loads(files.get("added_tokens.json", b"{}"))
        declared = json.loads(files.get("tokenizer_config.json", b"{}")).get("added_tokens_decoder", {})
        tokens |= {str(token): int(number) for token, number in added.items()}
        return tokens | {str(token["content"]): int(number) for number, token in declared.items()}
    except (ValueError, KeyError, TypeError, AttributeError, OverflowError, RecursionError) as error:
        reason = one_line(error, 200)
        raise ValueError(
            f"tokenizer {source!r}: expected a vocabulary in its files, got {reason}; restore it"
        ) from error


def _of_tokenizer_json(data: Any) -> dict[str, int]:
    vocabulary = data["model"]["vocab"]
    if isinstance(vocabulary, list):  # with a score each (Unigram)
        pairs = enumerate(str(entry[0]) for entry in cast("list[Any]", vocabulary))
        tokens = {token: number for number, token in pairs}
    else:
        tokens = {str(token): int(number) for token, number in vocabulary.items()}
    return tokens | {str(added["content"]): int(added["id"]) for added in data.get("added_tokens") or ()}
