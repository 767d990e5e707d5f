"""REINFORCE in plain torch: a GPT-2 learns from the reward of each of its tokens.

    python examples/quickstart/reinforce.py                              (about a minute on two cores)

The gradient of log pi(token t) is weighted with what token t and later ones earned, less the same sum
averaged over the other responses of the batch (the leave-one-out baseline of Kool, van Hoof and Welling 2019,
at each position). A token earns its reward less a price on leaving the language model, without which the text
would shrink to the few words that pay best. No critic, no clipping: every batch is used once.
"""

import argparse
import json
from importlib import resources
from pathlib import Path

import gymnasium as gym
import torch
from torch import Tensor
from transformers import GPT2LMHeadModel

MODEL = str(resources.files("agents") / "assets" / "gpt2-imdb-4m")
BATCH = 64  # B, responses per iteration
LENGTH = 16  # T, tokens per response
KL_PRICE = 0.03  # reward that a nat of divergence costs


def positions_of(mask: Tensor) -> Tensor:
    """Returns the position of each token of a left-padded batch, counted from its first real one."""
    return (mask.cumsum(1) - 1).clamp(min=0)


@torch.no_grad()
def sample(model: GPT2LMHeadModel, ids: Tensor, mask: Tensor, generator: torch.Generator) -> Tensor:
    """Returns responses (B, T) int64; the environment ignores what follows an end token."""
    tokens, positions, cache, drawn = ids, positions_of(mask), None, []
    for _ in range(LENGTH):
        out = model(tokens, attention_mask=mask, position_ids=positions, past_key_values=cache)
        tokens = torch.multinomial(out.logits[:, -1].softmax(-1), 1, generator=generator)
        cache, positions = out.past_key_values, positions[:, -1:] + 1
        mask = torch.cat([mask, torch.ones_like(tokens)], dim=1)
        drawn.append(tokens)
    return torch.cat(drawn, dim=1)


def log_probs(model: GPT2LMHeadModel, ids: Tensor, mask: Tensor, responses: Tensor) -> Tensor:
    """Returns log pi of each token of the responses, (B, T) float32, with gradient."""
    ids, mask = torch.cat([ids, responses], dim=1), torch.cat([mask, torch.ones_like(responses)], dim=1)
    logits = model(ids, attention_mask=mask, position_ids=positions_of(mask)).logits
    return logits[:, -LENGTH - 1 : -1].log_softmax(-1).gather(-1, responses[..., None]).squeeze(-1)


def main() -> None:
    """Trains, writes the mean reward of each iteration and prints how it went."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--episodes", type=int, default=2_560, help="rounded up to whole batches of 64")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--out", type=Path, default=Path("runs/reinforce.jsonl"))
    args = parser.parse_args()

    env = gym.make_vec("rlsf_gym:rlsf_gym/Sentiment-v0", num_envs=BATCH, max_new_tokens=LENGTH)
    model = GPT2LMHeadModel.from_pretrained(MODEL).eval()  # no dropout: it would not sample what it scores
    reference = GPT2LMHeadModel.from_pretrained(MODEL).eval().requires_grad_(False)
    optimizer = torch.optim.Adam(model.parameters(), lr=2e-4)
    generator = torch.Generator().manual_seed(args.seed)
    observation, _ = env.reset(seed=args.seed)
    curve = []
    args.out.parent.mkdir(parents=True, exist_ok=True)
    with args.out.open("w", encoding="utf-8") as log:
        for iteration in range(1, max(1, -(-args.episodes // BATCH)) + 1):
            ids, mask = (torch.as_tensor(observation[key]).long() for key in ("prompt_ids", "prompt_mask"))
            responses = sample(model, ids, mask, generator)
            observation, rewards, _, _, infos = env.step(responses.numpy())

            paid, real = (
                torch.as_tensor(infos["final_info"][key]) for key in ("token_rewards", "response_mask")
            )
            chosen = log_probs(model, ids, mask, responses)  # (B, T)
            divergence = chosen.detach() - log_probs(reference, ids, mask, responses)
            earned = (paid - KL_PRICE * divergence) * real  # (B, T)
            to_go = earned.flip(1).cumsum(1).flip(1)  # (B, T): what token t can still change
            baseline = (to_go.sum(0) - to_go) / (BATCH - 1)
            loss = -((to_go - baseline) * real * chosen).sum() / BATCH
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()

            curve.append(float(rewards.mean()))
            log.write(json.dumps({"iteration": iteration, "reward": curve[-1]}) + "\n")
            text = infos["final_info"]["response_text"][0]
            print(f"{iteration * BATCH:6} episodes  reward {curve[-1]:+.3f}  {text!r}", flush=True)
    tenth = max(1, len(curve) // 10)
    first, last = sum(curve[:tenth]) / tenth, sum(curve[-tenth:]) / tenth
    print(f"reward: first tenth {first:+.3f}, last tenth {last:+.3f} ({args.out})")


if __name__ == "__main__":
    main()
