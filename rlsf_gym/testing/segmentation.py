"""Holds a segmentation to its protocol, over sample texts."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

import numpy as np

from rlsf_gym.contract import ContractError
from rlsf_gym.domains import load_domain
from rlsf_gym.evidence import IntArray
from rlsf_gym.text.segmentation import (
    Segmentation,
    choose_segmentation,
    closed_ends_batch,
    closed_ends_by_row,
    find_groups,
    find_unit_ends,
    find_units,
)

__all__ = ["check_segmentation"]

_CHANCES: Final = 8  # ways in which a response is cut into tokens


def check_segmentation(
    segmentation: Any,
    *,
    pairs: Sequence[tuple[str, str]] | None = None,
    domain: Any = "sentiment",
    seed: int = 0,
) -> None:
    """Checks that a segmentation keeps the promises of `rlsf_gym.text.segmentation.Segmentation`.

    Units are spans in order and apart, complete inside their spans, in groups that go up. What is closed
    after a token never shrinks, rests on the characters up to it alone, and is all of the text at the end;
    the batched form says the same. A text of which no unit is absent is the text itself.

    Args:
        segmentation: An object with the methods of the protocol.
        pairs: Prompts and responses to divide; by default the samples of the domain.
        domain: Anything that `load_domain` takes.
        seed: Seed of the ways in which responses are cut into tokens.

    Raises:
        ContractError: If it breaks a promise: the message names the method and the promise, with a text that
            shows it.
        ValueError: If it lacks a method.
    """
    rng = np.random.default_rng(seed)
    checked = _Checked(choose_segmentation(None, segmentation))
    for prompt, response in load_domain(domain).samples.pairs if pairs is None else pairs:
        checked.check_units(prompt, response)
        for _ in range(_CHANCES):
            ends = np.sort(rng.integers(len(response) + 1, size=4))
            checked.check_closing(response, np.append(ends, len(response)).astype(np.int64))


class _Checked:
    """A segmentation under test."""

    def __init__(self, segmentation: Segmentation) -> None:
        self._segmentation = segmentation
        self._name = type(segmentation).__name__

    def check_units(self, prompt: str, response: str) -> None:
        """Checks the units of a response, their groups, and the text without some of them."""
        text = prompt + response
        try:
            units = find_units(self._segmentation, response) + len(prompt)
            find_unit_ends(self._segmentation, text, units)
            groups = find_groups(self._segmentation, text, units)
        except ValueError as error:
            raise ContractError(str(error)) from error
        if len(groups) and (groups[0] != 0 or (np.diff(groups) < 0).any()):
            raise self._broken("groups", f"numbers from 0 that do not decrease, got {groups.tolist()}", text)
        everything = list(range(len(units)))
        texts = self._segmentation.without(text, units, [[], everything, everything[:1]])
        if len(texts) != 3 or texts[0] != text:
            raise self._broken("without", f"the text itself where no unit is absent, got {texts[:1]}", text)
        kept = text[: int(units[0, 0])] if len(units) else text
        for other in texts:
            if not other.startswith(kept):
                raise self._broken("without", f"a text that begins with {kept!r}, got {other!r}", text)

    def check_closing(self, response: str, char_ends: IntArray) -> None:
        """Checks what is closed after each token, alone, in a batch and with another end."""
        size = np.array([len(char_ends)])
        alone = self._segmentation.closed_ends(response, char_ends)
        if alone.dtype != np.int64:
            raise self._broken("closed_ends", f"int64, got {alone.dtype}", response)
        batch = ([response] * 2, np.stack([char_ends] * 2), size.repeat(2))
        try:
            by_row = closed_ends_by_row(self._segmentation, *batch)
            both = closed_ends_batch(self._segmentation, *batch)
        except ValueError as error:
            raise ContractError(str(error)) from error
        if not np.array_equal(both, by_row):
            wanted = f"what closed_ends does, {alone.tolist()}, got {both.tolist()}"
            raise self._broken("closed_ends_batch", wanted, response)
        for token, end in enumerate(char_ends[:-1].tolist()):
            for other in (response[:end], response[:end] + "x", response[:end] + " x)"):
                ends = np.append(char_ends[: token + 1], len(other))
                known = int(self._segmentation.closed_ends(other, ends)[token])
                if known != alone[token]:
                    raise self._broken(
                        "closed_ends",
                        f"what the first {end} characters say alone: {alone[token]}, and {known} where the "
                        f"response is {other!r}",
                        response,
                    )

    def _broken(self, method: str, wanted: str, text: str) -> ContractError:
        return ContractError(f"segmentation {self._name} must return {wanted} from {method} for {text!r:.80}")
