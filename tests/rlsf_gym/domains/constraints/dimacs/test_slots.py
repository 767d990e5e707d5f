"""Slots: what a mapping from symbols to literals stands for, and what can't be one."""

import pytest

from rlsf_gym.domains.constraints.cnf import Formula
from rlsf_gym.domains.constraints.dimacs.slots import make_slots

FORMULA = Formula(((1, 2, 3), (-1, -2), (-1, -3), (-2, -3)), 4)


def test_literals_are_their_own_symbols():
    slots = make_slots(None, " ", FORMULA)
    assert [[text for text, _ in slot] for slot in slots.slots] == [
        ["1", "-1"],
        ["2", "-2"],
        ["3", "-3"],
        ["4", "-4"],
    ]
    assert (slots.is_ordered, slots.separator, slots.last) == (False, " ", "0")
    assert slots.tell_given([3, -1]) == "-1 3" and slots.tell_given([]) == ""
    assert slots.say(-4) == "-4" and slots.find_texts()[-2:] == [" ", "0"]
    assert slots.is_even(FORMULA)


def test_a_dict_has_two_symbols_of_each_variable():
    slots = make_slots({"no": -4, "red": 1, "yes": 4, "blue": -1}, ", ", FORMULA)
    assert slots.slots == ((("no", -4), ("yes", 4)), (("red", 1), ("blue", -1)))
    assert slots.tell_given([1, 4]) == "yes, red" and slots.say(-1) == "blue"
    assert (slots.is_ordered, slots.last) == (False, "")


def test_a_list_has_one_slot_for_each_dict():
    slots = make_slots([{"r": 1, "g": 2, "b": 3}, {"yes": 4, "no": -4}], "", FORMULA)
    assert slots.tell_given([2]) == "g." and slots.tell_given([-4, 1]) == "rno"
    assert (slots.say(2), slots.say(-4)) == ("g at place 1", "no at place 2")
    assert slots.is_ordered and slots.is_even(FORMULA)
    assert not make_slots([{"r": 1, "g": 2}], "", FORMULA).is_even(FORMULA)
    assert not make_slots([{"yes": 4}], "", FORMULA).is_even(FORMULA)
    with pytest.raises(ValueError, match="literal must be one that a symbol asserts, got 9"):
        slots.say(9)


@pytest.mark.parametrize(
    ("symbols", "separator", "message"),
    [
        ({}, " ", "symbols must be a dict of texts to literals, or a list of such, got {}"),
        ([], " ", r"symbols must be a dict of texts to literals, or a list of such, got \[\]"),
        (3, " ", "symbols must be a dict"),
        ([{"a": 1}, 3], " ", "symbols must be a dict"),
        ({"a": 1}, " ", "symbols must have a text for -1, as for 1, or be a list of dicts, one a place"),
        ({"a": 1, "b": -1, "c": 1}, " ", "symbols must stand for one literal each, got one twice"),
        (
            {"a": 5, "b": -5},
            " ",
            "symbols must stand for literals from 1 to 4 or their negatives, got 5 for 'a'",
        ),
        ({"a": 0}, " ", "symbols must stand for literals"),
        ({"a": True}, " ", "symbols must stand for literals"),
        ({"a": "1"}, " ", "symbols must stand for literals"),
        ({"": 1}, " ", "symbols must be texts without a space at either end, and not '.', got ''"),
        ({" a": 1}, " ", "symbols must be texts"),
        ({"a\nb": 1}, " ", "symbols must be texts"),
        ([{".": 1}], " ", "symbols must be texts"),
        ({1: 1, 2: -1}, " ", "symbols must be texts"),
        (
            {"a": 1, "ab": -1},
            "",
            "symbols must end where the separator '' begins, got 'a', which goes on as 'ab'",
        ),
        ({"a": 1, "a b": -1}, " ", "symbols must end where the separator ' ' begins"),
        ([{"a": 1, "a,b": 2}], ", ", "symbols must end where the separator ', ' begins"),
        ({"a": 1, "b": -1}, "  ", "separator must be a space, or a text that does not begin with one"),
        ({"a": 1, "b": -1}, "\n", "separator must be a space"),
        ({"a": 1, "b": -1}, None, "separator must be a space"),
    ],
)
def test_other_mappings_are_refused_with_the_reason(symbols, separator, message):
    with pytest.raises(ValueError, match=message) as caught:
        make_slots(symbols, separator, FORMULA)
    assert "\n" not in str(caught.value)


def test_a_symbol_may_begin_as_another_where_a_separator_tells_them_apart():
    assert len(make_slots({"a": 1, "ab": -1}, " ", FORMULA).slots) == 1
    assert len(make_slots([{"a": 1}, {"ab": 2}], "", FORMULA).slots) == 2
