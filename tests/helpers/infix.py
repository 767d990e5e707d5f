"""A slow writer of infix answers: it looks at nothing but the symbols, and has Python parse them."""

import ast
from fractions import Fraction
from functools import cache

OPERATIONS = {
    ast.Add: Fraction.__add__,
    ast.Sub: Fraction.__sub__,
    ast.Mult: Fraction.__mul__,
    ast.Div: Fraction.__truediv__,
}


def evaluate(text):
    """Returns what an expression is worth; None where something is divided by 0."""

    def look(node):
        if isinstance(node, ast.Constant):
            return Fraction(node.value)
        return OPERATIONS[type(node.op)](look(node.left), look(node.right))

    try:
        return look(ast.parse(text, mode="eval").body)
    except ZeroDivisionError:
        return None


@cache
def follow(symbols, numbers, use):
    """Returns the symbols that a writer draws from behind others; None stands for the end."""
    left = list(numbers)
    for symbol in symbols:
        if symbol.isdigit():
            left.remove(int(symbol))
    last, opened, depth = (symbols or ("",))[-1], 0, symbols.count("(") - symbols.count(")")
    for symbol in reversed(symbols):
        if symbol != "(":
            break
        opened += 1
    if last == "" or last in "(+-*/":
        drawn = [str(one) for one in sorted(set(left)) if one or last != "/"]
        return drawn + ["("] * (len(left) >= opened + 2)
    drawn = list("+-*") * bool(left) + ["/"] * (len(left) > 1 or left not in ([], [0]))
    return drawn + [")"] * (depth > 0) + [None] * (depth == 0 and (use == "any" or not left))


@cache
def chance(symbols, numbers, target, use):
    """Returns the chance that a writer ends right who draws uniformly among them."""
    drawn = follow(symbols, numbers, use)
    found = Fraction()
    for symbol in drawn:
        if symbol is None:
            found += evaluate("".join(symbols)) == target
        else:
            found += chance((*symbols, symbol), numbers, target, use)
    return found / len(drawn)


@cache
def count(symbols, numbers, use):
    return sum(
        1 if symbol is None else count((*symbols, symbol), numbers, use)
        for symbol in follow(symbols, numbers, use)
    )


def draw(numbers, use, rng):
    """Returns the symbols of a drawn answer."""
    symbols = ()
    while True:
        drawn = follow(symbols, numbers, use)
        symbol = drawn[rng.integers(len(drawn))]
        if symbol is None:
            return symbols
        symbols = (*symbols, symbol)
