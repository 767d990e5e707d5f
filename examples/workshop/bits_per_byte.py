"""Measures a causal language model in bits per byte on the sample of test reviews.

    python examples/workshop/bits_per_byte.py --tokens .lm/imdb_tokens.npy --model agents/assets/gpt2-imdb-4m

Comparable with `ngram_baseline.py`: the same reviews, the same ids, each review read after one end token.
"""

from __future__ import annotations

import json
import math
from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F
from numpy.typing import NDArray
from transformers import GPT2LMHeadModel

from agents.flags.parser import Parser

END_ID = 4095


@torch.no_grad()
def measure_bits(
    model: GPT2LMHeadModel, ids: NDArray[np.uint16], byte_count: int, stride: int = 128
) -> float:
    """Returns bits per byte of reviews, each scored from its first token to its last.

    Every review is read after one end token; a window holds 256 ids and moves by `stride`, so that a token
    past the first window has at least `256 - stride` tokens before it. The closing end tokens are not
    scored.

    Args:
        model: The language model.
        ids: (N,) uint16, each review followed by the end token.
        byte_count: UTF-8 bytes of the reviews.
        stride: Tokens newly scored per window.
    """
    size, device = model.config.n_positions, model.device
    rows: list[NDArray[np.int64]] = []
    for review in np.split(ids, np.flatnonzero(ids == END_ID) + 1)[:-1]:
        stream = np.concatenate([[END_ID], review[:-1]]).astype(np.int64)
        for start in range(0, max(1, len(stream) - 1 - size + stride), stride):
            row = np.full((2, size), -100, dtype=np.int64)
            window = stream[start : start + size + 1]
            row[0, : len(window) - 1], row[1, : len(window) - 1] = window[:-1], window[1:]
            row[1, : size - stride if start else 0] = -100  # scored by the window before
            rows.append(row)
    nats = 0.0
    for start in range(0, len(rows), 32):
        pairs = torch.from_numpy(np.stack(rows[start : start + 32])).to(device)  # (N, 2, L) int64
        logits = model(input_ids=pairs[:, 0].clamp(min=0), use_cache=False).logits.float()
        nats += float(
            F.cross_entropy(logits.flatten(0, 1), pairs[:, 1].flatten(), ignore_index=-100, reduction="sum")
        )
    return nats / math.log(2) / byte_count


def main() -> None:
    """Prints the figure for one model."""
    parser = Parser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument(
        "--tokens", type=Path, default=Path(".lm/imdb_tokens.npy"), help="ids made by imdb_tokens.py"
    )
    parser.add_argument(
        "--model", type=Path, default=Path("agents/assets/gpt2-imdb-4m"), help="folder of the model"
    )
    parser.add_argument("--reviews", type=int, default=0, help="measure on the first so many reviews; 0: all")
    arguments = parser.parse_args()
    model = GPT2LMHeadModel.from_pretrained(arguments.model, dtype=torch.float32).eval()
    ids = np.load(arguments.tokens.with_suffix(".test.npy"))
    byte_count = json.loads(arguments.tokens.with_suffix(".json").read_text(encoding="utf-8"))["test_bytes"]
    if arguments.reviews:
        from tokenizers import Tokenizer

        ids = ids[: np.flatnonzero(ids == END_ID)[arguments.reviews - 1] + 1]
        assets = Path(__file__).parents[2] / "rlsf_gym" / "text" / "assets"
        tokenizer = Tokenizer.from_file(str(assets / "tokenizer.json"))
        byte_count = len(tokenizer.decode(ids[ids != END_ID].tolist()).encode("utf-8"))
    print(json.dumps({"test_bits_per_byte": measure_bits(model, ids, byte_count)}))


if __name__ == "__main__":
    main()
