"""Records values of prefixes of Countdown, worked by a slow writer that lists all answers.

    python tests/helpers/countdown_golden.py         writes tests/helpers/countdown_golden.json anew

Twenty puzzles, in both forms: of each the chance that an answer is right which begins as a prefix does, as a
fraction, and whether the prefix itself is a right answer. tests/rlsf_gym/domains/countdown/test_golden.py
holds the scorer and the checker against them.
"""

from __future__ import annotations

import json
import random
import sys
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from tests.helpers.countdown_answers import draw_puzzle, draw_response, load_oracle

RECORDED = Path(__file__).with_suffix(".json")
PUZZLES, PREFIXES = 20, 12


def record() -> list[dict[str, Any]]:
    """Returns the puzzles with values of prefixes."""
    rng, rows = random.Random(16), list[dict[str, Any]]()
    for number in range(PUZZLES):
        form = ("steps", "expression")[number % 2]
        numbers, target, use = draw_puzzle(rng, 4 if form == "steps" else 3)
        oracle = load_oracle(numbers, target, use, form)
        drawn = [draw_response(rng, numbers, target, use, form) for _ in range(PREFIXES)]
        values = {text: [str(oracle.value(text)), oracle.is_right(text)] for text in ("", *drawn)}
        rows.append({"form": form, "use": use, "numbers": numbers, "target": target, "values": values})
    return rows


def main() -> int:
    """Writes the recording."""
    rows = ",\n".join(json.dumps(row) for row in record())
    RECORDED.write_text(f"[\n{rows}\n]\n", encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
