"""A slow oracle for Countdown: it writes out whole answers, symbol by symbol, and counts what is right.

It shares nothing with the domain: an answer is a text, and the value of a prefix is the share of the answers
that begin so, each weighted by the chance that a random writer draws it.
"""

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


class Oracle:
    """All answers to a puzzle in steps."""

    def __init__(self, numbers, target, use):
        self.answers = sorted(write_steps([*map(Fraction, numbers)], Fraction(target), use))
        self._texts = [answer.text for answer in self.answers]

    def value(self, prefix):
        """Returns the chance that an answer which begins so is right, as a Fraction; 0 where none does."""
        found = self.answers_of(prefix)
        total = sum((answer.chance for answer in found), Fraction(0))
        return sum((answer.chance for answer in found if answer.is_right), Fraction(0)) / (total or 1)

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
def load_oracle(numbers, target, use):
    return Oracle(numbers, target, use)


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


def draw_response(rng, numbers, target, use):
    """Returns a response: mostly a random writer's answer, whole, cut or spoiled, or else random pieces.

    Args:
        rng: A `random.Random`.
        numbers: The puzzle's numbers.
        target: Its target.
        use: "all" or "any".
    """
    kind = rng.random()
    if kind < 0.15:
        return "".join(rng.choices(PIECES, k=rng.randrange(13)))
    symbols = draw_steps(rng, numbers, target, use)
    for _ in range(50 if kind > 0.5 else 0):  # so that enough of them are right for long
        if symbols[-1] == str(target) and (use == "any" or symbols.count("=") == len(numbers) - 1):
            break
        symbols = draw_steps(rng, numbers, target, use)
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
