"""Works out values of 20 Sudokus by the slow enumeration of tests/helpers/sudoku.py, and writes them down.

    python tests/helpers/sudoku_golden.py    writes tests/helpers/sudoku_golden.json anew

For each puzzle there are answers, right and wrong; for each of their prefixes, the chance that evenly drawn
digits end right, as a fraction; and whether the whole answer is right.
"""

from __future__ import annotations

import json
import random
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]
RECORDED = Path(__file__).with_suffix(".json")
PUZZLES, ANSWERS = 20, 4
SIZES = (4, 4, 4, 6)


def record() -> list[dict[str, object]]:
    """Returns puzzles with answers and their values."""
    from tests.helpers.sudoku import chance, list_solutions

    rng, rows = random.Random(16), []
    while len(rows) < PUZZLES:
        size = SIZES[len(rows) % len(SIZES)]
        solved = rng.choice(list_solutions("." * 16, 4)) if size == 4 else shuffle_six(rng)
        blanks = set(rng.sample(range(size**2), rng.randint(6, 12)))
        grid = "".join("." if cell in blanks else digit for cell, digit in enumerate(solved))
        solutions = list_solutions(grid, size)
        wrong = [spoil(rng, rng.choice(solutions), size) for _ in range(ANSWERS - 1)]
        answers = [rng.choice(solutions), *wrong]
        rows.append({"size": size, "grid": grid, "solutions": len(solutions), "answers": []})
        for answer in answers:
            values = [str(chance(grid, size, answer[:end])) for end in range(len(answer) + 1)]
            verdict = int(answer in solutions)
            rows[-1]["answers"].append({"answer": answer, "values": values, "verdict": verdict})
    return rows


def spoil(rng: random.Random, solved: str, size: int) -> str:
    """Returns an answer with another digit somewhere, or that ends too early."""
    cell = rng.randrange(size**2)
    if rng.random() < 0.3:
        return solved[:cell]
    return solved[:cell] + str(rng.randint(1, size)) + solved[cell + 1 :]


def shuffle_six(rng: random.Random) -> str:
    """Returns a solved grid of size 6: rows within their boxes, and digits, in another order."""
    rows = ["123456", "456123", "231564", "564231", "312645", "645312"]
    bands = [rng.sample(rows[top : top + 2], 2) for top in (0, 2, 4)]
    names = dict(zip("123456", rng.sample("123456", 6), strict=True))
    return "".join(names[digit] for band in rng.sample(bands, 3) for row in band for digit in row)


if __name__ == "__main__":
    sys.path.insert(0, str(ROOT))
    lines = ",\n".join(json.dumps(row) for row in record())
    RECORDED.write_text(f"[\n{lines}\n]\n", encoding="utf-8")
