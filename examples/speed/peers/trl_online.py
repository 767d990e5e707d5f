"""The `GRPOTrainer` and `RLOOTrainer` of TRL 1.x in the benchmark, named by the variant `grpo` or `rloo`.

A trainer's own loop runs; at the border between two iterations it waits for the benchmark.
"""

from __future__ import annotations

import tempfile
from typing import Any

import trl
from datasets import Dataset
from transformers import TrainerCallback
from trl.trainer import grpo_trainer, rloo_trainer

from examples.speed.peers.channel import Channel, Stopwatch, read_arguments
from examples.speed.peers.gpt2 import make_model, make_tokenizer
from examples.speed.peers.work import Work, draw_prompts, rewards_of

GROUP = 8
"""Responses to one prompt."""
MANY = 1000
"""More iterations than anybody asks for."""


class Border(TrainerCallback):
    """Waits before the first optimiser step of an iteration, and answers after the last.

    Args:
        channel: Where to wait and to answer.
        steps: Optimiser steps of an iteration.
    """

    def __init__(self, channel: Channel, steps: int) -> None:
        self.channel, self.steps = channel, steps
        self.collecting, self.generating = Stopwatch(), Stopwatch()

    def on_step_begin(self, args: Any, state: Any, control: Any, **keywords: Any) -> None:
        """Waits, if an iteration begins here."""
        if state.global_step % self.steps == 0:
            self.channel.wait()
            self.collecting.take()
            self.generating.take()

    def on_step_end(self, args: Any, state: Any, control: Any, **keywords: Any) -> None:
        """Answers, if an iteration ends here."""
        if state.global_step % self.steps == 0:
            collect, generate = self.collecting.take(), self.generating.take()
            self.channel.answer(generate=generate, score=collect - generate)


def make_settings(work: Work, folder: str) -> dict[str, Any]:
    """Returns the settings that both trainers share."""
    return {
        "output_dir": folder,
        "max_steps": MANY * work.steps,
        "per_device_train_batch_size": work.minibatch,
        "gradient_accumulation_steps": 1,
        "steps_per_generation": work.batch // work.minibatch,
        "num_iterations": work.epochs,
        "num_generations": GROUP,
        "max_completion_length": work.response_length,
        "learning_rate": work.learning_rate,
        "lr_scheduler_type": "constant",
        "beta": 0.03,
        "temperature": 1.0,
        "use_cpu": True,
        "bf16": False,
        "gradient_checkpointing": False,
        "logging_steps": work.steps,
        "save_strategy": "no",
        "report_to": "none",
        "disable_tqdm": True,
        "seed": 0,
    }


def pay(completions: list[str], **columns: Any) -> list[float]:
    """Returns one number for each response."""
    del columns
    return rewards_of(len(completions))


def main() -> None:
    """Serves iterations."""
    channel = Channel("trl")
    work, variant = read_arguments()
    module, make_config, make_trainer = {
        "grpo": (grpo_trainer, trl.GRPOConfig, trl.GRPOTrainer),
        "rloo": (rloo_trainer, trl.RLOOConfig, trl.RLOOTrainer),
    }[variant]
    module.create_model_from_path = lambda *path, **settings: make_model(work)  # the reference: not on disk
    texts = [" ".join(map(str, prompt)) for prompt in draw_prompts(work, 64 * work.batch // GROUP, 1)]
    border = Border(channel, work.steps)
    with tempfile.TemporaryDirectory() as folder:
        trainer = make_trainer(
            model=make_model(work),
            reward_funcs=pay,
            train_dataset=Dataset.from_dict({"prompt": texts}),
            processing_class=make_tokenizer(work),
            args=make_config(**make_settings(work, folder)),
            callbacks=[border],
        )
        border.collecting.wrap(trainer, "_generate_and_score_completions")
        border.generating.wrap(trainer, "_generate_single_turn")
        channel.ready()
        trainer.train()


if __name__ == "__main__":
    main()
