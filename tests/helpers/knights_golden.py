"""Works out values of 20 puzzles of knights and knaves by truth tables, and writes them down.

    python tests/helpers/knights_golden.py    writes tests/helpers/knights_golden.json anew

The prompt is read by its English (tests/helpers/islanders.py). To each puzzle there are answers, right and
wrong; for each of their prefixes, the chance that a random writer ends right, as a fraction; and whether the
whole answer is right.
"""

from __future__ import annotations

import json
import random
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]
RECORDED = Path(__file__).with_suffix(".json")
PUZZLES = 20


def record() -> list[dict[str, object]]:
    """Returns puzzles with answers and their values."""
    import numpy as np

    from rlsf_gym.domains.constraints.knights_and_knaves.puzzles import Puzzles
    from tests.helpers.islanders import NAMES, find_value, is_solved, parse_prompt, solve

    rng, drawn, rows = random.Random(16), np.random.default_rng(16), []
    while len(rows) < PUZZLES:
        people = 2 + len(rows) % 4
        source = Puzzles("all", people, unique=len(rows) % 5 > 0)
        statements = parse_prompt(source.sample(drawn).prompt)
        solutions = solve(statements)
        rows.append(
            {"statements": statements, "solutions": [sorted(one) for one in solutions], "answers": []}
        )
        for kind in range(4):
            knights, names = rng.choice(solutions), rng.sample(NAMES[:people], people)
            claims = [(name, (name in knights) != (kind > 1 and rng.random() < 0.3)) for name in names]
            told = [f"{name} is a {'knight' if is_one else 'knave'}." for name, is_one in claims]
            answer = " ".join(told)[: None if kind != 1 else rng.randint(5, 14 * people)]
            values = [str(find_value(statements, answer[:end])) for end in range(len(answer) + 1)]
            verdict = int(is_solved(statements, answer))
            rows[-1]["answers"].append({"answer": answer, "values": values, "verdict": verdict})
    return rows


if __name__ == "__main__":
    sys.path.insert(0, str(ROOT))
    lines = ",\n".join(json.dumps(row) for row in record())
    RECORDED.write_text(f"[\n{lines}\n]\n", encoding="utf-8")
