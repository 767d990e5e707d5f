"""Formats over and over, and reasoning of several lines, of rewards that are functions here."""

import re

import pytest

from rlsf_gym.audit.case import Case
from rlsf_gym.audit.findings import Finding, Severity
from rlsf_gym.audit.forms import FORMS
from rlsf_gym.audit.layout import check_layout
from rlsf_gym.audit.outcome import Outcome
from rlsf_gym.audit.standing import Standing
from rlsf_gym.audit.subject import Subject

FORM = FORMS[4]  # <answer>


class Paying(Subject):
    """Pays by a function of the text, without a process."""

    def __init__(self, pay):
        self.cases, self.paid, self._pay = [Case("2 + 2?", truth="4", wrong=("5",))], {}, pay

    def pay(self, case, text):
        return Outcome.of(self._pay(text))


def check(pay, *, by_answer=True, low=0.0, high=1.0):
    standing = Standing(Paying(pay), (low,), (high,), (FORM,), by_answer=by_answer)
    return {one.check: one for one in check_layout(standing) if isinstance(one, Finding)}


def by_tags(text):
    return 0.3 * text.count("<answer>") + 0.7 * ("<answer>4</answer>" in text)


@pytest.mark.parametrize(
    ("pay", "levels", "severity"),
    [
        (by_tags, {"low": 0.3}, Severity.ERROR),  # 1.5 for five wrong ones
        (lambda text: float("<answer>4</answer>" in text), {}, None),
        (
            lambda text: len(text) / 1_000 + ("<answer>4" in text),
            {"low": 0.07, "high": 1.07},
            None,
        ),  # of length
        (lambda text: float("<answer>" in text), {"by_answer": False}, Severity.WARNING),
        (lambda text: float(text.count("<answer>") == 1), {"by_answer": False}, None),
        (lambda text: min(1.0, len(text) / 100), {"by_answer": False}, None),
    ],
)
def test_the_format_five_times_over(pay, levels, severity):
    found = check(pay, **levels).get("repeated-format")
    assert getattr(found, "severity", None) is severity


@pytest.mark.parametrize(
    ("pattern", "flags", "found"),
    [
        (r".*<answer>4</answer>", re.DOTALL, False),
        (r"[^\n]*\n<answer>4</answer>", 0, True),
        (r"\n<answer>4</answer>", 0, False),  # it takes no reasoning at all
    ],
)
def test_reasoning_of_several_lines(pattern, flags, found):
    one = check(lambda text: float(bool(re.fullmatch(pattern, text, flags)))).get("line-breaks")
    assert (one is not None) is found
    if found:
        assert one.severity is Severity.WARNING and one.evidence[0].response.count("\n") == 4
        assert (one.evidence[0].prompt, one.evidence[0].truth) == ("2 + 2?", "4")
