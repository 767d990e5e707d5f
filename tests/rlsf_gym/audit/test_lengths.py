"""Courses of rewards over growing lengths."""

import pytest

from rlsf_gym.audit.case import Case
from rlsf_gym.audit.findings import Finding, Severity
from rlsf_gym.audit.lengths import _Course, check_lengths
from rlsf_gym.audit.outcome import Outcome, Paid
from rlsf_gym.audit.standing import Standing
from rlsf_gym.audit.subject import Subject


@pytest.mark.parametrize(
    ("values", "rise", "fall", "direction"),
    [
        ((0.0, 0.0, 0.0, 0.0, 0.0), 0.0, 0.0, 0),
        ((0.1, 0.3, 0.9, 2.7, 8.1), 8.0, 0.0, 1),  # so much a sentence
        ((-0.1, -0.3, -0.9, -2.7, -8.1), 0.0, 8.0, -1),  # taken away
        ((0.1, 0.3, 0.7, 0.9, 1.0), 0.9, 0.0, 0),  # saturates
        ((1.0, 0.9, 0.6, 0.5, 0.5), 0.0, 0.5, 0),
        ((-1.0, -0.9, -0.5, -0.9, -1.0), 0.5, 0.5, 0),  # there and back
        ((0.0, 1.0, 2.0, 3.0, 4.0), 4.0, 0.0, 0),  # of the logarithm: each step is as large
    ],
)
def test_rise_fall_and_whether_an_end_is_in_sight(values, rise, fall, direction):
    course = _Course("it", "it", values, "x".__mul__)
    assert (course.rise, course.fall) == pytest.approx((rise, fall))
    assert course.direction == direction


class Paying(Subject):
    """Pays by a function of the text, without a process."""

    kind, is_own, told = "trl", False, {}

    def __init__(self, pay):
        self.cases, self.company, self.paid, self._pay = [Case("?")], (), {}, pay

    def call(self, asked, **_):
        return Paid((Outcome.of(self._pay(asked[0].text)),))


@pytest.mark.parametrize(
    ("pay", "title"),
    [
        (lambda text: -0.001 * len(text), "rewards fall with length, and no bound is in sight"),
        (lambda text: 0.001 * len(text), "rewards grow with length, and no bound is in sight"),
        (lambda text: -min(1.0, max(0.0, len(text) - 4_000) / 1_000), None),  # the end is behind 81 sentences
        (lambda text: min(1.0, len(text) / 20_000), None),
    ],
)
def test_what_has_no_end_in_sight_is_asked_about_much_longer_texts(pay, title):
    standing = Standing(Paying(pay), (0.0,), (1.0,), (), by_answer=False, best=("word " * 12,))
    found = {one.check: one for one in check_lengths(standing)}["bounded"]
    if title is None:
        assert not isinstance(found, Finding)
    else:
        assert (found.severity, found.title) == (Severity.ERROR, title)
        assert len(found.evidence[0].response) > 30_000  # 729 sentences


def test_a_size_that_is_paid_no_number_is_not_told_with_that_of_another():
    """243 sentences have some 14,000 characters, at which it fails, 729 more than 30,000."""

    def pay(text):
        return None if 10_000 < len(text) < 30_000 else 0.001 * len(text)

    standing = Standing(Paying(pay), (0.0,), (1.0,), (), by_answer=False, best=("word " * 12,))
    (evidence,) = {one.check: one for one in check_lengths(standing)}["bounded"].evidence
    assert evidence.beside.endswith(" at 1, 3, 9, 27, 81 sentences")
    assert evidence.paid == f"{0.001 * len(evidence.response):.4g}"
