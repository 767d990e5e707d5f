"""Byte-level BPE tokenizer: each token id stands for fixed bytes, whatever its neighbours.

Departures from the tokenizer's own file, so that text survives `decode(encode(text))`:

1. special tokens inside a text are plain text: `<|endoftext|>` in a prompt is 13 characters, not an end;
2. no space is put before the first word, no special token is put around the text, added tokens do not take
   in the space beside them, no text is cut or padded, and BPE dropout is off.

A normaliser (lower case, NFC) is kept, since the model was trained with it: a text that it changes does not
come back. Of the 256 bytes a vocabulary may lack those that no UTF-8 text has, and control characters other
than tab and line ends; a text that has one of these is refused by `encode`.
"""

from __future__ import annotations

import json
import operator
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from tokenizers import Tokenizer as Backend

__all__ = ["BytePairTokenizer", "byte_of_character", "check_token_id", "encode_utf8"]

_NEVER_BYTES = frozenset({0xC0, 0xC1, *range(0xF5, 0x100)})  # in no UTF-8 text; GPT-NeoX leaves them out
_RARE_BYTES = frozenset({*range(0x20), 0x7F} - set(b"\t\n\r"))  # BLOOM leaves out 0x0B
_NEEDED_BYTES = frozenset(range(256)) - _NEVER_BYTES - _RARE_BYTES
_LARGEST_ID = 2**24  # the table of bytes has a row for each id below the largest one

END_TOKENS = ("<|endoftext|>", "</s>", "<|im_end|>", "<|end_of_text|>", "<|eot_id|>", "<eos>", "[EOS]")


class BytePairTokenizer:
    """Byte-level BPE tokenizer, from one of the `tokenizers` library.

    Args:
        backend: The tokenizer; it is copied, never changed.
        eos_token: The token that ends a response, as the vocabulary writes it. By default the first of
            `END_TOKENS` that the vocabulary has.
        special_tokens: Further tokens that stand for no text, beside those that the backend declares special.

    Raises:
        ValueError: If the tokenizer is not byte-level BPE, has no such end token, or lacks bytes of text.
    """

    def __init__(
        self, backend: Backend, *, eos_token: str | None = None, special_tokens: Sequence[str] = ()
    ) -> None:
        """Copies the backend and tabulates the bytes of every token."""
        vocabulary = backend.get_vocab(with_added_tokens=True)
        _check_vocabulary(vocabulary)
        eos = _find_end_token(vocabulary, eos_token)
        specials = {eos, *(token for token in special_tokens if token in vocabulary)}
        self._json = _byte_level_json(json.loads(backend.to_str()), specials)
        self._backend = _make_backend(self._json)
        self._bytes = _byte_table(self._backend)
        self._lacking = _lacking_characters(self._bytes)
        self._eos_token_id = vocabulary[eos]
        _check_special_tokens(self._backend)

    @property
    def vocab_size(self) -> int:
        """V, the number of token ids, added tokens included."""
        return len(self._bytes)

    @property
    def eos_token_id(self) -> int:
        """Id of the token that ends a response."""
        return self._eos_token_id

    @property
    def vocabulary(self) -> dict[str, int]:
        """Vocabulary: token to id, as the tokenizer's file writes them, added tokens included."""
        return self._backend.get_vocab(with_added_tokens=True)

    def encode(self, text: str) -> list[int]:
        """Returns the token ids of a text; special tokens inside it are plain text.

        Raises:
            ValueError: If the text has a lone surrogate, or a control character that no token stands for.
        """
        encode_utf8(text)
        for character in self._lacking:
            if character in text:
                raise ValueError(
                    f"text must not hold {character!r}, for which the tokenizer has no token, got it at "
                    f"character {text.index(character)}: leave it out"
                )
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
        """Returns the state to pickle; the library's own pickle loses the handling of special tokens."""
        return {"json": self._json, "eos_token_id": self._eos_token_id}

    def __setstate__(self, state: dict[str, Any]) -> None:
        """Restores the tokenizer from its JSON text."""
        self._json = state["json"]
        self._backend = _make_backend(self._json)
        self._bytes = _byte_table(self._backend)
        self._lacking = _lacking_characters(self._bytes)
        self._eos_token_id = state["eos_token_id"]

    def __deepcopy__(self, memo: dict[int, Any]) -> BytePairTokenizer:
        """Returns this tokenizer, which is immutable."""
        return self

    def __repr__(self) -> str:
        """Returns a description with the vocabulary size and the end token."""
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
        f"{_list(candidates)}: pass the right one as eos_token"
    )


def _list(tokens: Iterable[str]) -> str:
    """Returns tokens as text for a message, with control characters escaped."""
    return ", ".join(token if token.isprintable() else repr(token) for token in tokens)


def _check_vocabulary(vocabulary: Mapping[str, int]) -> None:
    """Raises ValueError for tokens that share an id, one of which would be lost, and for huge ids."""
    ids = set(vocabulary.values())
    if len(ids) != len(vocabulary) or max(ids, default=0) > _LARGEST_ID:
        raise ValueError(
            f"tokenizer must give each of its {len(vocabulary)} tokens an id of its own up to {_LARGEST_ID}, "
            f"got {len(ids)} ids up to {max(ids)}: mend its vocabulary"
        )


def _byte_level_json(data: dict[str, Any], specials: set[str]) -> str:
    """Returns the tokenizer's JSON with this module's departures; ValueError if it is not byte-level."""
    model = data["model"]
    affixes = model.get("continuing_subword_prefix") or model.get("end_of_word_suffix")
    parts = _pre_tokenizers(data.get("pre_tokenizer"))
    levels = [part for part in parts if part["type"] == "ByteLevel"]
    if not levels or affixes or model["type"] != "BPE":
        before = "without" if not levels else "with"
        others = ", ".join(part["type"] for part in parts if part not in levels)
        raise ValueError(
            f"tokenizer must be byte-level BPE, got a {model['type']} model "
            f"{'with word affixes' if affixes else before + ' a ByteLevel pre-tokenizer'}"
            f"{f' ({others})' if others else ''}: use GPT-2's or one like it"
        )
    for part in levels:
        part["add_prefix_space"] = False
    for token in data["added_tokens"]:
        token["special"] = token["special"] or token["content"] in specials
        token["lstrip"] = token["rstrip"] = False
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
    alphabet = byte_of_character()
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
    missing = sorted(_NEEDED_BYTES - {piece[0] for piece in table if len(piece) == 1})
    if missing:
        shown = ", ".join(f"0x{byte:02X}" for byte in missing[:5])
        raise ValueError(
            f"tokenizer must have a token for each byte that text needs, {len(missing)} of "
            f"{len(_NEEDED_BYTES)} are missing, such as {shown}: use a full one"
        )
    return tuple(table)


def _lacking_characters(table: Sequence[bytes]) -> tuple[str, ...]:
    """Returns the characters of text that no token stands for."""
    present = {piece for piece in table if len(piece) == 1}
    return tuple(chr(byte) for byte in sorted(_RARE_BYTES) if bytes((byte,)) not in present)


def _check_special_tokens(backend: Backend) -> None:
    """Raises ValueError where the merges make a special token of plain text, which would end a response."""
    for token_id, token in backend.get_added_tokens_decoder().items():
        if token.special and token_id in backend.encode(token.content, add_special_tokens=False).ids:
            raise ValueError(
                f"tokenizer must not make a special token of plain text, its merges make {token.content!r}: "
                "take the merge out"
            )


def byte_of_character() -> dict[str, int]:
    """Returns GPT-2's table: printable Latin-1 stands for itself, the other 68 bytes for U+0100 and on."""
    printable = {*range(0x21, 0x7F), *range(0xA1, 0xAD), *range(0xAE, 0x100)}
    others = [byte for byte in range(256) if byte not in printable]
    return {chr(byte): byte for byte in printable} | {chr(0x100 + n): byte for n, byte in enumerate(others)}
