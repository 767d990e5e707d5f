"""Holds the tokenizer that a model came with against the vocabulary that an environment says it has."""

from __future__ import annotations

import warnings
from collections.abc import Mapping, Sequence
from typing import Any

from agents.policies.bundled import bundled_names
from agents.policies.vocabulary import TokenizerFiles, find_tokenizer

KEY = "vocabulary_sha256"
"""Key of a reset's info: the hash that `agents.policies.vocabulary` describes, where there is one."""


def check_tokenizers(
    tokenizers: Mapping[str, TokenizerFiles],
    openings: Sequence[Mapping[str, Any]],
    vocab_size: int,
    *,
    warn: bool = False,
) -> None:
    """Checks that the tokenizers that models came with are the environment's, as far as both tell.

    Args:
        tokenizers: By what the models are, for messages.
        openings: The infos of a reset.
        vocab_size: V of the environment.
        warn: Warn, once, of models that came without a tokenizer, or with one that can't be compared.

    Raises:
        ValueError: If one of them is another, or the environment names several.
    """
    said = sorted({str(info[KEY]) for info in openings if KEY in info})
    if not said:
        return
    if len(said) > 1:
        raise ValueError(
            f"env: expected one {KEY} in the infos of reset, got {len(said)}; "
            "give all sub-environments the same tokenizer"
        )
    for name, tokenizer in tokenizers.items():
        _check(name, tokenizer, vocab_size, said[0])
    unknown = [name for name, tokenizer in tokenizers.items() if not tokenizer.is_known]
    if warn and unknown:
        warnings.warn(
            f"{' and '.join(unknown)}: found no tokenizer beside the model that could be compared with the "
            "environment's; make sure that they are the same, or say where the model's is "
            "(CausalLMPolicy(..., tokenizer=FOLDER))",
            UserWarning,
            stacklevel=3,
        )


def find_bundled(openings: Sequence[Mapping[str, Any]], vocab_size: int) -> str | None:
    """Returns the name of a bundled model that came with the environment's tokenizer, None where none did.

    Args:
        openings: The infos of a reset.
        vocab_size: V of the environment.
    """
    said = {str(info[KEY]) for info in openings if KEY in info}
    for name in bundled_names():
        tokenizer = find_tokenizer(name, fetch=False)
        if tokenizer.is_known and said == {tokenizer.sha256(vocab_size)}:
            return name
    return None


def _check(name: str, tokenizer: TokenizerFiles, vocab_size: int, claim: str) -> None:
    if not tokenizer.is_known or tokenizer.sha256(vocab_size) == claim:
        return
    bundled = find_bundled([{KEY: claim}], vocab_size)
    raise ValueError(
        f"{name}: expected a model with the tokenizer of the environment (V = {vocab_size}, SHA-256 "
        f"{claim[:12]}...), got one with another ({tokenizer.sha256(vocab_size)[:12]}...); take "
        + (f"{bundled!r}, which is bundled and has it, or " if bundled else "")
        + f"the model's own: tokenizer={tokenizer.source!r} for the environment, by command --tokenizer "
        f"{tokenizer.source}, or beside --env --env-kwargs tokenizer={tokenizer.source}"
    )
