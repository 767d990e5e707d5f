"""A slow writer of Countdown's steps: it lists all that may be written, symbol by symbol, with fractions."""

from fractions import Fraction
from functools import cache

OPERATIONS = {
    "+": lambda a, b: a + b,
    "-": lambda a, b: a - b,
    "*": lambda a, b: a * b,
    "/": lambda a, b: a / b,
}


def write(number):
    return str(number) if number.denominator == 1 else f"({number})"


@cache
def grow(left, target, use, begun=()):
    """Returns the symbols that may follow: symbol to what is known then; a Fraction at an end.

    `left` is a sorted tuple of fractions; `begun` holds the parts of a step: two numbers around an operator,
    then "=" and the result.
    """
    if len(begun) == 5:
        rest = list(left)
        rest.remove(begun[0])
        rest.remove(begun[2])
        rest = tuple(sorted([*rest, begun[4]]))
        right = Fraction(begun[4] == target and (use == "any" or len(rest) == 1))
        follow = {}
        if len(rest) > 1:
            follow[","] = (rest, target, use, ())
        if len(rest) == 1 or use == "any":
            follow[""] = right
        return follow
    if len(begun) == 0:
        return {write(one): (left, target, use, (one,)) for one in left}
    others = list(left)
    others.remove(begun[0])
    if len(begun) == 1:
        signs = "+-*/" if any(others) else "+-*"
        return {sign: (left, target, use, (*begun, sign)) for sign in signs}
    if len(begun) == 2:
        seconds = [one for one in others if begun[1] != "/" or one]
        return {write(one): (left, target, use, (*begun, one)) for one in seconds}
    if len(begun) == 3:
        return {"=": (left, target, use, (*begun, "="))}
    result = OPERATIONS[begun[1]](begun[0], begun[2])
    return {write(result): (left, target, use, (*begun, result))}


@cache
def chance(state):
    """Returns the chance that a writer ends right who draws uniformly among the symbols that may follow."""
    if isinstance(state, Fraction):
        return state
    follow = grow(*state)
    return sum((chance(one) for one in follow.values()), Fraction()) / len(follow)


@cache
def count(state):
    """Returns the number of different ends."""
    return 1 if isinstance(state, Fraction) else sum(map(count, grow(*state).values()))


def begin(numbers, target, use="all"):
    return tuple(sorted(map(Fraction, numbers))), Fraction(target), use, ()


def value(state, prefix):
    """Returns the value of a prefix without spaces."""
    if not prefix:
        return chance(state)
    follow = {text: one for text, one in grow(*state).items() if text}
    meant = [one for text, one in follow.items() if text.startswith(prefix)]
    if meant:
        return sum(map(chance, meant), Fraction()) / len(meant)
    for text, one in follow.items():
        rest = prefix.removeprefix(text)
        if rest != prefix and not (text[-1].isdigit() and rest[0].isdigit()):
            return value(one, rest)
    return Fraction()


def draw(state, rng):
    """Returns a drawn answer, and whether it is right."""
    text = ""
    while not isinstance(state, Fraction):
        follow = grow(*state)
        symbol = list(follow)[rng.integers(len(follow))]
        text, state = text + symbol, follow[symbol]
    return text, state == 1
