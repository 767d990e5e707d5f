"""Best of n: no training; of n responses to a prompt the one is kept that the environment pays best.

    python examples/quickstart/best_of_n.py                              (half a minute on two cores)

What training has to beat: the reward rises with n, and so does the price. The best of n samples stays within
log n - (n - 1)/n nats of the language model (Stiennon et al. 2020, arXiv 2009.01325, give the formula; that
it is an upper bound of the divergence show Beirami et al. 2024, arXiv 2401.01879). The held-out judge, by
which nothing is chosen, says how much of the gain is real.
"""

from __future__ import annotations

import argparse
import json
import math
from importlib import resources
from pathlib import Path
from typing import Any

import gymnasium as gym
import numpy as np
import torch
from transformers import AutoModelForCausalLM, set_seed

ENV_ID = "rlsf_gym:rlsf_gym/Sentiment-v0"
MODEL = str(resources.files("agents") / "assets" / "gpt2-imdb-4m")
SIZES = (1, 2, 4, 8, 16)
MOST = SIZES[-1]  # responses to each prompt
ROWS = 256  # responses that are generated at a time


def generate(model: Any, prompt_ids: torch.Tensor, prompt_mask: torch.Tensor, length: int) -> list[list[int]]:
    """Returns a response to each prompt; what follows its end token is ignored by the environment."""
    responses: list[list[int]] = []
    for ids, mask in zip(prompt_ids.split(ROWS), prompt_mask.split(ROWS), strict=True):
        tokens = model.generate(
            input_ids=ids,
            attention_mask=mask,
            max_new_tokens=length,
            do_sample=True,
            top_k=0,  # the whole distribution: the library's default is the 50 likeliest tokens
            pad_token_id=model.config.eos_token_id,
        )
        responses += tokens[:, ids.shape[1] :].tolist()
    return responses


def measure(prompts: int, seed: int) -> dict[str, np.ndarray]:
    """Returns what the environment says of each response, by measure: float64 (prompts, MOST)."""
    _, opening = gym.make_vec(ENV_ID, num_envs=prompts).reset(seed=seed)  # draws the prompts
    repeated = opening["prompt"].repeat(MOST).tolist()
    env = gym.make_vec(ENV_ID, num_envs=len(repeated), judge="bundled", autoreset_mode="Disabled")
    observation, _ = env.reset(options={"prompts": repeated})
    ids, mask = (torch.as_tensor(observation[key]).long() for key in ("prompt_ids", "prompt_mask"))
    set_seed(seed)
    length = len(env.single_action_space.sample())  # tokens of a response, at most
    responses = generate(AutoModelForCausalLM.from_pretrained(MODEL), ids, mask, length)
    _, rewards, _, _, infos = env.step(responses)
    measures = {"reward": rewards, "score": infos["score"], "judge": infos["judge"]}
    return {name: values.reshape(prompts, MOST) for name, values in measures.items()}


def keep_best(measures: dict[str, np.ndarray], n: int) -> dict[str, float]:
    """Returns the means over the best-paid response of each n: MOST/n of them to a prompt."""
    groups = {name: values.reshape(-1, n) for name, values in measures.items()}
    best = groups["reward"].argmax(axis=1)[:, None]  # (groups, 1)
    return {name: float(np.take_along_axis(values, best, axis=1).mean()) for name, values in groups.items()}


def main() -> None:
    """Draws the responses and prints what choosing among n of them brings."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--episodes", type=int, default=4_096, help=f"responses, {MOST} to a prompt")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--out", type=Path, default=Path("runs/best_of_n.jsonl"))
    args = parser.parse_args()

    measures = measure(max(1, -(-args.episodes // MOST)), args.seed)
    rows = [{"n": n, **keep_best(measures, n), "kl_bound": math.log(n) - (n - 1) / n} for n in SIZES]
    print("  n   score  judge  KL at most")
    for row in rows:
        print("{n:3}  {score:+.3f}  {judge:.3f}  {kl_bound:10.3f}".format(**row))
    args.out.parent.mkdir(parents=True, exist_ok=True)
    args.out.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    tenth = max(1, len(rows) // 10)
    first, last = (sum(row["reward"] for row in part) / tenth for part in (rows[:tenth], rows[-tenth:]))
    print(f"reward: first tenth {first:+.3f}, last tenth {last:+.3f} ({args.out})")


if __name__ == "__main__":
    main()
