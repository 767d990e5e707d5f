"""Units of any text: symbols, what a segmentation of one's own may do, and what is refused."""

import numpy as np
import pytest

from rlsf_gym.text.segmentation import (
    Symbols,
    can_close,
    choose_segmentation,
    closed_ends_batch,
    cut_out,
    find_groups,
    find_texts_without,
    find_unit_ends,
    find_units,
)

ONE_ROW = np.array([[1, 3, 3]])


class Halves:
    """A segmentation of one's own, without batched form: two units, closed one character late."""

    def units(self, text):
        return np.array([[0, 2], [2, len(text)]])

    def closed_ends(self, text, char_ends):
        return np.append(np.maximum(char_ends[:-1] - 1, 0), len(text))

    def groups(self, text, units):
        return np.arange(len(units))

    def without(self, text, units, absences):
        return cut_out(text, units, absences, ["_"] * len(units))


def test_each_character_is_a_symbol():
    assert Symbols().units("(\n").tolist() == [[0, 1], [1, 2]]
    assert Symbols().units("").shape == (0, 2)
    assert Symbols().closed_ends("(a)", np.array([1, 1, 3])).tolist() == [1, 1, 3]
    assert Symbols().groups("(a", np.array([[0, 1], [1, 2]])).tolist() == [0, 0]


def test_symbols_of_a_pattern_leave_the_rest_out():
    numbers = Symbols(r"\d+|[-+]")
    assert numbers.units("12 +3;").tolist() == [[0, 2], [3, 4], [4, 5]]
    assert Symbols("a*").units("baab").tolist() == [[1, 3]]  # no empty match


def test_absent_symbols_are_cut_out():
    units = Symbols().units("b)") + 2
    assert Symbols().without("(ab)", units, [[], [0], [1], [0, 1]]) == ["(ab)", "(a)", "(ab", "(a"]


def test_something_stands_in_for_an_absent_unit():
    assert cut_out("one two", np.array([[0, 3], [4, 7]]), [[1], [0, 1]], ["I", ""]) == ["one ", "I "]


def test_a_unit_is_complete_at_its_end_where_nothing_else_is_said():
    units = np.array([[0, 2], [3, 4]])
    assert find_unit_ends(Symbols(), "ab c", units).tolist() == [2, 4]


def test_responses_are_closed_one_by_one_without_a_batched_form():
    # " 2 tokens of 'abcd' | 3 of 'abc'": all but the last one late by a character, padding as it was
    ends = np.array([[2, 4, 4], [1, 2, 3]])
    closed = closed_ends_batch(Halves(), ["abcd", "abc"], ends, np.array([2, 3]))
    assert closed.tolist() == [[1, 4, 4], [0, 1, 3]]
    assert closed_ends_batch(Halves(), [""], np.zeros((1, 2), np.int64), np.array([0])).tolist() == [[0, 0]]


def test_whether_units_close_is_not_known_of_most():
    assert can_close(Symbols(), "abc") is None


def test_a_scorer_brings_its_own():
    class Bringing:
        segmentation = Halves()

    assert choose_segmentation(Bringing(), Symbols()) is Bringing.segmentation
    default = Symbols()
    assert choose_segmentation(object(), default) is default


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        (
            Symbols,
            "with the methods units, closed_ends, groups, without, got a class; make an object of Symbols",
        ),
        ("words", "got 'words', which lacks units, closed_ends, groups, without"),
    ],
)
def test_what_is_no_segmentation_is_refused(wrong, message):
    with pytest.raises(ValueError, match=message):
        choose_segmentation(object(), wrong)


@pytest.mark.parametrize(
    ("units", "message"),
    [
        (
            [[0, 2], [1, 3]],
            r"non-empty spans \(K, 2\) in order from units, got \[\[0, 2\], \[1, 3\]\] for 'abc'",
        ),
        ([[1, 1]], r"non-empty spans"),
        ([[-1, 1]], r"non-empty spans"),
        ([0, 1], r"non-empty spans"),
        ([[0, 4]], "spans within 3 characters from units"),
    ],
)
def test_wrong_units_are_refused(units, message):
    class Wrong(Halves):
        def units(self, text):
            return np.array(units)

    with pytest.raises(ValueError, match=f"^segmentation Wrong must return {message}"):
        find_units(Wrong(), "abc")


@pytest.mark.parametrize("ends", [[0, 3], [2, 4], [2]])
def test_wrong_ends_are_refused(ends):
    class Wrong(Halves):
        def ends(self, text, units):
            return np.array(ends)

    with pytest.raises(ValueError, match=r"offsets within its units \[\[0, 2\], \[2, 3\]\] from ends, got"):
        find_unit_ends(Wrong(), "abc", np.array([[0, 2], [2, 3]]))


def test_wrong_groups_are_refused():
    class Wrong(Halves):
        def groups(self, text, units):
            return np.zeros(1, np.int64)

    with pytest.raises(ValueError, match=r"must return 2 numbers from groups, got \[0\] for 'abc'"):
        find_groups(Wrong(), "abc", np.array([[0, 2], [2, 3]]))


@pytest.mark.parametrize("closed", [[1, 2, 2], [2, 3, 3], [1, 0, 3], [-1, 0, 3]])
def test_wrong_closed_ends_are_refused(closed):
    class Wrong(Halves):
        def closed_ends(self, text, char_ends):
            return np.array(closed)

    class Batched(Halves):
        def closed_ends_batch(self, texts, char_ends, lengths):
            return np.array([closed])

    for wrong, method in ((Wrong(), "closed_ends"), (Batched(), "closed_ends_batch")):
        message = rf"offsets up to \[1, 3, 3\], the last one 3 from {method}, got .* for 'abc'"
        with pytest.raises(ValueError, match=message):
            closed_ends_batch(wrong, ["abc"], ONE_ROW, np.array([3]))


def test_closed_ends_of_a_wrong_shape_are_refused():
    class Wrong(Halves):
        def closed_ends(self, text, char_ends):
            return np.array([3])

    class Batched(Halves):
        def closed_ends_batch(self, texts, char_ends, lengths):
            return np.array([3])

    with pytest.raises(ValueError, match=r"must return 3 offsets from closed_ends, got \[3\] for 'abc'"):
        closed_ends_batch(Wrong(), ["abc"], ONE_ROW, np.array([3]))
    with pytest.raises(ValueError, match=r"an array of shape \(1, 3\) from closed_ends_batch, got \[3\]"):
        closed_ends_batch(Batched(), ["abc"], ONE_ROW, np.array([3]))


@pytest.mark.parametrize("found", [[(0, 2)], None, np.array([[0.0, 2.0]]), np.array([["a", "b"]])])
def test_what_is_no_array_of_offsets_is_refused(found):
    class Wrong(Halves):
        units = ends = groups = lambda self, *row: found
        closed_ends = lambda self, text, char_ends: found  # noqa: E731

    spans, message = np.array([[0, 2]]), "Wrong must return an array of int64 from "
    with pytest.raises(ValueError, match=f"{message}units, got "):
        find_units(Wrong(), "abc")
    with pytest.raises(ValueError, match=f"{message}ends, got "):
        find_unit_ends(Wrong(), "abc", spans)
    with pytest.raises(ValueError, match=f"{message}groups, got "):
        find_groups(Wrong(), "abc", spans)
    with pytest.raises(ValueError, match=f"{message}closed_ends, got "):
        closed_ends_batch(Wrong(), ["abc"], ONE_ROW, np.array([3]))


@pytest.mark.parametrize("found", [None, [], ["abc"], ["abc", None], ["abc", "b"], "ab"])
def test_texts_without_units_that_do_not_fit_are_refused(found):
    class Wrong(Halves):
        def without(self, text, units, absences):
            return found

    with pytest.raises(ValueError, match="must return 2 texts that begin with 'a' from without, got"):
        find_texts_without(Wrong(), "abc", np.array([[1, 3]]), [[], [0]])
