"""Spellings of right answers, and which of them a reward refuses."""

from rlsf_gym.audit.answers import _ask_spellings, _spellings
from rlsf_gym.audit.case import Case
from rlsf_gym.audit.forms import Form
from rlsf_gym.audit.outcome import Outcome
from rlsf_gym.audit.standing import Standing

FORM = Form("mine", "", "", "#", reasoning="")


class Subject:
    """Pays what equals one text."""

    cases = (Case("?", truth="1250"),)

    def __init__(self, *taken):
        self._taken = taken

    def pay(self, case, text):
        return Outcome.of(float(text in self._taken))


def test_spellings_are_of_spaces_and_of_equal_value():
    assert _spellings("1250") == ([" 1250 ", "1250.", "1,250"], ["$1250$", "**1250**", "1250.0"])
    assert _spellings("²") == ([" ² ", "²."], ["$²$", "**²**"])  # a digit that is no number
    assert _spellings("\\sqrt{2}")[1] == ["$\\sqrt{2}$", "**\\sqrt{2}**"]  # commands have one case
    assert _spellings("Oslo") == ([" Oslo ", "Oslo."], ["$Oslo$", "**Oslo**", "oslo", "OSLO"])


def test_spellings_that_are_not_paid_are_told():
    subject = Subject("1250#", " 1250 #", "1250.0#")
    standing = Standing(subject, (0.0,), (1.0,), (FORM,), by_answer=True)
    found = [(one.spelling, one.is_plain) for one in _ask_spellings(standing, FORM, 0)]
    assert found == [("1250.", True), ("1,250", True), ("$1250$", False), ("**1250**", False)]


def test_a_full_stop_before_a_bracket_is_the_forms_own_business():
    standing = Standing(Subject(), (0.0,), (1.0,), (), by_answer=True)
    boxed = Form("boxed", "{", "", "}", reasoning="")
    assert "1250." not in [one.spelling for one in _ask_spellings(standing, boxed, 0)]
