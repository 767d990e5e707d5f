"""The interval algebra of claims, of whichever rules and units."""

from rlsf_gym.certificates import Record
from rlsf_gym.certificates.lifetimes import compare_spread, follow, write_records

OPEN, SHUT, MATE = ("open", 4, 5, 1.0, ()), ("shut", 6, 7, -1.0, ("a", "b")), ("mate", 6, 7, 0.5, ())


def test_what_goes_on_keeps_its_beginning_and_what_comes_back_is_new():
    versions = [(5, [OPEN]), (7, [OPEN, SHUT]), (9, [SHUT]), (11, [OPEN, SHUT])]
    assert follow([], versions) == [(OPEN, 5, 9), (OPEN, 11, -1), (SHUT, 7, -1)]


def test_what_begins_stands_before_the_next_that_goes_on():
    assert follow([], [(5, [SHUT]), (8, [OPEN, SHUT, MATE])]) == [(OPEN, 8, -1), (SHUT, 5, -1), (MATE, 8, -1)]


def test_earlier_versions_are_left_out_of_a_line_that_goes_on():
    # At 8 the version of 7 holds: what the line has held goes on, the rest begins there.
    assert follow([(OPEN, 5, -1)], [(5, [MATE]), (7, [OPEN, SHUT])], 8) == [(OPEN, 5, -1), (SHUT, 8, -1)]


def test_amounts_that_differ_by_rounding_are_one_claim():
    close = (*OPEN[:3], 1.0 + 1e-15, ())
    assert follow([], [(5, [OPEN]), (7, [close])]) == [(OPEN, 5, -1)]
    assert len(follow([], [(5, [OPEN]), (7, [(*OPEN[:3], 1.1, ())])])) == 2


def test_records_say_where_they_hold():
    line = [(OPEN, 5, -1), (SHUT, 5, 6), (SHUT, 6, 9), (MATE, 9, -1), (MATE, 9, 11), (OPEN, 6, 7)]
    found = write_records(line, (4, 5), prompt_end=7)
    assert [(record.rule, record.status, record.since, record.until) for record in found] == [
        ("open", "kept", 5, -1),
        ("shut", "withdrawn", 6, 9),
        ("mate", "added", 9, -1),
        ("mate", "passing", 9, 11),
    ]
    assert found[1] == Record(4, 5, "shut", 6, 7, -1.0, "withdrawn", ("a", "b"), 6, 9)


def test_rules_that_the_whole_text_decides_are_withdrawn_at_its_end():
    mark = Record(3, 4, "mark", 3, 4, 0.3, "kept", (), 4)
    other = Record(8, 9, "mark", 8, 9, 0.3, "added", (), 9)
    turned = mark._replace(amount=-0.3)
    found = compare_spread([mark], [mark, other], 9)
    assert [(record.char_start, record.status, record.since, record.until) for record in found] == [
        (3, "kept", 4, -1),
        (8, "added", 9, -1),
    ]
    found = compare_spread([mark], [turned], 9)
    assert [(record.amount, record.status, record.until) for record in found] == [
        (0.3, "withdrawn", 9),
        (-0.3, "added", -1),
    ]
