"""REINFORCE in plain torch: a GPT-2 learns from the reward of each of its tokens.

    python examples/quickstart/reinforce.py                              (about a minute on two cores)
    python examples/quickstart/reinforce.py --env rlsf_gym:rlsf_gym/Countdown-v0

The gradient of log pi(token t) is weighted with what token t and later ones earned, less the mean of the
same sum over the other responses of the batch (leave-one-out, Kool, van Hoof and Welling 2019). A token earns
its reward less a price on leaving the language model. No critic, no clipping.
"""

import argparse
import copy
import json
from importlib import resources
from pathlib import Path
from typing import Any

import gymnasium as gym
import torch
from torch import Tensor
from transformers import GPT2Config, GPT2LMHeadModel

BATCH = 64  # B, responses per iteration


def load(size: int) -> GPT2LMHeadModel:
    """Returns the bundled model of so many tokens, or else a small one that knows nothing."""
    for folder in (resources.files("agents") / "assets").iterdir():
        if json.loads((folder / "config.json").read_text())["vocab_size"] == size:
            return GPT2LMHeadModel.from_pretrained(str(folder))
    config = GPT2Config(vocab_size=size, n_layer=2, n_head=2, n_embd=64, bos_token_id=0, eos_token_id=0)
    return GPT2LMHeadModel(config)


def positions_of(mask: Tensor) -> Tensor:
    """Returns the position of each token of a left-padded batch, counted from its first real one."""
    return (mask.cumsum(1) - 1).clamp(min=0)


@torch.no_grad()
def sample(model: GPT2LMHeadModel, ids: Tensor, mask: Tensor, rng: torch.Generator, size: int) -> Tensor:
    """Returns responses of T = size tokens, (B, T) int64; what follows an end token is ignored."""
    tokens, positions, cache, drawn = ids, positions_of(mask), None, []
    for _ in range(size):
        out = model(tokens, attention_mask=mask, position_ids=positions, past_key_values=cache)
        tokens = torch.multinomial(out.logits[:, -1].softmax(-1), 1, generator=rng)
        cache, positions = out.past_key_values, positions[:, -1:] + 1
        mask = torch.cat([mask, torch.ones_like(tokens)], dim=1)
        drawn.append(tokens)
    return torch.cat(drawn, dim=1)


def log_probs(model: GPT2LMHeadModel, ids: Tensor, mask: Tensor, responses: Tensor) -> Tensor:
    """Returns log pi of each token of the responses, (B, T) float32, with gradient."""
    ids, mask = torch.cat([ids, responses], dim=1), torch.cat([mask, torch.ones_like(responses)], dim=1)
    logits, size = model(ids, attention_mask=mask, position_ids=positions_of(mask)).logits, responses.shape[1]
    return logits[:, -size - 1 : -1].log_softmax(-1).gather(-1, responses[..., None]).squeeze(-1)


def main() -> None:
    """Trains, writes the mean reward of each iteration and prints how it went."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--env", default="rlsf_gym:rlsf_gym/Sentiment-v0", help="one response a step")
    parser.add_argument("--episodes", type=int, default=2_560, help="rounded up to whole batches of 64")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--out", type=Path, default=Path("runs/reinforce.jsonl"))
    args = parser.parse_args()
    env: Any = gym.make_vec(args.env, num_envs=BATCH)
    rng = torch.Generator().manual_seed(args.seed)
    model = load(int(env.single_action_space.nvec[0]) - 1).eval()  # no dropout: sample what is scored
    reference = copy.deepcopy(model).requires_grad_(False)
    optimizer = torch.optim.Adam(model.parameters(), lr=2e-4)
    observation, _ = env.reset(seed=args.seed)
    curve = []
    for iteration in range(1, max(1, -(-args.episodes // BATCH)) + 1):
        ids, mask = (torch.as_tensor(observation[key]).long() for key in ("prompt_ids", "prompt_mask"))
        responses = sample(model, ids, mask, rng, env.single_action_space.shape[0])
        observation, rewards, _, _, infos = env.step(responses.numpy())
        paid, real = (torch.as_tensor(infos["final_info"][key]) for key in ("token_rewards", "response_mask"))
        chosen = log_probs(model, ids, mask, responses)  # (B, T)
        divergence = chosen.detach() - log_probs(reference, ids, mask, responses)
        earned = (paid - 0.03 * divergence) * real  # (B, T): a nat of divergence costs 0.03
        to_go = earned.flip(1).cumsum(1).flip(1)  # (B, T): what token t can still change
        baseline = (to_go.sum(0) - to_go) / (BATCH - 1)
        loss = -((to_go - baseline) * real * chosen).sum() / BATCH
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        curve.append(float(rewards.mean()))
        print(f"{iteration * BATCH:6} episodes {curve[-1]:+.3f} {infos['final_info']['response_text'][0]!r}")
    args.out.parent.mkdir(parents=True, exist_ok=True)
    args.out.write_text("".join(f'{{"iteration": {i}, "reward": {one}}}\n' for i, one in enumerate(curve, 1)))
    tenth = max(1, len(curve) // 10)
    first, last = sum(curve[:tenth]) / tenth, sum(curve[-tenth:]) / tenth
    print(f"reward: first tenth {first:+.3f}, last tenth {last:+.3f} ({args.out})")


if __name__ == "__main__":
    main()
