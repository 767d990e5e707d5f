"""Draws what each reward design pays the tokens of one response: the pictures of docs/designs.md.

    python examples/measurements/draw_designs.py --out docs/designs
    python examples/measurements/draw_designs.py --scorer transformer --scorer-model PATH/TO/MODEL

One PNG per design that the scorer serves, all on one scale; the others are named with the reason.
"""

from pathlib import Path

import gymnasium as gym
import numpy as np

from agents.flags.parser import Parser
from agents.runs.plots import GRID, INK
from rlsf_gym.designs import DESIGNS
from rlsf_gym.render.colours import on_light

PROMPT = "The film was"
RESPONSE = " awful, not very good, but I liked the ending!"
COUNTDOWN = (
    "rlsf_gym:rlsf_gym/Countdown-v0",
    {"value": "solvable"},  # whose steps are large enough to be seen
    {"numbers": [5, 7, 11], "target": 24},
    "7*5=35,35+11=46",
)
KNIGHTS = (
    "rlsf_gym:rlsf_gym/KnightsAndKnaves-v0",
    {"value": "solvable", "unique": False},
    {"statements": [["is", "B", "knave"], ["is", "A", "knave"], ["same", "A", "B"]]},
    "A is a knight. B is a knight. C is a knave.",
)
PUZZLES = {"verdict": COUNTDOWN, "partial_credits": COUNTDOWN, "core": KNIGHTS}
"""What a design needs that VADER does not offer, to an environment, its domain's arguments, an instance and a
response to it."""


def main():
    """Draws the designs that are asked for."""
    args = parse_args()
    kwargs = {"scorer": args.scorer}
    if args.scorer_model:
        kwargs["scorer_kwargs"] = {"model": args.scorer_model}
    args.out.mkdir(parents=True, exist_ok=True)
    for name in args.designs:
        try:
            puzzle = PUZZLES.get(DESIGNS[name].needs)
            told = pay(name, args.prompt, args.response, **kwargs) if puzzle is None else solve(name, *puzzle)
            tokens, rewards = told
        except ValueError as error:
            print(f"{name}: not drawn: {error}")
            continue
        draw(args.out / f"{name}.png", tokens, rewards)
        print(f"{name}: {args.out / f'{name}.png'}, {rewards.round(3).tolist()}")


def parse_args():
    """Returns the command line."""
    parser = Parser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--out", type=Path, default=Path("docs/designs"), help="folder of the pictures")
    parser.add_argument("--prompt", default=PROMPT, help="what the response goes on from")
    parser.add_argument("--response", default=RESPONSE, help="what is paid")
    parser.add_argument("--designs", nargs="+", default=list(DESIGNS), choices=list(DESIGNS), metavar="NAME")
    parser.add_argument("--scorer", default="vader", help="name of the scorer")
    parser.add_argument("--scorer-model", help="name or folder of a classifier, for the scorer transformer")
    return parser.parse_args()


def pay(name, prompt, response, **kwargs):
    """Returns the K tokens of the response as text, and their rewards (K,)."""
    env = gym.make("rlsf_gym:rlsf_gym/Sentiment-v0", reward_design=name, max_new_tokens=32, **kwargs)
    env.reset(seed=0, options={"prompt": prompt})
    tokenizer = env.get_wrapper_attr("tokenizer")
    ids = tokenizer.encode(response)
    info = env.step(ids)[-1]
    return [tokenizer.decode([token]) for token in ids], info["token_rewards"][: len(ids)]


def solve(name, env_id, kwargs, instance, response):
    """Returns the K tokens of an answer to a puzzle as text, and their rewards (K,)."""
    env = gym.make(env_id, reward_design=name, max_new_tokens=32, domain_kwargs=kwargs)
    env.reset(options={"instance": instance})
    tokenizer = env.get_wrapper_attr("tokenizer")
    ids = [*tokenizer.encode(response), tokenizer.eos_token_id]
    info = env.step([*ids, *[tokenizer.vocab_size] * (32 - len(ids))])[-1]
    return [tokenizer.decode([token]) or "end" for token in ids], info["token_rewards"][: len(ids)]


def draw(path, tokens, rewards):
    """Writes a picture: the tokens on their colours, and their rewards as bars from -1.1 to 1.1."""
    import matplotlib

    matplotlib.use("Agg")
    from matplotlib import pyplot as plt

    figure, axes = plt.subplots(figsize=(8, 1.9), dpi=120)
    widths = np.array([max(len(token), 2) for token in tokens], float)
    centres = widths.cumsum() - widths / 2
    colours = [tuple(part / 255 for part in on_light(float(reward))) for reward in rewards]
    axes.bar(centres, rewards, width=widths * 0.9, color=colours, edgecolor=INK, linewidth=0.4)
    for centre, token, reward in zip(centres, tokens, rewards, strict=True):
        axes.text(
            centre,
            -1.45,
            token.strip(),
            ha="center",
            family="monospace",
            fontsize=10,
            color=INK,
            parse_math=False,
        )
        if abs(reward) >= 0.005:
            axes.text(
                centre,
                reward + (0.06 if reward > 0 else -0.06),
                f"{reward:+.2f}".replace("-", "\N{MINUS SIGN}"),
                ha="center",
                va="bottom" if reward > 0 else "top",
                fontsize=8,
                color=INK,
            )
    axes.axhline(0, color=INK, linewidth=0.6)
    axes.set(ylim=(-1.55, 1.35), xlim=(-0.5, widths.sum() + 0.5), xticks=[], yticks=[-1, 0, 1])
    axes.tick_params(colors=INK, labelsize=8, length=0)
    axes.spines[:].set_visible(False)
    axes.grid(axis="y", color=GRID, linewidth=0.6)
    axes.set_axisbelow(True)
    figure.tight_layout(pad=0.3)
    figure.savefig(path)
    plt.close(figure)


if __name__ == "__main__":
    main()
