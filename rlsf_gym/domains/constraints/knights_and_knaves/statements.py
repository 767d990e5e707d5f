"""Statements about who is a knight and who is a knave: plain nested lists, checked and told in English.

An atom is one of

- `["is", "A", "knight"]`, or "knave";
- `["same", "A", "B"]` and `["different", "A", "B"]`: of the same kind or not;
- `["exactly", 2, "knight"]`, `["least", 1, "knave"]` and `["most", 1, "knight"]`: how many of all people.

A statement is an atom or joins two of them: `["and", s, t]`, `["or", s, t]` (or both), `["either", s, t]`
(but not both) and `["if", s, t]` (the material conditional). Nothing is nested deeper, so that English has
one reading of it.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, Final, TypeGuard

__all__ = ["COUNTS", "JOINS", "KINDS", "NAMES", "PAIRS", "check_statements", "tell_prompt", "tell_statement"]

NAMES: Final = "ABCDEFGH"
"""Names of the people, in the order of their statements."""
KINDS: Final = ("knight", "knave")
PAIRS: Final = ("same", "different")
COUNTS: Final = ("exactly", "least", "most")
JOINS: Final = ("and", "or", "either", "if")

Statement = list[Any]


def check_statements(statements: object) -> None:
    """Checks that there is a well-formed statement of each of two to eight people.

    Raises:
        ValueError: If it is not so, with the statement and what is wrong with it.
    """
    if not _is_list(statements) or not 2 <= len(statements) <= len(NAMES):
        raise ValueError(
            f"statements must be a list of 2 to {len(NAMES)}, one of each of {', '.join(NAMES)} in order, "
            f"got {statements!r:.80}"
        )
    for name, statement in zip(NAMES, statements, strict=False):
        wrong = _explain(statement, len(statements))
        if wrong:
            raise ValueError(f"statement of {name} must {wrong}, got {statement!r:.80}")


def _is_list(value: object) -> TypeGuard[list[Any]]:
    return type(value) is list


def _explain(statement: object, people: int) -> str:
    """Returns what a statement must be that it is not; "" for one that is well formed."""
    if _is_list(statement) and len(statement) == 3 and statement[0] in JOINS:
        if statement[1] == statement[2]:
            return "join two statements that differ"
        return _explain_atom(statement[1], people) or _explain_atom(statement[2], people)
    return _explain_atom(statement, people)


def _explain_atom(atom: object, people: int) -> str:
    shape = (
        "have the form ['is', 'A', 'knight'], ['same', 'A', 'B'], ['exactly', 1, 'knight'] or join two such"
    )
    if not _is_list(atom) or len(atom) != 3 or type(atom[0]) is not str:
        return shape
    word, first, second = atom
    if word == "is":
        return _explain_name(first, people) or _explain_kind(second)
    if word in PAIRS:
        same = "name two people, not one twice" if first == second else ""
        return _explain_name(first, people) or _explain_name(second, people) or same
    if word in COUNTS:
        return _explain_count(word, first, people) or _explain_kind(second)
    return shape


def _explain_name(name: Any, people: int) -> str:
    known = NAMES[:people]
    return "" if type(name) is str and len(name) == 1 and name in known else f"name one of {', '.join(known)}"


def _explain_kind(kind: Any) -> str:
    return "" if type(kind) is str and kind in KINDS else "say 'knight' or 'knave'"


def _explain_count(word: str, count: Any, people: int) -> str:
    low, high = {"exactly": (0, people), "least": (1, people), "most": (0, people - 1)}[word]
    is_right = type(count) is int and low <= count <= high
    return "" if is_right else f"say {word!r} of {low} to {high} people"


def tell_statement(statement: Statement) -> str:
    """Returns a well-formed statement in English, without a capital or a full stop.

    Example:
        >>> tell_statement(["if", ["is", "A", "knight"], ["same", "B", "C"]])
        'if A is a knight then B and C are of the same kind'
        >>> tell_statement(["least", 2, "knave"])
        'at least 2 of us are knaves'
    """
    return _TELL[statement[0]](*statement[1:])


def _tell_count(start: str) -> Callable[[int, str], str]:
    return lambda count, kind: f"{start} {count} of us {f'is a {kind}' if count == 1 else f'are {kind}s'}"


def _tell_join(form: str) -> Callable[[Statement, Statement], str]:
    return lambda first, second: form.format(tell_statement(first), tell_statement(second))


_TELL: Final[dict[str, Callable[..., str]]] = {
    "is": "{} is a {}".format,
    "same": "{} and {} are of the same kind".format,
    "different": "{} and {} are of different kinds".format,
    "exactly": _tell_count("exactly"),
    "least": _tell_count("at least"),
    "most": _tell_count("at most"),
    "and": _tell_join("{} and {}"),
    "or": _tell_join("{} or {}"),
    "either": _tell_join("either {} or {} but not both"),
    "if": _tell_join("if {} then {}"),
}


def tell_prompt(statements: Sequence[Statement]) -> str:
    r"""Returns the prompt of a puzzle: what each says, and a line break.

    Example:
        >>> tell_prompt([["is", "B", "knave"], ["same", "A", "B"]])
        'A says: B is a knave. B says: A and B are of the same kind.\n'
    """
    said = (f"{name} says: {tell_statement(one)}." for name, one in zip(NAMES, statements, strict=False))
    return " ".join(said) + "\n"
