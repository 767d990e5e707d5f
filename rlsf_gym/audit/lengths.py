"""Checks of length: whether more text is paid more, and whether rewards stay within bounds."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import Final

from rlsf_gym.audit.bundled import write_filler
from rlsf_gym.audit.findings import Evidence, Finding, Passed, Result, Severity, Undecided
from rlsf_gym.audit.standing import LEAST, SOME, Standing, wrong_answers
from rlsf_gym.audit.subject import Asked

__all__ = ["check_lengths"]

_SIZES: Final = (1, 3, 9, 27, 81)
"""Sentences before an answer."""
_FURTHER: Final = (243, 729)
"""Sentences of what has no end in sight after that."""
_BOUND: Final = 1.0


@dataclass(frozen=True)
class _Course:
    """Rewards of texts of growing length that say the same."""

    name: str
    """What the texts are, for a title."""
    label: str
    """What they are, in one word."""
    values: tuple[float, ...]
    """What they are paid, by size."""
    write: Callable[[int], str]
    """Makes the text of a size."""

    @property
    def rise(self) -> float:
        """The most that a longer text is paid above a shorter one before it."""
        return max(max(self.values[i:]) - value for i, value in enumerate(self.values))

    @property
    def fall(self) -> float:
        """The most that a longer text is paid below a shorter one before it."""
        return max(value - min(self.values[i:]) for i, value in enumerate(self.values))

    @property
    def direction(self) -> int:
        """1 for a rise, -1 for a fall without an end in sight: the last step is the largest; 0 for none."""
        steps = [after - before for before, after in pairwise(self.values)]
        last = abs(steps[-1])
        is_open = last > LEAST and last >= max(map(abs, steps)) - LEAST and last > 1.5 * abs(steps[-2])
        return 0 if not is_open else 1 if steps[-1] > 0.0 else -1


def check_lengths(standing: Standing) -> Iterator[Result]:
    """Yields the result of each check of length and size."""
    case = (standing.decided or [0])[0]
    courses = _courses(standing, case)
    unbounded = None if standing.noise > LEAST else _find_unbounded(standing, case, courses)
    yield _grows(standing, case, courses, unbounded)
    yield _falls(standing, case, courses)
    yield _inverted(standing, case, courses)
    yield _bounded(standing, case, unbounded)


def _courses(standing: Standing, case: int) -> list[_Course]:
    """Returns rewards by length, of text that says nothing, and of wrong and right answers behind it."""
    subject = standing.subject
    best = standing.best[case] if standing.best else ""
    rows: list[tuple[str, str, Callable[[int], str]]] = [("a text that says nothing", "text", write_filler)]
    if standing.forms and subject.cases[case].truth:
        form, truth = standing.forms[0], subject.cases[case].truth or ""
        wrong = (wrong_answers(subject, case) or [truth])[0]
        rows.append(("a wrong answer", "wrong", lambda size: form.fill(wrong, write_filler(size))))
        rows.append(("a right answer", "right", lambda size: form.fill(truth, write_filler(size))))
    elif best:
        rows.append(("the best paid text, repeated,", "best", lambda size: " ".join([best] * size)))
    if best:
        rows.append(
            ("the best paid text with more behind it", "behind", lambda size: f"{best}\n{write_filler(size)}")
        )
    found: list[_Course] = []
    for name, label, write in rows:
        values = [subject.value(case, write(size)) for size in _SIZES]
        if all(value is not None for value in values):
            found.append(_Course(name, label, tuple(one for one in values if one is not None), write))
    return found


def _find_unbounded(standing: Standing, case: int, courses: Sequence[_Course]) -> _Course | None:
    """Returns the course, with further sizes, that goes on without a bound in sight; None for none."""
    for course in courses:
        direction, values = course.direction, course.values
        for size in _FURTHER if direction else ():
            value = standing.subject.value(case, course.write(size))
            if value is None:  # values stand at the places of their sizes
                break
            values = (*values, value)
        further = replace(course, values=values)
        if direction and further.direction == direction:
            return further
    return None


def _grows(standing: Standing, case: int, courses: Sequence[_Course], unbounded: _Course | None) -> Result:
    if not courses:
        return Undecided("grows-with-length", "texts of growing length were not paid numbers")
    scale = standing.scale or 1.0
    least = SOME * scale + 2.0 * standing.noise
    risen = [course for course in courses if course.rise > least and not _is_taken_late(standing, course)]
    risen = [course for course in risen if course.label != "best" or course.rise > 0.5 * scale]
    if not risen:
        told = ", ".join(f"{course.label} {_range(course)}" for course in courses)
        return Passed("grows-with-length", told)
    course = max(risen, key=lambda one: one.rise)
    last = course.values.index(max(course.values))
    is_open = unbounded is not None and unbounded.label == course.label and unbounded.direction > 0
    severity = Severity.ERROR if course.rise >= 0.5 * scale or is_open else Severity.WARNING
    open_end = ", with no end in sight" if is_open else ""
    evidence = _evidence(standing, case, course, last)
    return Finding(
        "grows-with-length", severity, f"{course.name} is paid more the longer it is{open_end}", (evidence,)
    )


def _is_taken_late(standing: Standing, course: _Course) -> bool:
    """Returns whether a right answer is wrong at first and right later, which is no matter of length."""
    return course.label == "right" and not standing.by_answer


def _range(course: _Course) -> str:
    return f"{course.values[0] + 0.0:.4g} to {course.values[-1] + 0.0:.4g}"


def _evidence(standing: Standing, case: int, course: _Course, at: int) -> Evidence:
    """Returns one response of a course, and what all of them were paid."""
    sizes = (*_SIZES, *_FURTHER)[: len(course.values)]
    told = " ".join(f"{value + 0.0:.4g}" for value in course.values)
    paid = f"{course.values[at] + 0.0:.4g}"
    beside = f"{told} at {', '.join(map(str, sizes))} sentences"
    return standing.subject.show(Asked(case, course.write(sizes[at])), paid, beside)


def _falls(standing: Standing, case: int, courses: Sequence[_Course]) -> Result:
    """Whether a right answer is paid less behind more text, though no less than a wrong one."""
    right = [course for course in courses if course.label == "right"]
    if not right or not standing.by_answer:
        return Undecided("falls-with-length", "no right answer is known to be taken behind other text")
    course = right[0]
    if course.values[0] <= standing.low[case] + LEAST:
        return Undecided("falls-with-length", "a right answer behind other text is not taken at all")
    if course.fall <= SOME * standing.scale + 2.0 * standing.noise:
        return Passed("falls-with-length", f"a right answer {_range(course)}")
    last = course.values.index(min(course.values))
    evidence = _evidence(standing, case, course, last)
    return Finding(
        "falls-with-length", Severity.NOTE, "a right answer is paid less behind more text", (evidence,)
    )


def _inverted(standing: Standing, case: int, courses: Sequence[_Course]) -> Result:
    """Whether some wrong answer is paid more than some right one, over all lengths."""
    by_label = {course.label: course for course in courses}
    if not standing.by_answer or not {"wrong", "right"} <= set(by_label):
        return Undecided(
            "wrong-over-right", "right and wrong answers are not told apart by the text of the answer"
        )
    wrong, right = by_label["wrong"], by_label["right"]
    if right.values[0] <= standing.low[case] + LEAST:
        return Undecided("wrong-over-right", "a right answer behind other text is not taken at all")
    best, worst = max(wrong.values), min(right.values)
    if best - 2.0 * standing.noise < worst:
        told = f"wrong {best:.4g} at most, right {worst:.4g} at least, over all lengths"
        return Passed("wrong-over-right", told)
    asked = Asked(case, right.write(_SIZES[right.values.index(worst)]))
    evidence = standing.subject.show(asked, f"{worst:.4g}", f"some wrong answer {best:.4g}")
    title = "a right answer is paid no more than some wrong one of another length"
    return Finding("wrong-over-right", Severity.ERROR, title, (evidence,))


def _bounded(standing: Standing, case: int, unbounded: _Course | None) -> Result:
    """Whether rewards lie within [-1, 1], as the scorers of this library do."""
    subject = standing.subject
    if unbounded is not None:
        evidence = _evidence(standing, case, unbounded, len(unbounded.values) - 1)
        verb = "grow" if unbounded.direction > 0 else "fall"
        title = f"rewards {verb} with length, and no bound is in sight"
        return Finding("bounded", Severity.ERROR, title, (evidence,))
    rows = [(paid.outcomes[0], asked) for asked, paid in subject.paid.items() if paid.outcomes[0].is_number]
    if not rows:
        return Undecided("bounded", "no response was paid a number")
    outcome, asked = max(rows, key=lambda one: abs(one[0].value))
    if abs(outcome.value) <= _BOUND + LEAST:
        low, high = min(subject.numbers) + 0.0, max(subject.numbers) + 0.0
        return Passed("bounded", f"from {low:.4g} to {high:.4g} on {len(rows)} responses")
    title = f"rewards reach {outcome.value:.4g}: scorers of this library stay within [-1, 1]"
    return Finding("bounded", Severity.NOTE, title, (subject.show(asked, outcome.describe()),))
