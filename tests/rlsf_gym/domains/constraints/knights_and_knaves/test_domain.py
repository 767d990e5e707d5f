"""The domain of knights and knaves, and its environments."""

import sys

import gymnasium as gym
import pytest

from rlsf_gym.domains import load_domain
from rlsf_gym.testing import check_domain

ID = "rlsf_gym:rlsf_gym/KnightsAndKnaves-v0"
PUZZLE = {"statements": [["is", "B", "knave"], ["same", "A", "B"]]}  # A is a knight, and B a knave


@pytest.mark.whole
@pytest.mark.parametrize("kwargs", [{}, {"people": 2, "value": "solvable", "unique": False}])
def test_the_domain_keeps_its_promises(kwargs):
    check_domain("knights", kwargs=kwargs)


@pytest.mark.parametrize(
    ("kwargs", "message"),
    [
        ({"people": 1}, "people must be an int from 2 to 8, got 1"),
        ({"people": True}, "people must be an int from 2 to 8, got True"),
        ({"unique": 1}, "unique must be True or False, got 1"),
        ({"value": "reference"}, "value must be 'random' or 'solvable', got 'reference'"),
        ({"max_models": 0}, "max_models must be an int of at least 1, got 0"),
        ({"peple": 3}, "domain_kwargs must fit domain 'knights': it takes .*did you mean 'people'"),
    ],
)
def test_arguments_are_refused_with_the_reason(kwargs, message):
    with pytest.raises(ValueError, match=message):
        load_domain("knights", **kwargs)


@pytest.mark.parametrize(
    ("answer", "score", "told"),
    [
        ("A is a knight. B is a knave.", 1.0, (None, None)),
        ("B is a knave.A is a  knight .", 1.0, (None, None)),
        ("A is a knave.", 0.0, ("conflict", "no solution has A is a knave")),
        ("A is a knight. A", 0.0, ("syntax", "expected B, got 'A'")),
        ("A is a king", 0.0, ("syntax", "expected 'knight' or 'knave', got 'i'")),
        ("A is a knight. B is", 0.0, ("unfinished", "expected ' is a ', got the end")),
        ("A is a knight. B is a knave. ", 1.0, (None, None)),
        ("A is a knight. B is a knave.A", 0.0, ("syntax", "expected the end, got 'A'")),
        ("C is a knight.", 0.0, ("syntax", "expected A or B, got 'C'")),
        ("", 0.0, ("unfinished", "expected A or B, got the end")),
    ],
)
def test_answers_by_hand(answer, score, told):
    env = gym.make("rlsf_gym:rlsf_gym/KnightsAndKnavesText-v0", verify=True)
    env.reset(options={"instance": PUZZLE})
    info = env.step(answer)[4]
    payload = info["certificate_payload"]
    assert (info["score"], payload["reason"], payload["because"]) == (score, *told)


def test_each_claim_that_is_right_doubles_the_chance():
    env = gym.make(ID, verify=True).unwrapped
    env.reset(options={"instance": PUZZLE})
    ids = env.tokenizer.encode("B is a knave. A is a knight.")
    action = [*ids, env.tokenizer.eos_token_id] + [env.tokenizer.vocab_size] * 20
    info = env.step(action[: env.action_space.shape[0]])[4]
    assert info["token_rewards"].tolist()[:9] == [0, 0, 0.25, 0, 0, 0, 0.5, 0, 0]


def test_an_instance_without_a_solution_is_refused_with_the_reason():
    env = gym.make(ID)
    with pytest.raises(ValueError, match="statements must have a solution, got none"):
        env.reset(options={"instance": {"statements": [["is", "A", "knave"], ["same", "A", "B"]]}})


@pytest.mark.parametrize("make", [gym.make, gym.make_vec])
def test_a_solver_that_is_missing_is_named_before_the_first_episode(make, monkeypatch):
    """Puzzles are drawn without one: the first answer of a run would be the first to ask for it."""
    monkeypatch.setitem(sys.modules, "pysat.solvers", None)
    with pytest.raises(ImportError, match=r"need python-sat: pip install 'rlsf-gym\[constraints\]'"):
        make(ID)
