"""Checks whether candidates can be served, and the form of what a scorer says of them."""

from __future__ import annotations

from typing import Any

import numpy as np

from rlsf_gym.arguments import Argument, ArgumentError
from rlsf_gym.designs import Design, Step, find_step
from rlsf_gym.feedback.scoring import Scoring
from rlsf_gym.scorers.protocol import Candidates, find_candidates

__all__ = ["check_candidates", "check_form"]


def check_candidates(design: Design, scoring: Scoring, vocab_size: int) -> Step:
    """Returns what a design pays candidates, after checking that design, scorer and boundary can serve them.

    Args:
        design: The reward design.
        scoring: What scores responses.
        vocab_size: V.

    Raises:
        ValueError: If one can't: the message says which, why, and what to take instead.
    """
    start = (Argument("candidates"), "=True needs ")
    instead = (" or ", Argument("candidates"), "=False")
    if not design.causal:
        raise ArgumentError(
            *start, f"a causal reward design, and {design.name!r} pays a token by what follows it: use ",
            Argument("reward_design"), "='potential'", *instead,
        )  # fmt: skip
    step = find_step(design)
    if step is None:
        raise ArgumentError(
            *start, "a reward design that pays a token by the utilities before and after it alone, stated as "
            f"rlsf_gym.designs.Stepwise, and {design.name!r} is not: use ",
            Argument("reward_design"), "='potential'", *instead,
        )  # fmt: skip
    scorer = scoring.scorer
    if find_candidates(scorer) is None:
        raise ArgumentError(
            *start, f"a scorer that has candidates, and {scorer.name!r} has none: it would have to score "
            f"{vocab_size:,} texts for each token, one for each token of the vocabulary: use ",
            Argument("scorer"), "='vader' for plain text, a scorer of yours with `candidates`,", *instead,
        )  # fmt: skip
    if scoring.boundary == "closed" and not getattr(scoring.segmentation, "closes_at_once", False):
        raise ArgumentError(
            *start, Argument("boundary"), "='open', got 'closed', under which a token is paid for the unit "
            "before it, whatever it is itself: use ", Argument("boundary"), "='open'", *instead,
        )  # fmt: skip
    return step


def check_form(name: str, found: Any, count: int, vocab_size: int) -> None:
    """Checks what a scorer says of the candidates at N places, but for the range of scores.

    Raises:
        ValueError: If it is of another form.
    """
    wanted = f"scorer {name!r} must return Candidates with"
    if not isinstance(found, Candidates):
        raise ValueError(f"{wanted} ids, scores and others, got {type(found).__name__}")
    given: list[Any] = [
        *found[:3],
        *([] if found.kinds is None else [found.kinds]),
        *(found.exceptions or ()),
    ]
    for part in given:
        if not isinstance(part, np.ndarray):
            raise ValueError(f"{wanted} NumPy arrays, got {type(part).__name__}")
    ids: Any = np.asarray(found.ids)
    if ids.dtype != np.int64 or ids.ndim != 1 or (np.diff(ids) <= 0).any():
        raise ValueError(f"{wanted} ids int64 (K,) that increase, got {ids!r:.80}")
    if len(ids) and not 0 <= ids[0] <= ids[-1] < vocab_size:
        raise ValueError(f"{wanted} ids in [0, {vocab_size - 1}], got {ids[0]} to {ids[-1]}")
    shape = np.shape(found.scores)
    width = len(ids) if found.kinds is None else shape[-1]
    if shape != (count, width) or np.shape(found.others) != (count,):
        raise ValueError(
            f"{wanted} scores ({count}, {width}) and others ({count},), got shapes {shape} and "
            f"{np.shape(found.others)}"
        )
    kinds = found.kinds
    if kinds is not None and (
        kinds.shape != ids.shape or (len(kinds) and not 0 <= kinds.min() <= kinds.max() < width)
    ):
        raise ValueError(f"{wanted} kinds ({len(ids)},) in [0, {width - 1}], got {kinds!r:.80}")
    rest = found.exceptions
    if rest is not None and len({np.shape(part) for part in rest}) != 1:
        raise ValueError(f"{wanted} exceptions of one length, got {list(map(np.shape, rest))}")
