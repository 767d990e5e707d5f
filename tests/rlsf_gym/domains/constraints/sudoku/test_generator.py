import time

import numpy as np
import pytest

from rlsf_gym.domains.constraints.sudoku.generator import MOST_BLANKS, Generator
from tests.helpers.sudoku import list_solutions


@pytest.mark.parametrize(("size", "blanks"), [(4, 1), (4, 6), (4, 11), (6, 12)])
def test_puzzles_have_one_solution_and_so_many_blanks(size, blanks):
    generator, rng = Generator(size, blanks, unique=True), np.random.default_rng(0)
    for _ in range(10):
        grid = generator.draw(rng)
        assert (len(grid), grid.count(".")) == (size**2, blanks)
        assert len(list_solutions(grid, size)) == 1


def test_puzzles_may_have_several_solutions():
    generator, rng = Generator(4, 10, unique=False), np.random.default_rng(0)
    counts = [len(list_solutions(generator.draw(rng), 4)) for _ in range(20)]
    assert min(counts) >= 1 and max(counts) > 1
    assert Generator(4, 16, unique=False).draw(rng) == "." * 16


def test_the_same_seed_draws_the_same_puzzles():
    draw = lambda: Generator(4, 8, unique=True).draw(np.random.default_rng(7))  # noqa: E731
    assert draw() == draw() == EXPECTED


@pytest.mark.parametrize("size", [4, 6, 9])
def test_the_most_blanks_are_reached_within_a_second(size):
    generator, rng = Generator(size, MOST_BLANKS[size], unique=True), np.random.default_rng(0)
    generator.draw(rng)
    times = []
    for _ in range(5):
        started = time.process_time()
        assert generator.draw(rng).count(".") == MOST_BLANKS[size]
        times.append(time.process_time() - started)
    assert max(times) < 1.0


def test_grids_vary():
    generator, rng = Generator(4, 1, unique=True), np.random.default_rng(0)
    assert len({generator.draw(rng).replace(".", "") for _ in range(100)}) > 60


EXPECTED = "..3.321..4..23.1"
