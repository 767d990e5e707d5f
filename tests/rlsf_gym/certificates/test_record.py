"""Records that are made of a tuple."""

from rlsf_gym.certificates.record import Record, make_record


def test_a_record_of_a_tuple_is_the_one_of_its_fields():
    made = make_record((3, 7, "base", 3, 7, 1.9, "added", (), 7, -1))
    expected = Record(3, 7, "base", trigger_start=3, trigger_end=7, amount=1.9, status="added", since=7)
    assert type(made) is Record
    assert made == expected
    assert (made.rule, made.path, made.until) == ("base", (), -1)
