"""TRL 0.11's `PPOTrainer` in the benchmark, prompts generated `batched` or `single`, one at a time."""

from __future__ import annotations

import warnings

import torch
from trl import AutoModelForCausalLMWithValueHead, PPOConfig, PPOTrainer

from examples.speed.peers.channel import Channel, Stopwatch, read_arguments
from examples.speed.peers.gpt2 import make_model, make_tokenizer
from examples.speed.peers.work import draw_prompts, rewards_of


def main() -> None:
    """Serves iterations."""
    channel = Channel("trl")
    work, variant = read_arguments()
    warnings.simplefilter("ignore")
    make = AutoModelForCausalLMWithValueHead.from_pretrained
    config = PPOConfig(
        batch_size=work.batch,
        mini_batch_size=work.minibatch,
        ppo_epochs=work.epochs,
        learning_rate=work.learning_rate,
        seed=0,
        log_with=None,
    )
    model, reference = (make(make_model(work), summary_dropout_prob=0.0) for _ in range(2))
    trainer = PPOTrainer(config, model, reference, make_tokenizer(work))
    settings = {
        "max_new_tokens": work.response_length,
        "do_sample": True,
        "top_k": 0,
        "top_p": 1.0,
        "pad_token_id": work.padding,
        "eos_token_id": work.end,
        "return_prompt": False,
    }
    rewards = [torch.tensor(reward) for reward in rewards_of(work.batch)]
    rounds = 0

    def iterate() -> dict[str, float]:
        nonlocal rounds
        rounds += 1
        queries = [torch.tensor(prompt) for prompt in draw_prompts(work, work.batch, rounds)]
        generating = Stopwatch()
        with generating:
            if variant == "single":
                responses = [trainer.generate(query, **settings)[0] for query in queries]
            else:
                responses = trainer.generate(queries, batch_size=work.batch, **settings)
        assert all(len(response) == work.response_length for response in responses)
        stats = trainer.step(queries, responses, rewards)
        return {
            "generate": generating.seconds,
            "score": stats["time/ppo/forward_pass"] + stats["time/ppo/compute_rewards"],
            "update": stats["time/ppo/total"]
            - stats["time/ppo/forward_pass"]
            - stats["time/ppo/compute_rewards"],
        }

    channel.serve(iterate)


if __name__ == "__main__":
    main()
