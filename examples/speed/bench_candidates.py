"""Times environments that say what every token would have earned, beside the same ones that don't.

    python examples/speed/bench_candidates.py [--tokenizers bundled path/to/gpt2] [--rounds 15]

A batch is 128 responses of 16 tokens of English text in the native vector environment. Both take turns, so
that a busy spell falls on both alike. Printed are, for each vocabulary, its size V, the number K of tokens
that have rewards of their own, milliseconds of processor time per batch without and with candidates (medians
of the rounds), and their ratio.
"""

from __future__ import annotations

import statistics
import time
from typing import Any

import gymnasium as gym
import numpy as np

from agents.flags.parser import Parser
from examples.speed.bench_checkouts import TEXT


class Side:
    """One environment, and the responses that it is given.

    Args:
        tokenizer: What the environment's `tokenizer` takes.
        candidates: Whether it says what every token would have earned.
        size: Number of responses.
        tokens: Number of their tokens.
    """

    def __init__(self, tokenizer: str, candidates: bool, size: int, tokens: int) -> None:
        self.env: Any = gym.make_vec(
            "rlsf_gym:rlsf_gym/Sentiment-v0",
            num_envs=size,
            tokenizer=tokenizer,
            max_new_tokens=tokens,
            boundary="open",
            candidates=candidates,
        )
        self.env.reset(seed=0)
        ids = np.array(self.env.unwrapped.tokenizer.encode(TEXT * (1 + tokens // 32)))
        starts = np.random.default_rng(0).integers(0, len(ids) - tokens, size)
        self.actions = np.stack([ids[start : start + tokens] for start in starts])

    def time(self) -> float:
        """Returns milliseconds of processor time of one batch."""
        start = time.process_time()
        infos = self.env.step(self.actions)[-1]
        spent = time.process_time() - start
        self.infos = infos["final_info"]
        return 1000.0 * spent


def main() -> None:
    """Runs the comparison for each vocabulary."""
    parser = Parser(description=__doc__)
    parser.add_argument("--tokenizers", nargs="+", default=["bundled"], help="names or folders of tokenizers")
    parser.add_argument("--rounds", type=int, default=15)
    parser.add_argument("--size", type=int, default=128, help="responses in a batch")
    parser.add_argument("--tokens", type=int, default=16, help="tokens of a response")
    options = parser.parse_args()
    for tokenizer in options.tokenizers:
        sides = [Side(tokenizer, candidates, options.size, options.tokens) for candidates in (False, True)]
        spans = [[side.time() for side in sides] for _ in range(options.rounds + 2)][2:]  # two warm up
        without, with_all = map(statistics.median, zip(*spans, strict=True))
        size, count = sides[1].env.unwrapped.tokenizer.vocab_size, sides[1].infos["candidate_ids"].shape[1]
        print(
            f"{tokenizer}: V {size:,}, K {count:,}, {without:.1f} ms without, {with_all:.1f} ms with "
            f"candidates: x {with_all / without:.2f}"
        )


if __name__ == "__main__":
    main()
