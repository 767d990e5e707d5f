"""Draws speed-ups of a committed study's contrasts over the number that their arms differ in.

    python examples/measurements/draw_dial.py docs/results/sentiment.jsonl.xz --out dial.png
        --x "what the critic begins with" "What the critic begins with: 0.5 against nothing=0.5" ...
        --level "Token-level against the scalar standard, 16 tokens=potential"   (on one line)

A contrast has the name that the study file gives it; what stands behind the last "=" is its place on the
axis, or the name of a level that is drawn across. Bars and band: 95% intervals. The arm that all points are
measured against stands at `--control`, where the speed-up is 1.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from agents.flags.parser import Parser
from agents.reports.additions import load_additions
from agents.reports.look import Look, Picture, dress, make_panels
from agents.reports.report import open_report

SECTIONS = Path(__file__).parents[1] / "studies" / "sections"
Numbers = Mapping[str, Any]


def speed_up_in(numbers: Numbers, name: str, *, limited: bool = True) -> Numbers:
    """Returns the speed-up of a contrast.

    Args:
        numbers: Of a report.
        name: Of the contrast.
        limited: Whether the goal counts within the study's limit of the divergence alone; else the contrast
            has to be one that the report shows under other goals and limits.

    Raises:
        ValueError: If there is no such contrast, or runs of one side alone got to the goal; in one line.
    """
    known = {one["name"]: one["speed_up"] for one in numbers["contrasts"]}
    if not limited:
        rows = [(one["name"], row) for one in numbers["sensitivity"] for row in one["rows"]]
        known = {
            shown: row["speed_ups"]["episodes_to_goal"]
            for shown, row in rows
            if row["share"] == numbers["goal"]["share"] and row["max_kl"] is None
        }
    if name not in known:
        raise ValueError(f"expected a contrast of {', '.join(known)}, got {name!r}")
    if known[name] is None or known[name]["bound"] or known[name]["none_reached"]:
        raise ValueError(f"{name!r}: expected a speed-up whose runs all got to the goal, got a bound or none")
    return known[name]


def draw(
    points: Mapping[float, Numbers], levels: Mapping[str, Numbers], control: float, x: str, look: Look
) -> Any:
    """Returns the figure of speed-ups, with levels across it.

    Args:
        points: Place on the axis to speed-up over the control.
        levels: Name to speed-up.
        control: Place of the control.
        x: Name of the axis.
        look: How it looks.
    """
    figure, (panel,) = make_panels(look, 1, height=3.0)
    dress(panel, look, x=x, y="times fewer episodes")
    places = sorted(points)
    for i, (name, level) in enumerate(levels.items(), start=1):
        colour, _ = look.series(i)
        panel.axhspan(level["low"], level["high"], color=colour, alpha=0.15, linewidth=0)
        panel.axhline(level["value"], color=colour, linewidth=1.4, label=name)
    values = [points[place]["value"] for place in places]
    sides = [
        [points[place]["value"] - points[place]["low"] for place in places],
        [points[place]["high"] - points[place]["value"] for place in places],
    ]
    colour, _ = look.series(0)
    panel.plot([control, *places], [1.0, *values], color=colour, linewidth=1)
    panel.plot([control], [1.0], "o", color=colour, markersize=6, markerfacecolor=look.ground)
    panel.errorbar(places, values, yerr=sides, fmt="o", color=colour, markersize=6, capsize=3)
    panel.set_xticks(sorted([control, *places]))
    if levels:
        panel.legend(frameon=False, fontsize=8.5, labelcolor="linecolor", loc="lower right")
    return figure


def main(argv: Sequence[str] | None = None) -> int:
    """Writes the figure; returns the exit status."""
    parser = Parser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("study", type=Path, help="packed cells, or the folder of a study")
    parser.add_argument("points", nargs="+", help="CONTRAST=NUMBER of each point")
    parser.add_argument("--level", action="append", default=[], help="CONTRAST=NAME of a level")
    parser.add_argument("--control", type=float, default=0.0, help="place of the control (default: 0)")
    parser.add_argument("--any-divergence", action="store_true", help="without the study's limit")
    parser.add_argument("--x", required=True, help="name of the axis")
    parser.add_argument("--out", type=Path, required=True, help="PNG file")
    options = parser.parse_args(argv)
    try:
        numbers = open_report(options.study, additions=[load_additions(str(SECTIONS))])[0].numbers
        told = [one.rpartition("=") for one in options.points]
        limited = not options.any_divergence
        points = {float(place): speed_up_in(numbers, name, limited=limited) for name, _, place in told}
        levels = {
            label: speed_up_in(numbers, name, limited=limited)
            for name, _, label in (one.rpartition("=") for one in options.level)
        }
    except (ValueError, OSError) as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    picture = Picture("dial", "", lambda look: draw(points, levels, options.control, options.x, look))
    options.out.write_bytes(picture.png(Look()))
    return 0


if __name__ == "__main__":
    sys.exit(main())
