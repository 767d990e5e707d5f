"""Prompts: the texts that responses continue, drawn with the environment's generator.

Reviews become prompts as in the original proof of concept: those of more than 200 characters, cut to their
first 2 to 8 tokens. The number of tokens, the split and the choice of `max_samples` follow from a hash of the
text alone, so that neither the order of the source nor the other texts in it matter.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from hashlib import blake2b
from importlib import resources
from pathlib import Path
from typing import Any, cast

import numpy as np

from rlsf_gym.resolve import register, resolve
from rlsf_gym.text_files import FILE_READERS, TextColumn, read_dataset, read_file
from rlsf_gym.tokenizer import Tokenizer, load_tokenizer
from rlsf_gym.toy import TOY_PROMPTS

__all__ = ["PROMPTS", "SPLITS", "Prompts", "load_prompts", "register_prompts"]

SPLITS = ("train", "eval", "all")
EVAL_SHARE = 10  # one prompt in so many is for evaluation
SPLIT_TOKENS = 8  # texts that agree in so many tokens fall into the same split
_REVIEW_COLUMNS = ("text", "review")
_BREAK = re.compile(r"<\s*/?\s*br\s*/?\s*>", re.IGNORECASE)


@dataclass(frozen=True)
class Prompts:
    """A set of prompts.

    Raises:
        ValueError: If there is none.
    """

    texts: tuple[str, ...]
    """The prompts; one that is here twice is drawn twice as often."""
    dropped: int = 0
    """Number of candidates left out: their tokens are no text, too many or also a training prompt."""

    def __post_init__(self) -> None:
        if not self.texts:
            raise ValueError("prompts must hold at least one text, got none: pass another source or split")

    def __len__(self) -> int:
        return len(self.texts)

    def sample(self, rng: np.random.Generator) -> tuple[int, str]:
        """Returns the position of a prompt in `texts` and its text, each prompt equally likely."""
        prompt_id = int(rng.integers(len(self.texts)))
        return prompt_id, self.texts[prompt_id]


@dataclass(frozen=True)
class _Opening:
    """How a review is cut; with `max_tokens` None a text stays whole."""

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

    def length(self, text: str) -> int:
        """Returns the number of tokens to keep, drawn evenly by the text's hash."""
        assert self.max_tokens is not None
        return self.min_tokens + _hash(f"length {self.seed}", text) % (self.max_tokens - self.min_tokens + 1)


def _read_bundled() -> Sequence[str]:
    asset = resources.files("rlsf_gym") / "assets" / "prompts.txt"
    return [line for line in asset.read_text(encoding="utf-8").split("\n") if line.strip()]


PROMPTS: dict[str, Any] = {"bundled": _read_bundled, "toy": TOY_PROMPTS}
"""Name to prompts: a list of strings, `Prompts`, a function that returns either, or `"module:attribute"`."""


def load_prompts(
    spec: str | Sequence[str] | Prompts = "bundled",
    *,
    tokenizer: str | Tokenizer = "bundled",
    split: str = "train",
    cut: bool | None = None,
    column: str | None = None,
    max_prompt_tokens: int = 16,
    min_chars: int = 200,
    min_tokens: int = 2,
    max_tokens: int = 8,
    max_samples: int | None = None,
    seed: int = 0,
) -> Prompts:
    """Returns the prompts of one split.

    Args:
        spec: A name in `PROMPTS`, strings, a .txt file (one prompt a line), a .csv, .jsonl or .parquet file,
            a data set (folder or name on the Hugging Face hub), `"module:attribute"`, or an object with
            `texts` and `sample`, which is returned as it is.
        tokenizer: What the environment uses.
        split: `"train"`, `"eval"` (about a tenth, none of them equal to a training prompt) or `"all"`.
        cut: Whether the texts are reviews, to be cut to openings. By default those in a column `text` or
            `review` are, and those in a column `prompt` and plain strings are not.
        column: Column of a file or data set; by default the first of `prompt`, `text`, `review` there is.
        max_prompt_tokens: P; a prompt of more tokens is dropped.
        min_chars: Reviews of more characters than this are used.
        min_tokens: The least number of tokens that a review is cut to.
        max_tokens: The greatest one.
        max_samples: At most this many prompts, chosen by hash; all by default.
        seed: Changes the lengths of the openings and the choice of `max_samples`, not the split.

    Raises:
        ValueError: If the source cannot be read or nothing is left of it.
    """
    if split not in SPLITS:
        raise ValueError(f"split must be one of {', '.join(SPLITS)}, got {split!r}")
    source = _read_source(spec, column)
    if not isinstance(source, TextColumn):
        return source
    cutting = source.name in _REVIEW_COLUMNS if cut is None else cut
    if cutting and max_tokens > max_prompt_tokens:
        raise ValueError(
            f"max_tokens must be at most max_prompt_tokens, got {max_tokens} > {max_prompt_tokens}: "
            "lower max_tokens in prompts_kwargs"
        )
    opening = _Opening(min_chars, min_tokens, max_tokens if cutting else None, seed)
    prompts = _prepare(source.texts, load_tokenizer(tokenizer), split, opening, max_prompt_tokens)
    if max_samples is None:
        return prompts
    return Prompts(_choose(prompts.texts, max_samples, seed), prompts.dropped)


def register_prompts(name: str, prompts: str | Sequence[str] | Prompts | Callable[[], Any]) -> None:
    """Gives prompts a name of their own.

    Args:
        name: The name, without a colon.
        prompts: Strings, `Prompts`, a function that returns either, or its `"module:attribute"`.

    Raises:
        ValueError: If the name belongs to other prompts.
    """
    register("prompts", name, prompts, PROMPTS)


def _read_source(spec: Any, column: str | None) -> TextColumn | Prompts:
    """Returns the texts of a source, or an object that is a source already."""
    if isinstance(spec, Path):
        spec = str(spec)
    if isinstance(spec, str) and spec not in PROMPTS:
        path = Path(spec)
        if path.is_file() or path.suffix.lower() in FILE_READERS:
            return read_file(path, column)
        if path.exists() or ":" not in spec:
            return read_dataset(spec, column)
    found = resolve("prompts", spec, PROMPTS)
    if callable(found):
        found = found()
    if hasattr(found, "texts") and hasattr(found, "sample"):
        return cast(Prompts, found)
    return TextColumn("prompt", _check_strings(found))


def _check_strings(found: Any) -> tuple[str, ...]:
    if isinstance(found, str) or not isinstance(found, Iterable):
        raise ValueError(f"prompts must be strings or have texts and sample, got {type(found).__name__}")
    texts = tuple(cast(Iterable[Any], found))
    for number, text in enumerate(texts):
        if not isinstance(text, str):
            raise ValueError(f"prompts must be strings, got {type(text).__name__} at position {number}")
    if not texts:
        raise ValueError("prompts must hold at least one text, got an empty list")
    return texts


def _prepare(
    texts: Sequence[str], tokenizer: Tokenizer, split: str, opening: _Opening, max_prompt_tokens: int
) -> Prompts:
    if opening.max_tokens is not None:
        texts = [_clean(review) for review in texts if len(review) > opening.min_chars]
        if not texts:
            raise ValueError(
                f"prompts must hold reviews of more than {opening.min_chars} characters, got none"
            )
    candidates = [_candidate(text, tokenizer, opening) for text in texts]
    taken = [prompt for is_eval, prompt in candidates if split == "all" or is_eval == (split == "eval")]
    train = {prompt for is_eval, prompt in candidates if not is_eval} if split == "eval" else set[str]()
    kept = [prompt for prompt in taken if prompt not in train and _fits(prompt, tokenizer, max_prompt_tokens)]
    if not kept:
        raise ValueError(
            f"prompts must hold a usable text in split {split!r}: {len(taken)} of {len(texts)} texts belong "
            f"to it and none fits: use split='all' or raise max_prompt_tokens ({max_prompt_tokens})"
        )
    return Prompts(tuple(kept), dropped=len(taken) - len(kept))


def _candidate(text: str, tokenizer: Tokenizer, opening: _Opening) -> tuple[bool, str]:
    """Returns whether a text is for evaluation, and its prompt: "" where that is no text."""
    head_tokens = max(SPLIT_TOKENS, opening.max_tokens or 0)
    try:
        ids = _encode_head(text, tokenizer, head_tokens)
    except ValueError:  # a lone surrogate: no bytes stand for it
        return False, ""
    is_eval = _hash("split", tokenizer.decode(ids[:SPLIT_TOKENS])) % EVAL_SHARE == 0
    if opening.max_tokens is None:
        return is_eval, text
    pieces = map(tokenizer.token_bytes, ids[: opening.length(text)])
    try:
        return is_eval, b"".join(pieces).decode("utf-8")
    except UnicodeDecodeError:  # cut in the middle of a character
        return is_eval, ""


def _fits(prompt: str, tokenizer: Tokenizer, max_prompt_tokens: int) -> bool:
    """Tells whether the tokens of a prompt are at most so many and stand for this very prompt."""
    if not prompt.strip():
        return False
    ids = tokenizer.encode(prompt)
    return len(ids) <= max_prompt_tokens and tokenizer.decode(ids) == prompt


def _choose(texts: tuple[str, ...], max_samples: int, seed: int) -> tuple[str, ...]:
    if max_samples < 1:
        raise ValueError(f"max_samples must be at least 1, got {max_samples}")
    ranks = [(_hash(f"sample {seed}", text), position) for position, text in enumerate(texts)]
    return tuple(
        texts[position] for position in sorted(position for _, position in sorted(ranks)[:max_samples])
    )


def _clean(review: str) -> str:
    """Returns the review with a newline for each run of line-break tags."""
    lines = map(str.strip, _BREAK.split(review))
    return "\n".join(line for line in lines if line)


def _encode_head(text: str, tokenizer: Tokenizer, tokens: int) -> list[int]:
    """Returns the first ids of a text, at least `tokens` if it has them; most of a review is never looked at.

    The head ends before a space, where words and so tokens end, so that the ids are those of the whole text.
    """
    width = 6 * tokens
    while width < len(text):
        ids = tokenizer.encode(text[: text.rfind(" ", 0, width) + 1].rstrip())
        if len(ids) >= tokens:
            return ids
        width *= 2
    return tokenizer.encode(text)


def _hash(purpose: str, text: str) -> int:
    """Returns 64 bits that are the same on every machine and in every process."""
    digest = blake2b(f"{purpose}\0{text}".encode("utf-8", "surrogatepass"), digest_size=8).digest()
    return int.from_bytes(digest, "big")
