"""Scorer of Countdown: says what each character of an answer did to the chance that it ends right."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar, Final, cast

import numpy as np

from rlsf_gym.arguments import Argument, ArgumentError
from rlsf_gym.domains.countdown.arithmetic import as_numbers
from rlsf_gym.domains.countdown.certify import RULES, certify
from rlsf_gym.domains.countdown.credits import credit_expression, credit_steps
from rlsf_gym.domains.countdown.expression import ExpressionAnswers
from rlsf_gym.domains.countdown.places import ALPHABET, Lost, Place, Reading, Tally
from rlsf_gym.domains.countdown.reference import Policy, Reference, ReferencePlace
from rlsf_gym.domains.countdown.search import find_search
from rlsf_gym.domains.countdown.steps import StepAnswers
from rlsf_gym.instance import Instance
from rlsf_gym.registry import import_attribute
from rlsf_gym.scorers.protocol import Assessment, Candidates, IntArray
from rlsf_gym.text.automaton import look_ahead
from rlsf_gym.text.following import Following

__all__ = ["FORMS", "VALUES", "CountdownScorer"]

FORMS: Final = ("steps", "expression")
"""Names of forms of answers."""

VALUES: Final = ("random", "solvable", "reference")
"""Names of values of a prefix."""
_ROOM: Final = 300_000_000  # bytes of automata: those of a thousand puzzles of four numbers, with candidates


class CountdownScorer:
    """Scores an answer 1 if it reaches the target, 0 if not, and its prefixes by what is known of that.

    Args:
        form: "steps", such as `11-5=6,7*6=42`, or "expression", such as `7*(11-5)`.
        use: "all": every number is used once; "any": each at most once.
        value: "random": the chance that a writer ends right who draws uniformly among the symbols that are
            well formed; "solvable": 1 while a right answer can follow, else 0; "reference": the chance that
            a policy of one's own ends right.
        value_kwargs: For "reference", `{"policy": function}`, or its `"module:attribute"`: a function of a
            puzzle and a prefix of an answer to the probability of each next symbol.
        template: Prompt of the puzzles, with the places `{numbers}` and `{target}`.

    Raises:
        ValueError: If there is no such form, use or value.
    """

    name = "countdown"
    rules = RULES
    bounded = True
    exact = True
    verdict = True
    verifiable = True
    alphabet: ClassVar = ALPHABET

    def __init__(
        self,
        *,
        form: str = "steps",
        use: str = "all",
        value: str = "random",
        value_kwargs: Mapping[str, Any] | None = None,
        template: str = "{numbers} -> {target}: ",
    ) -> None:
        for name, given, known in (
            ("form", form, FORMS),
            ("use", use, ("all", "any")),
            ("value", value, VALUES),
        ):
            if given not in known:
                raise ArgumentError(
                    Argument(name), f" must be {' or '.join(map(repr, known))}, got {given!r:.80}"
                )
        self.form, self.use, self.value = form, use, value
        self._policy = _load_policy(value, value_kwargs or {})
        if self._policy is not None:
            self.verifiable = False  # a certificate does not hold the policy
        self._options = {"form": form, "use": use, "value": value, "template": template}
        self._forget()

    def assess(
        self, instances: Sequence[Instance], responses: Sequence[str], char_ends: Sequence[IntArray]
    ) -> list[Assessment]:
        """Returns the certificate of each response, with the values of its prefixes."""
        return list(map(self._assess_one, instances, responses, char_ends))

    def candidates_batch(
        self,
        instances: Sequence[Instance],
        responses: Sequence[str],
        char_ends: Sequence[IntArray],
        following: Following,
    ) -> Candidates:
        """Returns the score that each next token would make behind the ends of B responses."""
        states: list[Place] = []
        for instance, response, ends in zip(instances, responses, char_ends, strict=True):
            behind: list[Place] = self._start(instance).follow(response)
            states += [behind[end] for end in ends.tolist()]
        ids, scores = look_ahead(states, following, self.alphabet)
        return Candidates(ids, scores, np.zeros(len(states)))

    def partial_credits(self, instance: Instance, response: str) -> dict[str, float]:
        """Returns in how far a response is `well_formed`, has the right `numbers`, and its `nearness`."""
        assert instance.data is not None
        puzzle = instance.data["numbers"], instance.data["target"]
        if self.form == "steps":
            return credit_steps(*puzzle, response)
        return credit_expression(*puzzle, response, is_any=self.use == "any")

    def _assess_one(self, instance: Instance, response: str, ends: IntArray) -> Assessment:
        states: list[Place] = self._start(instance).follow(response)
        certificate = certify(instance, response, states, self._options, self.verifiable)
        places: list[int] = ends.tolist()
        values = [states[end].value for end in places]
        return Assessment(certificate, np.array(values, np.float64))

    def _start(self, instance: Instance) -> Place:
        """Returns the state before the first character, the same one for the same puzzle."""
        assert instance.data is not None
        numbers, target = instance.data["numbers"], instance.data["target"]
        key = (*sorted(numbers), target, "" if self._policy is None else instance.prompt)
        if self._tally.bytes > _ROOM:
            self._forget()
        found = self._starts.get(key)
        if found is None:
            found = self._begin(instance, numbers, target)
            self._starts[key] = found
        return found

    def _begin(self, instance: Instance, numbers: list[int], target: int) -> Place:
        """Returns the first state of a new automaton."""
        reading = Reading(self.use == "any", self.value != "solvable", self._tally)
        start: Place = (
            StepAnswers(find_search(numbers, target, self.use), reading).start
            if self.form == "steps"
            else ExpressionAnswers(as_numbers(numbers), target, reading).start
        )
        if start.worth == 0.0:
            return Lost("target", 0, "", start)
        return start if self._policy is None else ReferencePlace(Reference(instance, self._policy), start, "")

    def _forget(self) -> None:
        """Drops all automata."""
        self._tally = Tally()
        self._starts: dict[tuple[int | str, ...], Place] = {}

    def __getstate__(self) -> dict[str, Any]:
        """Returns what a copy is made of: it begins without automata."""
        return {key: part for key, part in vars(self).items() if key not in ("_starts", "_tally")}

    def __setstate__(self, state: dict[str, Any]) -> None:
        """Makes a copy."""
        vars(self).update(state)
        self._forget()


def _load_policy(value: str, kwargs: Mapping[str, Any]) -> Policy | None:
    """Returns the policy that values of prefixes are told by, None where none is."""
    wanted = ["policy"] if value == "reference" else []
    if not isinstance(cast(Any, kwargs), Mapping):
        raise ArgumentError(Argument("value_kwargs"), f" must be a dict, got {kwargs!r:.80}")
    if sorted(kwargs) != wanted:
        raise ArgumentError(
            Argument("value_kwargs"),
            f" must be {{'policy': function}} for value='reference' and left out for others, got "
            f"{dict(kwargs)!r:.80} for value={value!r}",
        )
    if not wanted:
        return None
    policy = kwargs["policy"]
    found: Any = import_attribute("policy", policy) if isinstance(policy, str) else policy
    if not callable(found):
        raise ArgumentError(Argument("value_kwargs.policy"), f" must be a function, got {found!r:.80}")
    return cast(Policy, found)
