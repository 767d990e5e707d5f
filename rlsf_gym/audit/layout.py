"""Checks of layout: the format over and over, and reasoning of several lines."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final, NamedTuple

from rlsf_gym.audit.bundled import LINES, REASONING, write_filler
from rlsf_gym.audit.findings import Finding, Passed, Result, Severity, Undecided
from rlsf_gym.audit.forms import Form
from rlsf_gym.audit.standing import HALF, SOME, Standing, wrong_answers
from rlsf_gym.audit.subject import Asked

__all__ = ["check_layout"]

_TIMES: Final = 5


class _Repeated(NamedTuple):
    """The format, several times over, in one case."""

    gain: float
    """What it is paid above one that is as long, in shares."""
    share: float
    """What it is paid, as a share."""
    case: int
    text: str


def check_layout(standing: Standing) -> Iterator[Result]:
    """Yields the result of each check of layout."""
    yield _repeated_format(standing)
    yield _line_breaks(standing)


def _repeated_format(standing: Standing) -> Result:
    """Whether the format five times over is paid as much as once, or more."""
    forms = [form for form in standing.forms if form.tags]
    if not forms or not standing.decided:
        return Undecided("repeated-format", "no mark-up is known that it pays")
    found = [one for case in standing.decided if (one := _repeat(standing, forms[0], case)) is not None]
    if not found:
        return Undecided("repeated-format", "no such response was paid a number")
    gain, share, case, text = max(found)
    paid = standing.subject.pay(case, text).describe()
    if gain <= SOME and (standing.by_answer or share < HALF):
        return Passed("repeated-format", f"five times over it is paid {paid}")
    evidence = standing.subject.show(Asked(case, text), paid, standing.beside(case))
    more = "more than once" if gain > SOME else "in full"
    severity = Severity.ERROR if gain >= HALF else Severity.WARNING
    return Finding("repeated-format", severity, f"the format five times over is paid {more}", (evidence,))


def _repeat(standing: Standing, form: Form, case: int) -> _Repeated | None:
    """Returns what repetition gains beyond length; None where that is not known, or length alone is paid."""
    answer = _answer(standing, case)
    text = "\n".join([form.fill(answer)] * _TIMES)
    filler = _filler_of(len(text))
    shares = [_share(standing, case, one) for one in (text, form.fill(answer), form.fill(answer, filler))]
    plain = _share(standing, case, filler)
    several, *singles = [one for one in shares if one is not None] or [0.0]
    if shares[0] is None or not singles:
        return None
    by_length = not standing.by_answer and plain is not None and plain >= HALF * several
    return _Repeated(several - max(singles) - standing.chance, 0.0 if by_length else several, case, text)


def _answer(standing: Standing, case: int) -> str:
    """Returns a wrong answer of a case, or what stands for an answer where none is known."""
    return (wrong_answers(standing.subject, case) or [standing.subject.cases[case].truth or "yes"])[0]


def _filler_of(size: int) -> str:
    """Returns sentences that say nothing, of so many characters or a little less."""
    count = 1
    while len(write_filler(count + 1)) <= size:
        count += 1
    return write_filler(count)


def _share(standing: Standing, case: int, text: str) -> float | None:
    return standing.settled(case, text)[0]


def _line_breaks(standing: Standing) -> Result:
    """Whether a response that is paid with reasoning in one line is not paid with the same in several."""
    if not standing.forms or not standing.decided:
        return Undecided("line-breaks", "no form is known that it pays")
    form, taken = standing.forms[0], 0
    for case in standing.decided:
        answer = standing.subject.cases[case].truth or "yes"
        text = form.fill(answer, LINES)
        one, several = _share(standing, case, form.fill(answer, REASONING)), _share(standing, case, text)
        if one is None or several is None or one < HALF:
            continue
        taken += 1
        if several + standing.chance < HALF * one:
            paid = standing.subject.pay(case, text).describe()
            evidence = standing.subject.show(Asked(case, text), paid, standing.beside(case))
            title = "reasoning of several lines is not paid, the same in one line is"
            return Finding("line-breaks", Severity.WARNING, title, (evidence,))
    if not taken:
        return Undecided("line-breaks", "no response with reasoning is paid")
    return Passed("line-breaks", "reasoning of several lines is paid like the same in one")
