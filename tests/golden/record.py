"""Records short learning curves, which tests/test_golden.py compares with what the code gives today.

    python tests/golden/record.py            writes tests/golden/*.json anew
    python tests/golden/record.py --bits     prints every number and digests of the weights instead

Numbers that move are a change that the changelog has to name. The curves: `toy`, a random GPT-2 of two layers
on the toy environment of the tests of `agents`; `sentiment`, the bundled model on the bundled prompts.
"""

from __future__ import annotations

import argparse
import hashlib
import importlib.util
import json
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import gymnasium
import torch

from agents import CausalLMPolicy, TokenPPO, TokenPPOConfig

FOLDER = Path(__file__).resolve().parent
CURVES = ("toy", "sentiment")
KEYS = (
    *("objective/scores", "objective/rlhf_reward", "objective/kl", "objective/entropy", "objective/length"),
    *("policy/approxkl", "policy/clipfrac", "policy/grad_norm", "loss/policy", "loss/value"),
    *("val/explained_variance", "env/score"),
)
"""What is recorded: not all that is reported, so that a new figure needs no new recording."""


class Record:
    """Keeps the numbers of each iteration."""

    def __init__(self) -> None:
        self.rows: list[dict[str, float]] = []

    def on_iteration(self, metrics: Mapping[str, float], timings: Any, episodes: Any) -> None:
        """Keeps a row."""
        self.rows.append(dict(metrics))


def learn_all() -> dict[str, dict[str, Any]]:
    """Returns of each curve the SHA-256 of the last weights, and all numbers of each iteration."""
    torch.set_num_threads(1)
    curves: dict[str, dict[str, Any]] = {}
    for name, agent in (("toy", make_toy()), ("sentiment", make_sentiment())):
        record = Record()
        agent.callbacks = [record]
        agent.learn(3 * agent.config.batch_size)
        curves[name] = {"weights": digest(agent), "rows": record.rows}
    return curves


def make_toy() -> TokenPPO:
    """Returns a learner with every term of the loss and every option of the rewards in use."""
    toy = _load_toy()
    with torch.random.fork_rng():  # the toy's models draw from the global generator
        policy = CausalLMPolicy(toy.make_model(), vocab_size=toy.V, temperature=0.9)
    config = TokenPPOConfig(
        seed=1, batch_size=32, minibatch_size=8, accumulation_steps=2, num_ppo_epochs=2, learning_rate=1e-3,
        response_length=(2, 6), whiten_rewards=True, missing_eos_penalty=0.5, entropy_coef=0.01, kl_coef=0.1,
    )  # fmt: skip
    return TokenPPO(policy, toy.ToyVectorEnv(num_envs=32), config)


def make_sentiment() -> TokenPPO:
    """Returns a learner with the default settings, in a smaller batch."""
    env = gymnasium.make_vec("rlsf_gym:rlsf_gym/Sentiment-v0", num_envs=16, max_new_tokens=8)
    return TokenPPO("bundled", env, TokenPPOConfig(batch_size=16, minibatch_size=4))


def digest(agent: TokenPPO) -> str:
    """Returns the SHA-256 of all weights of the policy, in order."""
    weights = [p.detach().numpy().tobytes() for p in agent.policy.parameters()]
    return hashlib.sha256(b"".join(weights)).hexdigest()


def main() -> int:
    """Writes the recordings, or prints every bit."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--bits", action="store_true", help="print the curves to the last bit")
    bits, curves = parser.parse_args().bits, learn_all()
    if bits:
        sys.stdout.write(json.dumps(curves) + "\n")
        return 0
    for name, curve in curves.items():
        rows = [{key: row[key] for key in KEYS} for row in curve["rows"]]
        (FOLDER / f"{name}.json").write_text(json.dumps(rows, indent=1) + "\n", encoding="utf-8")
    return 0


def _load_toy() -> Any:
    path = FOLDER.parent / "agents" / "conftest.py"
    spec = importlib.util.spec_from_file_location("toy_of_agents", path)
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


if __name__ == "__main__":
    sys.exit(main())
