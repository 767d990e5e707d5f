"""Failures of a reward that are told from what calls brought."""

import pytest

from rlsf_gym.audit.case import Case
from rlsf_gym.audit.failures import _none, _slow, _time
from rlsf_gym.audit.findings import Finding, Passed, Severity
from rlsf_gym.audit.outcome import Outcome, Paid
from rlsf_gym.audit.subject import Asked

NUMBER, NONE = Outcome.of(0.5), Outcome.of(None)


class Subject:
    """Took some time for each response, and another when it is asked again."""

    cases = (Case("?"),)

    def __init__(self, kind="trl", seconds=(1e-5, 3.0), again=3.0):
        self.kind, self.seconds, self._again = kind, seconds[0], again
        self.paid = {Asked(0, str(at)): Paid((NUMBER,), one) for at, one in enumerate(seconds)}

    def call(self, asked):
        assert asked == [Asked(0, "1")]
        return Paid((NUMBER,), self._again)


@pytest.mark.parametrize(("again", "kind"), [(3.0, Finding), (0.2, Passed), (0.0, Finding)])
def test_a_slow_response_is_asked_again(again, kind):
    result = _slow(Subject(again=again), 5.0)
    assert isinstance(result, kind)
    if kind is Finding:
        assert (result.severity, result.title) == (Severity.WARNING, "some response takes 3 s (limit 5 s)")
    else:
        assert result.told == "10 µs a response, 200 ms at most"


@pytest.mark.parametrize(
    ("kind", "outcomes", "severity"),
    [
        ("trl", (NUMBER, NONE), Severity.NOTE),
        ("trl", (NONE, NONE), Severity.ERROR),
        ("verl", (NUMBER, NONE), Severity.ERROR),
        ("trl", (NUMBER, NUMBER), None),
    ],
)
def test_none_skips_a_response_in_trl_alone(kind, outcomes, severity):
    rows = [(Asked(0, str(at)), one) for at, one in enumerate(outcomes)]
    result = _none(Subject(kind), rows)
    assert getattr(result, "severity", None) is severity


def test_times_are_told_in_their_unit():
    assert [_time(one) for one in (2e-6, 0.0215, 2.5)] == ["2 µs", "21.5 ms", "2.5 s"]
