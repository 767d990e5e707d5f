"""Byte-level BPE: each token id stands for fixed bytes, whatever its neighbours.

Departures from the tokenizer's own file, so that text survives `decode(encode(text))`:

1. special tokens inside a text are plain text: `<|endoftext|>` in a prompt is 13 characters, not an end;
2. no space is put before the first word, no special token is put around the text, and BPE dropout is off.
"""

from __future__ import annotations

import json
import operator
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from tokenizers import Tokenizer as Backend

__all__ = ["BytePairTokenizer", "check_token_id", "encode_utf8"]

END_TOKENS = ("<|endoftext|>", "</s>", "<|im_end|>", "<|end_of_text|>", "<|eot_id|>", "<eos>", "[EOS]")


class BytePairTokenizer:
    """A byte-level BPE of the `tokenizers` library.

    Args:
        backend: The tokenizer; it is copied, never changed.
        eos_token: The token that ends a response, as the vocabulary writes it. By default the first of
            `END_TOKENS` that the vocabulary has.
        special_tokens: Further tokens that stand for no text, beside those that the backend declares special.

    Raises:
        ValueError: If the tokenizer is not byte-level or has no such end token.
    """

    def __init__(
        self, backend: Backend, *, eos_token: str | None = None, special_tokens: Sequence[str] = ()
    ) -> None:
        """Copies the backend and tabulates the bytes of every token."""
        vocabulary = backend.get_vocab(with_added_tokens=True)
        eos = _find_end_token(vocabulary, eos_token)
        specials = {eos, *(token for token in special_tokens if token in vocabulary)}
        self._json = _byte_level_json(json.loads(backend.to_str()), specials)
        self._backend = _make_backend(self._json)
        self._bytes = _byte_table(self._backend)
        self._eos_token_id = vocabulary[eos]

    @property
    def vocab_size(self) -> int:
        """V, the number of token ids, added tokens included."""
        return len(self._bytes)

    @property
    def eos_token_id(self) -> int:
        """The id of the token that ends a response."""
        return self._eos_token_id

    def encode(self, text: str) -> list[int]:
        """Returns the token ids of a text; special tokens inside it are plain text."""
        encode_utf8(text)
        return self._backend.encode(text, add_special_tokens=False).ids

    def decode(self, ids: Iterable[int]) -> str:
        """Returns the text of the ids; bytes that are no UTF-8 become U+FFFD."""
        ids = list(ids)
        for token_id in (min(ids), max(ids)) if ids else ():
            check_token_id(token_id, len(self._bytes))
        return b"".join([self._bytes[token_id] for token_id in ids]).decode("utf-8", errors="replace")

    def token_bytes(self, token_id: int) -> bytes:
        """Returns the bytes that a token stands for: none for a special token."""
        check_token_id(token_id, len(self._bytes))
        return self._bytes[token_id]

    def __getstate__(self) -> dict[str, Any]:
        """Returns what a pickle holds; the library's own pickle loses the handling of special tokens."""
        return {"json": self._json, "eos_token_id": self._eos_token_id}

    def __setstate__(self, state: dict[str, Any]) -> None:
        """Restores the tokenizer from its JSON text."""
        self._json = state["json"]
        self._backend = _make_backend(self._json)
        self._bytes = _byte_table(self._backend)
        self._eos_token_id = state["eos_token_id"]

    def __deepcopy__(self, memo: dict[int, Any]) -> BytePairTokenizer:
        """Returns itself: it cannot be changed."""
        return self

    def __repr__(self) -> str:
        """Returns the size and the end token."""
        return f"BytePairTokenizer(vocab_size={self.vocab_size}, eos_token_id={self.eos_token_id})"


def encode_utf8(text: str) -> bytes:
    """Returns the bytes of a text, or raises ValueError at the first lone surrogate."""
    try:
        return text.encode("utf-8")
    except UnicodeEncodeError as error:
        raise ValueError(
            f"text must not hold lone surrogates, got {text[error.start]!a} at character {error.start}: "
            "decode its bytes with errors='replace'"
        ) from None


def check_token_id(token_id: int, vocab_size: int) -> None:
    """Raises ValueError for an id outside 0..V - 1; a negative one would count from the end."""
    if not 0 <= token_id < vocab_size:
        raise ValueError(f"token_id must lie in 0..{vocab_size - 1}, got {token_id}")


def _find_end_token(vocabulary: Mapping[str, int], eos_token: str | None) -> str:
    candidates = END_TOKENS if eos_token is None else (eos_token,)
    for token in candidates:
        if token in vocabulary:
            return token
    raise ValueError(
        f"eos_token must be in the tokenizer's vocabulary of {len(vocabulary)} tokens, looked for "
        f"{', '.join(candidates)}: pass the right one as eos_token"
    )


def _byte_level_json(data: dict[str, Any], specials: set[str]) -> str:
    """Returns the tokenizer's JSON with this module's departures; raises for one that is not byte-level."""
    model = data["model"]
    affixes = model.get("continuing_subword_prefix") or model.get("end_of_word_suffix")
    levels = [part for part in _pre_tokenizers(data.get("pre_tokenizer")) if part["type"] == "ByteLevel"]
    if not levels or affixes:
        raise ValueError(
            f"tokenizer must be byte-level BPE, got a {model['type']} model "
            f"{'with word affixes' if affixes else 'without a ByteLevel pre-tokenizer'}: "
            "use GPT-2's or one like it"
        )
    for part in levels:
        part["add_prefix_space"] = False
    for token in data["added_tokens"]:
        token["special"] = token["special"] or token["content"] in specials
    declared = {token["content"] for token in data["added_tokens"]}
    vocabulary: dict[str, int] = model["vocab"]
    data["added_tokens"] += [_added_token(token, vocabulary[token]) for token in sorted(specials - declared)]
    data["added_tokens"].sort(key=operator.itemgetter("id"))
    model["dropout"] = None
    return json.dumps(data | {"post_processor": None, "truncation": None, "padding": None})


def _pre_tokenizers(part: dict[str, Any] | None) -> list[dict[str, Any]]:
    if part is None:
        return []
    if part["type"] == "Sequence":
        return [leaf for child in part["pretokenizers"] for leaf in _pre_tokenizers(child)]
    return [part]


def _added_token(content: str, token_id: int) -> dict[str, Any]:
    flags = dict.fromkeys(("single_word", "lstrip", "rstrip", "normalized"), False)
    return {"id": token_id, "content": content, "special": True, **flags}


def _make_backend(text: str) -> Backend:
    backend = Backend.from_str(text)
    backend.encode_special_tokens = True
    return backend


def _byte_table(backend: Backend) -> tuple[bytes, ...]:
    """Returns the bytes of each id; an id that no token has stands for none, like a special token."""
    alphabet = _byte_of_character()
    added = backend.get_added_tokens_decoder()
    vocabulary = backend.get_vocab(with_added_tokens=True)
    table = [b""] * (max(vocabulary.values()) + 1)
    for token, token_id in vocabulary.items():
        if token_id in added:
            table[token_id] = b"" if added[token_id].special else token.encode("utf-8")
        elif alphabet.keys() >= set(token):
            table[token_id] = bytes(alphabet[character] for character in token)
        else:
            raise ValueError(
                f"tokenizer must be byte-level, its token {token_id} is {token!r}: use GPT-2's or one like it"
            )
    missing = 256 - len({piece for piece in table if len(piece) == 1})
    if missing:
        raise ValueError(
            f"tokenizer must have a token for each of the 256 bytes, {missing} are missing: use a full one"
        )
    return tuple(table)


def _byte_of_character() -> dict[str, int]:
    """Returns GPT-2's table: printable Latin-1 stands for itself, the other 68 bytes for U+0100 and on."""
    printable = {*range(0x21, 0x7F), *range(0xA1, 0xAD), *range(0xAE, 0x100)}
    others = [byte for byte in range(256) if byte not in printable]
    return {chr(byte): byte for byte in printable} | {chr(0x100 + n): byte for n, byte in enumerate(others)}
