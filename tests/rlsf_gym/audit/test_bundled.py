"""Texts that an audit brings with it."""

from rlsf_gym.audit.bundled import FILLER, LINES, REASONING, write_filler


def test_filler_has_so_many_sentences():
    assert write_filler(0) == ""
    assert [write_filler(count).count(".") for count in (1, 7, 81)] == [1, 7, 81]
    assert not any(letter.isdigit() for letter in "".join(FILLER))


def test_lines_hold_the_words_of_the_reasoning():
    assert LINES.split() == REASONING.split() and LINES.count("\n") == 3
