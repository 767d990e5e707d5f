"""Pre-trains the bundled GPT-2 of 4 million parameters on IMDB reviews.

    python examples/workshop/pretrain.py --data PATH/TO/imdb --out agents/assets/gpt2-imdb-4m --minutes 85
    python examples/workshop/pretrain.py --tokens .lm/imdb_tokens.npy --out DIR --minutes 8 --device cuda
    python examples/workshop/pretrain.py --tokens .lm/imdb_tokens.npy --start DIR --out FURTHER --minutes 100

With `--data` the ids are made first (see `imdb_tokens.py`). `--out` receives the half-precision model every
few minutes, in the end its tokenizer and `training.json` with the figures of the model card: of this stage
and of those it started from. Learning rates follow the time budget of the stage: a short warm-up, then
linearly to zero.
"""

from __future__ import annotations

import argparse
import copy
import json
import math
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any, cast

import numpy as np
import torch
import torch.nn.functional as F
from numpy.typing import NDArray
from torch import Tensor
from transformers import GPT2Config, GPT2LMHeadModel

from agents.flags.parser import Parser
from examples.workshop.bits_per_byte import measure_bits
from examples.workshop.imdb_tokens import save_tokenizer
from examples.workshop.muon import BatchedMuon
from examples.workshop.ngram_teacher import NgramTeacher

END_ID = 4095
WARM_UP = 0.01
"""Fraction of the budget over which learning rates rise."""
WEIGHT_DECAY = 0.1


def make_model(*, vocab_size: int = END_ID + 1, width: int = 256, positions: int = 256) -> GPT2LMHeadModel:
    """Returns an untrained model of 4 layers, each the identity at first; its last id is the end token."""
    model = GPT2LMHeadModel(
        GPT2Config(
            vocab_size=vocab_size,
            n_layer=4,
            n_embd=width,
            n_head=4,
            n_positions=positions,
            activation_function="gelu_pytorch_tanh",
            resid_pdrop=0.0,
            embd_pdrop=0.0,
            attn_pdrop=0.0,
            bos_token_id=vocab_size - 1,
            eos_token_id=vocab_size - 1,
        )
    )
    for layer in cast(Any, model.transformer.h):
        torch.nn.init.zeros_(layer.attn.c_proj.weight)
        torch.nn.init.zeros_(layer.mlp.c_proj.weight)
    return model


class Blocks:
    """Blocks of consecutive training ids; a third of them start where a review starts.

    The environment's prompts are openings of reviews at position 0 without an end token before them, so
    these are seen often.

    Args:
        ids: (N,) uint16, each review followed by the end token.
        device: Where blocks are made.
        seed: Of the generator that draws the starts.
    """

    MARGIN = 8
    """Ids at the very start that no block begins with: a teacher looks at ids before a block."""

    def __init__(self, ids: NDArray[np.uint16], device: torch.device, seed: int) -> None:
        self._ids = torch.from_numpy(ids.astype(np.int32)).to(device)
        openings = np.flatnonzero(ids == END_ID)[:-1] + 1
        self._openings = torch.from_numpy(openings[openings < len(ids) - 300]).to(device)
        self._generator = torch.Generator(device=device).manual_seed(seed)

    def draw(self, count: int, length: int) -> tuple[Tensor, Tensor]:
        """Returns ids (count, length + 1) int64 and their positions in the training ids, likewise."""
        device = self._ids.device
        starts = torch.randint(
            self.MARGIN, len(self._ids) - length - 1, (count,), device=device, generator=self._generator
        )
        opening_count = count // 3
        chosen = torch.randint(
            len(self._openings), (opening_count,), device=device, generator=self._generator
        )
        starts[:opening_count] = self._openings[chosen]
        starts[: opening_count // 4] -= (starts[: opening_count // 4] > 0).long()  # some after an end token
        positions = starts[:, None] + torch.arange(length + 1, device=device)
        return self._ids[positions].long(), positions


class TiedHead(torch.autograd.Function):
    """Mean cross-entropy of the tied output layer, in chunks whose logits stay in the processor's caches."""

    @staticmethod
    def forward(
        ctx: Any, hidden: Tensor, embedding: Tensor, targets: Tensor, taught: Tensor | None, share: float
    ) -> Tensor:
        """Returns the mean loss in nats of targets (N,) int64, given hidden (N, C) and embedding (V, C).

        Its gradient is that of the cross-entropy to `(1 - share) onehot + share taught`, taught (N, V).
        """
        hidden_grad, embedding_grad = torch.empty_like(hidden), torch.zeros_like(embedding)
        total = torch.zeros((), device=hidden.device)
        for rows in torch.arange(len(hidden), device="cpu").split(
            512 if hidden.device.type == "cpu" else 32768
        ):
            part = slice(int(rows[0]), int(rows[-1]) + 1)
            logits = (hidden[part] @ embedding.T).float()
            total += F.cross_entropy(logits, targets[part], reduction="sum")
            logits.sub_(logits.amax(1, keepdim=True)).exp_()
            logits.div_(logits.sum(1, keepdim=True))
            if taught is not None:
                logits.sub_(taught[part].to(logits.device), alpha=share)
            logits[torch.arange(len(logits), device=logits.device), targets[part]] -= 1.0 - share
            slope = logits.to(hidden.dtype)
            hidden_grad[part] = slope @ embedding
            embedding_grad.addmm_(slope.T, hidden[part])
        ctx.save_for_backward(hidden_grad / len(hidden), embedding_grad / len(hidden))
        return total / len(hidden)

    @staticmethod
    def backward(ctx: Any, *slopes: Any) -> Any:
        """Returns the gradients made by `forward`, times the slope of what follows."""
        hidden_grad, embedding_grad = ctx.saved_tensors
        return hidden_grad * slopes[0], embedding_grad * slopes[0], None, None, None


def next_token_loss(
    model: GPT2LMHeadModel, block: Tensor, taught: Tensor | None = None, share: float = 0.0
) -> Tensor:
    """Returns the mean negative log-likelihood in nats of ids (N, L + 1) after the first of each row.

    Args:
        model: The model.
        block: (N, L + 1) int64.
        taught: (N * L, V) float32, the teacher's distributions, or None.
        share: Of the teacher in the targets that the gradient leads to; the value stays that of the ids.
    """
    hidden = model.transformer(input_ids=block[:, :-1], use_cache=False).last_hidden_state
    embedding = model.transformer.wte.weight.to(hidden.dtype)
    return TiedHead.apply(hidden.flatten(0, 1), embedding, block[:, 1:].flatten(), taught, share)


def make_optimizers(
    model: GPT2LMHeadModel, muon_rate: float, adam_rate: float
) -> list[torch.optim.Optimizer]:
    """Returns Muon for the matrices of the layers, AdamW for embeddings, gains and biases."""
    matrices = [p for p in model.transformer.h.parameters() if p.ndim == 2]
    known = {id(p) for p in matrices}
    others = [p for p in model.parameters() if id(p) not in known]
    adam = torch.optim.AdamW(others, lr=adam_rate, betas=(0.9, 0.98), eps=1e-10, weight_decay=0.0)
    optimizers = [BatchedMuon(matrices, lr=muon_rate, weight_decay=WEIGHT_DECAY), adam]
    for optimizer in optimizers:
        for group in optimizer.param_groups:
            group["initial_lr"] = group["lr"]
    return optimizers


def rate_factor(progress: float) -> float:
    """Returns the learning rates' factor at a point of the budget; both in [0, 1]."""
    return min(1.0, (progress + 1e-4) / WARM_UP, max(0.0, 1.0 - progress) / (1 - WARM_UP))


def save_model(model: GPT2LMHeadModel, folder: Path) -> None:
    """Writes config.json and model.safetensors in half precision; each file appears whole or not at all."""
    half = cast(Any, copy.deepcopy(model)).to("cpu").half()
    folder.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=folder.parent) as scratch:
        half.save_pretrained(scratch)
        config = json.loads(Path(scratch, "config.json").read_text(encoding="utf-8"))
        config["dtype"] = "float32"  # compute in single precision, whatever the file holds
        Path(scratch, "config.json").write_text(
            json.dumps(config, indent=2, sort_keys=True) + "\n", encoding="utf-8"
        )
        for name in ("config.json", "model.safetensors"):
            Path(scratch, name).chmod(0o644)
            os.replace(Path(scratch, name), folder / name)


def take_step(
    model: GPT2LMHeadModel,
    optimizers: list[torch.optim.Optimizer],
    block: Tensor,
    factor: float,
    taught: Tensor | None,
    share: float,
) -> float:
    """Updates the model on one block at `factor` of the learning rates; returns the loss in nats."""
    with torch.autocast(block.device.type, torch.bfloat16, enabled=block.device.type == "cuda"):
        loss = next_token_loss(model, block, taught, share)
    loss.backward()
    torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
    for optimizer in optimizers:
        for group in optimizer.param_groups:
            group["lr"] = group["initial_lr"] * factor
        optimizer.step()
        optimizer.zero_grad(set_to_none=True)
    return float(loss.detach())


def train(
    model: GPT2LMHeadModel, blocks: Blocks, teacher: NgramTeacher | None, arguments: argparse.Namespace
) -> dict[str, Any]:
    """Trains the model in place until the budget is spent; returns the figures of the run."""
    optimizers = make_optimizers(model, arguments.muon_rate, arguments.adam_rate)
    layers = list(model.transformer.h)
    begin = saved = time.monotonic()
    step = tokens = 0
    progress, average = 0.0, float("nan")
    while progress < 1.0:
        length = 128 if progress < arguments.short_fraction else 256
        depth = sum(progress >= start for start in arguments.growth)
        model.transformer.h = torch.nn.ModuleList(layers[:depth])  # a new layer is the identity at first
        block, positions = blocks.draw(arguments.batch_tokens // length, length)
        taught = teacher.targets(positions[:, 1:].flatten().cpu().numpy()) if teacher else None
        share = arguments.teacher_share * (1.0 - progress) if teacher else 0.0
        loss = take_step(model, optimizers, block, rate_factor(progress), taught, share)
        average = loss if math.isnan(average) else 0.99 * average + 0.01 * loss
        step, tokens = step + 1, tokens + block[:, 1:].numel()
        now = time.monotonic()
        if step % arguments.log_every == 0:
            print(f"step {step} tokens {tokens} loss {average:.4f} seconds {now - begin:.0f}", flush=True)
        progress = max((now - begin) / (60 * arguments.minutes), step / (arguments.steps or math.inf))
        if now - saved > 60 * arguments.save_minutes:
            saved = now
            model.transformer.h = torch.nn.ModuleList(layers)
            save_model(model, arguments.out)
    model.transformer.h = torch.nn.ModuleList(layers)
    seconds = round(time.monotonic() - begin)
    return {"steps": step, "tokens": tokens, "seconds": seconds, "last_train_loss_nats": average}


def make_parser() -> Parser:
    """Returns the flags."""
    parser = Parser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--data", type=Path, help="folder with the parquet files of stanfordnlp/imdb")
    parser.add_argument(
        "--tokens", type=Path, default=Path(".lm/imdb_tokens.npy"), help="ids made by imdb_tokens.py"
    )
    parser.add_argument(
        "--out", type=Path, default=Path("agents/assets/gpt2-imdb-4m"), help="folder for the model"
    )
    parser.add_argument(
        "--minutes", type=float, default=85.0, help="time budget, over which learning rates decay"
    )
    parser.add_argument(
        "--steps",
        type=int,
        default=0,
        help="stop after so many steps, if the time budget allows; 0: no limit",
    )
    parser.add_argument("--device", default="cpu", help="torch device")
    parser.add_argument("--start", type=Path, help="folder of an earlier run to go on from, at new rates")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--batch-tokens", type=int, default=4096, help="tokens per step")
    parser.add_argument(
        "--short-fraction",
        type=float,
        default=0.6,
        help="part of the budget spent on blocks of 128 ids, not 256",
    )
    parser.add_argument(
        "--growth", type=float, nargs=4, default=[0.0, 0.2, 0.5, 0.5], help="points at which layers join"
    )
    parser.add_argument("--muon-rate", type=float, default=0.008)
    parser.add_argument("--adam-rate", type=float, default=0.004)
    parser.add_argument(
        "--teacher-share",
        type=float,
        default=0.0,
        help="share of the 5-gram's expectation in the targets at first; it falls linearly to zero",
    )
    parser.add_argument("--save-minutes", type=float, default=5.0, help="time between intermediate models")
    parser.add_argument("--log-every", type=int, default=20)
    return parser


def parse_arguments() -> argparse.Namespace:
    """Returns the command line, completed with the tokens file that `--data` makes."""
    parser = make_parser()
    arguments = parser.parse_args()
    if arguments.data is not None:
        script = Path(__file__).with_name("imdb_tokens.py")
        subprocess.run(
            [sys.executable, script, "--data", arguments.data, "--out", arguments.tokens], check=True
        )
    if not arguments.tokens.is_file():
        parser.error(f"--tokens {arguments.tokens} does not exist; make it with --data PATH/TO/imdb")
    return arguments


def describe_stage(
    figures: dict[str, Any], arguments: argparse.Namespace, device: torch.device
) -> dict[str, Any]:
    """Returns what is recorded of one stage: figures, hardware and the flags that were not defaults."""
    parser = make_parser()
    paths = ("data", "tokens", "out", "start")
    options = {
        name: value
        for name, value in vars(arguments).items()
        if name not in paths and value != parser.get_default(name)
    }
    on_gpu = device.type == "cuda"
    hardware = torch.cuda.get_device_name(device) if on_gpu else f"{torch.get_num_threads()} CPU threads"
    return {**figures, "hardware": hardware, "options": options}


def main() -> None:
    """Trains, saves, measures."""
    arguments = parse_arguments()
    torch.manual_seed(arguments.seed)
    torch.set_float32_matmul_precision("high")
    device = torch.device(arguments.device)
    model, stages = make_model(), list[dict[str, Any]]()
    if arguments.start is not None:
        model = GPT2LMHeadModel.from_pretrained(arguments.start, dtype=torch.float32)
        stages = json.loads((arguments.start / "training.json").read_text(encoding="utf-8"))["stages"]
    model = cast(GPT2LMHeadModel, cast(Any, model).to(device))
    ids = np.load(arguments.tokens)
    teacher = NgramTeacher(ids) if arguments.teacher_share else None
    trained = train(model, Blocks(ids, device, arguments.seed), teacher, arguments)
    stages.append(describe_stage(trained, arguments, device))
    save_model(model, arguments.out)
    save_tokenizer(arguments.out)
    kept = GPT2LMHeadModel.from_pretrained(arguments.out, dtype=torch.float32)
    reloaded = cast(Any, kept).to(device).eval()
    counts = json.loads(arguments.tokens.with_suffix(".json").read_text(encoding="utf-8"))
    test_ids = np.load(arguments.tokens.with_suffix(".test.npy"))
    figures = {
        "parameters": sum(p.numel() for p in model.parameters()),
        "test_bits_per_byte": measure_bits(reloaded, test_ids, counts["test_bytes"]),
        **{name: sum(stage[name] for stage in stages) for name in ("steps", "tokens", "seconds")},
        "stages": stages,
        "data": counts,
    }
    (arguments.out / "training.json").write_text(json.dumps(figures, indent=1) + "\n", encoding="utf-8")
    print(json.dumps(figures), flush=True)


if __name__ == "__main__":
    main()
