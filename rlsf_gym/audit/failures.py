"""Checks of failure: responses on which a reward raises, hangs, dies, says no number, or executes text."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
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
    found = {**{one: paid.outcomes[0] for one, paid in subject.paid.items()}, **subject.lost}
    rows = [(one, outcome) for one, outcome in found.items() if outcome.kind != "unasked"]
    yield _failed(subject, "raises", rows, ("raised",), Severity.ERROR)
    yield _failed(subject, "hangs", rows, ("hung",), Severity.ERROR)
    yield _failed(subject, "dies", rows, ("died",), Severity.ERROR)
    yield _failed(subject, "not-a-number", rows, ("nan", "infinite", "other", "count"), Severity.ERROR)
    yield _none(subject, rows)
    yield _swallows(standing)
    if subject.kind in ("trl", "verl"):
        yield _changes(subject)
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
    if not hit and any(one.kind in kinds for one in subject.together):
        told = next(one.told for one in subject.together if one.kind in kinds)
        title = f"for a batch of {len(subject.together)} {_TITLES[check]}, for each alone not"
        return Finding(check, severity, title, (subject.show(rows[0][0], told),))
    if not hit:
        return Passed(check, f"not on {len(rows)} responses")
    asked, outcome = min(hit, key=lambda one: len(one[0].text))
    title, count = _TITLES[check], f"{len(hit)} of {len(rows)} responses"
    if len(hit) == len(rows) and check in ("raises", "dies", "not-a-number", "none"):
        title += ", whatever the response"
    if check in ("hangs", "dies") and subject.gave_up:
        title += ", and no more are asked"
    if len(hit) == len(rows) and check == "raises" and subject.kind in ("trl", "verl"):
        columns = "data_source, extra_info and columns" if subject.kind == "verl" else "the columns"
        title += f": if it needs data of another kind, give --cases with {columns} that it reads"
    return Finding(check, severity, title, (subject.show(asked, outcome.told),), count)


def _changes(subject: Subject) -> Result:
    """Whether the reward changes what it is given, which the trainer goes on to use."""
    hit = [(asked, paid) for asked, paid in subject.paid.items() if paid.changed]
    if not hit:
        return Passed("changes-arguments", "it leaves them as they are")
    asked, paid = min(hit, key=lambda one: len(one[0].text))
    names = sorted({name for _, one in hit for name in one.changed})
    title = f"it changes what it is given: {', '.join(names)}"
    is_shared = subject.kind == "trl"  # by all reward functions, and by the logs
    severity = Severity.ERROR if is_shared else Severity.WARNING
    evidence = subject.show(asked, paid.outcomes[0].describe())
    return Finding("changes-arguments", severity, title, (evidence,), f"{len(hit)} responses")


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
    forms = dict.fromkeys((*standing.forms, *FORMS))
    has_returned = False
    for answer, severity in ((_CALL, Severity.ERROR), (_SUMS, Severity.WARNING)):
        for form in forms:
            text = form.fill(answer)
            paid = subject.ask(0, text)
            has_returned |= paid.outcomes[0].is_number
            if paid.executed:
                tower = subject.ask(0, form.fill(_TOWER)) if severity is Severity.WARNING else None
                return _executed(standing, text, paid, severity, tower)
    if not has_returned:
        return Undecided("executes-text", "no response with a sum or a call was paid a number")
    return Passed("executes-text", "neither a sum nor a call was executed in its process")


def _executed(standing: Standing, text: str, paid: Paid, severity: Severity, tower: Paid | None) -> Finding:
    what = "a call" if severity is Severity.ERROR else "arithmetic"
    hangs = tower is not None and tower.outcomes[0].kind in ("hung", "died")
    title = f"{what} that the model wrote is executed as Python" + (f"; {_TOWER} hangs it" if hangs else "")
    evidence = standing.subject.show(Asked(0, text), paid.outcomes[0].describe())
    return Finding("executes-text", Severity.ERROR if hangs else severity, title, (evidence,))


def _swallows(standing: Standing) -> Result:
    """Whether a broad handler turns mistakes of the reward's own into a number."""
    subject = standing.subject
    if subject.process.told.get("kind") in ("environment",):
        return Undecided("swallows-errors", "it has no file of its own")
    found: list[tuple[bool, Evidence]] = []
    for asked, paid in subject.paid.items():
        if paid.swallowed and paid.outcomes[0].is_number:
            is_best = standing.by_answer and asked.text == standing.best[asked.case]
            told = f"swallowed {paid.swallowed[0]}"
            found.append((is_best, subject.show(asked, paid.outcomes[0].describe(), told)))
    for truth in _STRANGE:
        asked = Asked(0, standing.best[0] or "42")
        paid = subject.call([asked], trace=True, truth=truth)
        if paid.swallowed and paid.outcomes[0].is_number:
            shown = subject.show(asked, paid.outcomes[0].describe(), f"swallowed {paid.swallowed[0]}")
            found.append((False, replace(shown, truth=repr(truth))))
    if not found and not subject.numbers:
        return Undecided("swallows-errors", standing.why_not)
    if not found:
        return Passed("swallows-errors", "no broad `except` turned an exception into a number")
    is_best, evidence = max(found, key=lambda one: (one[0], -len(one[1].response)))
    severity = Severity.ERROR if is_best else Severity.WARNING
    title = "a broad `except` turns its own mistakes into a number"
    return Finding("swallows-errors", severity, title, (evidence,), f"{len(found)} responses")


_STRANGE: Final[tuple[Any, ...]] = (None, {"answer": [1]})
"""Ground truths as a wrong column brings them."""


def _slow(subject: Subject, time_limit: float) -> Result:
    """Whether some response takes a second; asked again, for the machine may have been busy."""
    if not subject.numbers:
        return Undecided("slow", "no response was paid a number")
    seconds, asked = max(
        ((paid.seconds, asked) for asked, paid in subject.paid.items()), key=lambda one: one[0]
    )
    if seconds >= _LONG:
        seconds = min(seconds, subject.call([asked]).seconds or seconds)  # 0 where it did not return
    if seconds < _LONG:
        return Passed("slow", f"{_time(subject.seconds)} a response, {_time(seconds)} at most")
    evidence = subject.show(asked, _time(seconds))
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
