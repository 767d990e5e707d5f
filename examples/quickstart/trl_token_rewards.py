"""GRPO on token rewards in TRL: the bundled GPT-2 learns from what each token earned.

    pip install -e '.[agents,trl]' trl==1.16.0
    python examples/quickstart/trl_token_rewards.py                      (a minute or two on two cores)

TRL makes one advantage of a response's one reward, (B,). Its loss takes (B, T) as well, which the subclass
puts in their place: what response i earned from token t on, less the mean of its group there. TRL does not
support this: the method that is overridden is private and may change, so that other releases are refused.
"""

from __future__ import annotations

import argparse
import json
import os
from importlib import resources
from pathlib import Path
from typing import Any

os.environ["HF_HUB_OFFLINE"] = "1"  # before the imports that read it; also keeps TRL from reporting its use

import gymnasium as gym
import torch
import trl
from datasets import Dataset
from transformers import AutoModelForCausalLM, PreTrainedTokenizerFast

from rlsf_gym.integrations.environments import EnvironmentScorer

RELEASE = "1.16.0"
ENV_ID = "rlsf_gym:rlsf_gym/Sentiment-v0"
MODEL = str(resources.files("agents") / "assets" / "gpt2-imdb-4m")
TOKENIZER = resources.files("rlsf_gym.text") / "assets" / "tokenizer.json"
END = "<|endoftext|>"
BATCH, GROUP, LENGTH = 64, 8, 16  # completions per step and of one prompt, tokens per completion


class TokenRewardTrainer(trl.GRPOTrainer):
    """GRPO of one process whose advantages are one number per token."""

    def __init__(self, scorer: EnvironmentScorer, **kwargs: Any) -> None:
        if trl.__version__ != RELEASE:
            raise SystemExit(f"trl must be {RELEASE}, got {trl.__version__}: a private method is overridden")
        super().__init__(reward_funcs=self.sum_rewards, **kwargs)
        if self.accelerator.num_processes > 1:
            raise SystemExit("one process must train, got several, which divide groups among them")
        self.scorer, self.token_rewards = scorer, [[0.0]]

    def sum_rewards(self, *, prompts: Any, completion_ids: Any, **_: Any) -> list[float | None]:
        """Returns the sums, which TRL logs, and keeps the vectors."""
        scored = self.scorer.score(completion_ids, named="completion_ids", prompts=prompts)
        self.token_rewards = scored.token_rewards
        return [*scored.rewards.tolist()]

    def _generate_and_score_completions(self, inputs: Any) -> Any:
        batch = super()._generate_and_score_completions(inputs)
        rewards = torch.zeros(batch["completion_ids"].shape)  # (B, T)
        for row, earned in zip(rewards, self.token_rewards, strict=True):
            row[: len(earned)] = torch.tensor(earned)
        batch["advantages"] = assign_advantages(rewards, GROUP).to(batch["advantages"].device)
        return batch


def assign_advantages(rewards: torch.Tensor, size: int) -> torch.Tensor:
    """Returns the reward from each token on, less the mean of its group of `size` rows there, (B, T)."""
    returns = rewards.flip(1).cumsum(1).flip(1).unflatten(0, (-1, size))  # (groups, size, T)
    return (returns - returns.mean(1, keepdim=True)).flatten(0, 1)


def main() -> None:
    """Trains and writes the mean reward of each step."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--episodes", type=int, default=2_560, help="rounded up to whole batches of 64")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--out", type=Path, default=Path("runs/trl_token_rewards.jsonl"))
    args = parser.parse_args()
    steps = max(1, -(-args.episodes // BATCH))
    _, infos = gym.make_vec(ENV_ID, num_envs=steps * BATCH // GROUP).reset(seed=args.seed)
    trainer = TokenRewardTrainer(
        EnvironmentScorer(ENV_ID, max_new_tokens=LENGTH),
        model=AutoModelForCausalLM.from_pretrained(MODEL),
        train_dataset=Dataset.from_dict({"prompt": infos["prompt"].tolist()}),
        processing_class=PreTrainedTokenizerFast(
            tokenizer_file=str(TOKENIZER), eos_token=END, pad_token=END, padding_side="left"
        ),
        args=trl.GRPOConfig(
            output_dir=str(args.out.parent),
            max_steps=steps,
            per_device_train_batch_size=BATCH,
            num_generations=GROUP,
            max_completion_length=LENGTH,
            **{"learning_rate": 2e-4, "lr_scheduler_type": "constant", "beta": 0.03},
            seed=args.seed,
            **{"use_cpu": True, "bf16": False, "gradient_checkpointing": False},
            **{"logging_steps": 1, "save_strategy": "no", "report_to": "none"},
        ),
    )
    trainer.train()
    logged = [row for row in trainer.state.log_history if "reward" in row]
    rows = [{"iteration": row["step"], "reward": row["reward"], "kl": row["kl"]} for row in logged]
    args.out.parent.mkdir(parents=True, exist_ok=True)
    args.out.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    tenth = max(1, len(rows) // 10)
    first, last = (sum(row["reward"] for row in part) / tenth for part in (rows[:tenth], rows[-tenth:]))
    print(f"reward: first tenth {first:+.3f}, last tenth {last:+.3f} ({args.out})")


if __name__ == "__main__":
    main()
