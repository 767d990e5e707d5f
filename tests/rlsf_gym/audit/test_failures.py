"""Failures of a reward that are told from what calls brought."""

import pytest

from rlsf_gym.audit.case import Case
from rlsf_gym.audit.failures import _changes, _failed, _none, _slow, _time
from rlsf_gym.audit.findings import Evidence, Finding, Passed, Severity, Undecided
from rlsf_gym.audit.outcome import Outcome, Paid
from rlsf_gym.audit.subject import Asked

NUMBER, NONE = Outcome.of(0.5), Outcome.of(None)


class Subject:
    """Took some time for each response, and another when it is asked again."""

    cases = (Case("?", truth="4"),)
    together = ()
    gave_up = False
    numbers = (0.5,)

    def __init__(self, kind="trl", seconds=(1e-5, 3.0), again=3.0):
        self.kind, self.seconds, self._again = kind, seconds[0], again
        self.paid = {Asked(0, str(at)): Paid((NUMBER,), one) for at, one in enumerate(seconds)}

    def call(self, asked):
        assert asked == [Asked(0, "1")]
        return Paid((NUMBER,), self._again)

    def show(self, asked, paid, beside=""):
        return Evidence(asked.text, paid, "?", beside, "4")


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


def test_nothing_is_said_of_the_time_where_no_number_came():
    subject = Subject()
    subject.numbers = ()
    assert isinstance(_slow(subject, 5.0), Undecided)


RAISED = Outcome("raised", told="KeyError: 'gold'")


def raises(subject, outcomes):
    rows = [(Asked(0, str(at)), one) for at, one in enumerate(outcomes)]
    return _failed(subject, "raises", rows, ("raised",), Severity.ERROR)


def test_what_fails_on_every_response_is_told_with_what_may_lack():
    found = raises(Subject("verl"), (RAISED, RAISED))
    assert found.title == (
        "it raises, whatever the response: if it needs data of another kind, "
        "give --cases with data_source, extra_info and columns that it reads"
    )
    assert found.count == "2 of 2 responses" and found.evidence[0].truth == "4"
    assert raises(Subject(), (RAISED, NUMBER)).title == "it raises"
    assert isinstance(raises(Subject(), (NUMBER, NUMBER)), Passed)


def test_a_batch_that_fails_where_each_response_passes_is_told():
    subject = Subject()
    subject.together = (RAISED, RAISED, RAISED)
    found = raises(subject, (NUMBER, NUMBER))
    assert found.title == "for a batch of 3 it raises, for each alone not"
    assert found.evidence[0].paid == "KeyError: 'gold'"


@pytest.mark.parametrize(("kind", "severity"), [("trl", Severity.ERROR), ("verl", Severity.WARNING)])
def test_arguments_that_are_changed_are_named(kind, severity):
    subject = Subject(kind)
    assert isinstance(_changes(subject), Passed)
    subject.paid[Asked(0, "")] = Paid((NUMBER,), changed=("prompts", "completions"))
    found = _changes(subject)
    assert (found.severity, found.title) == (severity, "it changes what it is given: completions, prompts")
