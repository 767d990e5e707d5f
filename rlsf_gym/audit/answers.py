"""Checks of right and wrong answers: whether they are told apart, and right ones taken however spelt."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from rlsf_gym.audit.findings import Evidence, Finding, Passed, Result, Severity, Undecided
from rlsf_gym.audit.forms import FORMS, Form
from rlsf_gym.audit.standing import LEAST, Standing, wrong_answers

__all__ = ["check_answers"]


def check_answers(standing: Standing) -> Iterator[Result]:
    """Yields the result of each check of answers."""
    yield _constant(standing)
    yield _ignored(standing)
    yield _refused(standing)
    yield _repeated_format(standing)


def _constant(standing: Standing) -> Result:
    """Whether every text is paid alike, by which nothing is learned."""
    numbers = [
        out.value for paid in standing.subject.paid.values() for out in paid.outcomes[:1] if out.is_number
    ]
    if not numbers:
        return Undecided("constant", "no response was paid a number")
    if max(numbers) - min(numbers) > LEAST:
        return Passed(
            "constant", f"{len(numbers)} responses are paid from {min(numbers):.4g} to {max(numbers):.4g}"
        )
    text = standing.best[0] or FORMS[0].fill(standing.subject.cases[0].truth or "yes")
    shown = Evidence(text, f"{numbers[0]:.4g}", standing.subject.cases[0].prompt)
    hint = "" if standing.subject.is_own else "; give --cases if it needs responses of another kind"
    title = f"all {len(numbers)} responses are paid {numbers[0]:.4g}: nothing can be learned{hint}"
    return Finding("constant", Severity.ERROR, title, (shown,))


def _ignored(standing: Standing) -> Result:
    """Whether right answers are paid more than wrong ones."""
    subject = standing.subject
    if standing.by_answer:
        where = ", ".join(form.name for form in standing.forms) or "the cases' own responses"
        return Passed("ignores-answer", f"{standing.beside(standing.decided[0])} (in {where})")
    own = [number for number, case in enumerate(subject.cases) if case.good and case.bad]
    if own and subject.kind != "environment":
        number = own[0]
        good, bad = (subject.pay(number, texts[0]).describe() for texts in _own(standing, number))
        evidence = Evidence(
            subject.cases[number].good[0], good, subject.cases[number].prompt, f"your bad one {bad}"
        )
        title = "your good responses are not paid more than your bad ones"
        return Finding("ignores-answer", Severity.ERROR, title, (evidence,), f"of {len(own)} cases")
    if not any(case.truth for case in subject.cases):
        return Undecided(
            "ignores-answer", "the cases have no right and wrong answers: give --cases with good and bad"
        )
    if not any(paid.outcomes[0].is_number for paid in subject.paid.values()):
        return Undecided("ignores-answer", "no response was paid a number")
    form = standing.forms[0] if standing.forms else FORMS[0]
    text = form.fill(subject.cases[0].truth or "")
    other = subject.pay(0, form.fill((wrong_answers(subject, 0) or ["nothing"])[0]))
    evidence = Evidence(
        text, subject.pay(0, text).describe(), subject.cases[0].prompt, f"a wrong answer {other.describe()}"
    )
    title = "right and wrong answers are paid alike: to be one term beside a reward of the answer"
    return Finding("ignores-answer", Severity.NOTE, title, (evidence,))


def _own(standing: Standing, number: int) -> tuple[tuple[str, ...], tuple[str, ...]]:
    case = standing.subject.cases[number]
    return case.good, case.bad


def _spellings(truth: str) -> tuple[list[str], list[str]]:
    """Returns other spellings of an answer: those of spaces and full stops, and those of equal value."""
    plain, equal = [f" {truth} ", f"{truth}."], [f"${truth}$", f"**{truth}**"]
    if truth.isdigit():
        equal.append(f"{truth}.0")
        if int(truth) >= 1000:
            plain.append(f"{int(truth):,}")
    elif truth.lower() != truth or truth.upper() != truth:
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
    prompt, paid = standing.subject.cases[first.case].prompt, standing.subject.pay(first.case, first.text)
    evidence = Evidence(first.text, paid.describe(), prompt, standing.beside(first.case))
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
        if share is not None and share < 0.5 and not _ends_alike(form, spelling, truth):
            yield _Spelling(case, spelling, text, spelling in plain)


def _ends_alike(form: Form, spelling: str, truth: str) -> bool:
    """Returns whether a full stop is the form's own business, which has one behind the answer already."""
    return spelling == f"{truth}." and form.after.startswith((".", "}", "\n}", "$"))


def _repeated_format(standing: Standing) -> Result:
    """Whether the format five times over is paid as much as once."""
    forms = [form for form in standing.forms if form.tags]
    if not forms or not standing.decided:
        return Undecided("repeated-format", "no mark-up is known that it pays")
    worst: tuple[float, int, str, float] | None = None
    for case in standing.decided:
        answer = (wrong_answers(standing.subject, case) or [standing.subject.cases[case].truth or "yes"])[0]
        once = standing.subject.pay(case, forms[0].fill(answer))
        text = "\n".join([forms[0].fill(answer)] * 5)
        share, single = standing.share(case, standing.subject.pay(case, text)), standing.share(case, once)
        if share is not None and single is not None and (worst is None or share - single > worst[0]):
            worst = (share - single, case, text, share)
    if worst is None:
        return Undecided("repeated-format", "no such response was paid a number")
    gain, case, text, share = worst
    is_paid = gain > 0.05 or (not standing.by_answer and share >= 0.5)
    if not is_paid:
        return Passed(
            "repeated-format", f"five times over it is paid {standing.subject.pay(case, text).describe()}"
        )
    evidence = Evidence(
        text,
        standing.subject.pay(case, text).describe(),
        standing.subject.cases[case].prompt,
        standing.beside(case),
    )
    more = "more than once" if gain > 0.05 else "in full"
    severity = Severity.ERROR if gain >= 0.5 else Severity.WARNING
    return Finding("repeated-format", severity, f"the format five times over is paid {more}", (evidence,))
