import pickle

import numpy as np
import pytest

from rlsf_gym.domains.constraints.sudoku import make_sudoku
from rlsf_gym.domains.constraints.sudoku.instances import is_held_out, normal_form
from rlsf_gym.instance import Instance

GRID = "1..22.13...131.."


def source(split="train", **options):
    return make_sudoku(**options).instances(split)


def draw(count, split="train", **options):
    instances, rng = source(split, **options), np.random.default_rng(0)
    return [instances.sample(rng) for _ in range(count)]


def test_an_instance_is_a_grid_in_one_line():
    one = draw(1)[0]
    assert one.data == {"grid": one.prompt[:-1]} and one.prompt.endswith("\n")
    assert 0 <= one.number < 2**48
    assert source().make(dict(one.data)) == one._replace(number=-1)


def test_puzzles_that_differ_in_the_names_of_digits_are_on_one_side():
    renamed = GRID.translate(str.maketrans("1234", "3142"))
    assert normal_form(renamed) == normal_form(GRID) == "1..22.13...131.."
    assert is_held_out(renamed) == is_held_out(GRID)
    train, held_out = (
        {normal_form(one.data["grid"]) for one in draw(200, split)} for split in ("train", "eval")
    )
    assert not train & held_out and not any(map(is_held_out, train)) and all(map(is_held_out, held_out))
    drawn = [is_held_out(one.data["grid"]) for one in draw(1000, "all")]
    assert 60 < sum(drawn) < 140  # one in ten, 100 with a standard deviation of 9.5


@pytest.mark.parametrize(
    ("data", "message"),
    [
        ({}, "data of a Sudoku must be {'grid': a text}, got {}"),
        ({"grid": GRID, "size": 4}, "data of a Sudoku must be"),
        ({"grid": 1}, "data of a Sudoku must be"),
        ({"grid": GRID[:-1]}, "grid must have 16 digits from 1 to 4, or '.' for a blank, got '1..22"),
        ({"grid": GRID.replace("3", "5")}, "grid must have 16 digits from 1 to 4"),
        ({"grid": GRID.replace("3", "0")}, "grid must have 16 digits from 1 to 4"),
        ({"grid": "11" + "." * 14}, "can't be asked: puzzle must have a solution, and has none"),
    ],
)
def test_what_is_no_puzzle_is_refused(data, message):
    with pytest.raises(ValueError, match=message):
        source().make(data)


def test_a_value_that_can_not_be_told_is_refused():
    with pytest.raises(ValueError, match=r"can't be asked: value='random' needs at most max_models=5"):
        source(max_models=5).make({"grid": "." * 16})
    source(max_models=5, value="solvable").make({"grid": "." * 16})
    source().make({"grid": "." * 16})  # 288 solutions
    with pytest.raises(ValueError, match="value='random' needs at most"):
        draw(1, size=6, blanks=30, unique=False, max_models=100)


def test_a_split_without_a_puzzle_is_refused():
    empty, held = ("train", "eval") if is_held_out("." * 16) else ("eval", "train")
    assert draw(1, held, blanks=16, unique=False)[0].prompt == "." * 16 + "\n"
    with pytest.raises(
        ValueError, match=f"split '{empty}' must hold a puzzle with 16 blanks, got none in 500"
    ):
        draw(1, empty, blanks=16, unique=False)


def test_a_file_holds_a_puzzle_in_each_line(tmp_path):
    path = tmp_path / "puzzles.txt"
    other = GRID.translate(str.maketrans("1234", "2143"))
    path.write_text(f"{GRID.replace('.', '0')}\n\n{other}\r\n", encoding="utf-8")
    instances = source("all", file=str(path))
    drawn = {instances.sample(np.random.default_rng(seed)) .prompt for seed in range(20)}  # fmt: skip
    assert drawn == {f"{GRID}\n", f"{other}\n"}
    assert {instances.sample(np.random.default_rng(seed)).number for seed in range(20)} == {0, 1}
    empty = "train" if is_held_out(GRID) else "eval"
    with pytest.raises(ValueError, match=f"file must hold a puzzle of split '{empty}', got none"):
        source(empty, file=str(path))


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("11" + "." * 14, "line 2 of .*can't be asked: puzzle must have a solution"),
        ("." * 16, "line 2 of .*puzzle must have one solution, and has several: pass unique=False"),
        ("." * 81, "line 2 of .*grid must have 16 digits"),
    ],
)
def test_a_line_that_is_no_puzzle_is_named(tmp_path, line, message):
    path = tmp_path / "puzzles.txt"
    path.write_text(f"{GRID}\n{line}\n", encoding="utf-8")
    with pytest.raises(ValueError, match=message):
        source("all", file=str(path))


def test_a_line_may_have_several_solutions_if_that_is_said(tmp_path):
    path = tmp_path / "puzzles.txt"
    path.write_text("." * 16, encoding="utf-8")
    assert source("all", file=str(path), unique=False).sample(np.random.default_rng(0)) == Instance(
        "." * 16 + "\n", 0, {"grid": "." * 16}
    )


def test_sources_can_be_pickled():
    first = source()
    first.sample(np.random.default_rng(0))
    again = pickle.loads(pickle.dumps(first))
    assert again.sample(np.random.default_rng(3)) == first.sample(np.random.default_rng(3))
