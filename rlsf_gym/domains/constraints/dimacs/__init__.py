"""A formula of one's own: a file in the DIMACS format, and a mapping from symbols to literals."""

from __future__ import annotations

import re
from functools import partial
from importlib import resources
from pathlib import Path
from typing import Any, Final, cast

from rlsf_gym.arguments import Argument, ArgumentError
from rlsf_gym.domains.constraints.dimacs.puzzles import DimacsFace, DimacsPuzzles, read_statement
from rlsf_gym.domains.constraints.dimacs.slots import BLANK, Slots
from rlsf_gym.domains.constraints.scorer import MAX_MODELS, ConstraintScorer
from rlsf_gym.domains.constraints.segmentation import Claims
from rlsf_gym.domains.domain import Domain, Samples
from rlsf_gym.instance import Instance, copy_data
from rlsf_gym.text.pieces import PieceTokenizer

__all__ = ["make_constraints"]

_BUNDLED: Final = "petersen.cnf"
"""The Petersen graph in three colours."""
_COLOURS: Final = [{"r": 3 * node + 1, "g": 3 * node + 2, "b": 3 * node + 3} for node in range(10)]
"""A letter for each of its nodes."""
_SHOWN: Final = 24  # symbols that tests write answers of


def make_constraints(
    *,
    file: str | None = None,
    symbols: Any = None,
    separator: str | None = None,
    given: int | None = None,
    value: Any = "random",
    max_models: int = MAX_MODELS,
) -> Domain:
    r"""Returns the domain of a formula of one's own.

    A puzzle gives some symbols of a right answer in its prompt, and the answer says them all.

    Args:
        file: Path of the formula in the DIMACS format; by default a graph that is to be coloured.
        symbols: What answers are made of: a dict of texts to literals, a text for each variable and one for
            its negative, of which an answer says one each in any order; a list of such dicts, of each of
            which it says one in their order; by default the literals themselves, as in "1 -2 3 0".
        separator: Text between two symbols, a space by default.
        given: Number of symbols that the prompt of a drawn puzzle gives; a third of all by default.
        value: What a prefix is worth: "random", the chance that evenly drawn symbols end right, or
            "solvable", 1 while a right answer is possible.
        max_models: Number of solutions of a puzzle, up to which they are listed; "random" needs them listed.

    Raises:
        ValueError: If an argument has a wrong value, the file is no formula, or it has no solution.

    Example:
        >>> import numpy as np
        >>> puzzles = make_constraints(given=3).instances("train")
        >>> puzzles.sample(np.random.default_rng(0)).prompt
        '.....rr..g\n'
    """
    if file is None and (symbols is not None or separator is not None):
        raise ArgumentError(Argument("domain_kwargs.file"), " must be given where symbols or a separator are")
    text, symbols, separator = _read(file, symbols, separator)
    scorer = ConstraintScorer(DimacsFace(), value=value, max_models=max_models)
    slots = _check(text, symbols, separator, scorer)
    count = len(slots.slots) // 3 if given is None else given
    if type(count) is not int or not 0 <= count <= len(slots.slots):
        raise ArgumentError(
            Argument("domain_kwargs.given"), f" must be an int from 0 to {len(slots.slots)}, got {given!r}"
        )
    length = _measure(slots)
    drawn = {"text": text, "symbols": symbols, "separator": separator, "given": count, "scorer": scorer}
    return Domain(
        name="constraints",
        scorers={"constraints": scorer},
        checkers={"constraints": "rlsf_gym.domains.constraints.checker:verify"},
        samples=_make_samples(slots),
        segmentation=_make_segmentation(slots),
        instances=partial(DimacsPuzzles, **cast(Any, drawn)),
        defaults={
            "tokenizer": _make_tokenizer(slots),
            "max_prompt_tokens": length + 1,
            "max_new_tokens": length + 1,
        },
        labels={"unit": "symbol", "amount": "chance"},
    )


def _read(file: str | None, symbols: Any, separator: str | None) -> tuple[str, Any, str]:
    """Returns the text of the formula, the symbols as plain JSON, and the separator."""
    if file is None:
        asset = resources.files("rlsf_gym.domains.constraints") / "assets" / _BUNDLED
        return asset.read_text(encoding="utf-8"), _COLOURS, ""
    if not isinstance(cast(Any, file), str):
        raise ArgumentError(Argument("domain_kwargs.file"), f" must be a path as a text, got {file!r:.80}")
    try:
        text = Path(file).read_text(encoding="utf-8")
        symbols = copy_data({"symbols": symbols})["symbols"]
    except OSError as error:
        raise ArgumentError(
            Argument("domain_kwargs.file"),
            f" must be a file that can be read, got {file!r}: {error.strerror}",
        ) from error
    except UnicodeDecodeError as error:
        raise ArgumentError(Argument("domain_kwargs.file"), f" must be a text, got {file!r}") from error
    return text, symbols, " " if separator is None else separator


def _check(text: str, symbols: Any, separator: str, scorer: ConstraintScorer) -> Slots:
    """Returns the slots of an answer, after checking that there is a right one."""
    try:
        slots = read_statement(text, symbols, separator).slots
        data: dict[str, Any] = {"formula": text, "symbols": symbols, "separator": separator, "given": []}
        scorer.check(scorer.face.pose(Instance(f"{slots.tell_given([])}\n", -1, data)))
    except ValueError as error:
        raise ArgumentError(
            Argument("domain_kwargs.file"),
            f" must hold a formula with a solution and fit the symbols: {error}",
        ) from error
    return slots


def _measure(slots: Slots) -> int:
    """Returns the length of the longest answer, in bytes."""
    texts = sum(max(len(text.encode()) for text, _ in slot) for slot in slots.slots)
    borders = len(slots.slots) - (not slots.last)
    return texts + borders * len(slots.separator.encode()) + len(slots.last)


def _make_tokenizer(slots: Slots) -> PieceTokenizer:
    """Returns a tokenizer of the symbols, and of all characters in them."""
    texts = slots.find_texts()
    characters = sorted({*"".join(texts), " ", "\n", BLANK})
    return PieceTokenizer(list(dict.fromkeys([*characters, *texts])))


def _make_samples(slots: Slots) -> Samples:
    """Returns symbols, alone and with what stands behind them, and what is none."""
    texts = slots.find_texts()[:_SHOWN]
    pieces = [
        *texts,
        *(text + slots.separator for text in texts),
        slots.separator,
        slots.last,
        " ",
        "x",
        BLANK,
    ]
    return Samples((*(piece.encode() for piece in dict.fromkeys(pieces) if piece), b"\xc2"))


def _make_segmentation(slots: Slots) -> Claims:
    """Returns the segmentation into the symbols of slots, and what else is written."""
    texts = {text for slot in slots.slots for text, _ in slot}
    longest_first = sorted(texts, key=lambda text: (-len(text), text))
    return Claims("|".join([*map(re.escape, longest_first), r"\S"]))
