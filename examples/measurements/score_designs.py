"""Scores reward designs without training: plausibility, faithfulness, credit cosine and noise, and speed.

    python examples/measurements/score_designs.py --sst PATH/TO/sst/dev.txt --out runs/designs (three minutes)
    python examples/measurements/score_designs.py --quick                                      (seconds)

- Plausibility: how the credit of words and phrases agrees with readers' labels in the Stanford Sentiment
  Treebank. Each sentence is a response to an empty prompt. 95% bootstrap intervals over sentences.
- Faithfulness: what a response of the bundled policy loses without the words that a design credits most, and
  with nothing else (ERASER). For a scorer of rules, a text with erased words is a text like any other.
- Credit cosine and credit noise: what a learner's gradient would be under the design, in a game small enough
  to enumerate; ranges over 20 drawn policies.
- Milliseconds per 1,000 responses in the vector environment.

Everything but the speed is under VADER, with a word paid at once. Designs that draw are measured on one
draw. A design that the scorer can't serve is listed with the reason. `rule_certificate` is there twice: as it
is, and with its amounts on the words whose valence they change (`at="unit"`).
"""

from __future__ import annotations

import argparse
import json
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from agents.flags.parser import Parser
from agents.runs.printable import one_line
from agents.stats.intervals import Interval
from examples.measurements import faithfulness, game_credit, plausibility
from examples.measurements.treebank import read_trees
from examples.speed.bench_env import Bench
from rlsf_gym.designs import DESIGNS, Design, load_design
from rlsf_gym.domains import load_domain
from rlsf_gym.scorers import VaderScorer
from rlsf_gym.scorers.offers import check_offer
from rlsf_gym.word_game import WORDS, WordGame

DASH = "-"


class Size(NamedTuple):
    """How much is measured."""

    trees: int | None
    resamples: int
    responses: int
    tokens: int
    draws: int
    game: WordGame
    lengths: tuple[int, ...]
    num_envs: int
    repeats: int


FULL = Size(
    trees=None,
    resamples=1000,
    responses=200,
    tokens=32,
    draws=20,
    game=WordGame(),
    lengths=(16, 64),
    num_envs=32,
    repeats=3,
)
QUICK = Size(
    trees=100,
    resamples=20,
    responses=10,
    tokens=8,
    draws=2,
    game=WordGame(choices=(WORDS,) * 3),
    lengths=(4,),
    num_envs=2,
    repeats=1,
)


class Scores(NamedTuple):
    """All that was measured."""

    designs: list[str]
    not_served: dict[str, str]
    plausibility: plausibility.Plausibility | None
    faithfulness: faithfulness.Faithfulness
    credit: game_credit.GameCredit
    claims: list[game_credit.Claim]
    milliseconds: dict[str, dict[int, float]]
    seconds: dict[str, float]


def main(argv: Sequence[str] | None = None) -> int:
    """Measures, prints the tables and writes the files; returns the exit status."""
    parser = Parser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--sst", type=Path, help="a file of trees in Penn brackets, one a line")
    parser.add_argument("--out", type=Path, help="a folder for scores.json and the figures")
    parser.add_argument("--quick", action="store_true", help="a little of everything, in seconds")
    options = parser.parse_args(argv)
    try:
        scores = measure(QUICK if options.quick else FULL, options.sst)
        print("\n".join(report(scores)))
        if options.out is not None:
            write(options.out, scores)
    except (ValueError, OSError, ImportError) as error:
        print("error: " + one_line(error), file=sys.stderr)
        return 1
    return 0


def split_designs(scorer: Any) -> tuple[dict[str, Design], dict[str, str]]:
    """Returns the designs that a scorer serves, and why it doesn't serve the others."""
    served: dict[str, Design] = {}
    not_served: dict[str, str] = {}
    here = load_domain("sentiment").design_kwargs
    designs = {name: load_design(name, **here.get(name, {})) for name in DESIGNS}
    for name, design in {**designs, game_credit.ON_WORDS: load_design("rule_certificate", at="unit")}.items():
        try:
            check_offer(name, design.needs, scorer)
        except ValueError as reason:
            not_served[name] = str(reason)
        else:
            served[name] = design
    return served, not_served


def measure(size: Size, sst: Path | None) -> Scores:
    """Returns the scores of all designs that VADER serves."""
    designs, not_served = split_designs(VaderScorer())
    seconds: dict[str, float] = {}

    def timed(name: str, task: Callable[[], Any]) -> Any:
        start = time.perf_counter()
        result = task()
        seconds[name] = time.perf_counter() - start
        print(f"{name}: {seconds[name]:.0f} s", flush=True)
        return result

    plausible = None
    if sst is None:
        print("plausibility: left out, as no treebank was given (--sst PATH/TO/sst/dev.txt)", flush=True)
    else:
        trees = read_trees(sst, size.trees)
        plausible = timed(
            "plausibility", lambda: plausibility.measure(trees, designs, resamples=size.resamples)
        )
    responses = faithfulness.sample_responses(size.responses, size.tokens, seed=0)
    faithful = timed(
        "faithfulness", lambda: faithfulness.measure(responses, designs, resamples=size.resamples)
    )
    credit = timed("game", lambda: game_credit.measure(designs, draws=size.draws, game=size.game))
    speed = timed("speed", lambda: measure_speed(designs, size))
    claims = game_credit.check(credit, designs)
    return Scores(list(designs), not_served, plausible, faithful, credit, claims, speed, seconds)


def measure_speed(designs: Mapping[str, Design], size: Size) -> dict[str, dict[int, float]]:
    """Returns design -> length -> milliseconds per 1,000 responses: medians, the designs taking turns."""
    benches = {
        (name, tokens): Bench(tokens, "text", design, "native", size.num_envs)
        for tokens in size.lengths
        for name, design in designs.items()
    }
    rng = np.random.default_rng(0)
    for _ in range(size.repeats):
        for bench in benches.values():
            bench.visit(rng)
    found: dict[str, dict[int, float]] = {name: {} for name in designs}
    for (name, tokens), bench in benches.items():
        found[name][tokens] = 1e6 * bench.median
    return found


def report(scores: Scores) -> list[str]:
    """Returns the tables and the claims as lines of text."""
    lines = ["", *_summary(scores), "", *game_credit.rows(scores.credit, scores.designs), ""]
    lines += [f"not served: {reason}" for reason in scores.not_served.values()]
    lines += [
        f"{'holds' if claim.holds else 'DOES NOT HOLD'}: {claim.text} ({claim.found})"
        for claim in scores.claims
    ]
    if scores.plausibility is not None:
        lines += ["", "plausibility: " + _list_counts(scores.plausibility.counts)]
    return [*lines, "faithfulness: " + _list_counts(scores.faithfulness.counts)]


def _list_counts(counts: Mapping[str, int]) -> str:
    return ", ".join(f"{count:,} {name}" for name, count in counts.items())


def _summary(scores: Scores) -> list[str]:
    lengths = list(next(iter(scores.milliseconds.values())))
    heads = (
        ("words", 25),
        ("phrases", 25),
        ("negation", 25),
        ("comprehensiveness", 25),
        ("sufficiency", 25),
        ("cosine, lambda 1", 25),
        ("uniform policy", 16),
        *((f"ms/1000 at {length}", 16) for length in lengths),
    )
    lines = [f"{'design':<26}" + "".join(head.rjust(width) for head, width in heads)]
    for name in scores.designs:
        cosines = scores.credit.cosine[name, "mean", 1.0]
        plausible = {} if scores.plausibility is None else scores.plausibility.measures[name]
        cells = [
            *(
                _show(plausible.get(key))
                for key in ("word_correlation", "phrase_correlation", "negation_right")
            ),
            *(_show(interval) for interval in scores.faithfulness.measures[name].values()),
            game_credit.spread(cosines),
            f"{cosines[-1]:.3f}",
            *(f"{scores.milliseconds[name][length]:.0f}" for length in lengths),
        ]
        row = "".join(cell.rjust(width) for cell, (_, width) in zip(cells, heads, strict=True))
        lines.append(f"{name:<26}{row}")
    return lines


def _show(interval: Interval | None) -> str:
    return DASH if interval is None else f"{interval.value:.3f} [{interval.low:.3f}, {interval.high:.3f}]"


def write(folder: Path, scores: Scores) -> None:
    """Writes scores.json and the figures."""
    from examples.measurements import design_figures

    folder.mkdir(parents=True, exist_ok=True)
    (folder / "scores.json").write_text(json.dumps(as_json(scores), indent=1) + "\n", encoding="utf-8")
    design_figures.draw_credit(folder / "credit.png", scores.credit, scores.designs)
    design_figures.draw_faithfulness(folder / "faithfulness.png", scores.faithfulness)
    if scores.plausibility is not None:
        design_figures.draw_plausibility(folder / "plausibility.png", scores.plausibility)
    print(f"written to {folder}")


def as_json(scores: Scores) -> dict[str, Any]:
    """Returns the scores as plain data, by design; intervals are [number, low, high]."""
    plausible, faithful = scores.plausibility, scores.faithfulness
    designs = {
        name: {
            "plausibility": None if plausible is None else plausible.measures[name],
            "faithfulness": faithful.measures[name],
            "curves": faithful.curves[name],
            "milliseconds": scores.milliseconds[name],
            "game": [
                {
                    "critic": critic,
                    "lambda": lam,
                    "cosine": scores.credit.cosine[design, critic, lam].tolist(),
                    "noise": scores.credit.noise[design, critic, lam].tolist(),
                }
                for design, critic, lam in scores.credit.cosine
                if design == name
            ],
        }
        for name in scores.designs
    }
    counts = {**({} if plausible is None else plausible.counts), **faithful.counts}
    return {
        "designs": designs,
        "not_served": scores.not_served,
        "claims": [claim._asdict() for claim in scores.claims],
        "counts": counts,
        "seconds": scores.seconds,
    }


if __name__ == "__main__":
    sys.exit(main())
