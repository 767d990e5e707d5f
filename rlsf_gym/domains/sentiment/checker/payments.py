"""What each reward design pays, from what is proved of a response."""

import math
import re
from bisect import bisect_left, bisect_right
from collections.abc import Callable, Sequence
from itertools import pairwise
from typing import NamedTuple

from rlsf_gym.domains.sentiment.checker.known import Known
from rlsf_gym.domains.sentiment.checker.lifetimes import Entry

# Scores closer than this have no reliable quotient of differences: the slope stands in.
_SAME_SCORE = 1e-12
# A word is marked if the rules took more than this from it.
_NOTHING = 1e-12


class Case(NamedTuple):
    """What a design may ask about.

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
        return self.utility(self.known.proved.score) - self.utility(self.known.proved.prompt_score)


class _Laid(NamedTuple):
    """The rules' shares of the gain, each where it falls due.

    Attributes:
        offsets: where, in prompt + response.
        amounts: how much.
        rest: what has no place: the punctuation of the prompt.
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
    return [case.known.proved.score] * case.size


def pay_as_the_seed(case: Case) -> list[float]:
    """The score where it is above one half, 1 less the score elsewhere, on every token."""
    score = case.known.proved.score
    return [score if score > 0.5 else 1.0 - score] * case.size


def pay_progress(case: Case) -> list[float]:
    """What each token adds to the utility that is known."""
    start = case.utility(case.known.proved.prompt_score)
    return _steps([start, *map(case.utility, case.known.scores(case.boundary))])


def pay_words(case: Case) -> list[float]:
    """What the words that each token adds are worth in the lexicon, whatever stands around them."""
    nothing = case.utility(0.0)
    return _steps(case.known.word_sums(case.boundary, lambda value: case.utility(value) - nothing))


def pay_records(case: Case, at: str = "trigger") -> list[float]:
    """Each record's share of the gain, on the token that completed what brought it about, or the word."""
    if at not in ("trigger", "word"):
        raise ValueError(f"at must be 'trigger' or 'word', but is {at!r}")
    laid = _lay(case, at)
    rewards = [0.0] * case.size
    for offset, amount in zip(laid.offsets, laid.amounts, strict=True):
        rewards[_token_at(case, offset)] += amount
    weights = [abs(reward) for reward in rewards]
    total = sum(weights)
    if total > _NOTHING:
        return [reward + laid.rest * abs(reward) / total for reward in rewards]
    if rewards:
        rewards[-1] += laid.rest
    return rewards


def pay_unmarked(case: Case, form: str = "paper") -> list[float]:
    """1 on each token but those of words that the rules took from, and on the last one whether there is gain.

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
    "rule_certificate": pay_records,
    "lexicon": pay_words,
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
    for entry in case.known.proved.entries:
        sign = {"added": 1, "withdrawn": -1}.get(entry.status, 0)
        offset = _due(entry, border, at)
        if sign and offset > border:
            laid.offsets.append(offset)
            laid.amounts.append(sign * entry.amount * factor)
        elif sign:
            rest += sign * entry.amount * factor
    return laid._replace(rest=rest)


def _due(entry: Entry, border: int, at: str) -> int:
    """Where a record's amount falls due; in the prompt where it has no place behind it."""
    _, char_end, _, trigger_end = entry.place
    places = [trigger_end, char_end] if at == "trigger" else [char_end, trigger_end]
    if entry.rule != "punctuation":
        places.append(entry.since if entry.status == "added" else entry.until)
    return next((place for place in places if place > border), 0)


def _factor(case: Case) -> float:
    """Utility per unit of valence on the straight way from the prompt's sum to the text's.

    With S = sqrt(15) tan(a), a score is sin(a): its mean slope between two angles is
    cos((a + b) / 2) cos(a) cos(b) / (sqrt(15) cos((b - a) / 2)).
    """
    proved = case.known.proved
    sums = [
        math.fsum(entry.amount for entry in proved.entries if entry.status in statuses)
        for statuses in (("kept", "withdrawn"), ("kept", "added"))
    ]
    a, b = (math.atan(total / math.sqrt(15)) for total in sums)
    squashed = math.cos((a + b) / 2) * math.cos(a) * math.cos(b) / (math.sqrt(15) * math.cos((b - a) / 2))
    gained = proved.score - proved.prompt_score
    return squashed * (case.gain / gained if abs(gained) > _SAME_SCORE else case.slope)


def _token_at(case: Case, offset: int) -> int:
    """The first token that brings the text up to the offset."""
    return bisect_left(case.known.char_ends, offset - len(case.known.prompt))


def _mark(case: Case) -> list[bool]:
    """Whether each token has completed a character of a word that the rules took from."""
    marked = _find_faults(case)
    starts = [first for first, _ in marked]
    spans = pairwise([0, *case.known.char_ends])
    found: list[bool] = []
    for begin, end in spans:
        number = bisect_left(starts, end) - 1  # of the last marked word that begins before the token's end
        found.append(begin < end and number >= 0 and marked[number][1] > begin)
    return found


def _find_faults(case: Case) -> list[tuple[int, int]]:
    """The words of the response that the rules took from, in order."""
    laid = _lay(case)
    start = len(case.known.prompt)
    order = sorted(range(len(laid.offsets)), key=laid.offsets.__getitem__)
    offsets = [laid.offsets[number] - start for number in order]
    marked: list[tuple[int, int]] = []
    for word in re.finditer(r"\S+", case.known.response):
        first, last = (bisect_right(offsets, place) for place in word.span())
        if math.fsum(laid.amounts[number] for number in order[first:last]) < -_NOTHING:
            marked.append(word.span())
    return marked
