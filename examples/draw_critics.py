"""Draws what token-level rewards save over what the critic of the scalar one knows: docs/results/critics.png.

    python examples/draw_critics.py
    python examples/draw_critics.py --results docs/results --out FILE.png

Left: learners of GPT-2 (study `tiny`, 16 tokens) and of the word game (`tier0`, one small step; the lines are
what follows from its expected gradients). Explained variance is that of the critic's own targets, which hold
its own values where lambda is low: GPT-2 is shown for lambda 0.95 and 1. Right: what the gradients of GPT-2
let expect (`gradients`: from equal steps to the best steps), where learners start and after 8 iterations,
beside what learners took. Prints the numbers of the right side.
"""

import argparse
from pathlib import Path

from report import read
from reporting.comparison_figures import mark_ratios
from reporting.game_speed import compare as compare_games
from reporting.gradient_section import compare as compare_gradients
from reporting.gradient_section import read_arms
from reporting.look import Look, Picture, dress, make_panels
from reporting.measures import WARMUP
from reporting.numbers import analyse
from reporting.training_tables import speed_up_text

from agents.study_files import PACKED

LENGTH = "env_kwargs.max_new_tokens"
CRITIC = "config.vf_coef"
TOKENS = 16
LAMBDAS = (1.0, 0.95, 0.8, 0.5)
"""In the order of their colours."""
LEAST_TOLD = 0.95
"""Smallest lambda at which explained variance says what the critic knows."""
CRITICS = ("no critic", "critic", "warm critic")
STATES = {
    "no critic": ("nothing learned",),
    "critic": ("nothing learned", "policy and critic after 8"),
    "warm critic": ("critic alone after 16", "policy and critic after 8"),
}
"""States of `gradients` that learners pass through: where they start, and later."""


def main():
    """Draws the figure."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--results", type=Path, default=Path("docs/results"), help="folder of the studies")
    parser.add_argument("--out", type=Path, default=Path("docs/results/critics.png"), help="the picture")
    args = parser.parse_args()
    learners, games, gradients = (
        read_learners(args.results),
        read_games(args.results),
        read_gradients(args.results),
    )
    pairs = [
        (one, [limits(gradients.get((state, one["lam"]))) for state in STATES[kind_of(one)]])
        for one in learners
    ]
    picture = Picture("critics", "", lambda look: draw(pairs, games, look))
    args.out.write_bytes(picture.png(Look()))
    for one, rows in pairs:
        told = ", ".join(
            "not measured" if ends is None else f"{ends[0]:.2f} to {ends[1]:.2f}" for ends in rows
        )
        print(f"{name_of(one):20} expected {told:30} found {speed_up_text(one['speed_up'])}")


def read_learners(results):
    """Returns the critics of `reporting.critics.compare_critics` at 16 tokens, by critic and lambda."""
    study, cells = read(results / f"tiny{PACKED}")
    critics = analyse(cells, study)["critics"]
    known = [one for one in critics if one["speed_up"] and one["explained"] and one["lam"] in LAMBDAS]
    short = [one for one in known if one["factors"].get(LENGTH, TOKENS) in (None, TOKENS)]
    return sorted(short, key=lambda one: (CRITICS.index(kind_of(one)), -one["lam"]))


def read_games(results):
    """Returns the speed-ups of the word game, by lambda and critic."""
    _, cells = read(results / f"tier0{PACKED}")
    records = ([row for cell in cells for row in cell.records(kind)] for kind in ("credit", "game_runs"))
    return compare_games(*records)


def read_gradients(results):
    """Returns the rows of the study `gradients` by state and lambda."""
    _, cells = read(results / f"gradients{PACKED}")
    return {(row["state"], row["lam"]): row for row in compare_gradients(read_arms(cells))}


def kind_of(one):
    """Returns which of `CRITICS` learners have."""
    factors = one["factors"]
    if factors.get(CRITIC) == 0.0:
        return "no critic"
    return "warm critic" if factors.get(WARMUP) else "critic"


def name_of(one):
    """Returns critic and lambda of learners."""
    return f"{kind_of(one)}, λ {one['lam']:g}"


def limits(row):
    """Returns the speed-ups with equal and with the best steps; None where they are not known."""
    if row is None or row["ratio"] is None:
        return None
    return row["ratio"]["value"], row["ratio"]["value"] ** 2


def draw(pairs, games, look):
    """Returns the figure."""
    figure, (left, right) = make_panels(look, 2, columns=2, height=4.2)
    dress(
        left, look, title="Learners", x="variance that terminal's critic explains", y="speed-up of potential"
    )
    dress(right, look, title="GPT-2: expected from gradients, and found")
    colours = {lam: look.series(i)[0] for i, lam in enumerate(LAMBDAS)}
    for panel in (left, right):
        panel.axhline(1.0, color=look.soft, linewidth=1.2)
        panel.set_yscale("log")
    _draw_games(left, games, colours, look)
    for x, (one, expected) in enumerate(pairs):
        colour = colours[one["lam"]]
        marker = "^" if one["speed_up"]["bound"] == "lower" else "o"
        if one["lam"] >= LEAST_TOLD:
            _mark(left, one["explained"]["value"], one["speed_up"], colour, marker, colour)
        _mark(right, x + 0.15, one["speed_up"], colour, marker, colour)
        for place, ends in enumerate(expected):
            if ends is not None:
                _mark_range(right, x - 0.25 + 0.17 * place, ends, colour, 0.3 + 0.3 * place)
    for panel in (left, right):
        mark_ratios(panel, *panel.get_ylim(), axis="y")
    right.set_xticks(range(len(pairs)), [name_of(one).replace(", ", "\n") for one, _ in pairs])
    right.grid(visible=False, axis="x")
    for lam in LAMBDAS:
        left.plot([], [], color=colours[lam], linewidth=4, label=f"λ {lam:g}")
    left.plot([], [], "o", color=look.soft, label="GPT-2")
    left.plot([], [], "s-", color=look.soft, markerfacecolor=look.ground, label="word game")
    left.legend(frameon=False, fontsize=9, labelcolor=look.ink, ncols=2)
    return figure


def _draw_games(left, games, colours, look):
    """Draws what follows from the expected gradients of the word game, and what its learners took."""
    for lam in LAMBDAS:
        rows = sorted((row for row in games if row["lam"] == lam), key=lambda row: row["explained"])
        left.plot(
            [row["explained"] for row in rows], [row["small"] for row in rows],
            color=colours[lam], linewidth=1.2, alpha=0.6,
        )  # fmt: skip
        for row in rows:
            if row["measured"]:
                _mark(left, row["explained"], row["measured"], colours[lam], "s", look.ground)


def _mark(panel, x, found, colour, marker, fill):
    """Draws a speed-up with its interval."""
    panel.plot([x, x], [found["low"], found["high"]], color=colour, linewidth=1.4)
    panel.plot(x, found["value"], marker, color=colour, markerfacecolor=fill, markersize=7)


def _mark_range(panel, x, ends, colour, alpha):
    """Draws between what limits a speed-up is expected."""
    panel.plot([x, x], ends, color=colour, linewidth=7, alpha=alpha, solid_capstyle="butt")


if __name__ == "__main__":
    main()
