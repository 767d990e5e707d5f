"""Formulas in the DIMACS format for the checker: the text read by words, and a search over slots."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from functools import lru_cache
from typing import Any, Final, NamedTuple

from rlsf_gym.certificates.claimed import CertificateError, tell
from rlsf_gym.domains.constraints.checker.formula import Formula, is_list
from rlsf_gym.domains.constraints.checker.puzzle import Choice

__all__ = ["Dimacs"]

_HEADER: Final = re.compile(r"^p[ \t]+cnf[ \t]+([0-9]{1,9})[ \t]+([0-9]{1,9})[ \t]*$", re.MULTILINE)
_COMMENT: Final = re.compile(r"^[ \t]*c.*$", re.MULTILINE)
_REMEMBERED: Final = 4096
_KEYS: Final = {"formula", "symbols", "separator", "given"}


class Node(NamedTuple):
    """Place in an answer: the slots that it has filled, in order, and what is due behind them."""

    filled: tuple[int, ...] = ()
    due: str = "symbol"


class Dimacs:
    """A formula, of whose solutions an answer says one symbol for each of some slots."""

    rules = ("progress", "syntax", "given", "conflict", "unfinished")
    start = Node()

    def __init__(self, data: Mapping[str, Any]) -> None:
        if {*data} != _KEYS or not isinstance(data["formula"], str) or not is_list(data["given"]):
            raise CertificateError(f"instance must hold {', '.join(sorted(_KEYS))}, but is {tell(data)}")
        self.formula = _read_formula(data["formula"])
        symbols, self._last = data["symbols"], ""
        self._is_ordered = is_list(symbols)
        self._separator: str = data["separator"]
        if symbols is None:
            numbers = range(1, self.formula.variables + 1)
            symbols, self._last, self._separator = (
                {str(x): x for one in numbers for x in (one, -one)},
                "0",
                " ",
            )
        self._slots = self._list_slots(symbols)
        self.givens = tuple(data["given"])
        self.prompt = self._write_prompt() + "\n"
        self._is_even = self._is_each_even()
        self._choices = dict[Node, Sequence[Choice]]()

    def choices(self, node: Node) -> Sequence[Choice]:
        """Returns the symbols that may stand next, listed once for each place."""
        if node not in self._choices:
            if len(self._choices) >= _REMEMBERED:
                self._choices.clear()
            self._choices[node] = self._list_choices(node)
        return self._choices[node]

    def may_end(self, node: Node) -> bool:
        """Returns whether all slots are filled, and what is written behind them stands there."""
        return node.due == "end"

    def count_ways(self, node: Node) -> int | None:
        """Returns in how many ways the slots that are left can be filled; None where that says nothing."""
        if not self._is_even:
            return None
        ways = 1
        for slot, symbols in enumerate(self._slots):
            if slot not in node.filled:
                ways *= sum(self._is_given(slot, literal) for literal in symbols.values())
        return ways

    def expected(self, node: Node) -> str:
        """Returns what may stand here, in words."""
        if node.due == "end":
            return "the end"
        texts = [repr(one.text) for one in self.choices(node)]
        is_any = node.due == "symbol" and not self._is_ordered
        return f"a symbol such as {texts[0]}" if is_any else " or ".join(texts)

    def say(self, literal: int) -> str:
        """Returns the text of a literal, with its place where slots have an order."""
        slot = next(slot for slot, symbols in enumerate(self._slots) if literal in symbols.values())
        text = next(text for text, one in self._slots[slot].items() if one == literal)
        return f"{text} at place {slot + 1}" if self._is_ordered else text

    def refuse(self, literal: int) -> str:
        """Returns what is given in place of a literal."""
        for slot, symbols in enumerate(self._slots):
            if literal in symbols.values() and not self._is_given(slot, literal):
                text = next(text for text, one in symbols.items() if one == literal)
                given = [one for one in symbols.values() if one in self.givens]
                return f"{self.say(given[0]) if given else f'no {self.say(literal)}'} is given, not {text}"
        raise CertificateError(f"nothing is given against {self.say(literal)}")

    def solve(self, bound: int) -> list[list[int]] | None:
        """Returns all solutions, told apart by what answers say; None if more than `bound`."""
        spoken = sorted({abs(literal) for symbols in self._slots for literal in symbols.values()})
        found = list[list[int]]()
        for solution in self._list_solutions(spoken):
            if len(found) == bound:
                return None
            found.append(solution)
        return found

    def _list_choices(self, node: Node) -> Sequence[Choice]:
        filled, due = node
        if due == "end":
            return ()
        is_full = len(filled) == len(self._slots)
        if due == "separator":
            return (Choice(self._separator, 0, Node(filled, "last" if is_full else "symbol")),)
        if due == "last":
            return (Choice(self._last, 0, Node(filled, "end")),)
        left = [slot for slot in range(len(self._slots)) if slot not in filled]
        return [
            Choice(text, literal, self._behind(filled, slot), self._is_given(slot, literal))
            for slot in (left[:1] if self._is_ordered else left)
            for text, literal in self._slots[slot].items()
        ]

    def _list_solutions(self, spoken: Sequence[int]) -> Iterator[list[int]]:
        """Yields the values of some variables in solutions: each variable in turn, true and false."""
        waiting: list[tuple[int, ...]] = [()]
        while waiting:
            told = waiting.pop()
            known = self.formula.propagate([*self.givens, *told])
            if known is None:
                continue
            free = next((one for one in spoken if one not in known and -one not in known), None)
            if free is not None:
                waiting += [(*told, -free), (*told, free)]
            elif self.formula.is_satisfiable([*self.givens, *told]):
                yield [one if one in known else -one for one in spoken]

    def _list_slots(self, symbols: Any) -> list[dict[str, int]]:
        """Returns the symbols of each slot."""
        try:
            if self._is_ordered:
                return [{str(text): int(literal) for text, literal in one.items()} for one in symbols]
            texts = {int(literal): str(text) for text, literal in symbols.items()}
            pairs = {abs(one): {texts[one]: one, texts[-one]: -one} for one in reversed(texts)}
            return [pairs[one] for one in dict.fromkeys(map(abs, texts))]
        except (AttributeError, KeyError, TypeError, ValueError) as error:
            raise CertificateError(
                f"instance must map symbols to literals, but has {tell(symbols)}"
            ) from error

    def _write_prompt(self) -> str:
        rows = [[text for text, one in symbols.items() if one in self.givens][:1] for symbols in self._slots]
        if self._is_ordered:
            return self._separator.join(row[0] if row else "." for row in rows)
        return (self._separator or " ").join(row[0] for row in rows if row)

    def _is_given(self, slot: int, literal: int) -> bool:
        """Returns whether a symbol agrees with what is given."""
        if literal in self.givens:
            return True
        return -literal not in self.givens and not any(
            one in self.givens for one in self._slots[slot].values()
        )

    def _behind(self, filled: tuple[int, ...], slot: int) -> Node:
        more = tuple(sorted((*filled, slot)))
        is_over = len(more) == len(self._slots) and not self._last
        return Node(more, "end" if is_over else "separator" if self._separator else "symbol")

    def _is_each_even(self) -> bool:
        """Returns whether in each slot one symbol alone can be true, whatever else is."""
        for symbols in self._slots:
            literals = list(symbols.values())
            if self.formula.is_satisfiable([-one for one in literals]):
                return False
            for number, one in enumerate(literals):
                if any(self.formula.is_satisfiable([one, other]) for other in literals[number + 1 :]):
                    return False
        return True


@lru_cache(maxsize=16)
def _read_formula(text: str) -> Formula:
    """Returns the formula of a text."""
    header = _HEADER.search(text)
    body = "" if header is None else _COMMENT.sub("", text[header.end() :])
    words = body.split()
    if header is None or not all(re.fullmatch("-?[0-9]{1,9}", word) for word in words) or words[-1:] != ["0"]:
        raise CertificateError(f"formula must be a text in the DIMACS format, but is {tell(text)}")
    clauses, rest = list[tuple[int, ...]](), list[int]()
    for literal in map(int, words):
        if literal:
            rest.append(literal)
        else:
            clauses.append(tuple(rest))
            rest = []
    variables = int(header[1])
    if len(clauses) != int(header[2]) or any(abs(one) > variables for clause in clauses for one in clause):
        raise CertificateError(f"formula must be as its first line says, but is {tell(text)}")
    return Formula(clauses, variables)
