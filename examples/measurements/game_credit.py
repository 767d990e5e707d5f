"""Measures credit cosine and credit noise in the word game, and holds them to what theory says.

Cosine: of the expected policy gradient under a design with the gradient of the expected utility gain. Noise:
variance of the gradient estimate from one response over the squared norm of its expectation, relative to
`terminal` with the mean critic at lambda 1. Policies are bigrams with logits from N(0, 1), and the uniform
one.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import pairwise
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from rlsf_gym.designs import Design
from rlsf_gym.word_game import CRITICS, WordGame, measure_credit, pay_responses, roll_out

FloatArray = npt.NDArray[np.float64]
Cell = tuple[str, str, float]
"""Design, critic, lambda."""

LAMBDAS = (1.0, 0.95, 0.8)
REFERENCE: Cell = ("terminal", "mean", 1.0)
EXACT = 1e-9
ON_WORDS = "rule_certificate_on_words"
"""The design `rule_certificate` with `at="unit"`."""
ORDER = (ON_WORDS, "shapley", "leave_one_out", "lexicon")
"""By falling cosine at lambda 1, as a first study of the designs found it, which laid rules on words too."""


class GameCredit(NamedTuple):
    """Cosine and noise of each cell: float64 (S + 1,), of S drawn policies and then the uniform one."""

    cosine: dict[Cell, FloatArray]
    noise: dict[Cell, FloatArray]


class Claim(NamedTuple):
    """Something that should hold in the game."""

    text: str
    holds: bool
    found: str


def measure(designs: Mapping[str, Design], *, draws: int, game: WordGame | None = None) -> GameCredit:
    """Returns cosine and noise of all designs under every critic and lambda.

    Args:
        designs: The designs by name, `terminal` among them.
        draws: S, the number of drawn policies.
        game: The game; by default, the full one.
    """
    game = game or WordGame()
    payments = pay_responses(game, designs)
    size = game.sizes[0]
    logits = [np.random.default_rng(seed).standard_normal((size + 1, size)) for seed in range(draws)]
    cells = [(name, critic, lam) for name in designs for critic in CRITICS for lam in LAMBDAS]
    cosine, noise = ({cell: np.empty(draws + 1) for cell in cells} for _ in range(2))
    for number, one in enumerate([*logits, np.zeros((size + 1, size))]):
        rollouts = roll_out(one, len(game.sizes))
        for cell in cells:
            name, critic, lam = cell
            credit = measure_credit(rollouts, payments.rewards[name], payments.gains, critic=critic, lam=lam)
            cosine[cell][number], noise[cell][number] = credit
        reference = noise[REFERENCE][number]
        for cell in cells:
            noise[cell][number] /= reference
    return GameCredit(cosine, noise)


def check(credit: GameCredit, designs: Mapping[str, Design]) -> list[Claim]:
    """Returns what theory and earlier figures say of the designs that are there, and whether it holds."""
    shaped = [
        name
        for name, one in designs.items()  # one draw has the true gradient in expectation alone
        if one.causal and one.conserving and not one.draws and name != "terminal"
    ]
    claims = [_is_true_gradient(credit, name) for name in shaped]
    claims += [_is_terminal_with_exact_critic(credit, name) for name in shaped]
    if "potential" in designs:
        claims += [_is_less_noisy(credit, "potential", lam) for lam in LAMBDAS]
    claims += [
        _is_above(credit, better, worse)
        for better, worse in pairwise(ORDER)
        if {better, worse} <= set(designs)
    ]
    if "seed_legacy" in designs:
        cosines = credit.cosine["seed_legacy", "mean", 1.0]
        claims.append(
            Claim("seed_legacy: cosine negative at lambda 1", bool((cosines < 0).all()), spread(cosines))
        )
    return claims


def spread(values: FloatArray) -> str:
    """Returns the mean over the drawn policies with their range; the uniform one, the last, is left out."""
    drawn = values[:-1]
    return f"{drawn.mean():.3f} [{drawn.min():.3f}, {drawn.max():.3f}]"


def _is_true_gradient(credit: GameCredit, name: str) -> Claim:
    cosines = np.concatenate([credit.cosine[name, critic, 1.0] for critic in CRITICS])
    text = f"{name}: cosine 1 at lambda 1 under any critic"
    return Claim(text, bool(np.abs(cosines - 1.0).max() < EXACT), f"least {cosines.min():.9f}")


def _is_terminal_with_exact_critic(credit: GameCredit, name: str) -> Claim:
    apart = [
        np.abs(values[name, "exact", lam] - values["terminal", "exact", lam]).max()
        for values in credit
        for lam in LAMBDAS
    ]
    text = f"{name}: the same as terminal with the exact critic at every lambda"
    return Claim(text, bool(max(apart) < EXACT), f"largest difference {max(apart):.1e}")


def _is_less_noisy(credit: GameCredit, name: str, lam: float) -> Claim:
    mine, terminal = credit.noise[name, "mean", lam], credit.noise["terminal", "mean", lam]
    text = f"{name}: less noise than terminal with the mean critic at lambda {lam:g}"
    return Claim(text, bool((mine < terminal).all()), f"ratio {spread(mine / terminal)}")


def _is_above(credit: GameCredit, better: str, worse: str) -> Claim:
    first, second = (credit.cosine[name, "mean", 1.0] for name in (better, worse))
    ahead = (first > second)[:-1]
    return Claim(
        f"{better}: mean cosine above that of {worse} at lambda 1",
        bool(first[:-1].mean() > second[:-1].mean()),
        f"{spread(first)} against {spread(second)}, ahead in {ahead.sum()} of {len(ahead)} draws",
    )


def rows(credit: GameCredit, designs: Sequence[str]) -> list[str]:
    """Returns a table for each lambda as lines: cosine and noise by design, two columns for each critic."""
    lines: list[str] = []
    for lam in LAMBDAS:
        heads = [f"{figure}, critic {critic}" for critic in CRITICS for figure in ("cosine", "noise")]
        lines += ["", f"{f'lambda {lam:g}':<26}" + "".join(head.rjust(25) for head in heads)]
        for name in designs:
            cells = [spread(values[name, critic, lam]) for critic in CRITICS for values in credit]
            lines.append(f"{name:<26}" + "".join(cell.rjust(25) for cell in cells))
    return lines[1:]
