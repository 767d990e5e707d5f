"""Slots of an answer: which symbols there are, and what each asserts."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations
from typing import Any, cast

from rlsf_gym.domains.constraints.cnf import Formula

__all__ = ["BLANK", "Slots", "make_slots"]

BLANK = "."
"""A slot of which the prompt gives nothing, where slots have an order."""

Slot = tuple[tuple[str, int], ...]


@dataclass(frozen=True)
class Slots:
    """What an answer says: one symbol of each slot."""

    slots: tuple[Slot, ...]
    """Texts of symbols with their literals."""
    is_ordered: bool
    """Whether the slots stand in this order; otherwise in any."""
    separator: str = " "
    """Text between two symbols."""
    last: str = ""
    """Text behind the last symbol and a separator; "" without either."""

    def say(self, literal: int) -> str:
        """Returns the text of a literal, with the place of the slot where they have an order."""
        for number, slot in enumerate(self.slots, start=1):
            for text, other in slot:
                if other == literal:
                    return f"{text} at place {number}" if self.is_ordered else text
        raise ValueError(f"literal must be one that a symbol asserts, got {literal}")

    def tell_given(self, given: Sequence[int]) -> str:
        """Returns in the form of an answer what is given, with blanks where slots have an order."""
        told = [next((text for text, literal in slot if literal in given), BLANK) for slot in self.slots]
        if self.is_ordered:
            return self.separator.join(told)
        return (self.separator or " ").join(text for text in told if text != BLANK)

    def find_texts(self) -> list[str]:
        """Returns every text that an answer is made of, each once."""
        texts = [text for slot in self.slots for text, _ in slot]
        return list(dict.fromkeys([*texts, *(one for one in (self.separator, self.last) if one)]))

    def is_even(self, formula: Formula) -> bool:
        """Returns whether each solution has one symbol of each slot, as far as single clauses say so."""
        clauses = {*map(frozenset, formula.clauses)}
        for slot in self.slots:
            literals = [literal for _, literal in slot]
            pairs = [frozenset((-one, -other)) for one, other in combinations(literals, 2)]
            is_opposite = len(literals) == 2 and literals[0] == -literals[1]
            if not is_opposite and not clauses.issuperset([frozenset(literals), *pairs]):
                return False
        return True


def make_slots(symbols: Any, separator: Any, formula: Formula) -> Slots:
    """Returns the slots of a mapping from symbols to literals.

    Args:
        symbols: A dict of texts to literals, a text for each variable and one for its negative, which an
            answer says in any order; a list of such dicts, of each of which it says one, in their order; or
            None for the literals themselves, as DIMACS writes them, and 0 behind them.
        separator: Text between two symbols.
        formula: The formula.

    Raises:
        ValueError: If it is no such mapping, or an answer could be read in two ways.
    """
    is_text = isinstance(separator, str) and "\n" not in separator
    if not is_text or (separator.startswith(" ") and separator != " "):
        raise ValueError(
            f"separator must be a space, or a text that does not begin with one, got {separator!r}"
        )
    if symbols is None:
        slots = tuple(((str(one), one), (str(-one), -one)) for one in range(1, formula.variables + 1))
        return Slots(slots, is_ordered=False, last="0")
    if isinstance(symbols, Mapping):
        made = Slots(_pair(_read_slot(symbols, formula)), is_ordered=False, separator=separator)
    elif isinstance(symbols, list) and symbols:
        rows = tuple(_read_slot(one, formula) for one in cast(list[Any], symbols))
        made = Slots(rows, is_ordered=True, separator=separator)
    else:
        raise ValueError(
            f"symbols must be a dict of texts to literals, or a list of such, got {symbols!r:.80}"
        )
    _check_borders(made)
    return made


def _read_slot(symbols: Any, formula: Formula) -> Slot:
    """Returns the symbols of a dict."""
    if not isinstance(symbols, Mapping) or not symbols:
        raise ValueError(
            f"symbols must be a dict of texts to literals, or a list of such, got {symbols!r:.80}"
        )
    slot: Slot = tuple(cast(Mapping[Any, Any], symbols).items())
    for text, literal in slot:
        is_text = isinstance(cast(Any, text), str) and text and text == text.strip() and "\n" not in text
        if not is_text or text == BLANK:
            raise ValueError(
                f"symbols must be texts without a space at either end, and not {BLANK!r}, got {text!r:.40}"
            )
        if type(literal) is not int or not 0 < abs(literal) <= formula.variables:
            raise ValueError(
                f"symbols must stand for literals from 1 to {formula.variables} or their negatives, got "
                f"{literal!r:.40} for {text!r:.40}"
            )
    if len({literal for _, literal in slot}) < len(slot):
        raise ValueError(f"symbols must stand for one literal each, got one twice in {dict(slot)!r:.80}")
    return slot


def _pair(symbols: Slot) -> tuple[Slot, ...]:
    """Returns a slot for each variable, which has a symbol for it and one for its negative."""
    texts = {literal: text for text, literal in symbols}
    alone = next((literal for literal in texts if -literal not in texts), None)
    if alone is not None:
        raise ValueError(
            f"symbols must have a text for {-alone}, as for {alone}, or be a list of dicts, one a place"
        )
    firsts = {abs(literal): literal for literal in reversed(texts)}  # of each variable, what stands first
    return tuple(((texts[one], one), (texts[-one], -one)) for one in texts if firsts[abs(one)] == one)


def _check_borders(slots: Slots) -> None:
    """Checks that each symbol ends where it is meant to, whatever is read as far as it goes on."""
    groups = slots.slots if slots.is_ordered else [[one for slot in slots.slots for one in slot]]
    for group in groups:
        for (one, _), (other, _) in combinations(sorted(group), 2):
            rest = other[len(one) :] if other.startswith(one) else ""
            if rest and (not slots.separator or rest[0] == slots.separator[0]):
                raise ValueError(
                    f"symbols must end where the separator {slots.separator!r} begins, got {one!r:.40}, "
                    f"which goes on as {other!r:.40}"
                )
