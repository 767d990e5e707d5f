"""Writes the report of a study of this repository, with the sections that its own studies add.

    python examples/studies/report.py tier0          (runs/studies/tier0, or docs/results/tier0.jsonl.xz)
    python examples/studies/report.py PATH --out FOLDER

It is `rlsf-report --sections examples/studies/sections`, wherever it is started.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path

from agents.commands import report
from rlsf_gym.presets.table import load_preset

ROOT = Path(__file__).parents[2]
PLACES = (Path("runs/studies"), ROOT / "docs" / "results")
SECTIONS = Path(__file__).with_name("sections")


def main(argv: Sequence[str] | None = None) -> int:
    """Writes the report of a study; returns the exit status."""
    words = sys.argv[1:] if argv is None else list(argv)
    own = [] if "--sections" in words else ["--sections", str(SECTIONS)]
    return report.main([*words, *own], preset=load_preset("sentiment"), places=PLACES)


if __name__ == "__main__":
    sys.exit(main())
