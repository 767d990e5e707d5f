"""Answers to constraint puzzles of any face, right and wrong, written by the checker's choices."""

from rlsf_gym.domains.constraints.checker.dimacs import Dimacs
from rlsf_gym.domains.constraints.checker.knights import Knights
from rlsf_gym.domains.constraints.checker.sudoku import Sudoku

PUZZLES = {"sudoku": Sudoku, "knights": Knights, "constraints": Dimacs}


def write_answer(rng, name, data, slip=0.1):
    """Returns an answer: symbols of a solution but for slips, with spaces, cut off or with more behind it."""
    puzzle = PUZZLES[name](data)
    solutions = puzzle.solve(100_000)
    true = {*solutions[rng.integers(len(solutions))]}
    node, text = puzzle.start, ""
    while not puzzle.may_end(node):
        choices = puzzle.choices(node)
        right = [one for one in choices if not one.literal or (abs(one.literal) in true) == (one.literal > 0)]
        chosen = choices if rng.random() < slip / 4 else right
        one = chosen[rng.integers(len(chosen))]
        text += " " * (rng.random() < 0.05) + one.text
        node = one.node
    return spoil(rng, text)


def spoil(rng, text):
    """Returns a text that is cut, goes on, or has another character, in six of ten cases none of it."""
    kind, place = rng.integers(10), int(rng.integers(len(text) + 1))
    if kind == 0:
        return text[:place]
    if kind == 1:
        return text + str(rng.choice([" ", "1", "A", "x"]))
    if kind == 2:
        return text[:place] + str(rng.choice(["x", "2", " ", "\u00b2", "-"])) + text[place + 1 :]
    if kind == 3:
        return text[:place] + str(rng.choice([*"1234 kA-"])) + text[place + 1 :]
    return text
