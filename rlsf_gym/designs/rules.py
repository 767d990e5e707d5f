"""Designs that read the rules behind the score from its certificate.

An amount of a record is paid where its rule was triggered (or, if asked for, on the unit that it changes).
With P the length of the prompt, that is at the end of the trigger if that is in the response, else at the end
of the unit if that is, else, where both are in the prompt, at the end of the unit with whose arrival the
record began to hold, or ceased to. The token that completed that place is paid.
"""

from __future__ import annotations

from functools import partial
from typing import Literal, NamedTuple, get_args

import numpy as np

from rlsf_gym.certificates.record import Record
from rlsf_gym.designs.design import Design
from rlsf_gym.designs.units import completing_tokens, share_out
from rlsf_gym.evidence import BoolArray, Evidence, FloatArray

__all__ = ["rlsf_mask", "rlsf_mask_design", "rule_certificate", "rule_certificate_design"]

Form = Literal["paper", "neutral"]
At = Literal["trigger", "unit"]

# Amounts closer to zero than this are rounding, and no case against a unit.
_NOTHING = 1e-12


class _Placed(NamedTuple):
    """What the rules contribute to the gain."""

    char_ends: list[int]
    """Places: offsets into prompt + response, beyond the prompt."""
    amounts: FloatArray
    """float64, what is placed at each of them."""
    unplaced: float
    """What rules in `spread` contribute by records of the prompt, which no place in the response did."""


def rule_certificate(evidence: Evidence, *, rng: np.random.Generator, at: At = "trigger") -> FloatArray:
    """Returns each rule's amount on the token that triggered it: r_t = m times the amounts placed at t.

    With A the sum of amounts and s(A) the score, m = (u(s(A_xy)) - u(s(A_x))) / (A_xy - A_x), so that the
    rewards add up to the gain: the Aumann-Shapley values of the rules on the straight path from the prompt's
    amounts to the full text's, in closed form. What records of the prompt contribute that no place in
    the response brings about, such as its punctuation when the response turns its sign (the certificate's
    `spread`), is shared in proportion to the absolute rewards. It tells why, not what to
    do: with hindsight, a negation gets the blame that the word after it would have shared. Conserving,
    neither causal nor bounded ("but" gets all that it rescales); one text.

    Args:
        evidence: What is known of the response, with a certificate of rules.
        rng: Not drawn from.
        at: "trigger", or "unit": all amounts on the unit that they change, so that "not good" is the fault of
            "good". That is nearer to the true gradient, and says less of why.

    Returns:
        float64 (T,).
    """
    rewards = np.zeros(evidence.mask.shape)
    if not evidence.length:
        return rewards
    placed = _place_amounts(evidence, at)
    np.add.at(rewards, completing_tokens(evidence, placed.char_ends), placed.amounts)
    return share_out(evidence, rewards, placed.unplaced)


def rule_certificate_design(at: At = "trigger") -> Design:
    """Returns the design `rule_certificate`, paying triggers or units.

    Raises:
        ValueError: If `at` is neither.
    """
    if at not in get_args(At):
        raise ValueError(f"at must be 'trigger' or 'unit', got {at!r}")
    return Design(
        "rule_certificate",
        partial(rule_certificate, at=at),
        conserving=True,
        needs="rules",
        variant=rule_certificate_design,
    )


def rlsf_mask(evidence: Evidence, *, rng: np.random.Generator, form: Form = "paper") -> FloatArray:
    """Returns 0 on the tokens of units that count against the objective, 1 on others, the verdict at the end.

    The reward vector of RLSF (Jha et al. 2024, arXiv 2405.16661): 1 per token, 0 where the certificate finds
    fault, and the last element 1 only if the whole response is right. Here a unit is at fault when the
    amounts that `rule_certificate` lays on it are negative in sum, and the response is right when
    u(xy) > u(x). Its return grows with the response: a long one with few faults beats a short perfect one.

    Args:
        evidence: What is known of the response, with a certificate of rules.
        rng: Not drawn from.
        form: "paper", or "neutral": the same less 1 on every token, so that a token without fault earns
            nothing and length does not pay.

    Returns:
        float64 (T,).
    """
    rewards = np.zeros(evidence.mask.shape)
    if not evidence.length:
        return rewards
    real = rewards[: evidence.length]
    real[:] = ~_find_faults(evidence)
    real[-1] = evidence.gain > 0.0
    if form == "neutral":
        real -= 1.0
    return rewards


def rlsf_mask_design(form: Form = "paper") -> Design:
    """Returns the design `rlsf_mask` in one of its forms.

    Raises:
        ValueError: If there is no such form.
    """
    if form not in get_args(Form):
        raise ValueError(f"form must be 'paper' or 'neutral', got {form!r}")
    return Design(
        "rlsf_mask", partial(rlsf_mask, form=form), bounded=True, needs="rules", variant=rlsf_mask_design
    )


def _find_faults(evidence: Evidence) -> BoolArray:
    """Returns bool (T',): the tokens that completed a character of a unit at fault."""
    placed = _place_amounts(evidence, "trigger")
    units = evidence.hindsight.units()  # (K, 2)
    credit = np.zeros(len(units))
    places = np.array(placed.char_ends, np.int64)
    numbers = np.searchsorted(units[:, 1], places)
    inside = numbers < len(units)
    inside[inside] = places[inside] > units[numbers[inside], 0]  # what lies between units is of none
    np.add.at(credit, numbers[inside], placed.amounts[inside])
    starts, ends = evidence.char_spans[: evidence.length].T  # (T',) each
    faulty = units[credit < -_NOTHING]
    # Units lie apart and in order: one is touched if more of them begin before the token's end than end by
    # its start.
    begun = np.asarray(np.searchsorted(faulty[:, 0], ends, side="left"), np.int64)
    ended = np.asarray(np.searchsorted(faulty[:, 1], starts, side="right"), np.int64)
    return np.asarray((begun > ended) & (starts < ends), np.bool_)


def _place_amounts(evidence: Evidence, at: At) -> _Placed:
    certificate = evidence.certificate
    if certificate is None:
        raise ValueError("this evidence holds no certificate: the scorer has no rules to read")
    prompt_end = int(evidence.char_spans[0, 0])
    factor = certificate.factor(
        prompt_utility=evidence.prompt_utility, utility=evidence.utility, slope=evidence.slope
    )
    char_ends: list[int] = []
    amounts: list[float] = []
    unplaced = 0.0
    for record in certificate.records:
        if record.status not in ("added", "withdrawn"):
            continue
        amount = factor * (record.amount if record.status == "added" else -record.amount)
        if record.rule in certificate.spread and record.char_end <= prompt_end:
            unplaced += amount
        else:
            char_ends.append(_find_place(record, prompt_end, at))
            amounts.append(amount)
    return _Placed(char_ends, np.array(amounts), unplaced)


def _find_place(record: Record, prompt_end: int, at: At) -> int:
    ends = (record.trigger_end, record.char_end)
    for end in ends if at == "trigger" else reversed(ends):
        if end > prompt_end:
            return end
    return record.since if record.status == "added" else record.until
