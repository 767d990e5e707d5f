"""The experimental `PPOTrainer` of TRL 1.x up to 1.12 in the benchmark, with the value model it asks for.

Its own loop runs; at the border between two iterations it waits for the benchmark. The reward model, which
it insists on, returns constants.
"""

from __future__ import annotations

import tempfile
from types import SimpleNamespace
from typing import Any

import torch
from datasets import Dataset
from transformers import GPT2ForSequenceClassification, TrainerCallback
from trl.experimental.ppo import PPOConfig, PPOTrainer, ppo_trainer

from examples.speed.peers.channel import Channel, Stopwatch, read_arguments
from examples.speed.peers.gpt2 import make_config, make_model, make_tokenizer
from examples.speed.peers.work import draw_prompts, rewards_of

MANY = 1000
"""More iterations than anybody asks for."""


class Constants(torch.nn.Module):
    """A reward model that reads nothing."""

    base_model_prefix = "backbone"

    def __init__(self) -> None:
        super().__init__()
        self.score = torch.nn.Identity()

    def backbone(self, input_ids: torch.Tensor, **inputs: Any) -> SimpleNamespace:
        """Returns `rewards_of` at every position, (B, S, 1)."""
        del inputs
        rewards = torch.tensor(rewards_of(len(input_ids)))
        return SimpleNamespace(hidden_states=[rewards[:, None, None].expand(*input_ids.shape, 1)])


class Border(TrainerCallback):
    """Waits before each iteration, and answers after it.

    Args:
        channel: Where to wait and to answer.
    """

    def __init__(self, channel: Channel) -> None:
        self.channel = channel
        self.generating, self.scoring = Stopwatch(), Stopwatch()

    def on_train_begin(self, args: Any, state: Any, control: Any, **keywords: Any) -> None:
        """Waits for the first iteration."""
        self.channel.ready()
        self.channel.wait()

    def on_step_end(self, args: Any, state: Any, control: Any, **keywords: Any) -> None:
        """Answers, and waits for the next one; an iteration counts as one step."""
        self.channel.answer(generate=self.generating.take(), score=self.scoring.take())
        self.channel.wait()


def main() -> None:
    """Serves iterations."""
    channel = Channel("trl")
    work, _ = read_arguments()
    prompts = draw_prompts(work, 64 * work.batch, 1)
    border = Border(channel)
    with tempfile.TemporaryDirectory() as folder:
        config = PPOConfig(
            output_dir=folder,
            total_episodes=MANY * work.batch,
            per_device_train_batch_size=work.batch,  # parts of a minibatch: one, the minibatch itself
            gradient_accumulation_steps=1,
            num_mini_batches=work.batch // work.minibatch,
            num_ppo_epochs=work.epochs,
            local_rollout_forward_batch_size=work.batch,
            response_length=work.response_length,
            learning_rate=work.learning_rate,
            lr_scheduler_type="constant",
            temperature=1.0,
            num_sample_generations=0,
            use_cpu=True,
            bf16=False,
            gradient_checkpointing=False,
            save_strategy="no",
            report_to="none",
            disable_tqdm=True,
            seed=0,
        )
        reference = make_model(work)
        trainer = PPOTrainer(
            args=config,
            processing_class=make_tokenizer(work),
            model=make_model(work),
            ref_model=reference,
            reward_model=Constants(),
            value_model=GPT2ForSequenceClassification(make_config(work, num_labels=1)),
            train_dataset=Dataset.from_dict({"input_ids": prompts}),
            callbacks=[border],
        )
        border.generating.wrap(ppo_trainer, "batch_generation")
        border.scoring.wrap(ppo_trainer, "get_reward")
        border.scoring.wrap(reference, "forward")
        trainer.train()


if __name__ == "__main__":
    main()
