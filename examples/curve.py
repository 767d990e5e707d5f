"""The learning curve of an example: one JSON line per iteration, its first tenth and its last."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any


def save(path: Path, rows: Sequence[Mapping[str, Any]]) -> None:
    """Writes the rows, each of which has a `reward`, and prints both tenths of the curve."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    first, last = tenths([row["reward"] for row in rows])
    print(f"reward: first tenth {first:+.3f}, last tenth {last:+.3f} ({path})")


def load(path: Path) -> list[float]:
    """Returns the reward of each iteration.

    Raises:
        ValueError: If there is no such file or a line holds no reward.
    """
    if not path.is_file():
        raise ValueError(f"{path} is missing: the example must write its curve there, as --out says")
    try:
        return [float(json.loads(line)["reward"]) for line in path.read_text(encoding="utf-8").splitlines()]
    except (ValueError, KeyError, TypeError) as error:
        raise ValueError(f"{path} must hold a JSON object with a reward in each line: {error!r}") from error


def tenths(rewards: Sequence[float]) -> tuple[float, float]:
    """Returns the means of the first and of the last tenth of a curve, one iteration at least.

    >>> tenths([0.0, 1.0, 2.0])
    (0.0, 2.0)

    Raises:
        ValueError: If the curve is empty.
    """
    if not rewards:
        raise ValueError("a curve needs at least one iteration, got none: raise --episodes")
    size = max(1, len(rewards) // 10)
    return sum(rewards[:size]) / size, sum(rewards[-size:]) / size
