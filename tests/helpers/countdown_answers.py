"""A slow oracle for Countdown: it writes out whole answers, symbol by symbol, and counts what is right.

It shares nothing with the domain: an answer is a text, and the value of a prefix is the share of the answers
that begin so, each weighted by the chance that a random writer draws it.
"""

import re
from bisect import bisect_left
from fractions import Fraction
from functools import lru_cache
from typing import NamedTuple


class Answer(NamedTuple):
    """A whole answer that a random writer may give."""

    text: str
    borders: frozenset
    """Offsets at which a symbol ends: a space can stand there."""
    chance: Fraction
    is_right: bool


class Steps:
    """All answers to a puzzle in steps."""

    def __init__(self, numbers, target, use):
        self.answers = sorted(write_steps([*map(Fraction, numbers)], Fraction(target), use))
        self._texts = [answer.text for answer in self.answers]

    def value(self, prefix):
        """Returns the chance that an answer which begins so is right, as a Fraction; 0 where none does."""
        found = self.answers_of(prefix)
        total = sum((answer.chance for answer in found), Fraction(0))
        return sum((answer.chance for answer in found if answer.is_right), Fraction(0)) / (total or 1)

    def count(self, prefix):
        """Returns the number of answers that begin so."""
        return len(self.answers_of(prefix))

    def answers_of(self, prefix):
        """Returns the answers that begin so, spaces between symbols aside."""
        text, spaces = "", set()
        for character in prefix:
            if character == " ":
                spaces.add(len(text))
            else:
                text += character
        first, last = bisect_left(self._texts, text), bisect_left(self._texts, text + "\x7f")
        return [answer for answer in self.answers[first:last] if spaces <= answer.borders]

    def is_right(self, text):
        """Returns whether a whole response is right."""
        bare = text.replace(" ", "")
        return any(answer.text == bare and answer.is_right for answer in self.answers_of(text))


@lru_cache(maxsize=8)
def load_oracle(numbers, target, use, form="steps"):
    return (Steps if form == "steps" else Expressions)(numbers, target, use)


def write_steps(left, target, use):
    """Yields all answers in steps to what is left, with their chances."""
    firsts = unique(left)
    for first in firsts:
        others = without(left, first)
        legal = {op: [b for b in unique(others) if op != "/" or b != 0] for op in "+-*/"}
        legal = {op: seconds for op, seconds in legal.items() if seconds}
        for op, seconds in legal.items():
            for second in seconds:
                chance = Fraction(1, len(firsts) * len(legal) * len(seconds))
                result = calculate(first, op, second)
                symbols = [spell(first), op, spell(second), "=", spell(result)]
                behind = without(others, second)
                for answer in end_step(result, [*behind, result], target, use):
                    yield prepend(symbols, chance, answer)


def end_step(result, left, target, use):
    """Yields what may follow a step: the end, or a comma and more."""
    may_end, may_go_on = use == "any" or len(left) == 1, len(left) > 1
    if may_end:
        yield Answer("", frozenset([0]), Fraction(1, 1 + may_go_on), result == target)
    if may_go_on:
        for answer in write_steps(left, target, use):
            yield prepend([","], Fraction(1, 1 + may_end), answer)


def prepend(symbols, chance, answer):
    """Returns an answer with symbols before it."""
    borders, size = {0}, 0
    for symbol in symbols:
        size += len(symbol)
        borders.add(size)
    borders |= {size + border for border in answer.borders}
    return Answer("".join(symbols) + answer.text, frozenset(borders), chance * answer.chance, answer.is_right)


def calculate(first, op, second):
    return {"+": first + second, "-": first - second, "*": first * second, "/": second and first / second}[op]


def spell(number):
    return str(number) if number.denominator == 1 else f"({number})"


def unique(numbers):
    return list(dict.fromkeys(numbers))


def without(numbers, one):
    rest = list(numbers)
    rest.remove(one)
    return rest


PIECES = (*"0123456789", "10", "12", " ", "+", "-", "*", "/", "=", ",", "(", ")", "(1/2)", "-1", "05")


def draw_response(rng, numbers, target, use, form="steps"):
    """Returns a response: mostly a random writer's answer, whole, cut or spoiled, or else random pieces.

    Args:
        rng: A `random.Random`.
        numbers: The puzzle's numbers.
        target: Its target.
        use: "all" or "any".
        form: "steps" or "expression".
    """
    kind = rng.random()
    if kind < 0.15:
        return "".join(rng.choices(PIECES, k=rng.randrange(13)))
    for _ in range(50 if kind > 0.5 else 1):  # so that enough of them are right for long
        if form == "expression":
            symbols = draw_expression(rng, numbers, use)
            is_right = evaluate([*symbols]) == target
        else:
            symbols = draw_steps(rng, numbers, target, use)
            is_right = symbols[-1] == str(target)
        if is_right:
            break
    text = "".join(symbol + " " * (rng.random() < 0.06) for symbol in symbols)
    if kind < 0.45 or kind > 0.85:
        return text
    text = text[: rng.randrange(len(text) + 1)]
    if kind < 0.65:
        return text
    at = rng.randrange(len(text) + 1)
    return text[:at] + rng.choice((*PIECES, "x", "\u0665", "")) + text[at + rng.randrange(2) :]


def draw_puzzle(rng, most=4):
    """Returns two to `most` numbers, a target that a random writer made of them, and "all" or "any"."""
    use = rng.choice(("all", "any"))
    while True:
        numbers = tuple(rng.choices((0, 1, 2, 3, 5, 8, 10, 12), k=rng.randint(2, most)))
        made = draw_steps(rng, numbers, None, use)[-1]
        if made.isdigit() and 0 < int(made) < 100:
            return numbers, int(made), use


def draw_steps(rng, numbers, target, use):
    """Returns the symbols of an answer in steps, drawn as the oracle's writer does; it ends once right."""
    left, symbols = [*map(Fraction, numbers)], []
    while True:
        first = rng.choice(unique(left))
        others = without(left, first)
        op = rng.choice("+-*/" if any(others) else "+-*")
        second = rng.choice([one for one in unique(others) if op != "/" or one != 0])
        result = calculate(first, op, second)
        left = [*without(others, second), result]
        symbols += [spell(first), op, spell(second), "=", spell(result)]
        if len(left) == 1 or (use == "any" and (result == target or rng.random() < 0.3)):
            return symbols
        symbols.append(",")


class Expressions:
    """All expressions over the numbers of a puzzle: each prefix is gone on from to all ends, one by one."""

    def __init__(self, numbers, target, use):
        self.numbers, self.target, self.use = [*map(str, numbers)], target, use
        self._chances, self._counts = {}, {}

    def value(self, prefix):
        """Returns the chance that an answer which begins so is right, as a Fraction; 0 where none does."""
        meant = self._read(prefix)
        return sum(map(self._chance, meant), Fraction(0)) / (len(meant) or 1)

    def count(self, prefix):
        """Returns the number of ways in which the writer may go on to an end."""
        return sum(map(self._count, self._read(prefix)))

    def is_right(self, text):
        """Returns whether a whole response is right."""
        found = re.findall(r"[0-9]+|[-+*/()]", text)
        return any(symbols == (*found,) and self._is_right(symbols) for symbols in self._read(text))

    def _read(self, prefix):
        """Returns the symbols that may have been meant: the last number may go on."""
        parts = re.findall(r" +|[0-9]+|.", prefix, re.DOTALL)
        symbols = ()
        for at, part in enumerate(parts):
            if part.isspace() and set(part) == {" "}:
                continue
            if at == len(parts) - 1 and part.isdigit():
                return [(*symbols, one) for one in self._legal(symbols) if one.startswith(part)]
            if part not in self._legal(symbols):
                return []
            symbols = (*symbols, part)
        return [symbols]

    def _legal(self, symbols, spare=0):
        """Returns the symbols that may stand next; with `spare`, no parenthesis that can't matter."""
        left = [*self.numbers]
        for symbol in symbols:
            if symbol in left:
                left.remove(symbol)
        depth = symbols.count("(") - symbols.count(")")
        if symbols and symbols[-1] not in "+-*/(":
            divisors = len(left) > 1 or any(one != "0" for one in left)
            operators = "" if not left else "+-*/" if divisors else "+-*"
            return [*operators, *(")" if depth else "")]
        opened = len("".join(symbols)) - len("".join(symbols).rstrip("("))
        numbers = [one for one in unique(left) if one != "0" or symbols[-1:] != ("/",)]
        return [*numbers, *("(" if opened + spare < len(left) else "")]

    def _may_end(self, symbols):
        if not symbols or symbols[-1] in "+-*/(" or symbols.count("(") > symbols.count(")"):
            return False
        return self.use == "any" or sum(map(str.isdigit, symbols)) == len(self.numbers)

    def _is_right(self, symbols):
        return self._may_end(symbols) and evaluate([*symbols]) == self.target

    def _chance(self, symbols):
        found = self._chances.get(symbols)
        if found is None:
            follow = [self._chance((*symbols, one)) for one in self._legal(symbols, spare=1)]
            if self._may_end(symbols):
                follow.append(Fraction(self._is_right(symbols)))
            found = self._chances[symbols] = sum(follow, Fraction(0)) / len(follow)
        return found

    def _count(self, symbols):
        found = self._counts.get(symbols)
        if found is None:
            follow = [self._count((*symbols, one)) for one in self._legal(symbols, spare=1)]
            found = self._counts[symbols] = sum(follow) + self._may_end(symbols)
        return found


def evaluate(symbols):
    """Returns the value of an expression, of which it takes the symbols; None where it divides by 0."""
    total = multiply(symbols)
    while symbols and symbols[0] in "+-":
        op, term = symbols.pop(0), multiply(symbols)
        total = None if None in (total, term) else calculate(total, op, term)
    return total


def multiply(symbols):
    """Returns the value of the product that symbols begin with."""
    product = take_factor(symbols)
    while symbols and symbols[0] in "*/":
        op, factor = symbols.pop(0), take_factor(symbols)
        is_lost = None in (product, factor) or (op == "/" and factor == 0)
        product = None if is_lost else calculate(product, op, factor)
    return product


def take_factor(symbols):
    """Returns the value of the number or group that symbols begin with."""
    symbol = symbols.pop(0)
    if symbol != "(":
        return Fraction(symbol)
    value = evaluate(symbols)
    symbols.pop(0)
    return value


def draw_expression(rng, numbers, use):
    """Returns the symbols of an expression, drawn at random, some with too many parentheses."""
    oracle, symbols = Expressions(numbers, 0, use), ()
    while True:
        legal = oracle._legal(symbols, spare=rng.random() > 0.05)
        if oracle._may_end(symbols) and (not legal or rng.random() < 0.3):
            return [*symbols]
        symbols = (*symbols, rng.choice(legal))
