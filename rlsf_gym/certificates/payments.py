"""Payments of reward designs, worked out from what is proved of a response."""

import math
from bisect import bisect_left, bisect_right
from collections.abc import Callable, Sequence
from itertools import pairwise
from typing import NamedTuple

from rlsf_gym.certificates.claimed import ClaimedRecord
from rlsf_gym.certificates.proof import Known

__all__ = ["PAYMENTS", "Case", "UnprovedError"]

# Scores closer than this have no reliable quotient of differences: the slope stands in.
_SAME_SCORE = 1e-12
# A unit is marked if the rules took more than this from it.
_NOTHING = 1e-12


class UnprovedError(ValueError):
    """The checker of a scorer does not prove what the rewards of a design rest on."""


class Case(NamedTuple):
    """A proved response under an objective and a boundary.

    Attributes:
        known: the response and its proof.
        utility: what a score is worth.
        slope: slope of the utility at the response's score.
        boundary: "closed" or "open".
    """

    known: Known
    utility: Callable[[float], float]
    slope: float
    boundary: str

    @property
    def size(self) -> int:
        """Number of tokens."""
        return len(self.known.char_ends)

    @property
    def gain(self) -> float:
        """Utility of the whole text less that of the prompt."""
        proof = self.known.proof
        return self.utility(proof.score) - self.utility(proof.prompt_score)


class _Laid(NamedTuple):
    """The rules' shares of the gain, each where it falls due.

    Attributes:
        offsets: where, in prompt + response.
        amounts: how much.
        rest: what has no place: records of the prompt that no place in the response brings about.
    """

    offsets: list[int]
    amounts: list[float]
    rest: float


def pay_last(case: Case) -> list[float]:
    """The whole gain on the last token."""
    return [*([0.0] * (case.size - 1)), case.gain][: case.size]


def pay_equally(case: Case) -> list[float]:
    """Equal shares of the gain."""
    return [case.gain / case.size for _ in range(case.size)]


def pay_score(case: Case) -> list[float]:
    """The score on every token."""
    return [case.known.proof.score] * case.size


def pay_as_the_seed(case: Case) -> list[float]:
    """The score where it is above one half, 1 less the score elsewhere, on every token."""
    score = case.known.proof.score
    return [score if score > 0.5 else 1.0 - score] * case.size


def pay_progress(case: Case) -> list[float]:
    """Gain in known utility with each token."""
    scores = case.known.scores(case.boundary)
    if scores is None:
        raise UnprovedError(f"the scores of prefixes under boundary={case.boundary!r}")
    start = case.utility(case.known.proof.prompt_score)
    return _steps([start, *map(case.utility, scores)])


def pay_first_error(case: Case) -> list[float]:
    """The gain on the first token with which the known score is 0, on the last one where it never is."""
    scores = case.known.scores(case.boundary)
    if scores is None:
        raise UnprovedError(f"the scores of prefixes under boundary={case.boundary!r}")
    rewards = [0.0] * case.size
    if rewards:
        at = next((token for token, score in enumerate(scores) if score <= 0.0), case.size - 1)
        rewards[at] = case.utility(scores[at]) - case.utility(case.known.proof.prompt_score)
    return rewards


def pay_units(case: Case) -> list[float]:
    """Worth of the units that each token adds, one by one, whatever stands around them."""
    nothing = case.utility(0.0)
    sums = case.known.unit_sums(case.boundary, lambda value: case.utility(value) - nothing)
    if sums is None:
        raise UnprovedError(f"what units are worth one by one under boundary={case.boundary!r}")
    return _steps(sums)


def pay_records(case: Case, at: str = "trigger") -> list[float]:
    """Each record's share of the gain, on the token that completed what brought it about, or the unit."""
    if at not in ("trigger", "unit"):
        raise ValueError(f"at must be 'trigger' or 'unit', but is {at!r}")
    laid = _lay(case, at)
    rewards = [0.0] * case.size
    for offset, amount in zip(laid.offsets, laid.amounts, strict=True):
        rewards[case.known.token_at(offset)] += amount
    weights = [abs(reward) for reward in rewards]
    total = sum(weights)
    if total > _NOTHING:
        return [reward + laid.rest * abs(reward) / total for reward in rewards]
    if rewards:
        rewards[-1] += laid.rest
    return rewards


def pay_unmarked(case: Case, form: str = "paper") -> list[float]:
    """1 on each token but those of units that the rules took from, and on the last one whether there is gain.

    In the form "neutral", 1 less on every token.
    """
    if form not in ("paper", "neutral"):
        raise ValueError(f"form must be 'paper' or 'neutral', but is {form!r}")
    rewards = [0.0 if is_marked else 1.0 for is_marked in _mark(case)]
    if rewards:
        rewards[-1] = 1.0 if case.gain > 0 else 0.0
    return [reward - (form == "neutral") for reward in rewards]


PAYMENTS: dict[str, Callable[..., list[float]]] = {
    "terminal": pay_last,
    "uniform": pay_equally,
    "broadcast": pay_score,
    "seed_legacy": pay_as_the_seed,
    "potential": pay_progress,
    "first_error": pay_first_error,
    "rule_certificate": pay_records,
    "lexicon": pay_units,
    "rlsf_mask": pay_unmarked,
}
"""By name, what a design pays: from a case and its own arguments, a reward for each token."""


def _steps(levels: Sequence[float]) -> list[float]:
    return [after - before for before, after in pairwise(levels)]


def _lay(case: Case, at: str = "trigger") -> _Laid:
    """Split the gain over the records that make the difference between prompt and text."""
    factor = _factor(case)
    laid = _Laid([], [], 0.0)
    border = len(case.known.prompt)
    rest = 0.0
    for record in case.known.proof.records:
        sign = {"added": 1, "withdrawn": -1}.get(record.status, 0)
        offset = _due(case, record, border, at) if sign else 0
        if offset > border:
            laid.offsets.append(offset)
            laid.amounts.append(sign * record.amount * factor)
        else:
            rest += sign * record.amount * factor
    return laid._replace(rest=rest)


def _due(case: Case, record: ClaimedRecord, border: int, at: str) -> int:
    """Where a record's amount falls due; in the prompt where it has no place behind it."""
    places = [record.trigger_end, record.char_end]
    if at == "unit":
        places.reverse()
    if record.rule not in case.known.proof.spread:
        places.append(record.since if record.status == "added" else record.until)
    return next((place for place in places if place > border), 0)


def _factor(case: Case) -> float:
    """Utility per unit of amount on the straight way from the prompt's sum to the text's."""
    proof = case.known.proof
    if not proof.rules:
        raise UnprovedError("rules")
    gained = proof.score - proof.prompt_score
    return proof.slope * (case.gain / gained if abs(gained) > _SAME_SCORE else case.slope)


def _mark(case: Case) -> list[bool]:
    """Whether each token has completed a character of a unit that the rules took from."""
    marked = _find_faults(case)
    starts = [first for first, _ in marked]
    spans = pairwise([0, *case.known.char_ends])
    found: list[bool] = []
    for begin, end in spans:
        number = bisect_left(starts, end) - 1  # of the last marked unit that begins before the token's end
        found.append(begin < end and number >= 0 and marked[number][1] > begin)
    return found


def _find_faults(case: Case) -> list[tuple[int, int]]:
    """Units of the response that the rules took from, as spans of the response in order."""
    laid = _lay(case)
    units = case.known.unit_spans()
    if units is None:
        raise UnprovedError("units of the response")
    start = len(case.known.prompt)
    order = sorted(range(len(laid.offsets)), key=laid.offsets.__getitem__)
    offsets = [laid.offsets[number] for number in order]
    marked: list[tuple[int, int]] = []
    for unit in units:
        first, last = (bisect_right(offsets, place) for place in unit)
        if math.fsum(laid.amounts[number] for number in order[first:last]) < -_NOTHING:
            marked.append((unit[0] - start, unit[1] - start))
    return marked
