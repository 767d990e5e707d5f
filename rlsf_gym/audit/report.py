"""An audit: every check on one reward, and the report of what was found."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Any, Final

from rlsf_gym.audit.answers import check_answers
from rlsf_gym.audit.case import Case
from rlsf_gym.audit.checks import CHECKS
from rlsf_gym.audit.dense import DesignRow, check_dense, read_dense
from rlsf_gym.audit.failures import ask_hostile, check_failures
from rlsf_gym.audit.findings import Finding, Passed, Result, Severity, Undecided, exit_status
from rlsf_gym.audit.layout import check_layout
from rlsf_gym.audit.lengths import check_lengths
from rlsf_gym.audit.payments import check_payments, raise_levels
from rlsf_gym.audit.process import RewardProcess
from rlsf_gym.audit.repeats import check_repeats
from rlsf_gym.audit.standing import Standing, find_standing, settle_calls
from rlsf_gym.audit.subject import SLOW, Subject
from rlsf_gym.audit.vectors import check_vectors

__all__ = ["Report", "audit_reward"]

_RESPONSES: Final = 700
"""About as many as are asked about, of a slow reward."""


@dataclass(frozen=True)
class Report:
    """What an audit found of one reward."""

    reward: str
    """Its place or id, as it was named."""
    signature: str
    """How it was called: `trl`, `verl`, `scorer` or `environment`."""
    chat: bool
    """Whether prompts and responses were chat messages."""
    forms: tuple[str, ...]
    """Forms in which it tells right answers from wrong ones."""
    cases: int
    """Number of cases."""
    own_cases: bool
    """Whether the cases were the user's."""
    calls: int
    """Responses that were paid."""
    seconds: float
    """Wall-clock time of the audit."""
    seconds_per_call: float
    """Median wall-clock time of a response that was paid alone."""
    results: tuple[Result, ...]
    """What each check found."""
    designs: tuple[DesignRow, ...] = field(default=())
    """What designs would make of it; none where that is not known."""

    @property
    def findings(self) -> list[Finding]:
        """Findings, the worst first, in the order of `CHECKS`."""
        found = [one for one in self.results if isinstance(one, Finding)]
        order = list(CHECKS)
        return sorted(found, key=lambda one: (-one.severity, order.index(one.check)))

    @property
    def passed(self) -> list[Passed]:
        """Checks that found nothing."""
        return [one for one in self.results if isinstance(one, Passed)]

    @property
    def undecided(self) -> list[Undecided]:
        """Checks that could not decide."""
        return [one for one in self.results if isinstance(one, Undecided)]

    def count(self, severity: Severity) -> int:
        """Returns the number of findings of a severity."""
        return sum(one.severity is severity for one in self.findings)

    def status(self, fail_on: Severity | None = Severity.WARNING) -> int:
        """Returns the exit status: 2 for an error, 1 for a warning, 0 else, where `fail_on` is met."""
        return exit_status(self.findings, fail_on)


def audit_reward(
    reward: str,
    *,
    kwargs: Mapping[str, Any] | None = None,
    signature: str | None = None,
    cases: Sequence[Case] = (),
    chat: bool | None = None,
    time_limit: float = 5.0,
    tell: Callable[[str], None] | None = None,
) -> Report:
    """Returns the report on a reward, which is called in processes of its own.

    Args:
        reward: `"module:attribute"` of a function in TRL's or verl's signature or of a scorer, or the id of
            an environment of this library.
        kwargs: Its keyword arguments.
        signature: `"trl"`, `"verl"`, `"scorer"` or `"environment"` to take it for; None finds out.
        cases: Prompts with right and wrong answers; bundled ones without.
        chat: Whether a TRL reward takes chat messages; None finds out.
        time_limit: Seconds that one response may take.
        tell: Given a line of words where the audit of a slow reward will take minutes.

    Raises:
        LoadError: If the reward can't be loaded.
        ValueError: If it needs columns that the cases lack.

    Example:
        >>> report = audit_reward("my_rewards:accuracy")  # doctest: +SKIP
        >>> report.status()  # doctest: +SKIP
        2
    """
    started = time.perf_counter()
    opened: list[RewardProcess] = []

    def open_process(hash_seed: int) -> RewardProcess:
        opened.append(RewardProcess(reward, kwargs or {}, signature, time_limit, hash_seed=hash_seed))
        return opened[-1]

    try:
        subject = Subject(open_process, cases, chat=chat)
        compares = settle_calls(subject, chat)
        if tell is not None:
            _tell_of_slow(subject, tell)
        return _audit(subject, compares, partial(_make, reward, started), time_limit)
    finally:
        for process in opened:
            process.close()


def _tell_of_slow(subject: Subject, tell: Callable[[str], None]) -> None:
    """Says how long the audit will take, where the first calls were slow."""
    seconds = subject.call_seconds / max(1, subject.calls)
    if seconds >= SLOW and not subject.gave_up:
        minutes = math.ceil(seconds * _RESPONSES / 60.0)
        tell(
            f"note: a response takes {seconds:.2g} s, and about {_RESPONSES} are asked about: "
            f"expect {minutes} minute{'' if minutes == 1 else 's'}"
        )


def _audit(subject: Subject, compares: bool, make: Any, time_limit: float) -> Report:
    standing = raise_levels(find_standing(subject))
    results = list(_check(standing, compares, time_limit))
    dense = read_dense(standing)
    broken = {"not-repeatable", "batch-composition", "other-process"}
    repeats = not any(isinstance(one, Finding) and one.check in broken for one in results)
    results += check_dense(standing, dense, repeats)
    return make(standing, results, dense.rows if dense and repeats else ())


def _check(standing: Standing, compares: bool, time_limit: float) -> Iterator[Result]:
    """Yields all results but those of dense rewards; what was asked for one check serves the later ones."""
    payments = list(check_payments(standing))
    lengths = list(check_lengths(standing))
    answers = [*check_answers(standing), *check_layout(standing)]
    ask_hostile(standing)
    yield from payments
    yield from (
        lengths
        if standing.subject.kind != "environment"
        else [one for one in lengths if one.check != "bounded"]
    )
    yield from answers
    yield from check_vectors(standing)
    yield from check_failures(standing, time_limit)
    yield from check_repeats(standing, compares)


def _make(
    reward: str, started: float, standing: Standing, results: list[Result], designs: tuple[DesignRow, ...]
) -> Report:
    subject = standing.subject
    return Report(
        reward=reward,
        signature=subject.kind,
        chat=subject.chat,
        forms=tuple(form.name for form in standing.forms) if standing.by_answer else (),
        cases=len(subject.cases),
        own_cases=subject.is_own,
        calls=subject.calls,
        seconds=time.perf_counter() - started,
        seconds_per_call=subject.seconds,
        results=tuple(results),
        designs=designs,
    )
