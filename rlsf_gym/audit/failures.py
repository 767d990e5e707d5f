"""Checks of failure: responses on which a reward raises, hangs, dies, says no number, or executes text."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any, Final

from rlsf_gym.audit.findings import Evidence, Finding, Passed, Result, Severity, Undecided
from rlsf_gym.audit.forms import FORMS
from rlsf_gym.audit.outcome import Outcome, Paid
from rlsf_gym.audit.standing import Standing
from rlsf_gym.audit.subject import Asked, Subject

__all__ = ["ask_hostile", "check_failures"]

_HOSTILE: Final = (
    *("1/0", "9" * 5_000, "1e999", "nan", "-", "1,2,3", "\\frac{", "{}", "[]", "None", "∞", "①", "0x1F"),
    *(
        "\x00",
        "\ud7ff",
        "a" * 20_000,
        " " * 20_000,
        "(" * 2_000,
        "<answer>" * 500,
        "1+" * 3_000,
        "'",
        '"',
        "%s %d",
    ),
)
"""Answers that break what reads them carelessly."""
_SUMS: Final = "271828+314159"
_CALL: Final = "len('rlsf_audit_canary')"
_TOWER: Final = "9**9**9**9"
_LONG: Final = 1.0
"""Seconds of one response that are worth a warning."""


def ask_hostile(standing: Standing) -> None:
    """Asks about responses that break careless readers; checks read later what came of it."""
    subject = standing.subject
    forms = standing.forms or FORMS[:1]
    for answer in _HOSTILE:
        for text in dict.fromkeys((forms[0].fill(answer), answer)):
            if not subject.gave_up:
                subject.ask(0, text)


def check_failures(standing: Standing, time_limit: float) -> Iterator[Result]:
    """Yields the result of each check of failure."""
    subject = standing.subject
    if subject.kind in ("trl", "verl"):
        yield _keywords(subject)
    yield _executes(standing)
    rows = [(one, paid.outcomes[0]) for one, paid in subject.paid.items()]
    yield _failed(subject, "raises", rows, ("raised",), Severity.ERROR)
    yield _failed(subject, "hangs", rows, ("hung",), Severity.ERROR)
    yield _failed(subject, "dies", rows, ("died",), Severity.ERROR)
    yield _failed(subject, "not-a-number", rows, ("nan", "infinite", "other", "count"), Severity.ERROR)
    yield _none(subject, rows)
    yield _swallows(standing)
    yield _slow(subject, time_limit)


_TITLES: Final = {
    "raises": "it raises",
    "hangs": "it does not answer in time",
    "dies": "it ends its process",
    "not-a-number": "it returns no finite number",
    "none": "it returns None",
}


def _failed(
    subject: Subject,
    check: str,
    rows: Sequence[tuple[Asked, Outcome]],
    kinds: Sequence[str],
    severity: Severity,
) -> Result:
    hit = [(asked, outcome) for asked, outcome in rows if outcome.kind in kinds]
    if not hit:
        return Passed(check, f"not on {len(rows)} responses")
    asked, outcome = min(hit, key=lambda one: len(one[0].text))
    evidence = Evidence(asked.text, outcome.told, subject.cases[asked.case].prompt)
    return Finding(check, severity, _TITLES[check], (evidence,), f"{len(hit)} of {len(rows)} responses")


def _none(subject: Subject, rows: Sequence[tuple[Asked, Outcome]]) -> Result:
    """None skips a response in TRL and is an error elsewhere; of all responses it is one everywhere."""
    hit = [outcome for _, outcome in rows if outcome.kind == "none"]
    is_allowed = subject.kind == "trl" and len(hit) < len(rows)
    return _failed(subject, "none", rows, ("none",), Severity.NOTE if is_allowed else Severity.ERROR)


def _keywords(subject: Subject) -> Result:
    """Whether the reward takes all that its trainer passes by keyword; the audit passes what it takes."""
    refused, trainer = subject.told["refuses"], {"trl": "TRL", "verl": "verl"}[subject.kind]
    if not refused:
        return Passed("keywords", f"it takes whatever {trainer} passes")
    title = f"it takes no {', '.join(refused)}, which {trainer} passes: the first call raises TypeError"
    return Finding("keywords", Severity.ERROR, title, ())


def _executes(standing: Standing) -> Result:
    """Whether a response is executed as Python in the reward's own process."""
    subject = standing.subject
    if subject.kind == "environment":
        return Undecided("executes-text", "an environment's texts are its tokens")
    forms = (*standing.forms, FORMS[-1], FORMS[0], FORMS[4])
    for answer, severity in ((_CALL, Severity.ERROR), (_SUMS, Severity.WARNING)):
        for form in forms:
            text = form.fill(answer)
            paid = subject.ask(0, text)
            if paid.executed:
                tower = subject.ask(0, form.fill(_TOWER)) if severity is Severity.WARNING else None
                return _executed(standing, text, paid, severity, tower)
    return Passed("executes-text", "neither a sum nor a call was executed in its process")


def _executed(standing: Standing, text: str, paid: Paid, severity: Severity, tower: Paid | None) -> Finding:
    what = "a call" if severity is Severity.ERROR else "arithmetic"
    hangs = tower is not None and tower.outcomes[0].kind in ("hung", "died")
    title = f"{what} that the model wrote is executed as Python" + (f"; {_TOWER} hangs it" if hangs else "")
    evidence = Evidence(text, paid.outcomes[0].describe(), standing.subject.cases[0].prompt)
    return Finding("executes-text", Severity.ERROR if hangs else severity, title, (evidence,))


def _swallows(standing: Standing) -> Result:
    """Whether a broad handler turns mistakes of the reward's own into a number."""
    subject = standing.subject
    if subject.process.told.get("kind") in ("environment",):
        return Undecided("swallows-errors", "it has no file of its own")
    found: list[tuple[str, str, Outcome, bool]] = []
    for asked, paid in subject.paid.items():
        if paid.swallowed and paid.outcomes[0].is_number:
            is_right = (
                asked.text == (standing.best[asked.case] if standing.best else None) and standing.by_answer
            )
            found.append((asked.text, paid.swallowed[0], paid.outcomes[0], is_right))
    for truth in _STRANGE:
        text = standing.best[0] if standing.best and standing.best[0] else "42"
        paid = subject.call([Asked(0, text)], trace=True, truth=truth)
        if paid.swallowed and paid.outcomes[0].is_number:
            found.append((f"{text} (ground truth {truth!r})", paid.swallowed[0], paid.outcomes[0], False))
    if not found:
        return Passed("swallows-errors", "no broad `except` turned an exception into a number")
    text, exception, outcome, is_right = max(found, key=lambda one: (one[3], -len(one[0])))
    evidence = Evidence(text, outcome.describe(), subject.cases[0].prompt, f"swallowed {exception}")
    severity = Severity.ERROR if is_right else Severity.WARNING
    title = "a broad `except` turns its own mistakes into a number"
    return Finding("swallows-errors", severity, title, (evidence,), f"{len(found)} responses")


_STRANGE: Final[tuple[Any, ...]] = (None, {"answer": [1]})
"""Ground truths as a wrong column brings them."""


def _slow(subject: Subject, time_limit: float) -> Result:
    """Whether some response takes a second; asked again, for the machine may have been busy."""
    seconds, asked = max(
        ((paid.seconds, asked) for asked, paid in subject.paid.items()), key=lambda one: one[0]
    )
    if seconds >= _LONG:
        seconds = min(seconds, subject.call([asked]).seconds or seconds)  # 0 where it did not return
    if seconds < _LONG:
        return Passed("slow", f"{_time(subject.seconds)} a response, {_time(seconds)} at most")
    evidence = Evidence(asked.text, _time(seconds), subject.cases[asked.case].prompt)
    title = f"some response takes {_time(seconds)} (limit {time_limit:g} s)"
    return Finding("slow", Severity.WARNING, title, (evidence,))


def _time(seconds: float) -> str:
    return (
        f"{seconds * 1e6:.0f} µs"
        if seconds < 1e-3
        else f"{seconds * 1e3:.3g} ms"
        if seconds < 1
        else f"{seconds:.3g} s"
    )
