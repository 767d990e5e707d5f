"""Stable-Baselines3's PPO on the toy language: an agent that begins with nothing learns to write praise.

    pip install -e '.[sb3]'
    python examples/quickstart/sb3_ppo.py                                (half a minute on two cores)
    python examples/quickstart/sb3_ppo.py --env rlsf_gym:rlsf_gym/CountdownToken-v0

One step is one word. Ids are names and not numbers, so the policy looks them up in a table; the rest is SB3.
"""

from __future__ import annotations

import argparse
import json
from pathlib import Path
from typing import Any, cast

import torch
from gymnasium import spaces
from stable_baselines3 import PPO
from stable_baselines3.common.callbacks import BaseCallback
from stable_baselines3.common.env_util import make_vec_env
from stable_baselines3.common.torch_layers import BaseFeaturesExtractor
from stable_baselines3.common.vec_env import VecEnv

ENV_ID = "rlsf_gym:rlsf_gym/SentimentTokenToy-v0"
ENVS = 16
STEPS = 64  # of each environment, per iteration


class WordFeatures(BaseFeaturesExtractor):
    """Shows the policy a learned vector for each word that stands in the text."""

    def __init__(self, observation_space: spaces.Dict, size: int = 16) -> None:
        ids = cast(spaces.Box, observation_space["input_ids"])
        super().__init__(observation_space, features_dim=ids.shape[0] * size)
        self.vectors = torch.nn.Embedding(int(ids.high.max()) + 1, size)

    def forward(self, observations: dict[str, torch.Tensor]) -> torch.Tensor:
        """Returns (B, (P + T) * size) float32; SB3 hands the ids over as floats, exact up to 2**24."""
        vectors = self.vectors(observations["input_ids"].long())  # (B, P + T, size)
        return (vectors * observations["attention_mask"][..., None]).flatten(1)


class Curve(BaseCallback):
    """Keeps the mean reward of the episodes that ended in each iteration."""

    def __init__(self) -> None:
        super().__init__()
        self.rows: list[dict[str, Any]] = []
        self._rewards: list[float] = []

    def _on_step(self) -> bool:
        self._rewards += [info["episode"]["r"] for info in self.locals["infos"] if "episode" in info]
        return True

    def _on_rollout_end(self) -> None:
        mean = sum(self._rewards) / len(self._rewards)
        self.rows.append({"iteration": len(self.rows) + 1, "steps": self.num_timesteps, "reward": mean})
        self._rewards = []


def main() -> None:
    """Trains, writes the mean reward of each iteration and shows what the agent writes."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--env", default=ENV_ID, help="one token a step")
    parser.add_argument("--episodes", type=int, default=4_096, help="rounded up to whole iterations")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--out", type=Path, default=Path("runs/sb3_ppo.jsonl"))
    args = parser.parse_args()

    env = make_vec_env(args.env, n_envs=ENVS, seed=args.seed)
    length = env.get_attr("task")[0].max_new_tokens  # of a response, at most
    agent = PPO(
        "MultiInputPolicy",
        env,
        policy_kwargs={"features_extractor_class": WordFeatures},
        n_steps=STEPS,
        batch_size=256,
        learning_rate=1e-3,
        gamma=1.0,
        ent_coef=0.01,
        seed=args.seed,
        device="cpu",
    )
    progress = Curve()
    agent.learn(max(1, args.episodes) * length, callback=progress)
    print(write(agent, env))
    rows = progress.rows
    args.out.parent.mkdir(parents=True, exist_ok=True)
    args.out.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    tenth = max(1, len(rows) // 10)
    first, last = (sum(row["reward"] for row in part) / tenth for part in (rows[:tenth], rows[-tenth:]))
    print(f"reward: first tenth {first:+.3f}, last tenth {last:+.3f} ({args.out})")


def write(agent: PPO, env: VecEnv) -> str:
    """Returns a prompt and what the agent makes of it."""
    observation, ended = env.reset(), [False]
    prompt = env.reset_infos[0]["prompt"]
    while not ended[0]:
        action, _ = agent.predict(cast(Any, observation))
        observation, _, ended, infos = env.step(action)
    return prompt + infos[0]["response_text"]


if __name__ == "__main__":
    main()
