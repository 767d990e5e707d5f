"""VADER's rules for the valence of one word, as a table of steps.

Each step looks at a window of `words[i - 3 : i + 3]`, gets the valence so far, and returns what it changes.
The order of the table and of the floating-point operations is the library's, and so are the oddities, which a
reader should not take for slips:

1. a word counted zero by "no" still loses 0.733 when in capitals;
2. "so" or "this" just before a word multiplies by 1.25 without any "never", if the third word before allows;
3. idioms are looked for only if the third word before exists and is outside the lexicon;
4. "kind of", "sort of" and "just enough" subtract from negative words too.
"""

from collections.abc import Callable, Sequence
from functools import cache
from typing import NamedTuple

from vaderSentiment.vaderSentiment import BOOSTER_DICT, C_INCR, N_SCALAR, SPECIAL_CASES

from rlsf_gym.domains.sentiment.vader.words import BOOST, CAPITALS, LEAST, NEGATION, NO, PHRASE, Word

RULES = (
    *("base", "booster", "dampener", "capitals", "negation"),
    *("no", "least", "idiom", "but", "punctuation"),
)
"""Names of all rules that may change a score, in the order of the library."""
SPREAD = ("punctuation",)
"""Rules whose records in the prompt depend on the sign of the whole text, not on single words."""

NEVER_SO = 1.25  # factor of "never so" and "never this"
FADES = (1.0, 0.95, 0.9)  # what is left of a booster one, two and three words before

# Where phrases are looked for: first and last word, relative to the word that is scored.
_IDIOMS_BEFORE = [(-1, 0), (-2, 0), (-2, -1), (-3, -1), (-3, -2)]
_IDIOMS_AFTER = [(0, 1), (0, 2)]
_TWO_WORD_DAMPENERS = [(-3, -2), (-2, -1)]


# One rule's effect on the valence of a word: the rule, the valence after it, and the first and last of the
# words that triggered it. A plain tuple, as these are made in the innermost loop.
Change = tuple[str, float, int, int]
Changes = Sequence[Change]
Effect = Callable[[Sequence[Word], int, float, bool, int], Changes]


class Premise(NamedTuple):
    """Premise of a word whose valence is not the lexicon's.

    Attributes:
        at: position of the word that causes the valence.
        valence: the valence.
        path: of the graph that has the valence.
    """

    at: int
    valence: float
    path: tuple[str, ...]


class Step(NamedTuple):
    """Row of the table of rules: a rule's effect, and the condition under which it is tried.

    Attributes:
        needs: signs, one of which has to be near the word.
        distance: the rule is for the word so many places before, which has to exist and to be outside the
            lexicon; 0 for rules that look for themselves.
        effect: from words, position, valence so far, whether capitals are mixed, and distance, to the changes
            it makes, in order.
    """

    needs: int
    distance: int
    effect: Effect


def _cancel_no(words: Sequence[Word], i: int, value: float, mixed: bool, distance: int) -> Changes:
    """A "no" right before a lexicon word counts nothing itself."""
    if words[i].lower == "no" and i + 1 < len(words) and words[i + 1].base is not None:
        return (("no", 0.0, i + 1, i + 1),)
    return ()


def _follow_no(words: Sequence[Word], i: int, value: float, mixed: bool, distance: int) -> Changes:
    """A "no" one or two words before (three before "or" and "nor") turns the lexicon's valence round."""
    for back in range(1, min(i, 3) + 1):
        linked = back < 3 or words[i - 1].lower in ("or", "nor")
        if words[i - back].lower == "no" and linked:
            base = words[i].base or 0.0
            return (("no", base * N_SCALAR, i - back, i - back),)
    return ()


def _capitals(words: Sequence[Word], i: int, value: float, mixed: bool, distance: int) -> Changes:
    """Capitals add emphasis where the text is not all in capitals."""
    if not (mixed and words[i].upper):
        return ()
    emphasis = C_INCR if value > 0 else -C_INCR
    return (("capitals", value + emphasis, i, i),)


def _boost(words: Sequence[Word], i: int, value: float, mixed: bool, distance: int) -> Changes:
    """A booster or dampener adds or takes, less with distance; more if it stands in capitals."""
    at = i - distance
    word = words[at]
    if word.boost == 0.0:
        return ()
    amount = -word.boost if value < 0 else word.boost
    fade = FADES[distance - 1]
    change = ("booster" if word.boost > 0 else "dampener", value + amount * fade, at, at)
    if not (mixed and word.upper):
        return (change,)
    amount += C_INCR if value > 0 else -C_INCR
    return change, ("capitals", value + amount * fade, at, at)


def _negate(words: Sequence[Word], i: int, value: float, mixed: bool, distance: int) -> Changes:
    """A negation turns the valence round; "never so" raises it; "without doubt" is no negation."""
    at = i - distance
    lower = words[at].lower
    if distance > 1 and lower == "never" and words[at + 1].lower in ("so", "this"):
        return (("negation", value * NEVER_SO, at, at + 1),)
    if distance == 3 and words[i - 1].lower in ("so", "this"):
        return (("negation", value * NEVER_SO, i - 1, i - 1),)
    if not words[at].negates:
        return ()
    if lower == "without" and any(word.lower == "doubt" for word in words[at + 1 : i]):
        return ()
    return (("negation", value * N_SCALAR, at, at),)


def _phrase(words: Sequence[Word], i: int, span: tuple[int, int]) -> str:
    """The words from `i + span[0]` to `i + span[1]`; empty if the text ends before."""
    if i + span[1] >= len(words):
        return ""
    return " ".join(word.lower for word in words[i + span[0] : i + span[1] + 1])


def _idiom(words: Sequence[Word], i: int, value: float, mixed: bool, distance: int) -> Changes:
    """An idiom has a valence of its own; one that starts at the word outweighs one that ends there."""
    before = [span for span in _IDIOMS_BEFORE if _phrase(words, i, span) in SPECIAL_CASES]
    after = [span for span in _IDIOMS_AFTER if _phrase(words, i, span) in SPECIAL_CASES]
    return [
        ("idiom", float(SPECIAL_CASES[_phrase(words, i, span)]), i + span[0], i + span[1])
        for span in before[:1] + after
    ]


def _dampen(words: Sequence[Word], i: int, value: float, mixed: bool, distance: int) -> Changes:
    """Dampeners of two words: "kind of", "sort of", "just enough"."""
    changes: list[Change] = []
    for span in _TWO_WORD_DAMPENERS:
        value += BOOSTER_DICT.get(_phrase(words, i, span), 0.0)
        changes.append(("dampener", value, i + span[0], i + span[1]))
    return changes


def _least(words: Sequence[Word], i: int, value: float, mixed: bool, distance: int) -> Changes:
    """A "least" turns the word after it round, but for "at least" and "very least"."""
    if i == 0 or words[i - 1].lower != "least" or (i > 1 and words[i - 2].lower in ("at", "very")):
        return ()
    return (("least", value * N_SCALAR, i - 1, i - 1),)


STEPS = (
    Step(NO, 0, _cancel_no),
    Step(NO, 0, _follow_no),
    Step(CAPITALS, 0, _capitals),
    Step(BOOST, 1, _boost),
    Step(NEGATION, 1, _negate),
    Step(BOOST, 2, _boost),
    Step(NEGATION, 2, _negate),
    Step(BOOST, 3, _boost),
    Step(NEGATION, 3, _negate),
    Step(PHRASE, 3, _idiom),
    Step(PHRASE, 3, _dampen),
    Step(LEAST, 0, _least),
)


def word_changes(words: Sequence[Word], i: int, mixed: bool) -> Changes:
    """Changes of word `i`'s valence by each rule, up to the rules that look at the whole text.

    Args:
        words: the words of the text.
        i: position of a word.
        mixed: some words are in capitals and some are not.

    Returns:
        The lexicon's valence first (rule `base`), then the changes that rules make, in order (some may change
        it by nothing); empty for a word that has no valence.
    """
    word = words[i]
    if not word.scored:
        return ()
    signs = _signs_near(words, i)
    return _changes(words, i, mixed, signs) if signs else (("base", word.base or 0.0, i, i),)


def last_value(changes: Changes) -> float:
    """Valence of a word after the changes."""
    return changes[-1][1] if changes else 0.0


def _changes(words: Sequence[Word], i: int, mixed: bool, signs: int) -> list[Change]:
    word = words[i]
    if word.lower == "kind" and i + 1 < len(words) and words[i + 1].lower == "of":
        return []
    value = word.base or 0.0
    changes: list[Change] = [("base", value, i, i)]
    for _, distance, effect in _steps_for(signs):
        if not distance or (i >= distance and words[i - distance].base is None):
            found = effect(words, i, value, mixed, distance)
            if found:
                changes.extend(found)
                value = found[-1][1]
    return changes


@cache
def _steps_for(signs: int) -> tuple[Step, ...]:
    return tuple(step for step in STEPS if step.needs & signs)


def _signs_near(words: Sequence[Word], i: int) -> int:
    """Signs of the rules that may have something to do with word `i`.

    Capitals are asked for by the word itself (a booster's by the rule for boosters), what stands behind it
    by the rules for phrases alone.
    """
    signs = words[i].signs
    if i >= 3:  # mostly so, and quicker than a loop
        signs |= (words[i - 3].signs | words[i - 2].signs | words[i - 1].signs) & ~CAPITALS
    else:
        for word in words[:i]:
            signs |= word.signs & ~CAPITALS
    if i + 1 < len(words):
        for word in words[i + 1 : i + 3]:
            signs |= word.signs & PHRASE
    return signs
