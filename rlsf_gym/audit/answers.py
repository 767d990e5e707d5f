"""Checks of right and wrong answers: whether they are told apart, and right ones taken however spelt."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from rlsf_gym.audit.findings import Finding, Passed, Result, Severity, Undecided
from rlsf_gym.audit.forms import FORMS, Form
from rlsf_gym.audit.standing import LEAST, SOME, Standing, wrong_answers
from rlsf_gym.audit.subject import Asked

__all__ = ["check_answers"]


def check_answers(standing: Standing) -> Iterator[Result]:
    """Yields the result of each check of answers."""
    yield _constant(standing)
    yield _ignored(standing)
    yield _refused(standing)


def _constant(standing: Standing) -> Result:
    """Whether every text is paid alike, by which nothing is learned."""
    subject = standing.subject
    numbers = subject.numbers
    if not numbers:
        return Undecided("constant", "no response was paid a number")
    low, high = min(numbers) + 0.0, max(numbers) + 0.0
    if high - low > LEAST:
        return Passed("constant", f"{len(numbers)} responses are paid from {low:.4g} to {high:.4g}")
    text = standing.best[0] or FORMS[0].fill(subject.cases[0].truth or "yes")
    shown = subject.show(Asked(0, text), f"{low:.4g}")
    title = f"all {len(numbers)} responses are paid {low:.4g}: nothing can be learned"
    if subject.is_own:
        return Finding("constant", Severity.ERROR, title, (shown,))
    title += "; give --cases if it needs responses of another kind"
    severity = Severity.ERROR if low > LEAST else Severity.WARNING  # 0 may be right for what was not meant
    return Finding("constant", severity, title, (shown,))


def _ignored(standing: Standing) -> Result:
    """Whether right answers are paid more than wrong ones."""
    subject = standing.subject
    if standing.by_answer:
        return _alike(standing) or _unpaid(standing) or _told_apart(standing)
    own = [number for number, case in enumerate(subject.cases) if case.good and case.bad]
    if own and (subject.kind != "environment" or subject.is_own):
        number = own[0]
        good, bad = (subject.pay(number, texts[0]).describe() for texts in _own(standing, number))
        evidence = subject.show(Asked(number, subject.cases[number].good[0]), good, f"your bad one {bad}")
        title = "your good responses are not paid more than your bad ones"
        return Finding("ignores-answer", Severity.ERROR, title, (evidence,), f"{len(own)} of your cases")
    if not any(case.truth for case in subject.cases):
        return Undecided(
            "ignores-answer", "the cases have no right and wrong answers: give --cases with good and bad"
        )
    numbers = subject.numbers
    if not numbers or max(numbers) - min(numbers) <= LEAST:
        return Undecided("ignores-answer", standing.why_not)
    form = standing.forms[0] if standing.forms else FORMS[0]
    text = form.fill(subject.cases[0].truth or "")
    other = subject.pay(0, form.fill((wrong_answers(subject, 0) or ["nothing"])[0]))
    told = f"a wrong answer {other.describe()}"
    evidence = subject.show(Asked(0, text), subject.pay(0, text).describe(), told)
    title = "right and wrong answers are paid alike: to be one term beside a reward of the answer"
    return Finding("ignores-answer", Severity.NOTE, title, (evidence,))


def _told_apart(standing: Standing) -> Passed:
    where = ", ".join(form.name for form in standing.forms) or "the cases' own responses"
    return Passed("ignores-answer", f"{standing.beside(standing.decided[0])} (in {where})")


def _alike(standing: Standing) -> Finding | None:
    """Returns the cases in which right and wrong answers are paid alike, where in others they are not."""
    subject, total = standing.subject, len(standing.low)
    cases = [case for case in range(total) if case not in standing.decided and _has_levels(standing, case)]
    if not cases:
        return None
    shown = subject.show(Asked(cases[0], standing.best[cases[0]]), f"{standing.high[cases[0]] + 0.0:.4g}")
    title = "in some cases right answers are paid no more than wrong ones, in others they are"
    return Finding("ignores-answer", Severity.WARNING, title, (shown,), f"{len(cases)} of {total} cases")


def _unpaid(standing: Standing) -> Finding | None:
    """Returns good responses of the user's that are paid like wrong ones, where another good one is paid."""
    subject = standing.subject
    if not subject.is_own:
        return None
    good = [(case, text) for case in standing.decided for text in subject.cases[case].good]
    shares = [(case, text, *standing.settled(case, text)) for case, text in good]
    unpaid = [one for one in shares if one[2] is not None and one[2] <= SOME]
    if not unpaid:
        return None
    case, text, _, outcome = unpaid[0]
    shown = subject.show(Asked(case, text), outcome.describe(), standing.beside(case))
    title = "some of your good responses are paid no more than wrong ones"
    return Finding(
        "ignores-answer", Severity.WARNING, title, (shown,), f"{len(unpaid)} of {len(good)} responses"
    )


def _has_levels(standing: Standing, case: int) -> bool:
    """Returns whether a case has a right answer, and both it and wrong ones are paid numbers."""
    has_right = standing.subject.cases[case].truth if standing.forms else standing.best[case]
    paid = standing.subject.value(case, standing.best[case])
    return bool(has_right) and paid is not None and abs(paid - standing.high[case]) <= LEAST


def _own(standing: Standing, number: int) -> tuple[tuple[str, ...], tuple[str, ...]]:
    case = standing.subject.cases[number]
    return case.good, case.bad


def _spellings(truth: str) -> tuple[list[str], list[str]]:
    """Returns other spellings of an answer: those of spaces and full stops, and those of equal value."""
    plain, equal = [f" {truth} ", f"{truth}."], [f"${truth}$", f"**{truth}**"]
    if truth.isdecimal():
        equal.append(f"{truth}.0")
        if int(truth) >= 1000:
            plain.append(f"{int(truth):,}")
    elif truth.replace(" ", "").isalpha():
        equal += [truth.lower(), truth.upper()]
    return plain, [one for one in equal if one != truth]


def _refused(standing: Standing) -> Result:
    """Whether a right answer that is written otherwise counts as wrong."""
    forms = [form for form in standing.forms if not form.has_syntax]
    if not (standing.by_answer and forms):
        return Undecided(
            "refuses-equivalent", "no form is known in which a right answer can be spelt otherwise"
        )
    by_pattern: dict[str, _Spelling] = {}
    for case in standing.decided:
        for one in _ask_spellings(standing, forms[0], case):
            by_pattern.setdefault(one.spelling.replace(standing.subject.cases[case].truth or "", "_"), one)
    refused = sorted(by_pattern.values(), key=lambda one: not one.is_plain)  # the plainest first
    if not refused:
        return Passed("refuses-equivalent", "other spellings of a right answer are taken")
    first = refused[0]
    paid = standing.subject.pay(first.case, first.text).describe()
    evidence = standing.subject.show(Asked(first.case, first.text), paid, standing.beside(first.case))
    listed = ", ".join(repr(one.spelling) for one in refused[:5])
    severity = Severity.WARNING if first.is_plain else Severity.NOTE
    title = f"right answers count as wrong where written {listed}"
    return Finding("refuses-equivalent", severity, title, (evidence,))


class _Spelling(NamedTuple):
    """A spelling of a right answer that counts as wrong."""

    case: int
    spelling: str
    text: str
    is_plain: bool
    """Whether it differs by spaces, a full stop or a thousands separator alone."""


def _ask_spellings(standing: Standing, form: Form, case: int) -> Iterator[_Spelling]:
    """Yields the spellings of a case's right answer that count as wrong."""
    truth = standing.subject.cases[case].truth or ""
    plain, equal = _spellings(truth)
    for spelling in (*plain, *equal):
        text = form.fill(spelling)
        share = standing.share(case, standing.subject.pay(case, text))
        doubt = 2.0 * standing.noise / standing.scale  # what chance took from this one, gave to the levels
        if share is not None and share + doubt < 0.5 and not _ends_alike(form, spelling, truth):
            yield _Spelling(case, spelling, text, spelling in plain)


def _ends_alike(form: Form, spelling: str, truth: str) -> bool:
    """Returns whether a full stop is the form's own business, which has one behind the answer already."""
    return spelling == f"{truth}." and form.after.startswith((".", "}", "\n}", "$"))
