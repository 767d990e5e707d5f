"""The process of a reward: what it says, and what becomes of calls that do not return."""

import pytest

from rlsf_gym.audit.process import LoadError, RewardProcess

pytestmark = pytest.mark.whole  # each starts processes

MINE = """
import os, sys, threading, time
print("while it is imported")

def reward(completions, answer, **kwargs):
    print("while it is called")
    text = completions[0]
    if text == "raise": raise KeyError("answer")
    if text == "exit": sys.exit(3)
    if text == "die": os._exit(7)
    if text == "fork": os.fork()
    if text == "sleep": time.sleep(60)
    if text == "thread": return [float(threading.current_thread() is threading.main_thread())]
    if text == "hash": return [float(hash("a") % 1000)]
    if text == "many": return [1.0, 2.0]
    if text == "ask": input("your number? ")
    if text == "state": return [float("solution" in kwargs and kwargs["trainer_state"].global_step == 0)]
    return [float(answer[0] == text) for text in completions]

class Keyed:
    def __init__(self): raise OSError("set MY_KEY\\n  first")
"""


def row(text, **columns):
    return {"prompt": "?", "messages": [], "response": text, "truth": "7", "columns": columns}


@pytest.fixture
def start(write):
    write(MINE)
    opened = []

    def open_process(reward="mine:reward", hash_seed=0):
        opened.append(RewardProcess(reward, {}, None, 1.5, hash_seed=hash_seed))
        return opened[-1]

    yield open_process
    for process in opened:
        process.close()


def test_calls_bring_numbers_or_what_came_in_their_place(start):
    process = start()
    assert process.told == {"kind": "trl", "needs": ["answer"], "refuses": []}
    assert [one.value for one in process.pay([row("7")]).outcomes] == [1.0]
    for text, kind, told in (
        ("raise", "raised", "KeyError: 'answer' (mine.py:8)"),
        ("exit", "died", "SystemExit: 3 (mine.py:9)"),
        ("many", "count", "expected a list of 1, got 2 values"),
        ("ask", "raised", "EOFError: EOF when reading a line (mine.py:16)"),
    ):
        (outcome,) = process.pay([row(text)]).outcomes
        assert (outcome.kind, outcome.told) == (kind, told)
    assert process.pay([row("state")]).outcomes[0].value == 1.0
    assert process.pay([row("thread")]).outcomes[0].value == 1.0
    assert process.pay([row("thread")], thread=True).outcomes[0].value == 0.0
    assert process.calls == 8


def test_a_process_that_hangs_or_dies_is_started_again(start):
    process = start()
    for text, kind, told in (("sleep", "hung", "no answer within 1.5 s"), ("die", "died", "exit status 7")):
        (outcome,) = process.pay([row(text)]).outcomes
        assert (outcome.kind, told in outcome.told) == (kind, True), outcome
        assert process.pay([row("7")]).outcomes[0].value == 1.0
    assert process.lost == {"hung": 1, "died": 1}


def test_a_fork_that_comes_back_does_not_answer(start):
    process = start()
    assert [process.pay([row(text)]).outcomes[0].value for text in ("fork", "7", "fork", "7", "6")] == [
        0.0, 1.0, 0.0, 1.0, 0.0,
    ]  # fmt: skip


def test_hashes_are_seeded(start):
    one, same, other = (start(hash_seed=seed).pay([row("hash")]).outcomes[0].value for seed in (0, 0, 1))
    assert one == same != other


@pytest.mark.parametrize(
    ("reward", "said"),
    [
        ("mine:nothing", "module 'mine' has no attribute 'nothing'"),
        ("no_such:x", "there is no module 'no_such' to import"),
        ("mine:time", "a reward must be a function with a signature or a scorer"),
        ("mine:rewrd", "module 'mine' has no attribute 'rewrd' (did you mean 'reward'?) in "),
        ("mine:Keyed", "mine:Keyed: OSError: set MY_KEY first (mine.py:21)"),
    ],
)
def test_what_can_not_be_loaded_is_told(start, reward, said):
    with pytest.raises(LoadError) as error:
        assert start(reward).told
    assert said in str(error.value)
