"""Checks of length: whether more text is paid more, and whether rewards stay within bounds."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from rlsf_gym.audit.bundled import FILLER
from rlsf_gym.audit.findings import Evidence, Finding, Passed, Result, Severity, Undecided
from rlsf_gym.audit.standing import LEAST, Standing, wrong_answers

__all__ = ["check_lengths"]

_SIZES: Final = (1, 3, 9, 27, 81)
"""Sentences before an answer."""
_SOME: Final = 0.05
_BOUND: Final = 1.0


@dataclass(frozen=True)
class _Course:
    """Rewards of texts of growing length that say the same."""

    name: str
    texts: tuple[str, ...]
    values: tuple[float, ...]

    @property
    def rise(self) -> float:
        """The most that a longer text is paid above a shorter one before it."""
        return max(max(self.values[i:]) - value for i, value in enumerate(self.values))

    @property
    def fall(self) -> float:
        """The most that a longer text is paid below a shorter one before it."""
        return max(value - min(self.values[i:]) for i, value in enumerate(self.values))

    @property
    def is_open(self) -> bool:
        """Whether the rise has no end in sight: the last step, of three times the length, is the largest."""
        steps = [after - before for before, after in zip(self.values, self.values[1:], strict=False)]
        return steps[-1] > LEAST and steps[-1] >= max(steps) - LEAST and steps[-1] > 1.5 * abs(steps[-2])


def check_lengths(standing: Standing) -> Iterator[Result]:
    """Yields the result of each check of length and size."""
    case = (standing.decided or [0])[0]
    courses = _courses(standing, case)
    yield _grows(standing, case, courses)
    yield _falls(standing, case, courses)
    yield _inverted(standing, case, courses)
    yield _bounded(standing, courses)


def write_filler(count: int) -> str:
    """Returns so many sentences that say nothing."""
    return " ".join(FILLER[number % len(FILLER)] for number in range(count))


def _courses(standing: Standing, case: int) -> list[_Course]:
    """Returns rewards by length, of text that says nothing, and of wrong and right answers behind it."""
    subject = standing.subject
    fillers = [write_filler(count) for count in _SIZES]
    rows = {"a text that says nothing": fillers}
    if standing.forms and subject.cases[case].truth:
        form, truth = standing.forms[0], subject.cases[case].truth or ""
        wrong = (wrong_answers(subject, case) or [truth])[0]
        rows["a wrong answer"] = [form.fill(wrong, filler) for filler in fillers]
        rows["a right answer"] = [form.fill(truth, filler) for filler in fillers]
    elif standing.best and standing.best[case]:
        rows["the best paid text, repeated,"] = [" ".join([standing.best[case]] * count) for count in _SIZES]
    found: list[_Course] = []
    for name, texts in rows.items():
        values = [subject.value(case, text) for text in texts]
        if all(value is not None for value in values):
            found.append(_Course(name, tuple(texts), tuple(value for value in values if value is not None)))
    return found


def _grows(standing: Standing, case: int, courses: Sequence[_Course]) -> Result:
    if not courses:
        return Undecided("grows-with-length", "texts of growing length were not paid numbers")
    scale = standing.scale or 1.0
    least = _SOME * scale + 2.0 * standing.noise
    risen = [course for course in courses if course.rise > least and not _is_taken_late(standing, course)]
    risen = [
        course
        for course in risen
        if course.name != "the best paid text, repeated," or course.rise > 0.5 * scale
    ]
    if not risen:
        told = ", ".join(f"{course.name.split()[1]} {_range(course)}" for course in courses)
        return Passed("grows-with-length", told)
    course = max(risen, key=lambda one: one.rise)
    last = course.values.index(max(course.values))
    severity = Severity.ERROR if course.rise >= 0.5 * scale or course.is_open else Severity.WARNING
    open_end = ", with no end in sight" if course.is_open and standing.noise <= LEAST else ""
    evidence = _evidence(standing, case, course, last)
    return Finding(
        "grows-with-length", severity, f"{course.name} is paid more the longer it is{open_end}", (evidence,)
    )


def _is_taken_late(standing: Standing, course: _Course) -> bool:
    """Returns whether a right answer is wrong at first and right later, which is no matter of length."""
    return course.name == "a right answer" and not standing.by_answer


def _range(course: _Course) -> str:
    return f"{course.values[0]:.4g} to {course.values[-1]:.4g}"


def _evidence(standing: Standing, case: int, course: _Course, at: int) -> Evidence:
    """Returns one response of a course, and what all of them were paid."""
    told = " ".join(f"{value:.4g}" for value in course.values)
    return Evidence(
        course.texts[at], f"{course.values[at]:.4g}", standing.subject.cases[case].prompt,
        f"{told} at {', '.join(map(str, _SIZES))} sentences",
    )  # fmt: skip


def _falls(standing: Standing, case: int, courses: Sequence[_Course]) -> Result:
    """Whether a right answer is paid less behind more text, though no less than a wrong one."""
    right = [course for course in courses if course.name == "a right answer"]
    if not right or not standing.by_answer:
        return Undecided("falls-with-length", "no right answer is known to be taken behind other text")
    course = right[0]
    if course.values[0] <= standing.low[case] + LEAST:
        return Undecided("falls-with-length", "a right answer behind other text is not taken at all")
    if course.fall <= _SOME * standing.scale + 2.0 * standing.noise:
        return Passed("falls-with-length", f"a right answer {_range(course)}")
    last = course.values.index(min(course.values))
    evidence = _evidence(standing, case, course, last)
    return Finding(
        "falls-with-length", Severity.NOTE, "a right answer is paid less behind more text", (evidence,)
    )


def _inverted(standing: Standing, case: int, courses: Sequence[_Course]) -> Result:
    """Whether some wrong answer is paid more than some right one, over all lengths."""
    by_name = {course.name: course for course in courses}
    if not standing.by_answer or "a wrong answer" not in by_name or "a right answer" not in by_name:
        return Undecided(
            "wrong-over-right", "right and wrong answers are not told apart by the text of the answer"
        )
    wrong, right = by_name["a wrong answer"], by_name["a right answer"]
    if right.values[0] <= standing.low[case] + LEAST:
        return Undecided("wrong-over-right", "a right answer behind other text is not taken at all")
    best, worst = max(wrong.values), min(right.values)
    if best < worst:
        return Passed(
            "wrong-over-right", f"wrong {best:.4g} at most, right {worst:.4g} at least, over all lengths"
        )
    text = right.texts[right.values.index(worst)]
    evidence = Evidence(
        text, f"{worst:.4g}", standing.subject.cases[case].prompt, f"some wrong answer {best:.4g}"
    )
    title = "a right answer is paid no more than some wrong one of another length"
    return Finding("wrong-over-right", Severity.ERROR, title, (evidence,))


def _bounded(standing: Standing, courses: Sequence[_Course]) -> Result:
    """Whether rewards lie within [-1, 1], as the scorers of this library do."""
    rows = [
        (paid.outcomes[0], asked)
        for asked, paid in standing.subject.paid.items()
        if paid.outcomes[0].is_number
    ]
    if not rows:
        return Undecided("bounded", "no response was paid a number")
    outcome, asked = max(rows, key=lambda one: abs(one[0].value))
    values = [one.value for one, _ in rows]
    if standing.noise <= LEAST and any(course.is_open for course in courses):
        course = next(course for course in courses if course.is_open)
        evidence = Evidence(course.texts[-1], f"{course.values[-1]:.4g}")
        return Finding(
            "bounded", Severity.ERROR, "rewards grow with length, and no bound is in sight", (evidence,)
        )
    if abs(outcome.value) <= _BOUND + LEAST:
        return Passed("bounded", f"from {min(values):.4g} to {max(values):.4g} on {len(rows)} responses")
    evidence = Evidence(asked.text, outcome.describe(), standing.subject.cases[asked.case].prompt)
    title = f"rewards reach {outcome.value:.4g}: scorers of this library stay within [-1, 1]"
    return Finding("bounded", Severity.NOTE, title, (evidence,))
