"""Values of prefixes under a policy of one's own, enumerated over all answers that are well formed.

The policy says how likely each next symbol is; what it gives to symbols that are not well formed is lost. In
the midst of a symbol, those count that begin so, as likely as the policy has them.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from typing import Any, Final, cast

from rlsf_gym.domains.countdown.places import Border, Place, Underway
from rlsf_gym.instance import Instance

__all__ = ["MOST_NUMBERS", "Policy", "Reference", "ReferencePlace"]

MOST_NUMBERS: Final = 3
"""Numbers of a puzzle of which all answers are enumerated."""

Policy = Callable[[Instance, str], Mapping[str, float]]
"""From a puzzle and a prefix that ends with a symbol, without spaces, to the probability of each next symbol:
numbers, operators, the true result, and "" for the end."""

_TOLERANCE: Final = 1e-6


class Reference:
    """Values of the prefixes of the answers to one puzzle.

    Args:
        instance: The puzzle.
        policy: The policy.
    """

    def __init__(self, instance: Instance, policy: Policy) -> None:
        self._instance, self._policy = instance, policy
        self._odds: dict[str, Mapping[str, float]] = {}
        self._values: dict[str, float] = {}

    def value(self, written: str, border: Place) -> float:
        """Returns the chance that the policy ends right behind a whole symbol.

        Args:
            written: All of the answer so far, without spaces.
            border: The state behind it.

        Raises:
            ValueError: If the policy returns what it must not.
        """
        if not isinstance(border, Border) or border.worth == 0.0:
            return 0.0
        found = self._values.get(written)
        if found is None:
            odds = self._ask(written, border)
            found = border.verdict * odds[""] if border.may_end else 0.0
            found += sum(
                odds[text] * self.value(written + text, one) for text, one in border.symbols().items()
            )
            self._values[written] = found
        return found

    def value_within(self, written: str, place: Underway) -> float:
        """Returns the same in the midst of a symbol.

        Args:
            written: The answer up to the symbol.
            place: The state in its midst.
        """
        odds = self._ask(written, place.began)
        meant = {text: chance for text, chance in odds.items() if text.startswith(place.letters)}
        symbols = place.began.symbols()
        right = sum(
            chance * self.value(written + text, symbols[text])
            for text, chance in meant.items()
            if text in symbols
        )
        return right / sum(meant.values())

    def _ask(self, written: str, border: Border) -> Mapping[str, float]:
        """Returns the policy's probabilities, checked."""
        found = self._odds.get(written)
        if found is None:
            told: Any = self._policy(self._instance, written)
            wanted = [*border.symbols(), *[""] * border.may_end]
            if not _are_odds(told, wanted):
                raise ValueError(
                    f"policy of value='reference' must give each of {wanted!r:.200} a probability above 0 "
                    f"behind {written!r}, and all symbols 1 at most, got {told!r:.200}"
                )
            found = self._odds[written] = told
        return found


class ReferencePlace(Place):
    """State of an answer, valued under a policy.

    Args:
        reference: Values of the puzzle's answers.
        place: The state itself.
        written: The answer up to the symbol under way, without spaces.
    """

    def __init__(self, reference: Reference, place: Place, written: str) -> None:
        super().__init__(place.reading)
        self._reference, self._place, self._written = reference, place, written
        self.worth, self.ways, self.done, self.left = place.worth, place.ways, place.done, place.left
        self.letters, self.verdict = place.letters, place.verdict
        if isinstance(place, Underway):
            self.value = reference.value_within(written, place)
        else:
            self.value = reference.value(written, place)

    def advance(self, character: str) -> Place:
        """Returns the state behind one more character; one that is lost is the same under every policy."""
        place = self._place.after(character)
        if place.is_dead:
            return place
        is_within = place.letters != ""  # of a number, behind which there is always a sign
        written = self._written if is_within else self._written + self.letters + character.strip(" ")
        return ReferencePlace(self._reference, place, written)

    def complete(self) -> str:
        """Returns a way to go on to a right end."""
        return self._place.completion


def _are_odds(told: Any, wanted: list[str]) -> bool:
    """Returns whether something tells the probabilities of symbols, some of which must not be 0."""
    if not isinstance(told, Mapping):
        return False
    odds = cast("Mapping[str, Any]", told)
    are_numbers = all(isinstance(one, float | int) and one >= 0.0 for one in odds.values())
    if not are_numbers or not all(odds.get(symbol, 0.0) for symbol in wanted):
        return False
    return math.fsum(odds.values()) <= 1.0 + _TOLERANCE
