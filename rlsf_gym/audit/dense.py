"""What reward designs would make of a reward that is one number: who is paid, how noisily, at what cost."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from rlsf_gym.audit.findings import Finding, Passed, Result, Severity, Undecided
from rlsf_gym.audit.standing import LEAST, Standing, wrong_answers
from rlsf_gym.audit.subject import Asked
from rlsf_gym.designs import DESIGNS, Design
from rlsf_gym.evidence import Evidence as DesignEvidence
from rlsf_gym.text.tokenizer import load_tokenizer

__all__ = ["DesignRow", "Dense", "check_dense", "read_dense"]

FloatArray = npt.NDArray[np.float64]
_SHOWN: Final = ("terminal", "potential", "uniform")
_MOST_TOKENS: Final = 48
_JUMP: Final = 2.0


@dataclass(frozen=True)
class DesignRow:
    """What one design would make of the reward."""

    name: str
    """Name of the design."""
    causal: bool
    """Whether a token's reward depends on the tokens up to it alone, as the design declares."""
    last: float
    """Share of a response's absolute rewards that the last token gets, mean over the responses."""
    tokens: float
    """Share of the tokens that are paid, mean over the responses."""
    noise: float
    """Mean square of the reward-to-go over tokens and responses, divided by that under `terminal`."""
    calls: int
    """Responses that the reward is asked about for one of 256 tokens."""


@dataclass(frozen=True)
class Dense:
    """Values of the prefixes of a few responses."""

    texts: tuple[str, ...]
    """The responses."""
    prefixes: tuple[tuple[str, ...], ...]
    """Of each response: the text after each token, the empty one first."""
    values: tuple[FloatArray, ...]
    """Of each response: what these prefixes are paid, float64 (T + 1,)."""
    case: int
    """Position of the case that they answer."""
    rows: tuple[DesignRow, ...]
    """What the designs would make of them."""


def read_dense(standing: Standing) -> Dense | None:
    """Returns values of prefixes and what designs make of them, None if some prefix is paid no number."""
    if not standing.decided or standing.subject.kind == "environment" or standing.subject.gave_up:
        return None
    case = standing.decided[0]
    texts = _responses(standing, case)
    prefixes = [_prefixes(text) for text in texts]
    values: list[FloatArray] = []
    for row in prefixes:
        paid = [standing.subject.value(case, text) for text in row]
        if any(value is None for value in paid):
            return None
        values.append(np.array(paid, np.float64))  # (T + 1,)
    rows = tuple(_row(DESIGNS.load(name), values) for name in _SHOWN)
    return Dense(tuple(texts), tuple(map(tuple, prefixes)), tuple(values), case, rows)


def _responses(standing: Standing, case: int) -> list[str]:
    """Returns the best response, and the same with another answer behind it."""
    best = standing.best[case]
    wrong = wrong_answers(standing.subject, case)
    if not (standing.by_answer and standing.forms and wrong):
        return [best]
    return [best, f"{best}\nNo, wait.\n{standing.forms[0].fill(wrong[0])}"]


def _prefixes(text: str) -> list[str]:
    """Returns the text after each token of the bundled tokenizer, of up to `_MOST_TOKENS` of them."""
    tokenizer = load_tokenizer("bundled")
    pieces = [tokenizer.token_bytes(token) for token in tokenizer.encode(text)]
    ends = np.cumsum([len(piece) for piece in pieces])
    kept = ends[np.unique(np.linspace(0, len(ends) - 1, min(len(ends), _MOST_TOKENS)).astype(np.int64))]
    data = text.encode("utf-8")
    return ["", *(data[:end].decode("utf-8", "ignore") for end in kept.tolist())]


def pay_by_design(design: Design, values: FloatArray) -> FloatArray:
    """Returns the rewards of T tokens, float64 (T,), from the values of T + 1 prefixes, float64 (T + 1,)."""
    size = len(values) - 1
    evidence = DesignEvidence(
        prompt_score=float(values[0]), prompt_utility=float(values[0]),
        score=float(values[-1]), utility=float(values[-1]),
        mask=np.ones(size, np.bool_), char_spans=np.zeros((size, 2), np.int64), prefixes=values[1:].copy(),
    )  # fmt: skip
    return design(evidence, rng=np.random.default_rng(0))


def _row(design: Any, values: Sequence[FloatArray]) -> DesignRow:
    last: list[float] = []
    tokens: list[float] = []
    squares: list[float] = []
    for one in values:
        paid = pay_by_design(design, one)
        total = float(np.abs(paid).sum())
        if total > LEAST:
            last.append(abs(float(paid[-1])) / total)
            tokens.append(float((np.abs(paid) > LEAST).mean()))
        to_go = paid[::-1].cumsum()[::-1]  # (T,) float64
        squares.append(float((to_go**2).mean()))
    gains = sum(float(one[-1] - one[0]) ** 2 for one in values)
    noise = sum(squares) / gains if gains > LEAST**2 else 0.0
    return DesignRow(design.name, design.causal, _mean(last), _mean(tokens), noise, design.cost(256))


def _mean(values: Sequence[float]) -> float:
    return float(np.mean(values)) if values else 0.0


def check_dense(standing: Standing, dense: Dense | None, repeats: bool) -> Iterator[Result]:
    """Yields what a reward that is one number is, when differences of it pay the tokens.

    Args:
        standing: What is known of the reward.
        dense: Values of prefixes.
        repeats: Whether the reward pays the same response the same.
    """
    if standing.subject.kind == "environment":
        return
    if dense is None:
        for check in ("causal", "conserving", "taken-back"):
            yield Undecided(check, "a prefix was paid no number" if standing.decided else standing.why_not)
        return
    if repeats:
        told = "on the last token, and as `potential`: values of prefixes repeat"
        yield Passed("causal", told)
    else:
        yield Undecided("causal", "the same text is paid otherwise when asked again, or in other company")
    yield _conserving(standing, dense)
    yield _taken_back(dense)


def _conserving(standing: Standing, dense: Dense) -> Result:
    """Whether `potential` adds up to the gain; it leaves out what the empty response is paid."""
    errors = [
        abs(float(pay_by_design(DESIGNS.load("potential"), one).sum()) - float(one[-1] - one[0]))
        for one in dense.values
    ]
    empty = float(dense.values[0][0])
    jump = max(float(np.abs(np.diff(one)).max()) for one in dense.values)
    told = f"`potential` adds up to reward - {empty:.3g}"
    if jump <= _JUMP and max(errors) <= LEAST:
        return Passed("conserving", f"{told}; a token gets {jump:.3g} at most")
    number = int(np.argmax([float(np.abs(np.diff(one)).max()) for one in dense.values]))
    paid = f"{dense.values[number][-1] + 0.0:.4g}"
    evidence = standing.subject.show(
        Asked(dense.case, dense.texts[number]), paid, f"one token gets {jump:.4g}"
    )
    return Finding(
        "conserving",
        Severity.NOTE,
        f"it adds up, and a token can get {jump:.4g}: scale it to [-1, 1]",
        (evidence,),
    )


def _taken_back(dense: Dense) -> Result:
    """Whether what a token was paid under `potential` can be taken back by later ones."""
    regret = dense.values[-1]
    steps = np.diff(regret)  # (T,)
    lost = float(-steps[steps < 0].sum())
    if len(dense.values) < 2:
        return Undecided("taken-back", "no response is known that becomes wrong later")
    if lost <= LEAST:
        return Passed("taken-back", "nothing: once paid, an answer stays paid, whatever follows")
    place = int(np.argmin(steps))
    words = dense.prefixes[-1][place + 1][len(dense.prefixes[-1][place]) :]
    told = f"{words!r} takes back {-steps[place]:.4g} under `potential`: no value is final"
    return Passed("taken-back", told)
