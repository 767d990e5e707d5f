import gymnasium as gym
import numpy as np
import pytest

from rlsf_gym.domains import load_domain
from rlsf_gym.envs import ResponseEnv, ResponseVectorEnv, TokenEnv
from rlsf_gym.testing import PieceTokenizer, check_domain

GRID = "1..22.13...131.."
SOLVED = "1342241342313124"


def test_the_domain_keeps_what_it_promises():
    check_domain("sudoku")


def test_a_right_answer_is_rewarded_where_it_is_decided():
    env = gym.make("rlsf_gym:rlsf_gym/Sudoku-v0")
    _, info = env.reset(seed=0, options={"instance": {"grid": GRID}})
    assert info["prompt"] == f"{GRID}\n" and info["instance"] == {"grid": GRID}
    tokenizer = env.unwrapped.tokenizer
    ids = [*tokenizer.encode(SOLVED), tokenizer.eos_token_id]
    _, reward, *_, info = env.step(np.array(ids))
    assert reward == pytest.approx(1 - 4.0**-8, abs=1e-6)
    # The last row is 31..: two givens, two blanks, and the end.
    assert info["token_rewards"][12:].tolist() == pytest.approx([0.0, 0.0, 3 / 16, 3 / 4, 0.0], abs=1e-6)
    assert info["certificate_payload"]["status"] == "solved"
    assert info["reward_progress"] == pytest.approx(1 - 4.0**-8)


def test_the_answer_may_be_text():
    env = gym.make("rlsf_gym:rlsf_gym/SudokuText-v0", domain_kwargs={"value": "solvable"})
    env.reset(seed=0, options={"instance": {"grid": GRID}})
    _, reward, *_, info = env.step("1342 2")
    assert (reward, info["certificate_payload"]["reason"]) == (-1.0, "unfinished")


@pytest.mark.parametrize("size", [6, 9])
def test_larger_grids_can_be_asked_with_every_value(size):
    for value in ("random", "solvable"):
        env = ResponseVectorEnv(2, domain="sudoku", domain_kwargs={"size": size, "value": value})
        _, info = env.reset(seed=0)
        assert {len(prompt) for prompt in info["prompt"]} == {size**2 + 1}
        env.action_space.seed(0)
        env.step(env.action_space.sample())


def test_single_tokens_are_told_what_others_would_have_earned():
    env = TokenEnv(domain="sudoku", candidates=True, domain_kwargs={"value": "solvable"})
    env.reset(seed=0, options={"instance": {"grid": GRID}})
    _, reward, *_ = env.step(0)
    assert reward == 0.0
    _, reward, *_ = env.step(1)  # row 1, column 2 is a 3
    assert reward == -1.0


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"size": 5}, "size must be 4, 6 or 9, got 5"),
        ({"size": [4]}, r"size must be 4, 6 or 9, got \[4\]"),
        ({"value": []}, r"value must be 'random' or 'solvable', got \[\]"),
        ({"file": 5}, "file must be a path as a text, got 5"),
        ({"blanks": 0}, "blanks must be an int from 1 to 12 with size=4 and unique=True, got 0"),
        ({"blanks": 13}, "blanks must be an int from 1 to 12 with size=4 and unique=True, got 13"),
        ({"blanks": 17, "unique": False}, "blanks must be an int from 1 to 16 with size=4 and unique=False"),
        ({"blanks": True}, "blanks must be an int from 1 to 12"),
        ({"unique": 1}, "unique must be True or False, got 1"),
        ({"blanks": 3, "file": "x"}, "blanks must be left out where a file is given, got 3"),
        ({"value": "best"}, "value must be 'random' or 'solvable', got 'best'"),
        ({"level": 1}, "domain_kwargs must fit domain 'sudoku'.*level"),
    ],
)
def test_arguments_are_checked(arguments, message):
    with pytest.raises(ValueError, match=message):
        load_domain("sudoku", **arguments)


@pytest.mark.parametrize("response", [SOLVED, "13 42241342313124", "134224134", "14"])
@pytest.mark.parametrize("value", ["random", "solvable"])
def test_other_tokenizers_are_paid_the_same_for_the_same_characters(response, value):
    paid = {}
    for tokenizer in (
        "bytes",
        "bundled",
        PieceTokenizer(b"13", b"42", b"4 2", b" ", *map(str.encode, "1234.\n")),
    ):
        room = {"max_prompt_tokens": 17, "max_new_tokens": 24}
        env = ResponseEnv(domain="sudoku", tokenizer=tokenizer, domain_kwargs={"value": value}, **room)
        env.reset(seed=0, options={"instance": {"grid": GRID}})
        ids = [*env.tokenizer.encode(response), env.tokenizer.eos_token_id]
        *_, info = env.step(np.pad(ids, (0, 24 - len(ids)), constant_values=env.tokenizer.vocab_size))
        ends = np.cumsum([len(env.tokenizer.token_bytes(one)) for one in ids])
        told = np.cumsum(info["token_rewards"][: len(ids)])
        for end, worth in list(zip(ends.tolist(), told.tolist(), strict=True))[:-2]:
            assert paid.setdefault(end, worth) == pytest.approx(worth, abs=1e-6), tokenizer
        assert paid.setdefault("whole", told[-1]) == pytest.approx(told[-1], abs=1e-6)
    assert len(paid) > 1


def test_a_file_that_is_not_there_is_named():
    with pytest.raises(ValueError, match="file must be a text that can be read, got '/nowhere/puzzles"):
        load_domain("sudoku", file="/nowhere/puzzles.txt").instances("all")
