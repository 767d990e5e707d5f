"""Lists the changes of a word's valence that VADER's rules justify, as claims."""

from collections.abc import Iterator, Sequence
from typing import Final, NamedTuple

from vaderSentiment.vaderSentiment import BOOSTER_DICT, C_INCR, N_SCALAR, NEGATE, SPECIAL_CASES

from rlsf_gym.domains.sentiment.checker.words import Premise, Token

_RAISERS = ("so", "this")
_NEGATIONS = frozenset(NEGATE)


class Claim(NamedTuple):
    """Claim of a rule on a word: the words that trigger it, and the valence after it.

    `path` is the graph's, empty but for the rule "knowledge".
    """

    rule: str
    first: int
    last: int
    value: float
    path: tuple[str, ...] = ()


# One word of each idiom and of each dampener of two words: where none stands, none is looked for.
_IDIOM_WORDS = frozenset(max(phrase.split(), key=len) for phrase in SPECIAL_CASES)
LOOKS_BEHIND: Final = frozenset(("no", "kind", *(phrase.split()[0] for phrase in SPECIAL_CASES)))
"""Words whose claims depend on words after them; those of all others depend on the words before."""
_DAMPENER_WORDS = frozenset(max(phrase.split(), key=len) for phrase in BOOSTER_DICT if " " in phrase)
# Where none of these is near, nor a word with "n't", no rule but that for capitals has a say.
_HEARD = _NEGATIONS | _IDIOM_WORDS | _DAMPENER_WORDS | {*BOOSTER_DICT, *_RAISERS, "no", "least", "kind"}


class _Case:
    """Word at `at`, with the three words before it and the two after it.

    Attributes:
        at: position of the word.
        mixed: some words are in capitals and some are not.
    """

    __slots__ = ("_lows", "_premises", "_tokens", "at", "mixed")

    def __init__(
        self, tokens: Sequence[Token], premises: Sequence[Premise | None], at: int, mixed: bool
    ) -> None:
        self._tokens = tokens
        self._premises = premises
        self.at = at
        self.mixed = mixed
        first, size = at - 3, len(tokens)
        self._lows = [tokens[near].low if 0 <= near < size else "" for near in range(first, at + 3)]

    def low(self, at: int) -> str:
        """The word at a position near by, in lower case; empty where the text has no word there."""
        return self._lows[at - self.at + 3]

    def between(self, near: int) -> list[str]:
        """The words between one before and the word itself, in lower case."""
        return self._lows[near - self.at + 4 : 3]

    def is_upper(self, at: int) -> bool:
        """Whether a word is in capitals where others are not."""
        return self.mixed and self._tokens[at].text.isupper()

    def start(self, at: int) -> float:
        """The valence that a word starts with; 0 without one, as no word has a valence of 0."""
        premise = self._premises[at] if 0 <= at < len(self._premises) else None
        return 0.0 if premise is None else premise.value

    def has_any(self, words: frozenset[str]) -> bool:
        """Whether the word or one near by is among these."""
        return not words.isdisjoint(self._lows)


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
    premise = premises[at]
    if premise is None or tokens[at].low in BOOSTER_DICT:
        return []
    claims = [Claim(premise.rule, premise.trigger, premise.trigger, premise.value, premise.path)]
    if premise.value == 0.0 or not _has_say(tokens, at, mixed):
        return claims
    case = _Case(tokens, premises, at, mixed)
    if case.low(at) == "kind" and case.low(at + 1) == "of":
        return []
    for rule in (_no, _capitals, _neighbours, _least):
        claims.extend(rule(case, claims[-1].value))
    return claims


def _has_say(tokens: Sequence[Token], at: int, mixed: bool) -> bool:
    """Whether a rule may change the valence of a word, by itself, the three before it and the two behind."""
    if mixed and tokens[at].text.isupper():
        return True
    for token in tokens[max(0, at - 3) : at + 3]:
        low = token.low
        if low in _HEARD or "n't" in low:
            return True
    return False


def _no(case: _Case, value: float) -> Iterator[Claim]:
    """A "no" gives its valence up to the lexicon word behind it, which it turns round."""
    at = case.at
    if case.low(at) == "no" and case.start(at + 1):
        yield Claim("no", at + 1, at + 1, 0.0)
    reach = 3 if case.low(at - 1) in ("or", "nor") else 2
    near = next((back for back in range(1, reach + 1) if case.low(at - back) == "no"), None)
    if near is not None:
        yield Claim("no", at - near, at - near, case.start(at) * N_SCALAR)


def _capitals(case: _Case, value: float) -> Iterator[Claim]:
    """Capitals in a text that has other words too."""
    if case.is_upper(case.at):
        yield Claim("capitals", case.at, case.at, value + (C_INCR if value > 0 else -C_INCR))


def _neighbours(case: _Case, value: float) -> Iterator[Claim]:
    """The three words before, from the nearest on, as far as they are outside the lexicon."""
    for back in range(1, min(3, case.at) + 1):
        near = case.at - back
        if case.start(near):
            continue
        low = case.low(near)
        if low in BOOSTER_DICT:
            for claim in _degree(case, near, value):
                yield claim
                value = claim.value
        claim = _negate(case, near, low, value)
        if claim is not None:
            yield claim
            value = claim.value
        if back == 3:
            for rule, words in ((_idioms, _IDIOM_WORDS), (_dampeners, _DAMPENER_WORDS)):
                for claim in rule(case, near, value) if case.has_any(words) else ():
                    yield claim
                    value = claim.value


def _degree(case: _Case, near: int, value: float) -> Iterator[Claim]:
    """A booster or dampener at `near`, then the bonus for its capitals."""
    strength = BOOSTER_DICT[case.low(near)]
    share = _SHARES[case.at - near]
    push = -strength if value < 0 else strength
    yield Claim("booster" if strength > 0 else "dampener", near, near, value + push * share)
    if case.is_upper(near):
        push += C_INCR if value > 0 else -C_INCR
        yield Claim("capitals", near, near, value + push * share)


def _negate(case: _Case, near: int, low: str, value: float) -> Claim | None:
    """A negation at `near`, or the words that raise instead."""
    between = case.between(near)
    if between and low == "never" and between[0] in _RAISERS:
        return Claim("negation", near, near + 1, value * 1.25)
    if len(between) == 2 and between[1] in _RAISERS:  # with any word at `near`: the library's precedence
        return Claim("negation", near + 2, near + 2, value * 1.25)
    if (low in _NEGATIONS or "n't" in low) and not (low == "without" and "doubt" in between):
        return Claim("negation", near, near, value * N_SCALAR)
    return None


def _idioms(case: _Case, near: int, value: float) -> Iterator[Claim]:
    """The first idiom that ends at the word or before it, then those that start with it."""
    at = case.at
    places = [(at - 1, at), (at - 2, at), (at - 2, at - 1), (near, at - 1), (near, at - 2)]
    found = [place for place in places if _join(case, *place) in SPECIAL_CASES][:1]
    found += [place for place in ((at, at + 1), (at, at + 2)) if _join(case, *place) in SPECIAL_CASES]
    for first, last in found:
        yield Claim("idiom", first, last, float(SPECIAL_CASES[_join(case, first, last)]))


def _dampeners(case: _Case, near: int, value: float) -> Iterator[Claim]:
    """Dampeners of two words, from the farther one on."""
    for first in (near, near + 1):
        strength = BOOSTER_DICT.get(_join(case, first, first + 1))
        if strength is not None:
            value += strength
            yield Claim("dampener", first, first + 1, value)


def _join(case: _Case, first: int, last: int) -> str:
    return " ".join(case.low(at) for at in range(first, last + 1))


def _least(case: _Case, value: float) -> Iterator[Claim]:
    """A "least" right before, but for "at least" and "very least"."""
    at = case.at
    if case.low(at - 1) == "least" and case.low(at - 2) not in ("at", "very"):
        yield Claim("least", at - 1, at - 1, value * N_SCALAR)


_SHARES = (0.0, 1.0, 0.95, 0.9)  # what is left of a booster so many words before
