"""Forms of answers: bundled ones, and those of a user's own good answers."""

from rlsf_gym.audit.case import Case
from rlsf_gym.audit.forms import FORMS, Form, forms_of


def test_a_form_is_filled():
    form = Form("mine", "<a>", "</a><b>", "</b>", reasoning="I add.")
    assert form.fill("4") == "<a>I add.</a><b>4</b>"
    assert form.fill("4", "No.") == "<a>No.</a><b>4</b>"
    assert form.fill("4", "") == "<a></a><b>4</b>"
    assert form.bare == "<a></a><b></b>"


def test_reasoning_goes_to_the_front_where_there_is_no_place():
    assert Form("mine", "It is ", "", ".", reasoning="").fill("4", "I add.") == "I add.\nIt is 4."


def test_good_answers_are_forms():
    cases = [
        Case("4 + 4?", good=("4 and 4 make <8>", "8")),
        Case("2 + 2?", good=("2 and 2 make <4>.",), truth="4"),
    ]
    own = forms_of(cases)[0]
    assert (own.before, own.after, own.tags) == ("2 and 2 make <", ">.", True)
    assert len(forms_of(cases)) == len(FORMS) + 1
    assert forms_of([Case("4 + 4?")]) == FORMS
