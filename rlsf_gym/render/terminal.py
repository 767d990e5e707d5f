"""Renders a sample for a terminal: tokens in 24-bit colours, with signed rewards."""

from __future__ import annotations

from rlsf_gym.render.colours import on_dark
from rlsf_gym.render.numbers import least_of, show_number
from rlsf_gym.render.sample import Sample, describe_standings, describe_verdict
from rlsf_gym.render.visible import show_controls

__all__ = ["ansi"]

_RESET = "\x1b[0m"
_DIM = "\x1b[2m"


def ansi(sample: Sample, *, scale: float | None = None, colours: bool = True) -> str:
    """Returns terminal text of the prompt and the tokens coloured by reward, with score, legend and evidence.

    Where it is known, each token that was paid says what others would have earned in its place. The token
    that lost an answer has a cross before it, and the proof in words stands beneath.
    Nothing in the text acts on the terminal: control characters are shown as visible ones.

    Args:
        sample: Sample to render.
        scale: The reward that gets the full colour; by default the greatest of the sample.
        colours: Whether to colour; the signed rewards are written in any case.
    """
    scale = scale or max((abs(token.reward) for token in sample.tokens), default=0.0) or 1.0
    least = least_of(scale)
    paint = _paint if colours else _leave
    text = "".join(
        ("\u2717" if token.mark == "fatal" else "")
        + paint(show_controls(token.text), token.reward / scale)
        + (_dim(f"({show_number(token.reward, 2, least=least)})", colours) if token.reward else "")
        for token in sample.tokens
    )
    facts = [*sample.told_facts, *([show_controls(sample.design)] if sample.design else [])]
    verdict = [f"  {line}" for line in describe_verdict(sample)]
    evidence = [f"  {record.describe()}" for record in sample.records]
    others = [f"  {line}" for line in describe_standings(sample)]
    heading = [show_controls(sample.group)] if sample.group else []
    prompt = _dim(show_controls(sample.prompt), colours)
    legend = [_legend(scale)] if colours and any(token.reward for token in sample.tokens) else []
    return "\n".join([*heading, prompt + text, " | ".join(facts), *verdict, *legend, *evidence, *others])


def _legend(scale: float) -> str:
    """Returns the legend: the colours of the greatest loss and gain, with their rewards."""
    low, high = (f" {show_number(one, 2, least=0.0)} " for one in (-scale, scale))
    return f"{_paint(low, -1.0)}  0  {_paint(high, 1.0)}  reward of a token"


def _paint(text: str, share: float) -> str:
    if share == 0:
        return text
    ground = ";".join(map(str, on_dark(share)))
    return f"\x1b[48;2;{ground};38;2;255;255;255m{text}{_RESET}"


def _leave(text: str, share: float) -> str:
    return text


def _dim(text: str, colours: bool) -> str:
    return f"{_DIM}{text}{_RESET}" if colours else text
