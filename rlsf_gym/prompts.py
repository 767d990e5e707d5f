"""Prompts: the texts that responses continue, drawn with the environment's generator.

Reviews become prompts as in the original proof of concept: those of more than 200 characters, cut to their
first 2 to 8 tokens. The number of tokens, the split and the choice of `max_samples` follow from a hash of the
text alone, so that neither the order of the source nor the other texts in it matter.
"""

from __future__ import annotations

import os
import re
import warnings
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple, cast

import numpy as np

from rlsf_gym.domains import Domain, load_domain
from rlsf_gym.left_out import LeftOut
from rlsf_gym.openings import Opening, encode_head, hash_text
from rlsf_gym.registry import Table
from rlsf_gym.text.text_column import TextColumn
from rlsf_gym.text.text_files import FILE_READERS, read_dataset, read_path
from rlsf_gym.text.text_tables import is_table, read_strings, read_table
from rlsf_gym.text.tokenizer import Tokenizer, load_tokenizer

__all__ = ["PROMPTS", "SPLITS", "Prompts", "load_prompts", "register_prompts"]

SPLITS = ("train", "eval", "all")
EVAL_SHARE = 10  # one prompt in so many is for evaluation
SPLIT_TOKENS = 8  # texts that agree in so many tokens fall into the same split
_BLANK = "without a word"
_NOT_ENCODED = "that the tokenizer cannot encode"
_IN_TRAINING = "that are training prompts as well"
_HUB_NAME = re.compile(r"[\w.-]+(?:/[\w.-]+)?")


@dataclass(frozen=True)
class Prompts:
    """Set of prompts of one split, from which environments draw.

    Raises:
        ValueError: If there is no text, or one is not a string.
    """

    texts: tuple[str, ...]
    """The prompts; one that is here twice is drawn twice as often."""
    dropped: int = 0
    """Number of texts of this split that were left out; `load_prompts` warns with the reasons."""

    def __post_init__(self) -> None:
        if not self.texts:
            raise ValueError("prompts must hold at least one text, got none: pass another source or split")
        if not isinstance(cast(Any, self.texts), tuple | list) or not all(
            isinstance(cast(Any, text), str) for text in self.texts
        ):
            raise ValueError(
                f"texts of Prompts must be a tuple of strings, got {self.texts!r:.80}: "
                "load_prompts reads other sources"
            )

    def __len__(self) -> int:
        return len(self.texts)

    def sample(self, rng: np.random.Generator) -> tuple[int, str]:
        """Returns the position of a prompt in `texts` and its text, each prompt equally likely."""
        prompt_id = int(rng.integers(len(self.texts)))
        return prompt_id, self.texts[prompt_id]


class _Candidate(NamedTuple):
    """Candidate for a prompt: a text, the prompt made of it, or the reason why it cannot be one."""

    is_eval: bool
    prompt: str
    reason: str = ""
    """Reason why the text cannot be a prompt; "" as long as it can."""


PROMPTS = Table(
    "prompts",
    {
        "bundled": "rlsf_gym.domains.sentiment.reviews:read_bundled",
        "toy": "rlsf_gym.domains.sentiment.toy:TOY_PROMPTS",
    },
)
"""Name to prompts: a list of strings, `Prompts`, a function that returns either, or `"module:attribute"`."""
_BUILT_IN = frozenset(PROMPTS)  # of these as many as fit are meant


def load_prompts(
    spec: Any = "bundled",
    *,
    tokenizer: str | os.PathLike[str] | Tokenizer = "bundled",
    split: str = "train",
    cut: bool | None = None,
    column: str | None = None,
    max_prompt_tokens: int = 16,
    min_chars: int = 200,
    min_tokens: int = 2,
    max_tokens: int = 8,
    max_samples: int | None = None,
    seed: int = 0,
    domain: str | Domain = "sentiment",
) -> Prompts:
    """Returns the prompts of one split.

    Texts of the split that cannot be prompts are left out and counted: blank ones, those of more than
    `max_prompt_tokens` tokens, and those that the tokenizer changes or cannot encode; of reviews also short
    ones, openings that end inside of a character, and for `"eval"` openings that training has as well. One
    warning says how many there are of each kind, with the first of it; not for `"bundled"` and `"toy"`, of
    which as many as fit are meant.

    Args:
        spec: A name in `PROMPTS`, strings, a .txt file (one prompt a line), a .csv, .tsv, .jsonl or .parquet
            file or folder of parts, a data set (folder or name on the Hugging Face hub), a table
            (`DataFrame`, `Dataset`, PyArrow's `Table`, a dict of columns, a list of dicts),
            `"module:attribute"`, or an object with `texts` and `sample`, which is returned as it is.
        tokenizer: Tokenizer of the environment.
        split: `"train"`, `"eval"` (about a tenth, none of them equal to a training prompt) or `"all"`.
        cut: Whether the texts are reviews, to be cut to openings. By default those in a column `text` or
            `review` are, which a warning says, and those in another column and plain strings are not.
        column: Column of a file, table or data set; by default the first of `prompt`, `text`, `review` there
            is.
        max_prompt_tokens: P; a prompt of more tokens is left out.
        min_chars: Reviews of more characters than this are used.
        min_tokens: The least number of tokens that a review is cut to.
        max_tokens: The greatest number of tokens that a review is cut to.
        max_samples: At most this many prompts, chosen by hash; all by default.
        seed: Changes the lengths of the openings and the choice of `max_samples`, not the split.
        domain: Domain, which knows the columns that hold reviews, and how to clean one.

    Raises:
        ValueError: If the source cannot be read or nothing is left of it.
    """
    check_split(split)
    source = _read_source(spec, column)
    if not isinstance(source, TextColumn):
        return source
    corpus = load_domain(domain).corpus
    cutting = source.name in corpus.columns if cut is None else cut
    if cutting and max_tokens > max_prompt_tokens:
        raise ValueError(
            f"max_tokens must be at most max_prompt_tokens, got {max_tokens} > {max_prompt_tokens}: "
            "lower max_tokens in prompts_kwargs"
        )
    opening = Opening(corpus, min_chars, min_tokens, max_tokens if cutting else None, seed)
    prompts, left_out = _prepare(source.texts, load_tokenizer(tokenizer), split, opening, max_prompt_tokens)
    notices = [opening.notice(source.name)] if cutting and cut is None else []
    if left_out.total:
        notices.append(
            f"{left_out.total:,} of {left_out.total + len(prompts):,} texts are left out: {left_out}"
        )
    if notices and not (isinstance(spec, str) and spec in _BUILT_IN):
        warnings.warn(f"prompts of split {split!r}: {'; '.join(notices)}", stacklevel=2)
    if max_samples is None:
        return prompts
    return Prompts(_choose(prompts.texts, max_samples, seed), prompts.dropped)


def register_prompts(name: str, prompts: str | Sequence[str] | Prompts | Callable[[], Any]) -> None:
    """Registers prompts under a name.

    Args:
        name: The name, without a colon.
        prompts: Strings, `Prompts`, a function that returns either, or its `"module:attribute"`.

    Raises:
        ValueError: If the name belongs to other prompts.
    """
    PROMPTS.register(name, prompts)


def check_split(split: Any) -> None:
    """Checks that a split is one of `SPLITS`.

    Raises:
        ValueError: If it is not.
    """
    if split not in SPLITS:
        raise ValueError(f"split must be one of {', '.join(SPLITS)}, got {split!r}")


def _read_source(spec: Any, column: str | None) -> TextColumn | Prompts:
    """Returns the texts of a source, or prompts that need no reading."""
    if isinstance(spec, str) and spec not in PROMPTS:
        suffix = Path(spec).suffix.lower()
        if spec and (os.path.exists(spec) or suffix in FILE_READERS or spec.startswith((".", "/", "~"))):
            return read_path(Path(spec), column)
        if ":" not in spec or any(map(str.isspace, spec)):
            return _read_hub(spec, column)
    found = PROMPTS.load(spec)
    if callable(found):
        found = found()
    if isinstance(found, os.PathLike):
        return read_path(Path(cast("os.PathLike[str]", found)), column)
    if is_table(found):
        return read_table(found, column)
    if hasattr(found, "texts") and hasattr(found, "sample"):
        return cast(Prompts, found)
    return read_strings(found, column)


def _read_hub(name: str, column: str | None) -> TextColumn:
    if not _HUB_NAME.fullmatch(name):
        raise ValueError(
            f"prompts must be one of {', '.join(map(repr, PROMPTS))}, a path, a data set on the hub or "
            f"'module:attribute', got {name!r:.80}: pass a list of strings for prompts of your own"
        )
    return read_dataset(name, column)


def _prepare(
    texts: Sequence[str], tokenizer: Tokenizer, split: str, opening: Opening, max_prompt_tokens: int
) -> tuple[Prompts, LeftOut]:
    """Returns the prompts of a split, and counts of its texts that were left out."""
    if opening.max_tokens is not None and all(len(text) <= opening.min_chars for text in texts):
        raise ValueError(
            f"prompts must hold {opening.corpus.noun} of more than {opening.min_chars} characters, got none"
        )
    candidates = [_candidate(text, tokenizer, opening) for text in texts]
    taken = [one for one in candidates if split == "all" or one.is_eval == (split == "eval")]
    train = {one.prompt for one in candidates if not one.is_eval} if split == "eval" else set[str]()
    kept: list[str] = []
    left_out = LeftOut()
    for _, prompt, reason in taken:
        becomes = None
        if not reason and prompt in train:
            reason = _IN_TRAINING
        if not reason:
            reason, becomes = _misfit(prompt, tokenizer, max_prompt_tokens)
        if reason:
            left_out.add(reason, prompt, becomes)
        else:
            kept.append(prompt)
    if not kept:
        raise ValueError(
            f"prompts must hold a usable text in split {split!r}: {len(taken)} of {len(texts)} texts belong "
            f"to it and none fits: {left_out if taken else 'use split=' + repr('all')}"
        )
    return Prompts(tuple(kept), dropped=left_out.total), left_out


def _candidate(text: str, tokenizer: Tokenizer, opening: Opening) -> _Candidate:
    """Returns the candidate made of a text, before the split is checked as a whole."""
    if not text.strip():
        return _Candidate(False, text, _BLANK)
    is_short = opening.max_tokens is not None and len(text) <= opening.min_chars
    if opening.max_tokens is not None:
        text = opening.corpus.clean(text)
    try:
        ids = encode_head(text, tokenizer, max(SPLIT_TOKENS, opening.max_tokens or 0))
    except ValueError:
        return _Candidate(False, text, _NOT_ENCODED)
    is_eval = hash_text("split", tokenizer.decode(ids[:SPLIT_TOKENS])) % EVAL_SHARE == 0
    if is_short:
        return _Candidate(is_eval, text, f"{opening.corpus.noun} of at most {opening.min_chars} characters")
    if opening.max_tokens is None:
        return _Candidate(is_eval, text)
    pieces = map(tokenizer.token_bytes, ids[: opening.length(text)])
    try:
        return _Candidate(is_eval, b"".join(pieces).decode("utf-8"))
    except UnicodeDecodeError:
        return _Candidate(is_eval, text, "whose opening ends inside of a character")


def _misfit(prompt: str, tokenizer: Tokenizer, max_prompt_tokens: int) -> tuple[str, str | None]:
    """Returns why a text is no prompt, "" if it is one, and the text its tokens decode to if that differs."""
    if not prompt.strip():
        return _BLANK, None
    try:
        ids = tokenizer.encode(prompt)
    except ValueError:
        return _NOT_ENCODED, None
    becomes = tokenizer.decode(ids)
    if becomes != prompt:
        return "that the tokenizer changes, so take another tokenizer or other texts", becomes
    is_long = len(ids) > max_prompt_tokens
    return f"of more than max_prompt_tokens={max_prompt_tokens} tokens, so raise it" if is_long else "", None


def _choose(texts: tuple[str, ...], max_samples: int, seed: int) -> tuple[str, ...]:
    if max_samples < 1:
        raise ValueError(f"max_samples must be at least 1, got {max_samples}")
    ranks = [(hash_text(f"sample {seed}", text), position) for position, text in enumerate(texts)]
    return tuple(
        texts[position] for position in sorted(position for _, position in sorted(ranks)[:max_samples])
    )
