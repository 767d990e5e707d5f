"""Writes the model card of the bundled language model from its recorded figures.

    python examples/workshop/write_model_card.py --model agents/assets/gpt2-imdb-4m --ngram-bits 1.579

Reads `training.json` as `pretrain.py` left it, samples five continuations of bundled prompts (one seed, no
choosing) and writes `README.md` beside it.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import torch
from tokenizers import Tokenizer
from transformers import GPT2LMHeadModel

from agents.flags.parser import Parser
from examples.workshop.imdb_tokens import TOKENIZER_FILE
from rlsf_gym.domains.sentiment.reviews import read_bundled

CARD = """---
license: mit
library_name: transformers
pipeline_tag: text-generation
language: en
---

# gpt2-imdb-4m

A language model of film reviews with the architecture of GPT-2: {parameters:,} parameters (4 layers of width
256, 4 heads, 256 positions, output tied to the embeddings) over a byte-level BPE of 4,096 tokens
(`rlsf_gym/text/assets/tokenizer.json`). It is the policy that reinforcement learning starts from where
nothing may be downloaded: small enough for two processor cores, and no more than that.

## Training

- Data: the training and unsupervised reviews of the Large Movie Review Dataset (Maas et al., 2011), without
  labels: {train_reviews:,} reviews, {train_tokens:,} tokens. No test review was used, for the tokenizer
  either. Line-break tags became one newline; an end token follows each review.
- {steps:,} steps, {tokens:,} tokens ({epochs:.2f} times the data), {minutes:.0f} minutes. Muon for the
  layers' matrices, AdamW for the rest. Each stage started from the one before, with learning rates that
  decay linearly to zero over the time of its command; one that took fewer minutes was stopped before. Under
  `--teacher-share` a part of the targets, falling linearly to zero, is what the 5-gram below expects.

{stages}

- A third of the training blocks start where a review starts, most without an end token before, because
  prompts are openings of reviews at position 0.

The weights are stored in half precision and meant to be used in single precision (`config.json` says so).

## Evaluation

Bits per UTF-8 byte of {test_reviews:,} test reviews (lower is better), each read from its first token to its
last after one end token:

| model | bits per byte |
| --- | --- |
| this model, in windows of 256 tokens | {bits:.3f} |
| interpolated Kneser-Ney 5-gram, same tokens, all of the training text | {ngram_bits:.3f} |

`examples/workshop/bits_per_byte.py` and `examples/workshop/ngram_baseline.py` measure them again.

## Five continuations

The first five draws of one seed, temperature 1, 24 tokens; the prompt is in bold.

{samples}

## Limits

It writes the grammar of reviews for a sentence or two, with no knowledge of films and no thread from one
sentence to the next. It knows English film reviews alone, repeats their judgements, slurs and prejudices, and
may give back pieces of its training text. Do not use it for anything but experiments.
"""


def sample_continuations(model: GPT2LMHeadModel, count: int, seed: int) -> str:
    """Returns a list in Markdown of `count` sampled continuations of bundled prompts."""
    tokenizer = Tokenizer.from_file(str(TOKENIZER_FILE))
    prompts = read_bundled()
    rng, generator = np.random.default_rng(seed), torch.Generator().manual_seed(seed)
    lines: list[str] = []
    for prompt in rng.choice(prompts, count, replace=False).tolist():
        ids = tokenizer.encode(prompt).ids
        start = len(ids)
        while len(ids) < start + 24 and ids[-1] != model.config.eos_token_id:
            with torch.no_grad():
                logits = model(input_ids=torch.tensor([ids])).logits[0, -1]
            ids.append(int(torch.multinomial(logits.softmax(-1), 1, generator=generator)))
        text = " ".join(tokenizer.decode(ids[start:]).split("\n"))
        lines.append(f"- **{prompt}**{text}")
    return "\n".join(lines)


def describe_stage(stage: dict[str, Any], number: int) -> str:
    """Returns a row of the table of stages: command, hardware, minutes, steps, tokens."""
    start = f" --start STAGE{number - 1}" if number > 1 else " --data PATH/TO/imdb"
    words = [f"--{name.replace('_', '-')} {' '.join(map(str, value)) if isinstance(value, list) else value}"
             for name, value in stage["options"].items()]  # fmt: skip
    command = f"`python examples/workshop/pretrain.py{start} {' '.join(words)}`"
    cells = (command, stage["hardware"], f"{stage['seconds'] / 60:.0f}", f"{stage['steps']:,}",
             f"{stage['tokens']:,}")  # fmt: skip
    return f"| {' | '.join(cells)} |"


def fill_card(figures: dict[str, Any], ngram_bits: float, samples: str) -> str:
    """Returns the card's text."""
    data = figures["data"]
    stages = ["| command | hardware | minutes | steps | tokens |", "| --- | --- | --- | --- | --- |"]
    stages += [describe_stage(stage, number) for number, stage in enumerate(figures["stages"], start=1)]
    return CARD.format(
        parameters=figures["parameters"],
        stages="\n".join(stages),
        minutes=figures["seconds"] / 60,
        steps=figures["steps"],
        tokens=figures["tokens"],
        epochs=figures["tokens"] / data["train_tokens"],
        bits=figures["test_bits_per_byte"],
        ngram_bits=ngram_bits,
        samples=samples,
        **{name: data[name] for name in ("train_reviews", "train_tokens", "test_reviews")},
    )


def main() -> None:
    """Writes the card."""
    parser = Parser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument(
        "--model", type=Path, default=Path("agents/assets/gpt2-imdb-4m"), help="folder of the model"
    )
    parser.add_argument("--ngram-bits", type=float, required=True, help="what ngram_baseline.py printed")
    parser.add_argument("--seed", type=int, default=0)
    arguments = parser.parse_args()
    figures = json.loads((arguments.model / "training.json").read_text(encoding="utf-8"))
    model = GPT2LMHeadModel.from_pretrained(arguments.model, dtype=torch.float32).eval()
    samples = sample_continuations(model, 5, arguments.seed)
    card = fill_card(figures, arguments.ngram_bits, samples)
    (arguments.model / "README.md").write_text(card, encoding="utf-8")


if __name__ == "__main__":
    main()
