"""TRL's GRPO on an environment: the bundled GPT-2 learns from one number per response.

    pip install -e '.[trl]'
    python examples/quickstart/trl_grpo.py                               (a minute or two on two cores)

`rlsf_gym.reward_func` turns an environment's id into a reward function of TRL. Its reward is a scalar, the
sum of the token rewards: GRPO has no place for the others. Nothing is fetched: model and tokenizer are in
this repository, and the prompts are those that the environment draws.
"""

from __future__ import annotations

import argparse
import json
import os
from importlib import resources
from pathlib import Path

os.environ["HF_HUB_OFFLINE"] = "1"  # before the imports that read it; also keeps TRL from reporting its use

import gymnasium as gym
from datasets import Dataset
from transformers import AutoModelForCausalLM, PreTrainedTokenizerFast
from trl import GRPOConfig, GRPOTrainer

from rlsf_gym import reward_func

ENV_ID = "rlsf_gym:rlsf_gym/Sentiment-v0"
MODEL = str(resources.files("agents") / "assets" / "gpt2-imdb-4m")
TOKENIZER = resources.files("rlsf_gym.text") / "assets" / "tokenizer.json"
END_TOKEN = "<|endoftext|>"
BATCH = 64  # completions per step
GROUP = 8  # completions of one prompt, whose mean is the baseline
LENGTH = 16  # tokens per completion


def draw_prompts(number: int, seed: int) -> Dataset:
    """Returns prompts as the environment draws them."""
    _, infos = gym.make_vec(ENV_ID, num_envs=number).reset(seed=seed)
    return Dataset.from_dict({"prompt": infos["prompt"].tolist()})


def main() -> None:
    """Trains and writes the mean reward of each step."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--episodes", type=int, default=2_560, help="rounded up to whole batches of 64")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--out", type=Path, default=Path("runs/trl_grpo.jsonl"))
    args = parser.parse_args()

    steps = max(1, -(-args.episodes // BATCH))
    trainer = GRPOTrainer(
        model=AutoModelForCausalLM.from_pretrained(MODEL),
        reward_funcs=reward_func(ENV_ID, max_new_tokens=LENGTH),
        train_dataset=draw_prompts(steps * BATCH // GROUP, args.seed),
        processing_class=PreTrainedTokenizerFast(
            tokenizer_file=str(TOKENIZER), eos_token=END_TOKEN, pad_token=END_TOKEN, padding_side="left"
        ),
        args=GRPOConfig(
            output_dir=str(args.out.parent),
            max_steps=steps,
            per_device_train_batch_size=BATCH,
            num_generations=GROUP,
            max_completion_length=LENGTH,
            learning_rate=2e-4,
            lr_scheduler_type="constant",
            beta=0.03,
            scale_rewards="none",  # or beta loses its weight as the responses of a group become alike
            seed=args.seed,
            use_cpu=True,
            bf16=False,
            gradient_checkpointing=False,
            logging_steps=1,
            save_strategy="no",
            report_to="none",
        ),
    )
    trainer.train()
    steps_logged = [row for row in trainer.state.log_history if "reward" in row]
    rows = [{"iteration": row["step"], "reward": row["reward"], "kl": row["kl"]} for row in steps_logged]
    args.out.parent.mkdir(parents=True, exist_ok=True)
    args.out.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    tenth = max(1, len(rows) // 10)
    first, last = (sum(row["reward"] for row in part) / tenth for part in (rows[:tenth], rows[-tenth:]))
    print(f"reward: first tenth {first:+.3f}, last tenth {last:+.3f} ({args.out})")


if __name__ == "__main__":
    main()
