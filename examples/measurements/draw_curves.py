"""Draws learning curves of some arms of a committed study in one panel, one thin line a run.

    python examples/measurements/draw_curves.py docs/results/tiny-quick.jsonl.xz --out curves.png
        "potential=paid at once" "terminal=at the end"                           (on one line)

An arm has the name that the report's tables give it; what stands behind the last "=" is its name in the
figure.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from agents.flags.flag import count
from agents.flags.parser import Parser
from agents.reports.additions import load_additions
from agents.reports.curve_figures import draw_learning
from agents.reports.look import Look, Picture
from agents.reports.report import open_report

SECTIONS = Path(__file__).parents[1] / "studies" / "sections"
Numbers = Mapping[str, Any]


def chosen(numbers: Numbers, labels: Mapping[str, str], most: float) -> Numbers:
    """Returns the numbers of a report with some arms alone, in one panel, up to so many episodes.

    Args:
        numbers: Of a report.
        labels: Name of each arm to its name in the figure.
        most: Episodes up to which curves are drawn.

    Raises:
        ValueError: If the report has no such arm; in one line.
    """
    known = {arm["name"]: arm for arm in numbers["arms"]}
    for name in labels:
        if name not in known:
            raise ValueError(f"expected an arm of {', '.join(known)}, got {name!r}")
    arms = [
        {**known[name], "label": label, "panel": "", "curves": _cut(known[name]["curves"], most)}
        for name, label in labels.items()
    ]
    return {**numbers, "arms": arms, "contrasts": []}


def _cut(curves: Numbers, most: float) -> Numbers:
    """Returns the curves of an arm up to so many episodes."""
    kept = sum(place <= most for place in curves["episodes"])
    return {
        **curves,
        "episodes": curves["episodes"][:kept],
        "alive": curves["alive"][:kept],
        "mean": {key: line[:kept] for key, line in curves["mean"].items()},
        "runs": {key: [run[:kept] for run in runs] for key, runs in curves["runs"].items()},
    }


def main(argv: Sequence[str] | None = None) -> int:
    """Writes the figure; returns the exit status."""
    parser = Parser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("study", type=Path, help="packed cells, or the folder of a study")
    parser.add_argument("arms", nargs="+", help="NAME=LABEL of each arm")
    parser.add_argument("--most", type=count, default=2048, help="episodes on the axis (default: 2048)")
    parser.add_argument("--out", type=Path, required=True, help="PNG file")
    options = parser.parse_args(argv)
    labels = {name: label for name, _, label in (arm.rpartition("=") for arm in options.arms)}
    try:
        report, *_ = open_report(options.study, additions=[load_additions(str(SECTIONS))])
        numbers = chosen(report.numbers, labels, options.most)
    except (ValueError, OSError) as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    options.out.write_bytes(Picture("curves", "", lambda look: draw_learning(numbers, look)).png(Look()))
    return 0


if __name__ == "__main__":
    sys.exit(main())
