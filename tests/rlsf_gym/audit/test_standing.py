"""Levels of right and wrong answers, of rewards that are functions here."""

import re

import pytest

from rlsf_gym.audit.answers import check_answers
from rlsf_gym.audit.case import Case
from rlsf_gym.audit.findings import Finding, Passed, Severity
from rlsf_gym.audit.outcome import Outcome, Paid
from rlsf_gym.audit.payments import check_payments, raise_levels
from rlsf_gym.audit.standing import find_standing
from rlsf_gym.audit.subject import Asked, Subject

CASES = [Case("2 + 2?", truth="4", wrong=("5",)), Case("3 + 3?", truth="6", wrong=("7",))]


class Paying(Subject):
    """Pays by a function of the prompt, the truth and the text, without a process."""

    kind, gave_up, is_own = "trl", False, True

    def __init__(self, pay):
        self.cases, self.company, self.paid, self._pay = CASES, (), {}, pay

    def call(self, asked, **_):
        case = self.cases[asked[0].case]
        return Paid((Outcome.of(self._pay(case.prompt, case.truth, asked[0].text)),))


def test_a_form_in_one_line_is_left_out_where_the_same_over_lines_is_taken():
    subject = Paying(lambda prompt, truth, text: float(f"<answer>{truth}</answer>" in text.replace("\n", "")))
    assert [form.name for form in find_standing(subject).forms] == [
        "<think> and <answer>", "<reasoning> and <answer>", "<answer>",
    ]  # fmt: skip
    subject = Paying(lambda prompt, truth, text: float(f"</reasoning> <answer>{truth}</answer>" in text))
    assert [form.name for form in find_standing(subject).forms] == ["<reasoning> and <answer> in one line"]


@pytest.mark.parametrize(
    ("pay", "why"),
    [
        (lambda prompt, truth, text: None, "no response was paid a number"),
        (lambda prompt, truth, text: 0.5, "every text is paid alike"),
        (lambda prompt, truth, text: -len(text) / 1_000, "it is a penalty, and pays nothing"),
        (lambda prompt, truth, text: 0.5 - 0.5 * ("film" in text), "no text is paid more than one that says"),
    ],
)
def test_why_no_levels_are_told_apart(pay, why):
    standing = raise_levels(find_standing(Paying(pay)))
    assert standing.decided == [] and standing.why_not.startswith(why)


def test_cases_in_which_right_and_wrong_are_paid_alike_are_told_where_others_are_not():
    """The second truth is never paid, as if its column had another type."""
    subject = Paying(lambda prompt, truth, text: float(truth == "4" and f"#### {truth}" in text))
    standing = find_standing(subject)
    assert (standing.by_answer, standing.decided) == (True, [0])
    found = next(one for one in check_answers(standing) if one.check == "ignores-answer")
    assert (found.severity, found.count) == (Severity.WARNING, "1 of 2 cases")
    assert (found.evidence[0].prompt, found.evidence[0].paid) == ("3 + 3?", "0")


def test_a_case_without_numbers_is_not_said_to_be_paid_alike():
    def pay(prompt, truth, text):
        return float(f"#### {truth}" in text) if truth == "4" or f"#### {truth}" in text else None

    standing = find_standing(Paying(pay))
    assert standing.decided == [0]
    found = next(one for one in check_answers(standing) if one.check == "ignores-answer")
    assert isinstance(found, Passed)


def test_a_penalty_pays_nothing_to_what_escapes_it():
    standing = find_standing(Paying(lambda prompt, truth, text: -len(text) / 1_000))
    told = {one.check: getattr(one, "told", "") for one in check_payments(standing)}
    assert told["empty-response"] == "paid 0 at most; it is a penalty, and pays nothing"
    assert told["word-list"] == "paid -0.186 at most; it is a penalty, and pays nothing"


def test_a_text_without_an_answer_can_be_the_best_paid():
    subject = Paying(lambda prompt, truth, text: float(prompt in text))
    standing = find_standing(subject)
    assert standing.decided == []
    raised = raise_levels(standing)
    assert (raised.low, raised.high, raised.best) == ((0.0, 0.0), (1.0, 1.0), ("2 + 2?", "3 + 3?"))
    assert raised.share(0, subject.pay(0, "2 + 2?")) == 1.0
    assert subject.show(Asked(1, "x"), "0").truth == "6"


class Chancy(Paying):
    """Adds 0.4 and 0 by turns."""

    is_slow, calls_made = False, 0

    def call(self, asked, **_):
        self.calls_made += 1
        (outcome,) = super().call(asked).outcomes
        return Paid((Outcome.of(outcome.value + 0.4 * (self.calls_made % 2)),))


def test_levels_and_shares_are_means_where_chance_takes_part():
    subject = Chancy(lambda prompt, truth, text: float(f"#### {truth}" in text))
    standing = find_standing(subject)
    assert standing.is_noisy and standing.noise == pytest.approx(0.4)
    assert standing.low == pytest.approx((0.2, 0.2)) and standing.high == pytest.approx((1.2, 1.2))
    share, outcome = standing.settled(0, "nothing")
    # 0.2 on average: no more than a wrong answer, less a quarter of the noise.
    assert (outcome.value, share) == pytest.approx((0.2, -0.1))
    assert standing.chance == pytest.approx(2 * 0.4 / 4)
    assert all(isinstance(one, Passed) for one in check_payments(standing) if one.check == "empty-response")


def test_chance_has_more_of_a_mean_of_fewer_calls():
    """Of a slow reward three calls are made: two standard errors are 0.4 / sqrt(6)."""
    subject = Chancy(lambda prompt, truth, text: float(f"#### {truth}" in text))
    standing = find_standing(subject)
    assert standing.noise_of_mean == pytest.approx(0.1)
    subject.is_slow = True
    assert standing.noise_of_mean == pytest.approx(0.16329932)
    before = subject.calls_made
    subject.average(0, "nothing")
    assert subject.calls_made == before + 3


def test_what_is_no_number_on_average_is_told():
    subject = Chancy(lambda prompt, truth, text: 0.0)
    subject.call = lambda asked, **_: Paid((Outcome.of(None),))
    assert subject.average(0, "a").kind == "none"


def closeness(prompt, truth, text):
    """Pays by distance, and reads all of the answer."""
    found = re.search(r"#### (-?\d+(?:\.\d+)?)$", text)
    return 1.0 / (1.0 + abs(float(found[1]) - float(truth))) if found else 0.0


def holding(prompt, truth, text):
    """Reads the digits before a full stop."""
    found = re.search(r"#### (\d+)", text)
    return float(found is not None and found[1] == truth)


@pytest.mark.parametrize(("pay", "kind"), [(closeness, Passed), (holding, Finding)])
def test_a_number_that_is_near_is_not_taken_for_one_that_holds_the_right_one(pay, kind):
    standing = find_standing(Paying(pay))
    (found,) = (one for one in check_payments(standing) if one.check == "answer-inside-number")
    assert isinstance(found, kind)
    if kind is Finding:
        assert found.evidence[0].response.endswith("#### 4.5")
