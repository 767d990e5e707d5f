"""Random well-formed answers to training puzzles, wrong ones included: what bundled policies are trained on.

They are made so that a language model learns how an answer is written, and something of what puzzles are
about, but starts a reinforcement learning run with few right ones:

- `CountdownAnswers`: steps whose arithmetic is right, drawn symbol by symbol; a share of the answers is drawn
  among those that reach the target.
- `SudokuAnswers`: grids that keep one rule alone, rows or columns or boxes, and are otherwise random. None
  is chosen for being right.
- `KnightsAnswers`: right claims in puzzles of two people; in those of three, on which training begins, claims
  that fit what all but one person say, or what fewer say, and a share that is right.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from fractions import Fraction
from functools import cache
from typing import Any, NamedTuple, Protocol

import numpy as np
import numpy.typing as npt

from rlsf_gym.domains import load_domain
from rlsf_gym.instance import Instances
from rlsf_gym.text.pieces import PieceTokenizer
from rlsf_gym.text.tokenizer import load_tokenizer

Rng = np.random.Generator


class Answers(Protocol):
    """Protocol of random answers to the training puzzles of a domain."""

    env_id: str
    """Id of the domain's environment."""
    env_kwargs: Mapping[str, Any]
    """Arguments that make it pose the puzzles on which training runs begin."""
    positions: int
    """Tokens of the longest prompt with its answer that a model has to read."""
    tokenizer: PieceTokenizer

    def draw(self, rng: Rng) -> tuple[str, str]:
        """Returns the prompt of a training puzzle and an answer, both as text."""
        ...

    def is_well_formed(self, data: Mapping[str, Any], answer: str) -> bool:
        """Returns whether an answer could have been drawn, right or wrong, whatever its chance."""
        ...


def _source(name: str, **kwargs: Any) -> Instances:
    instances = load_domain(name, **kwargs).instances
    assert instances is not None  # a domain of puzzles
    return instances("train")


def _tokenizer(name: str) -> PieceTokenizer:
    tokenizer = load_tokenizer(name)
    assert isinstance(tokenizer, PieceTokenizer)
    return tokenizer


class Derivation(NamedTuple):
    """A way to combine numbers until one is left."""

    steps: str
    """The answer, such as `11-5=6,7*6=42`."""
    chance: float
    """That a writer who draws each symbol among the legal ones writes it."""
    result: Fraction


class Drawn(NamedTuple):
    """Answers with the chance of each."""

    answers: Sequence[str]
    cumulated: npt.NDArray[np.float64]

    @classmethod
    def of(cls, found: Sequence[Derivation]) -> Drawn:
        """Returns the answers with their chances, scaled to 1."""
        chances = np.array([one.chance for one in found])  # (N,) float64
        return cls([one.steps for one in found], np.cumsum(chances / chances.sum()))

    def draw(self, rng: Rng) -> str:
        """Returns one of them."""
        place = int(np.searchsorted(self.cumulated, rng.random()))
        return self.answers[min(place, len(self.answers) - 1)]


_OPERATORS = {
    "+": lambda a, b: a + b,
    "-": lambda a, b: a - b,
    "*": lambda a, b: a * b,
    "/": lambda a, b: a / b,
}


def derive(numbers: tuple[Fraction, ...]) -> list[Derivation]:
    """Returns all ways to combine numbers, in increasing order, in steps.

    Example:
        >>> [one.steps for one in derive((Fraction(2), Fraction(4)))]
        ['2+4=6', '2-4=-2', '2*4=8', '2/4=(1/2)', '4+2=6', '4-2=2', '4*2=8', '4/2=2']
    """
    if len(numbers) == 1:
        return [Derivation("", 1.0, numbers[0])]
    found: list[Derivation] = []
    for a in (firsts := sorted(set(numbers))):
        others = _without(numbers, a)
        operators = [sign for sign in _OPERATORS if sign != "/" or any(others)]
        for sign in operators:
            for b in (seconds := sorted(b for b in set(others) if sign != "/" or b)):
                c = _OPERATORS[sign](a, b)
                step = f"{write_number(a)}{sign}{write_number(b)}={write_number(c)}"
                share = 1.0 / (len(firsts) * len(operators) * len(seconds))
                for rest in derive(tuple(sorted((*_without(others, b), c)))):
                    steps = f"{step},{rest.steps}" if rest.steps else step
                    found.append(Derivation(steps, share * rest.chance, rest.result))
    return found


def write_number(number: Fraction) -> str:
    """Returns a number as the steps form writes it.

    Example:
        >>> write_number(Fraction(-3)), write_number(Fraction(-6, 4))
        ('-3', '(-3/2)')
    """
    return str(number) if number.denominator == 1 else f"({number})"


def _without(numbers: Sequence[Fraction], one: Fraction) -> tuple[Fraction, ...]:
    place = numbers.index(one)
    return (*numbers[:place], *numbers[place + 1 :])


@cache
def _draw_table(numbers: tuple[int, ...]) -> tuple[Drawn, Mapping[Fraction, Drawn]]:
    """Returns all answers, and those that end in each number."""
    found = derive(tuple(map(Fraction, numbers)))
    by_result: dict[Fraction, list[Derivation]] = {}
    for one in found:
        by_result.setdefault(one.result, []).append(one)
    return Drawn.of(found), {result: Drawn.of(some) for result, some in by_result.items()}


class CountdownAnswers:
    """Answers in steps to puzzles of three numbers, half of the puzzles with larger numbers and targets.

    Args:
        right: Share of the answers that are drawn among the right ones.
    """

    env_id, positions = "Countdown-v0", 96
    env_kwargs: Mapping[str, Any] = {"max_new_tokens": 26}

    def __init__(self, right: float = 0.2) -> None:
        self.tokenizer = _tokenizer("countdown")
        self._right = right
        self._sources = _source("countdown"), _source("countdown", high=12, target=(1, 100))

    def draw(self, rng: Rng) -> tuple[str, str]:
        """Returns the prompt of a training puzzle and an answer, both as text."""
        puzzle = self._sources[int(rng.integers(2))].sample(rng)
        data: Any = puzzle.data
        drawn, by_result = _draw_table(tuple(sorted(data["numbers"])))
        if rng.random() < self._right:
            drawn = by_result[Fraction(data["target"])]
        return puzzle.prompt, drawn.draw(rng)

    def is_well_formed(self, data: Mapping[str, Any], answer: str) -> bool:
        """Returns whether each step is true and of numbers that are left, and one number is left."""
        return answer in _draw_table(tuple(sorted(data["numbers"])))[0].answers


class SudokuAnswers:
    """Answers to puzzles of 4x4 cells that keep the rule of rows, of columns or of boxes: one of them, drawn.

    Each digit that a row (or column, or box) lacks stands in one of its blank cells, in an order that is
    drawn.
    """

    env_id, positions = "Sudoku-v0", 64
    env_kwargs: Mapping[str, Any] = {"domain_kwargs": {"blanks": 8}}
    blanks = (4, 6, 8, 10)

    def __init__(self) -> None:
        self.tokenizer = _tokenizer("sudoku")
        self._sources = [_source("sudoku", blanks=blanks) for blanks in self.blanks]
        rows = np.arange(16).reshape(4, 4)
        boxes = rows.reshape(2, 2, 2, 2).swapaxes(1, 2).reshape(4, 4)
        self._rules = [rule.tolist() for rule in (rows, rows.T, boxes)]

    def draw(self, rng: Rng) -> tuple[str, str]:
        """Returns the prompt of a training puzzle and an answer, both as text."""
        puzzle = self._sources[int(rng.integers(len(self._sources)))].sample(rng)
        data: Any = puzzle.data
        cells = list(data["grid"])
        for unit in self._rules[int(rng.integers(len(self._rules)))]:
            blank = [cell for cell in unit if cells[cell] == "."]
            lacking = sorted({*"1234"} - {cells[cell] for cell in unit})
            for cell, digit in zip(blank, rng.permutation(lacking), strict=True):
                cells[cell] = str(digit)
        return puzzle.prompt, "".join(cells)

    def is_well_formed(self, data: Mapping[str, Any], answer: str) -> bool:
        """Returns whether it is a digit for each cell, the given ones as they are."""
        grid = data["grid"]
        pairs = zip(grid, answer, strict=False)
        return len(answer) == len(grid) and all(b in "1234" and a in (".", b) for a, b in pairs)


class KnightsAnswers:
    """Right answers to puzzles of two people, and to as many of three people answers that are seldom right.

    Args:
        near: Share of the latter that fit what all but one person say, where there are such.
        right: Share of them that fit what all say. The rest is drawn among all that are wrong.
    """

    env_id, positions = "KnightsAndKnaves-v0", 96
    env_kwargs: Mapping[str, Any] = {}

    def __init__(self, near: float = 0.75, right: float = 0.08) -> None:
        self.tokenizer = _tokenizer("knights")
        self._near, self._right = near, right
        self._sources = _source("knights", people=2), _source("knights")

    def draw(self, rng: Rng) -> tuple[str, str]:
        """Returns the prompt of a training puzzle and an answer, both as text."""
        puzzle = self._sources[int(rng.integers(2))].sample(rng)
        data: Any = puzzle.data
        people = len(data["statements"])
        found = self._choose(count_fitting(data["statements"]), rng)
        claims = [
            f"{'ABCDEFGH'[person]} is a {'knight' if found >> person & 1 else 'knave'}."
            for person in rng.permutation(people).tolist()
        ]
        return puzzle.prompt, " ".join(claims)

    def _choose(self, fits: npt.NDArray[np.int64], rng: Rng) -> int:
        """Returns one of the ways in which people can be knights, given how many statements fit each."""
        people = len(fits).bit_length() - 1
        kind = rng.random()
        chosen = fits < people
        if people == 2 or kind < self._right:
            chosen = fits == people
        elif kind < self._right + self._near and (fits == people - 1).any():
            chosen = fits == people - 1
        return int(rng.choice(np.flatnonzero(chosen)))

    def is_well_formed(self, data: Mapping[str, Any], answer: str) -> bool:
        """Returns whether it says of each person once what they are."""
        claims = answer.removesuffix(".").split(". ")
        names = "ABCDEFGH"[: len(data["statements"])]
        are_claims = all(claim[1:] in (" is a knight", " is a knave") for claim in claims)
        return answer.endswith(".") and are_claims and sorted(claim[0] for claim in claims) == [*names]


_ATOMS = {
    "exactly": lambda count, number: count == number,
    "least": lambda count, number: count >= number,
    "most": lambda count, number: count <= number,
}
_JOINS = {
    "and": lambda one, other: one & other,
    "or": lambda one, other: one | other,
    "either": lambda one, other: one ^ other,
    "if": lambda one, other: ~one | other,
}


def count_fitting(statements: Sequence[Any]) -> npt.NDArray[np.int64]:
    """Returns how many people's statements fit each of the 2^N ways in which N people can be knights.

    A statement fits where it is true and its speaker a knight, or neither; in way w the person in place i is
    a knight if bit i of w is 1.

    Returns:
        int64 (2^N,).

    Example:
        >>> count_fitting([["is", "B", "knave"], ["same", "A", "B"]]).tolist()
        [0, 2, 1, 1]
    """
    people = len(statements)
    ways = np.arange(1 << people)
    knights = {"ABCDEFGH"[person]: ways >> person & 1 == 1 for person in range(people)}
    return sum(
        ((_is_true(statement, knights) == knights["ABCDEFGH"[person]]).astype(np.int64)
        for person, statement in enumerate(statements)),
        np.zeros(1 << people, np.int64),
    )  # fmt: skip


def _is_true(statement: Any, knights: Mapping[str, npt.NDArray[np.bool_]]) -> npt.NDArray[np.bool_]:
    """Returns in which ways a statement is true, bool (2^N,)."""
    word, first, second = statement
    if word in _JOINS:
        return _JOINS[word](_is_true(first, knights), _is_true(second, knights))
    if word == "is":
        return knights[first] == (second == "knight")
    if word in ("same", "different"):
        return (knights[first] == knights[second]) == (word == "same")
    count = sum(knight.astype(np.int64) for knight in knights.values())
    return _ATOMS[word](count if second == "knight" else len(knights) - count, first)


ANSWERS: dict[str, type[CountdownAnswers | SudokuAnswers | KnightsAnswers]] = {
    "countdown": CountdownAnswers,
    "sudoku": SudokuAnswers,
    "knights": KnightsAnswers,
}
"""Answers by the name of their domain."""
