import json

import numpy as np
import pytest

from rlsf_gym.domains import load_domain
from rlsf_gym.domains.countdown.instances import BORDERS, CLASSIC, find_chance, find_level
from tests.helpers.countdown import begin, chance


def draw(split="train", count=60, seed=0, **kwargs):
    source, rng = load_domain("countdown", **kwargs).instances(split), np.random.default_rng(seed)
    return [source.sample(rng) for _ in range(count)]


def test_1362_of_1820_multisets_reach_24():
    assert len(CLASSIC) == 1820 == len(set(map(tuple, CLASSIC)))
    assert sum(find_chance(tuple(numbers), 24, "all") > 0.0 for numbers in CLASSIC) == 1362


def test_puzzles_are_plain_and_as_they_are_asked_for():
    for one in draw(numbers=(2, 4), low=3, high=12, target=(20, 40), count=200):
        numbers, target = one.data["numbers"], one.data["target"]
        assert 2 <= len(numbers) <= 4 and {*numbers} <= {*range(3, 13)} and 20 <= target <= 40
        assert one.prompt == f"{' '.join(map(str, numbers))} -> {target}: "
        assert json.loads(json.dumps(one.data)) == one.data
        assert 0 <= one.number < 2**48
        assert chance(begin(numbers, target)) > 0 if len(numbers) < 4 else True
    assert {len(one.data["numbers"]) for one in draw(numbers=(2, 4), count=60)} == {2, 3, 4}


def test_the_same_seed_draws_the_same():
    assert draw(seed=5) == draw(seed=5)
    assert draw(seed=5) != draw(seed=6)


def test_permutations_are_one_puzzle_and_in_one_split():
    source = load_domain("countdown").instances("all")
    one = source.make({"numbers": [5, 7, 11], "target": 24})
    other = source.make({"numbers": [11, 5, 7], "target": 24})
    assert one.number == other.number and one.prompt != other.prompt
    key = lambda found: (*sorted(found.data["numbers"]), found.data["target"])  # noqa: E731
    train, held_out = set(map(key, draw("train", 1500))), set(map(key, draw("eval", 300)))
    assert len(train) > 500 and len(held_out) > 80
    assert not train & held_out
    share = len(set(map(key, draw("all", 1500))) - train)
    assert share > 0  # "all" holds puzzles of both


def test_about_a_tenth_is_held_out():
    source = load_domain("countdown", require_solvable=False).instances("eval")
    rng = np.random.default_rng(0)
    drawn = [source._draw(rng) for _ in range(4000)]
    assert sum(source._is_in_split(*one) for one in drawn) / 4000 == pytest.approx(0.1, abs=0.02)


def test_the_number_and_split_of_a_puzzle_do_not_move():
    source = load_domain("countdown").instances("train")
    one = source.make({"numbers": [5, 7, 11], "target": 24})
    # blake2b of "5 7 11 -> 24" with six bytes, read as one number: its last digit is not 0.
    assert one.number == 250321970685891
    assert source._is_in_split([7, 5, 11], 24)


def test_the_classic_puzzles_are_four_cards_and_24():
    found = draw(source="classic24", count=100)
    assert {one.data["target"] for one in found} == {24}
    assert all(sorted(one.data["numbers"]) in CLASSIC for one in found)
    assert any(one.data["numbers"] != sorted(one.data["numbers"]) for one in found)
    assert all(find_chance(tuple(sorted(one.data["numbers"])), 24, "all") for one in found)


@pytest.mark.parametrize("level", ["easy", "medium", "hard"])
def test_levels_follow_from_the_chance_of_a_random_writer(level):
    for count in (2, 3, 4):
        hard, easy = BORDERS[count]
        for one in draw(numbers=count, level=level, count=10):
            found = find_chance(tuple(sorted(one.data["numbers"])), one.data["target"], "all")
            assert find_level(count, found) == level
            within = {"easy": found > easy, "medium": hard < found <= easy, "hard": 0 < found <= hard}
            assert within[level]


def test_levels_rise_over_the_first_draws():
    found = [
        find_level(3, find_chance(tuple(sorted(one.data["numbers"])), one.data["target"], "all"))
        for one in draw(curriculum=60, count=300)
    ]
    assert set(found[:20]) == {"easy"}
    assert set(found[20:40]) == {"easy", "medium"}
    assert set(found[40:60]) == {"easy", "medium", "hard"} == set(found[60:])


def test_puzzles_without_a_solution_are_drawn_only_where_they_are_asked_for():
    found = draw(require_solvable=False, count=200)
    solved = [chance(begin(one.data["numbers"], one.data["target"])) > 0 for one in found]
    assert any(solved) and not all(solved)
    source = load_domain("countdown", require_solvable=False).instances("train")
    assert source.make({"numbers": [1, 1], "target": 30}).prompt == "1 1 -> 30: "


def test_a_number_alone_is_no_answer_in_steps():
    with pytest.raises(ValueError, match="no answer leads from 5, 6 to 5"):
        load_domain("countdown", use="any").instances("all").make({"numbers": [5, 6], "target": 5})


@pytest.mark.parametrize(
    ("data", "message"),
    [
        ({"numbers": [1, 1], "target": 30}, "no answer leads from 1, 1 to 30 with use='all'"),
        ({"numbers": [1, 2]}, "instance must hold 'numbers' and 'target', got"),
        ({"numbers": [1, 2], "target": 3, "use": "any"}, "instance must hold 'numbers' and 'target'"),
        ({"numbers": [1], "target": 1}, "list of 2 to 6 ints from 0 to 999, got"),
        ({"numbers": [1] * 7, "target": 1}, "list of 2 to 6 ints"),
        ({"numbers": [1, -1], "target": 1}, "list of 2 to 6 ints"),
        ({"numbers": [1, 1000], "target": 1}, "list of 2 to 6 ints"),
        ({"numbers": [1, 2], "target": 10**7}, "target of an instance must be an int from 1 to 1000000"),
        ({"numbers": [1, True], "target": 1}, "list of 2 to 6 ints"),
        ({"numbers": [1, 1.0], "target": 1}, "list of 2 to 6 ints"),
        ({"numbers": "12", "target": 1}, "list of 2 to 6 ints"),
        ({"numbers": [1, 2], "target": 0}, "target of an instance must be an int from 1 to 1000000, got 0"),
        ({"numbers": [1, 2], "target": 3.0}, "target of an instance must be an int"),
        ({"numbers": [1, 2], "target": "3"}, "target of an instance must be an int"),
    ],
)
def test_what_is_no_puzzle_is_refused(data, message):
    with pytest.raises(ValueError, match=message):
        load_domain("countdown").instances("all").make(data)


@pytest.mark.parametrize(
    ("kwargs", "message"),
    [
        ({"numbers": 1}, "numbers must be an int from 2 to 6, or a range of two, got 1"),
        ({"numbers": (4, 2)}, "numbers must be an int from 2 to 6, or a range of two"),
        ({"numbers": (2, 3, 4)}, "numbers must be an int from 2 to 6, or a range of two"),
        ({"numbers": True}, "numbers must be an int from 2 to 6"),
        ({"target": (5,)}, "target must be an int from 1 to 1000000, or a range of two, got (5,)"),
        ({"value_kwargs": 5}, "value_kwargs must be a dict, got 5"),
        ({"low": -1}, "low must be an int from 0 to 999, got -1"),
        ({"high": 0}, "high must be an int from 1 to 999, got 0"),
        ({"target": "24"}, "target must be an int from 1 to 1000000, or a range of two, got '24'"),
        ({"source": "cards"}, "source must be 'classic24' or None, got 'cards'"),
        ({"level": "harder"}, "level must be 'easy', 'medium', 'hard' or None, got 'harder'"),
        ({"level": "hard", "curriculum": 5}, "curriculum goes through all levels: leave level='hard' out"),
        ({"curriculum": 0}, "curriculum must be an int from 1"),
        ({"require_solvable": "no"}, "require_solvable must be True or False, got 'no'"),
        ({"template": "{numbers}: "}, "template must be a text with {numbers} and {target}"),
        ({"template": "{numbers} {target} {target}"}, "template must be a text"),
        ({"template": "{numbers} {target:5}"}, "template must be a text"),
        ({"template": "{numbers} {target} {"}, "template must be a text"),
        ({"template": 5}, "template must be a text"),
        ({"digits": 5}, "unexpected"),
    ],
)
def test_settings_that_mean_nothing_are_refused(kwargs, message):
    with pytest.raises(ValueError) as error:
        load_domain("countdown", **kwargs)
    if "digits" not in kwargs:
        assert message in str(error.value)


def test_settings_without_a_puzzle_say_so():
    with pytest.raises(ValueError, match="must allow a puzzle in split 'train', found none with 2 numbers "):
        draw(numbers=2, high=2, target=900)
    with pytest.raises(ValueError, match="of level 'hard' in split 'eval'"):
        draw("eval", numbers=2, low=1, high=1, target=2, level="hard")


def test_prompts_may_be_of_another_form():
    template = "Reach {target} with {numbers}. "
    (one,) = draw(template=template, count=1)
    numbers, target = one.data["numbers"], one.data["target"]
    assert one.prompt == f"Reach {target} with {' '.join(map(str, numbers))}. "


def test_chances_of_infix_answers_are_known_of_four_numbers_at_most():
    message = "numbers must be at most 4 for value='random' of form='expression': take value='solvable', or "
    with pytest.raises(ValueError, match=message):
        load_domain("countdown", form="expression", numbers=(3, 5))
    source = load_domain("countdown", form="expression").instances("all")
    with pytest.raises(ValueError, match="numbers of an instance must be at most 4 for value='random'"):
        source.make({"numbers": [1, 1, 1, 1, 1], "target": 5})
    source = load_domain("countdown", form="expression", value="solvable").instances("all")
    assert source.make({"numbers": [1, 1, 1, 1, 1, 1], "target": 6}).data["target"] == 6


def test_a_number_alone_is_an_answer_in_infix():
    source = load_domain("countdown", form="expression", use="any").instances("all")
    assert source.make({"numbers": [5, 6], "target": 5}).prompt == "5 6 -> 5: "
