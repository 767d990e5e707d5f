"""Where an expression stands that is written symbol by symbol: open groups, and numbers that are left."""

from typing import Final, NamedTuple

from rlsf_gym.domains.countdown.checker.rationals import ONE, ZERO, Rational, combine, spell
from rlsf_gym.domains.countdown.checker.recount import Left

__all__ = ["OUTSIDE", "Group", "Stand", "list_legal", "list_numbers", "list_operators", "plus", "take"]


class Group(NamedTuple):
    """What stands in an open group, or outside of all: a sum, and a product that goes on behind it."""

    total: Rational
    """The terms that are whole."""
    product: Rational
    """The last term as far as it goes, with its sign."""
    operator: str
    """Whether the next factor is multiplied to it ("*") or divides it ("/")."""


OUTSIDE: Final = Group(ZERO, ONE, "*")


class Stand(NamedTuple):
    """Where an expression stands."""

    groups: tuple[Group, ...]
    """What is outside of all groups, and the groups that are open."""
    left: Left
    """The numbers that are left, sorted as pairs."""
    opened: int
    """How many parentheses open right before."""
    is_due: bool
    """Whether a number or a group has to follow, rather than an operator."""


def take(stand: Stand, symbol: str) -> Stand | None:
    """Returns where an expression stands behind a symbol that its syntax admits, None for a division by 0."""
    *outer, inner = stand.groups
    if symbol == "(":
        return Stand((*stand.groups, OUTSIDE), stand.left, stand.opened + 1, True)
    if symbol == ")":
        return _put(tuple(outer), plus(inner.total, inner.product), stand.left)
    if symbol in "*/":
        return Stand((*outer, inner._replace(operator=symbol)), stand.left, 0, True)
    if symbol in "+-":
        sign = ONE if symbol == "+" else (-1, 1)
        return Stand((*outer, Group(plus(inner.total, inner.product), sign, "*")), stand.left, 0, True)
    number = int(symbol), 1
    at = stand.left.index(number)
    return _put(stand.groups, number, stand.left[:at] + stand.left[at + 1 :])


def _put(groups: tuple[Group, ...], factor: Rational, left: Left) -> Stand | None:
    """Returns where an expression stands behind a factor of the innermost group."""
    inner = groups[-1]
    product = combine(inner.product, inner.operator, factor)
    if product is None:
        return None
    return Stand((*groups[:-1], Group(inner.total, product, "*")), left, 0, False)


def plus(one: Rational, other: Rational) -> Rational:
    """Returns a sum."""
    return combine(one, "+", other) or ZERO


def list_legal(stand: Stand) -> list[str]:
    """Returns the symbols that the syntax of answers admits."""
    if not stand.is_due:
        closing = [")"] if len(stand.groups) > 1 else []
        return [*list_operators(stand.left), *closing]
    numbers = [spell(one) for one in list_numbers(stand.left, stand.groups[-1].operator)]
    return [*numbers, "("] if stand.opened < len(stand.left) else numbers


def list_operators(left: Left) -> str:
    """Returns the operators that something can follow."""
    if not left:
        return ""
    return "+-*" if left == (ZERO,) else "+-*/"


def list_numbers(left: Left, operator: str) -> list[Rational]:
    """Returns the different numbers that may stand behind an operator."""
    return [one for one in sorted(set(left)) if operator != "/" or one != ZERO]
