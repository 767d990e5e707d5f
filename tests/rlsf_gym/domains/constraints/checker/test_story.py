"""What becomes of an answer: values, changes and losses by hand."""

import pytest

from rlsf_gym.domains.constraints.checker.spelling import spell
from rlsf_gym.domains.constraints.checker.story import Change, Loss, follow
from rlsf_gym.domains.constraints.checker.worlds import Counted
from tests.helpers.small_puzzle import SmallPuzzle

# Two numbers, of which 12 is right at first, and then 1 or 2; 3 is against what is given.
FIRST = {"1": (-1, "second"), "12": (1, "second"), "13": (-1, "second")}
SECOND = {"1": (2, "end"), "2": (3, "end"), "3": (-4, "end", False), "44": (-2, "end"), "45": (-2, "end")}
NODES = {0: FIRST, "second": SECOND, "end": {"end": True}}
SOLUTIONS = [[1, 2, 3]]


def tell(answer, *, is_chance=True):
    puzzle = SmallPuzzle(NODES, SOLUTIONS)
    return follow(puzzle, answer, spell(puzzle, answer), Counted(puzzle, SOLUTIONS, is_chance=is_chance))


def test_an_answer_that_is_right():
    # 12 of three, then 1 or 2 of four that are drawn: 1/6.
    story = tell("122")
    assert story.values == pytest.approx([1 / 6, 1 / 6, 1 / 2, 1.0])
    assert story.changes == [
        Change(0, 2, "progress", story.values[1], 0.5),
        Change(2, 3, "progress", 0.5, 1.0),
    ]
    assert (story.loss, story.verdict) == (None, 1.0)
    assert tell("122", is_chance=False).values == [1.0] * 4


def test_what_loses_an_answer():
    assert tell("13").loss == Loss(0, 1, "conflict", (-1,), 0)
    assert tell("1 2").loss == Loss(0, 1, "conflict", (-1,), 0)  # the space ends it
    assert tell("11").loss == Loss(0, 1, "conflict", (-1,), 0)  # and so does another number
    assert tell("123").loss == Loss(2, 2, "given", (-4,), "second")
    assert tell("12 4").loss == Loss(3, 3, "conflict", (-2, -2), "second")  # the part that both begin with
    assert tell("12x").loss == Loss(2, 2, "syntax", (), "second")
    assert tell("x").loss == Loss(0, 0, "syntax", (), 0)
    assert tell("122 x").loss == Loss(4, 4, "syntax", (), "end")


def test_an_answer_that_is_lost_stays_so():
    story = tell("13 2")
    assert story.values == pytest.approx([1 / 6, 1 / 6, 0.0, 0.0, 0.0])
    assert [change[:3] for change in story.changes] == [(0, 2, "conflict")]
    assert story.verdict == 0.0


def test_an_answer_that_ends_too_early():
    for answer, node, value in (("", 0, 1 / 6), ("1", 0, 1 / 6), ("12", "second", 1 / 2)):
        story = tell(answer)
        assert (story.loss, story.node, story.verdict) == (None, node, 0.0)
        assert story.changes[-1] == Change(len(answer), len(answer), "unfinished", story.values[-1], 0.0)
        assert story.values[-1] == pytest.approx(value)


def test_the_end_completes_a_symbol_that_might_go_on():
    puzzle = SmallPuzzle({0: {"1": (1, 1), "12": (-1, 1)}, 1: {"end": True}}, [[1]])
    story = follow(puzzle, "1", spell(puzzle, "1"), Counted(puzzle, [[1]], is_chance=True))
    assert story.values == [0.5, 0.5] and story.verdict == 1.0
    assert story.changes == [Change(1, 1, "progress", 0.5, 1.0)]
