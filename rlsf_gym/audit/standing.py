"""Standing of right and wrong answers: in which forms they are told apart, and what each is paid."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from statistics import mean, median
from typing import Final

from rlsf_gym.audit.bundled import FILLER, VARIED
from rlsf_gym.audit.forms import FORMS, Form, forms_of
from rlsf_gym.audit.outcome import Outcome
from rlsf_gym.audit.subject import Asked, Subject

__all__ = ["HALF", "LEAST", "SOME", "Standing", "find_standing", "settle_calls", "wrong_answers"]

LEAST: Final = 1e-6
"""Rewards that differ by less are equal."""
SOME: Final = 0.05
"""Share of the way from the reward of a wrong response to that of a right one, above which it is paid."""
HALF: Final = 0.5
"""Share from which on it is paid much: what is an error, and not a warning, of most checks."""
_MOST_FORMS: Final = 3
_DRAWS: Final = 8
"""Calls with one response, to see what chance does."""


@dataclass(frozen=True)
class Standing:
    """What right and wrong answers are paid."""

    subject: Subject
    """The reward and its cases."""
    low: tuple[float, ...]
    """Of each case: what the best paid wrong answer gets; without answers, what says nothing."""
    high: tuple[float, ...]
    """Of each case: what a right answer gets; without answers, what the best paid text gets."""
    forms: tuple[Form, ...]
    """Forms in which right answers are told from wrong ones, the best first; the best paid one without."""
    by_answer: bool
    """Whether right answers are paid more than wrong ones, in any form, or in the cases' own responses."""
    best: tuple[str, ...] = ()
    """Of each case: the response that is paid `high`."""
    noise: float = 0.0
    """Largest difference of rewards of one response that was asked about several times."""

    @property
    def decided(self) -> list[int]:
        """Cases in which two levels are told apart."""
        return [case for case in range(len(self.low)) if self.high[case] - self.low[case] > LEAST]

    @property
    def scale(self) -> float:
        """Largest distance of the two levels; 0 where nothing is told apart."""
        return max((self.high[case] - self.low[case] for case in self.decided), default=0.0)

    @property
    def why_not(self) -> str:
        """Why no levels are told apart, in words."""
        numbers = self.subject.numbers
        if not numbers:
            return "no response was paid a number"
        if max(numbers) - min(numbers) <= LEAST:
            return "every text is paid alike"
        if max(numbers) <= LEAST:
            return "it is a penalty, and pays nothing"
        return f"no text is paid more than one that says nothing ({max(self.low) + 0.0:.4g})"

    @property
    def is_noisy(self) -> bool:
        """Whether one response is paid this and that."""
        return self.noise > LEAST

    @property
    def noise_of_mean(self) -> float:
        """What chance may add to a mean of n calls: two standard errors, 2 sigma / sqrt(n).

        The range of the `_DRAWS` calls that `noise` is made of is about 2 sqrt(2) sigma (2.85 if normal).
        """
        return self.noise / math.sqrt(2.0 * self.subject.draws)

    @property
    def chance(self) -> float:
        """Share that chance may add to the difference of two means."""
        return 2.0 * self.noise_of_mean / (self.scale or 1.0)

    def share(self, case: int, outcome: Outcome, *, is_mean: bool = False) -> float | None:
        """Returns what an outcome is of the way from the low level, 0, to the high one, 1; None for none.

        What a reward that is not repeatable may add by chance is left out.

        Args:
            case: Position of the case.
            outcome: What a response was paid.
            is_mean: Whether that is a mean, to which chance adds little.
        """
        if not outcome.is_number or case not in self.decided:
            return None
        chance = self.noise_of_mean if is_mean else self.noise
        return (outcome.value - chance - self.low[case]) / (self.high[case] - self.low[case])

    def settled(self, case: int, text: str) -> tuple[float | None, Outcome]:
        """Returns the share of a response and what it is paid: on average, where chance takes part."""
        outcome = self.subject.average(case, text) if self.is_noisy else self.subject.pay(case, text)
        return self.share(case, outcome, is_mean=self.is_noisy), outcome

    def beside(self, case: int) -> str:
        """Returns the two levels in words."""
        one, other = (
            ("right", "wrong") if self.by_answer else ("the best paid text", "text that says nothing")
        )
        return f"{one} {self.high[case] + 0.0:.4g}, {other} {self.low[case] + 0.0:.4g}"


def wrong_answers(subject: Subject, case: int) -> list[str]:
    """Returns at least two wrong answers of a case with a truth, of its kind where that is known."""
    own, truth = subject.cases[case], subject.cases[case].truth
    if truth is None:
        return []
    wrong = list(own.wrong)
    try:
        number = int(truth.replace(",", ""))
        wrong += [str(number - 1), str(number + 14)]
    except ValueError:
        wrong += [other.truth for other in subject.cases if other.truth is not None]
        wrong += ["something else", "none of these"]
    return list(dict.fromkeys(one for one in wrong if one != truth and truth not in one))


def settle_calls(subject: Subject, chat: bool | None) -> bool:
    """Finds out whether a TRL reward takes chat messages, and whether it compares responses of a batch.

    Sets `subject.chat` and `subject.company`; returns whether a response is paid otherwise in company.

    Args:
        subject: The reward.
        chat: What the user says; None finds out.
    """
    asked = [Asked(0, text) for text in _openers(subject)]
    if subject.kind == "trl" and chat is None:
        subject.chat = _spread(subject, asked, True) > _spread(subject, asked, False)
    if subject.kind not in ("trl", "scorer"):
        return False
    alone = [subject.call([one]).outcomes[0] for one in asked]
    together = subject.together = subject.call(asked).outcomes
    differs = any(not alike(one, other) for one, other in zip(alone, together, strict=True))
    if differs and all(one.is_number for one in together):
        subject.company = tuple(one.text for one in asked[:6])
    return differs


def alike(one: Outcome, other: Outcome) -> bool:
    """Returns whether two outcomes are of one kind, and numbers equal up to rounding."""
    if one.kind != other.kind:
        return False
    return not one.is_number or abs(one.value - other.value) <= LEAST * max(1.0, abs(one.value))


def _openers(subject: Subject) -> list[str]:
    case = subject.cases[0]
    answers = [*wrong_answers(subject, 0)[:1], *([case.truth] if case.truth else [])]
    filled = [form.fill(answer) for form in forms_of([case]) for answer in answers]
    return list(dict.fromkeys([*case.good[:1], *case.bad[:1], *filled, *VARIED[:3]]))


def _spread(subject: Subject, asked: Sequence[Asked], chat: bool) -> float:
    """Returns how well a way of calling works: -1 if it fails, else how far apart rewards lie."""
    outcomes = subject.call(asked, chat=chat).outcomes
    values = [one.value for one in outcomes if one.is_number]
    return max(values) - min(values) if len(values) == len(outcomes) else -1.0 if not values else -0.5


def find_standing(subject: Subject) -> Standing:
    """Returns how right and wrong answers stand: by forms, by the cases' own responses, or not at all."""
    standing = _find(subject)
    text = standing.best[0] or FILLER[0]
    asked = [Asked(0, text), *(Asked(0, one) for one in subject.company)]
    outcomes = [subject.call(asked).outcomes[0] for _ in range(_DRAWS)]
    values = [one.value for one in outcomes if one.is_number]
    standing = replace(standing, noise=max(values) - min(values) if values else 0.0)
    return _settle_levels(standing) if standing.is_noisy else standing


def _settle_levels(standing: Standing) -> Standing:
    """Returns the standing with levels that are means, where chance took part in them."""
    subject, low, high = standing.subject, list(standing.low), list(standing.high)
    for case in standing.decided if standing.by_answer else ():
        texts = [standing.forms[0].fill(one) for one in wrong_answers(subject, case)[:3] if standing.forms]
        wrong = [one.value for text in texts if (one := subject.average(case, text)).is_number]
        right = subject.average(case, standing.best[case])
        if right.is_number:
            low[case], high[case] = max(wrong, default=low[case]), right.value
    return replace(standing, low=tuple(low), high=tuple(high))


def _find(subject: Subject) -> Standing:
    by_form = [(form, _levels(subject, form)) for form in forms_of(subject.cases)]
    told = [(form, levels) for form, levels in by_form if _tells(levels)]
    names = {form.name for form, _ in told}
    told = [one for one in told if one[0].like not in names]
    if told:
        told.sort(key=lambda one: -mean(high for _, high in one[1]))  # stable: the order of the forms decides
        forms = tuple(form for form, _ in told[:_MOST_FORMS])
        low, high = zip(*told[0][1], strict=True)
        best = tuple(forms[0].fill(case.truth or "") for case in subject.cases)
        return Standing(subject, low, high, forms, by_answer=True, best=best)
    return _by_responses(subject) or _by_style(subject)


def _levels(subject: Subject, form: Form) -> list[tuple[float, float]]:
    """Returns what wrong and right answers are paid in a form, of each case; (0, 0) where it is none."""
    levels: list[tuple[float, float]] = []
    for number, case in enumerate(subject.cases):
        wrong = [subject.value(number, form.fill(one)) for one in wrong_answers(subject, number)[:3]]
        right = subject.value(number, form.fill(case.truth)) if case.truth else None
        numbers = [one for one in wrong if one is not None]
        levels.append((max(numbers), right) if numbers and right is not None else (0.0, 0.0))
    return levels


def _tells(levels: Sequence[tuple[float, float]]) -> bool:
    """Returns whether two levels are told apart in half of the cases at least."""
    apart = sum(high - low > LEAST for low, high in levels)
    return apart > 0 and 2 * apart >= len(levels)


def _by_responses(subject: Subject) -> Standing | None:
    """Returns the standing by the cases' own responses, None if right ones are not paid more."""
    levels: list[tuple[float, float]] = []
    best: list[str] = []
    for number in range(len(subject.cases)):
        good, bad = _sort_responses(subject, number)
        rights = [(value, text) for text in good if (value := subject.value(number, text)) is not None]
        wrongs = [value for text in (*bad, FILLER[0]) if (value := subject.value(number, text)) is not None]
        top, text = max(rights, default=(0.0, ""))
        levels.append((max(wrongs), top) if rights and wrongs else (0.0, 0.0))
        best.append(text)
    if not _tells([pair for pair, text in zip(levels, best, strict=True) if text]):
        return None
    low, high = zip(*levels, strict=True)
    return Standing(subject, low, high, (), by_answer=True, best=tuple(best))


def _sort_responses(subject: Subject, number: int) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Returns right and wrong responses of a case; of a domain's own responses the verdict says which."""
    case = subject.cases[number]
    if subject.kind != "environment" or subject.is_own:
        return case.good, case.bad
    verdicts = {text: (subject.ask(number, text).facts or ({},))[0].get("solved") for text in case.good}
    good = tuple(text for text, solved in verdicts.items() if solved == 1.0)
    return good, tuple(text for text, solved in verdicts.items() if solved == 0.0)


def _by_style(subject: Subject) -> Standing:
    """Returns the standing of a reward that tells no answers apart: text that says nothing, the best text."""
    low: list[float] = []
    high: list[float] = []
    best: list[str] = []
    forms: dict[Form, list[float]] = {form: [] for form in FORMS}
    for number, case in enumerate(subject.cases):
        nothing = [value for text in FILLER[:3] if (value := subject.value(number, text)) is not None]
        texts = [*VARIED, *case.good, *case.bad]
        paid = [(value, text) for text in texts if (value := subject.value(number, text)) is not None]
        for form in FORMS:
            value = subject.value(number, form.fill(case.truth or "yes"))
            if value is not None:
                forms[form].append(value)
                paid.append((value, form.fill(case.truth or "yes")))
        low.append(median(nothing) if nothing else 0.0)
        top, text = max(paid, default=(low[-1], ""), key=lambda one: one[0])
        if top <= LEAST:  # a penalty: what escapes it is not paid
            low[-1] = top
        high.append(max(top, low[-1]))
        best.append(text)
    known = [form for form in FORMS if forms[form]]
    ranked = sorted(known, key=lambda form: -mean(forms[form]))
    return Standing(subject, tuple(low), tuple(high), tuple(ranked[:1]), by_answer=False, best=tuple(best))
