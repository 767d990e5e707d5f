"""Cuts long texts to openings of a few tokens, by a hash of the text alone."""

from __future__ import annotations

from dataclasses import dataclass
from hashlib import blake2b

from rlsf_gym.domains import Corpus
from rlsf_gym.text.tokenizer import Tokenizer

__all__ = ["Opening", "encode_head", "hash_text"]


@dataclass(frozen=True)
class Opening:
    """Rule by which a long text is cut to its opening; with `max_tokens` None a text stays whole."""

    corpus: Corpus
    min_chars: int
    min_tokens: int
    max_tokens: int | None
    seed: int

    def __post_init__(self) -> None:
        if self.max_tokens is not None and not 1 <= self.min_tokens <= self.max_tokens:
            raise ValueError(
                "min_tokens must lie in 1..max_tokens, got "
                f"min_tokens={self.min_tokens} and max_tokens={self.max_tokens}"
            )

    def notice(self, column: str) -> str:
        """Returns the sentence that says that texts are cut."""
        return (
            f"texts of column {column!r} are taken for {self.corpus.noun} and cut to their first "
            f"{self.min_tokens} to {self.max_tokens} tokens: pass prompts_kwargs={{'cut': False}} to keep "
            "them whole, or True if that is meant"
        )

    def length(self, text: str) -> int:
        """Returns the number of tokens to keep, drawn evenly by the text's hash."""
        assert self.max_tokens is not None
        return self.min_tokens + hash_text(f"length {self.seed}", text) % (
            self.max_tokens - self.min_tokens + 1
        )


def encode_head(text: str, tokenizer: Tokenizer, tokens: int) -> list[int]:
    """Returns the first ids of a text, at least `tokens` if it has them.

    Most of a long text is never looked at. The head ends before a space, where words and so tokens end, so
    that the ids are those of the whole text.
    """
    width = 6 * tokens
    while width < len(text):
        ids = tokenizer.encode(text[: text.rfind(" ", 0, width) + 1].rstrip())
        if len(ids) >= tokens:
            return ids
        width *= 2
    return tokenizer.encode(text)


def hash_text(purpose: str, text: str) -> int:
    """Returns 64 bits that are the same on every machine and in every process."""
    digest = blake2b(f"{purpose}\0{text}".encode("utf-8", "surrogatepass"), digest_size=8).digest()
    return int.from_bytes(digest, "big")
