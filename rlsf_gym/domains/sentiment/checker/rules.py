"""Lists what VADER's rules entitle a word to claim."""

from collections.abc import Callable, Iterator, Sequence
from typing import NamedTuple

from vaderSentiment.vaderSentiment import BOOSTER_DICT, C_INCR, N_SCALAR, NEGATE, SPECIAL_CASES

from rlsf_gym.domains.sentiment.checker.words import Premise, Token

_RAISERS = ("so", "this")


class Claim(NamedTuple):
    """A rule's entitlement: the words that trigger it, and the valence that it leaves.

    `path` is the graph's, empty but for the rule "knowledge".
    """

    rule: str
    first: int
    last: int
    value: float
    path: tuple[str, ...] = ()


class _Case(NamedTuple):
    """The word at `at`, with the valence that it has so far."""

    tokens: Sequence[Token]
    premises: Sequence[Premise | None]
    at: int
    mixed: bool
    value: float

    def low(self, at: int) -> str:
        return self.tokens[at].low if 0 <= at < len(self.tokens) else ""

    def start(self, at: int) -> float:
        """The valence that a word starts with; 0 without one, as no word has a valence of 0."""
        premise = self.premises[at] if 0 <= at < len(self.tokens) else None
        return 0.0 if premise is None else premise.value


def list_claims(
    tokens: Sequence[Token], premises: Sequence[Premise | None], at: int, mixed: bool
) -> list[Claim]:
    """The claims of the word at `at`, in the order of the rules.

    Args:
        tokens: the words of the text.
        premises: the valence that each of them starts with.
        at: position of a word.
        mixed: some words are in capitals and some are not.

    Returns:
        The claims before the "but" rule; empty for a word without a valence.
    """
    low, premise = tokens[at].low, premises[at]
    if premise is None or low in BOOSTER_DICT:
        return []
    case = _Case(tokens, premises, at, mixed, 0.0)
    claims = [Claim(premise.rule, premise.trigger, premise.trigger, premise.value, premise.path)]
    if premise.value == 0.0:
        return claims
    if (low, case.low(at + 1)) == ("kind", "of"):
        return []
    for rule in (_no, _capitals, _neighbours, _least):
        claims.extend(rule(case._replace(value=claims[-1].value)))
    return claims


def _no(case: _Case) -> Iterator[Claim]:
    """A "no" gives its valence up to the lexicon word behind it, which it turns round."""
    at = case.at
    if case.low(at) == "no" and case.start(at + 1):
        yield Claim("no", at + 1, at + 1, 0.0)
    reach = 3 if case.low(at - 1) in ("or", "nor") else 2
    near = next((back for back in range(1, reach + 1) if case.low(at - back) == "no"), None)
    if near is not None:
        yield Claim("no", at - near, at - near, case.start(at) * N_SCALAR)


def _capitals(case: _Case) -> Iterator[Claim]:
    """Capitals in a text that has other words too."""
    if case.mixed and case.tokens[case.at].text.isupper():
        yield Claim("capitals", case.at, case.at, case.value + (C_INCR if case.value > 0 else -C_INCR))


def _neighbours(case: _Case) -> Iterator[Claim]:
    """The three words before, from the nearest on, as far as they are outside the lexicon."""
    for back in (1, 2, 3):
        if back > case.at or case.start(case.at - back):
            continue
        rules: tuple[Callable[[_Case, int], Iterator[Claim]], ...] = (_degree, _negation)
        for rule in (*rules, _idioms, _dampeners) if back == 3 else rules:
            for claim in rule(case, case.at - back):
                yield claim
                case = case._replace(value=claim.value)


def _degree(case: _Case, near: int) -> Iterator[Claim]:
    """A booster or dampener at `near`, then the bonus for its capitals."""
    strength = BOOSTER_DICT.get(case.low(near))
    if strength is None:
        return
    share = {1: 1.0, 2: 0.95, 3: 0.9}[case.at - near]
    push = -strength if case.value < 0 else strength
    yield Claim("booster" if strength > 0 else "dampener", near, near, case.value + push * share)
    if case.mixed and case.tokens[near].text.isupper():
        push += C_INCR if case.value > 0 else -C_INCR
        yield Claim("capitals", near, near, case.value + push * share)


def _negation(case: _Case, near: int) -> Iterator[Claim]:
    """A negation at `near`, or the words that raise instead."""
    low, between = case.low(near), [case.low(at) for at in range(near + 1, case.at)]
    if between and low == "never" and between[0] in _RAISERS:
        yield Claim("negation", near, near + 1, case.value * 1.25)
    elif len(between) == 2 and between[1] in _RAISERS:  # with any word at `near`: the library's precedence
        yield Claim("negation", near + 2, near + 2, case.value * 1.25)
    elif (low in NEGATE or "n't" in low) and not (low == "without" and "doubt" in between):
        yield Claim("negation", near, near, case.value * N_SCALAR)


def _idioms(case: _Case, near: int) -> Iterator[Claim]:
    """The first idiom that ends at the word or before it, then those that start with it."""
    at = case.at
    places = [(at - 1, at), (at - 2, at), (at - 2, at - 1), (near, at - 1), (near, at - 2)]
    found = [place for place in places if _join(case, *place) in SPECIAL_CASES][:1]
    found += [place for place in ((at, at + 1), (at, at + 2)) if _join(case, *place) in SPECIAL_CASES]
    for first, last in found:
        yield Claim("idiom", first, last, float(SPECIAL_CASES[_join(case, first, last)]))


def _dampeners(case: _Case, near: int) -> Iterator[Claim]:
    """Dampeners of two words, from the farther one on."""
    value = case.value
    for first in (near, near + 1):
        strength = BOOSTER_DICT.get(_join(case, first, first + 1))
        if strength is not None:
            value += strength
            yield Claim("dampener", first, first + 1, value)


def _join(case: _Case, first: int, last: int) -> str:
    return " ".join(case.low(at) for at in range(first, last + 1))


def _least(case: _Case) -> Iterator[Claim]:
    """A "least" right before, but for "at least" and "very least"."""
    at = case.at
    if case.low(at - 1) == "least" and case.low(at - 2) not in ("at", "very"):
        yield Claim("least", at - 1, at - 1, case.value * N_SCALAR)
