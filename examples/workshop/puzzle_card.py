"""Writes the model card of a bundled policy for puzzles from its recorded figures.

python -m examples.workshop.puzzle_card agents/assets/gpt2-sudoku-1m
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from agents.flags.parser import Parser
from agents.stats.intervals import failure_rate

CARD = """---
license: mit
library_name: transformers
pipeline_tag: text-generation
language: en
---

# {name}

A language model that answers {puzzles}.
It has the architecture of GPT-2: {parameters:,} parameters (4 layers of width 128, 4 heads, {positions}
positions, output tied to the embeddings) over a tokenizer of {tokens} tokens, the environment's own
(`tokenizer="{domain}"`). It is the policy that reinforcement learning on `{env_id}` starts from: it
writes well-formed answers, few of which are right.

## Training

Supervised, on answers that a program draws (`examples/workshop/puzzle_answers.py`), a new puzzle for each, of
the training split alone: no puzzle that is held out, in whatever order or naming, was among them. The loss is
of the answers, not of the prompts.

{answers}

{stages}

Muon for the layers' matrices, AdamW for the rest, learning rates that decay linearly to zero. The weights are
stored in half precision and meant to be used in single precision (`config.json` says so).

## Evaluation

{episodes:,} answers to held-out puzzles{arguments}, sampled at temperature 1, with 95% score intervals:

| measure | share | interval |
| --- | --- | --- |
| solved | {solved} |
| well formed: {formed} | {well_formed} |

## First answers

The first answers of that evaluation, unchosen.

| prompt | answer | solved |
| --- | --- | --- |
{samples}

## Limits

It knows these puzzles and nothing else, and most of its answers are wrong. It is a start for experiments.
"""

TEXTS: dict[str, dict[str, str]] = {
    "countdown": {
        "env_id": "rlsf_gym/Countdown-v0",
        "puzzles": "Countdown puzzles of three numbers in steps (`11-5=6,7*6=42`)",
        "answers": """\
Answers are drawn symbol by symbol among all legal ones, with true results; one in five is drawn among those
that reach the target. In half of the puzzles numbers go up to 9 and targets to 30, as in the environment, in
the others to 12 and 100.""",
        "formed": "each step is true and of numbers that are left, and one number is left",
    },
    "sudoku": {
        "env_id": "rlsf_gym/Sudoku-v0",
        "puzzles": "Sudoku puzzles of 4x4 cells",
        "answers": """\
Each answer copies the given digits and keeps one rule, that of rows or of columns or of boxes, drawn for each
answer; otherwise it is random. None is drawn for being right. The puzzles have 4, 6, 8 or 10 blanks.""",
        "formed": "a digit for each cell, the given ones as they are",
    },
    "knights": {
        "env_id": "rlsf_gym/KnightsAndKnaves-v0",
        "puzzles": "puzzles of three knights and knaves",
        "answers": """\
Half of the puzzles are of two people, and answered rightly. Of those of three people, on which training
begins, three of four are answered by what fits all but one person's statement, where there is such, 8% by
what fits all, which is right, and the rest by anything that is wrong. Who knows nothing solves one in
eight.""",
        "formed": "says of each person once what they are",
    },
}
"""What cards say of each domain."""


def describe_stage(stage: dict[str, Any], domain: str, number: int) -> str:
    """Returns a row of the table of stages: command, minutes, steps, answers."""
    words = ["python examples/workshop/pretrain_puzzles.py", domain, stage["options"]]
    words += [f"--start STAGE{number - 1}"] if number > 1 else []
    minutes = f"{stage['seconds'] / 60:.0f}"
    cells = (f"`{' '.join(filter(None, words))}`", minutes, f"{stage['steps']:,}", f"{stage['answers']:,}")
    return f"| {' | '.join(cells)} |"


def tell_share(count: int, total: int) -> str:
    """Returns a share with its 95% score interval, as two cells of a table.

    Example:
        >>> tell_share(50, 1000)
        '5.0% | 3.8% to 6.5%'
    """
    share = failure_rate(count, total)
    return f"{100 * share.value:.1f}% | {100 * share.low:.1f}% to {100 * share.high:.1f}%"


def fill_card(name: str, figures: dict[str, Any], config: dict[str, Any]) -> str:
    """Returns the card's text."""
    domain, held_out = figures["domain"], figures["held_out"]
    stages = ["| command, on one core | minutes | steps | answers |", "| --- | --- | --- | --- |"]
    stages += [describe_stage(stage, domain, number) for number, stage in enumerate(figures["stages"], 1)]
    kwargs = figures["env_kwargs"].get("domain_kwargs", {})
    told = ", ".join(f"{key}={value!r}" for key, value in kwargs.items())
    rows = [
        f"| `{one['prompt'].strip()}` | `{one['answer']}` | {'yes' if one['solved'] else 'no'} |"
        for one in held_out["samples"]
    ]
    return CARD.format(
        name=name,
        domain=domain,
        parameters=figures["parameters"],
        positions=config["n_positions"],
        tokens=config["vocab_size"],
        stages="\n".join(stages),
        episodes=held_out["episodes"],
        arguments=f" (`{told}`)" if told else "",
        solved=tell_share(held_out["solved"], held_out["episodes"]),
        well_formed=tell_share(held_out["well_formed"], held_out["episodes"]),
        samples="\n".join(rows),
        **TEXTS[domain],
    )


def write_card(folder: Path) -> None:
    """Writes README.md into the folder of a model with its training.json."""
    figures = json.loads((folder / "training.json").read_text(encoding="utf-8"))
    config = json.loads((folder / "config.json").read_text(encoding="utf-8"))
    (folder / "README.md").write_text(fill_card(folder.name, figures, config), encoding="utf-8")


def main() -> None:
    """Writes the card."""
    parser = Parser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("model", type=Path, help="folder of the model")
    write_card(parser.parse_args().model)


if __name__ == "__main__":
    main()
