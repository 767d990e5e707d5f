"""Pre-trains a bundled policy of a domain of puzzles on random well-formed answers.

    python examples/workshop/pretrain_puzzles.py sudoku --minutes 4
    python examples/workshop/pretrain_puzzles.py countdown --minutes 40 --out agents/assets/gpt2-countdown-1m

`puzzle_answers.py` says which answers. The model is a GPT-2 of 4 layers and width 128 over the domain's own
tokenizer; it sees puzzles of the training split alone. `--out` receives the half-precision model, its
tokenizer, `training.json` with the figures of held-out puzzles, and the model card.
"""

from __future__ import annotations

import argparse
import json
import math
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import gymnasium
import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor
from transformers import GPT2LMHeadModel

from agents import CausalLMPolicy
from agents.flags.parser import Parser
from agents.rollouts.evaluation import evaluate
from examples.workshop.pretrain import make_model, make_optimizers, rate_factor, save_model
from examples.workshop.puzzle_answers import ANSWERS, Answers
from examples.workshop.puzzle_card import write_card
from examples.workshop.puzzle_tokenizer import save_tokenizer

WIDTH = 128
HELD_OUT = 2048
"""Held-out answers on which a model is measured."""


def draw_batch(answers: Answers, rng: np.random.Generator, size: int) -> tuple[Tensor, Tensor]:
    """Returns prompts with answers and the end token, right-padded with it, and where answers are.

    Returns:
        ids int64 and mask bool, both (B, L); the mask is True on tokens of answers, the end included.
    """
    end = answers.tokenizer.eos_token_id
    rows = [
        (answers.tokenizer.encode(prompt), [*answers.tokenizer.encode(answer), end])
        for prompt, answer in (answers.draw(rng) for _ in range(size))
    ]
    longest = max(len(prompt) + len(answer) for prompt, answer in rows)
    ids = torch.full((size, longest), end)  # (B, L) int64
    mask = torch.zeros((size, longest), dtype=torch.bool)
    for row, (prompt, answer) in enumerate(rows):
        ids[row, : len(prompt) + len(answer)] = torch.tensor([*prompt, *answer])
        mask[row, len(prompt) : len(prompt) + len(answer)] = True
    return ids, mask


def answer_loss(model: GPT2LMHeadModel, ids: Tensor, mask: Tensor) -> Tensor:
    """Returns the mean negative log-likelihood of the tokens of answers, in nats."""
    hidden = model.transformer(input_ids=ids[:, :-1], use_cache=False).last_hidden_state
    chosen = mask[:, 1:]
    return F.cross_entropy(model.lm_head(hidden[chosen]), ids[:, 1:][chosen])


def train(model: GPT2LMHeadModel, answers: Answers, arguments: argparse.Namespace) -> dict[str, Any]:
    """Trains the model in place until the minutes are over; returns the figures of the run."""
    rng = np.random.default_rng(arguments.seed)
    optimizers = make_optimizers(model, arguments.muon_rate, arguments.adam_rate)
    begin = time.monotonic()
    step, progress, average = 0, 0.0, float("nan")
    while progress < 1.0:
        loss = answer_loss(model, *draw_batch(answers, rng, arguments.batch_size))
        loss.backward()
        torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        for optimizer in optimizers:
            for group in optimizer.param_groups:
                group["lr"] = group["initial_lr"] * rate_factor(progress)
            optimizer.step()
            optimizer.zero_grad(set_to_none=True)
        step += 1
        average = loss.item() if math.isnan(average) else 0.98 * average + 0.02 * loss.item()
        seconds = time.monotonic() - begin
        progress = max(seconds / (60 * arguments.minutes), step / (arguments.steps or math.inf))
        if step % arguments.log_every == 0:
            print(f"step {step} loss {average:.4f} seconds {seconds:.0f}", flush=True)
    return {
        "steps": step,
        "answers": step * arguments.batch_size,
        "seconds": round(time.monotonic() - begin),
        "last_train_loss_nats": average,
    }


def measure(folder: Path, answers: Answers, episodes: int) -> dict[str, Any]:
    """Returns how many answers to held-out puzzles are right, and how many well formed, with examples."""
    policy = CausalLMPolicy.from_pretrained(str(folder))
    env = gymnasium.make_vec(
        f"rlsf_gym:rlsf_gym/{answers.env_id}", num_envs=128, split="eval", **answers.env_kwargs
    )
    rows = evaluate(policy, env, episodes=episodes, reference=policy, seed=0)
    infos: Sequence[Any] = [row["info"] for row in rows]
    formed = [answers.is_well_formed(info["instance"], info["response_text"]) for info in infos]
    ended = [info["finish_reason"] == "eos" for info in infos]
    return {
        "episodes": len(rows),
        "solved": round(sum(row["solved"] for row in rows)),
        "well_formed": sum(form and end for form, end in zip(formed, ended, strict=True)),
        "samples": [
            {"prompt": info["prompt"], "answer": info["response_text"], "solved": bool(info["solved"])}
            for info in infos[:5]
        ],
    }


def make_parser() -> Parser:
    """Returns the flags."""
    parser = Parser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("domain", choices=sorted(ANSWERS))
    parser.add_argument("--out", type=Path, help="folder (default: agents/assets/gpt2-DOMAIN-1m)")
    parser.add_argument("--start", type=Path, help="folder of an earlier run to go on from, at new rates")
    parser.add_argument(
        "--minutes", type=float, default=30.0, help="time budget, over which learning rates decay"
    )
    parser.add_argument("--steps", type=int, default=0, help="stop after so many steps; 0: no limit")
    parser.add_argument("--batch-size", type=int, default=128, help="answers per step")
    parser.add_argument("--muon-rate", type=float, default=0.01)
    parser.add_argument("--adam-rate", type=float, default=0.004)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--threads", type=int, default=1, help="of torch")
    parser.add_argument("--log-every", type=int, default=100)
    return parser


def describe_options(arguments: argparse.Namespace) -> str:
    """Returns the flags that were not defaults, as they are typed."""
    parser = make_parser()
    given = {
        name: value
        for name, value in vars(arguments).items()
        if name not in ("domain", "out", "start") and value != parser.get_default(name)
    }
    return " ".join(f"--{name.replace('_', '-')} {value}" for name, value in given.items())


def main() -> None:
    """Trains, saves, measures."""
    arguments = make_parser().parse_args()
    folder = arguments.out or Path("agents/assets") / f"gpt2-{arguments.domain}-1m"
    torch.manual_seed(arguments.seed)
    torch.set_num_threads(arguments.threads)
    answers = ANSWERS[arguments.domain]()
    model = make_model(vocab_size=answers.tokenizer.vocab_size, width=WIDTH, positions=answers.positions)
    stages = list[Any]()
    if arguments.start is not None:
        model = GPT2LMHeadModel.from_pretrained(arguments.start, dtype=torch.float32)
        stages = json.loads((arguments.start / "training.json").read_text(encoding="utf-8"))["stages"]
    stages.append({**train(model, answers, arguments), "options": describe_options(arguments)})
    save_model(model, folder)
    save_tokenizer(answers.tokenizer, folder, answers.positions)
    figures = {
        "domain": arguments.domain,
        "parameters": sum(parameter.numel() for parameter in model.parameters()),
        "env_kwargs": answers.env_kwargs,
        "stages": stages,
        "held_out": measure(folder, answers, HELD_OUT),
    }
    (folder / "training.json").write_text(json.dumps(figures, indent=1) + "\n", encoding="utf-8")
    write_card(folder)
    print(json.dumps(figures), flush=True)


if __name__ == "__main__":
    main()
