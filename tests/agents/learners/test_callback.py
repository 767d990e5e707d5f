"""agents/learners/callback.py: who is told of an iteration, and who may end learning."""

from __future__ import annotations

import subprocess
import sys

import pytest

from agents import TokenPPO, TokenPPOConfig
from agents.learners import callback
from agents.learners.callback import tell
from agents.runs.throughput import PROCESS_STATUS

CONFIG = TokenPPOConfig(batch_size=8, minibatch_size=8, num_ppo_epochs=1)
HOLES = """
from agents.learners.callback import MemoryRelease
def resident():
    return int(open("/proc/self/statm").read().split()[1]) * 4096 / 1e6
blocks = [b"x" * 60_000 for _ in range(2_000)]
kept = blocks[::20]
del blocks
before = resident()
MemoryRelease().on_iteration({}, {}, [])
print(before, resident())
"""
"""Frees 114 of 120 MB in pieces that blocks in use keep apart."""


class Told:
    """An object that is told."""

    def __init__(self, answer=None):
        self.answer, self.calls = answer, []

    def on_iteration(self, metrics, timings, episodes):
        self.calls.append((metrics, timings, episodes))
        return self.answer


def test_objects_and_functions_are_told_in_order():
    order, told = [], Told()
    callbacks = [
        lambda metrics, timings, episodes: order.append(
            (metrics["iteration"], timings["seconds"], len(episodes))
        ),
        told,
        lambda *_: order.append("last"),
    ]
    assert tell(callbacks, {"iteration": 3.0}, {"seconds": 0.5}, [{}, {}]) is True
    assert order == [(3.0, 0.5, 2), "last"]
    assert told.calls == [({"iteration": 3.0}, {"seconds": 0.5}, [{}, {}])]


@pytest.mark.parametrize(("answer", "goes_on"), [(False, False), (True, True), (None, True), (0, True)])
def test_false_alone_ends_learning_once_all_were_told(answer, goes_on):
    last = Told()
    assert tell([lambda *_: answer, last], {}, {}, []) is goes_on
    assert tell([Told(answer), last], {}, {}, []) is goes_on
    assert len(last.calls) == 2


@pytest.mark.parametrize("wrong", ["print", None, 3])
def test_what_can_not_be_told_is_refused(wrong):
    with pytest.raises(TypeError, match=r"callbacks: expected objects with on_iteration\(metrics, timings, "):
        tell([wrong], {}, {}, [])


def test_a_function_ends_learning_and_the_next_call_goes_on(make_toy, make_policy):
    seen = []

    def stop_at_two(metrics, timings, episodes):
        seen.append(metrics["objective/kl"])
        assert timings["seconds"] > 0.0
        assert len(episodes) == 8
        return len(seen) != 2

    agent = TokenPPO(make_policy(), make_toy(), CONFIG, callbacks=[stop_at_two])
    assert agent.learn(40) is agent
    assert (agent.iteration, agent.episodes) == (2, 16)
    assert agent.is_whole
    assert agent.learn(40).iteration == 5


def test_ended_and_continued_is_what_would_have_been(make_toy, make_policy):
    rows = []
    for ends in (1, 99):
        kept = []

        def end(metrics, timings, episodes, kept=kept, ends=ends):
            kept.append(dict(metrics))
            return len(kept) != ends

        TokenPPO(make_policy(), make_toy(), CONFIG, callbacks=[end]).learn(24).learn(24)
        rows.append(kept)
    assert rows[0] == rows[1]


def test_a_bar_is_shown_on_stderr(make_toy, make_policy, capsys):
    agent = TokenPPO(make_policy(), make_toy(), CONFIG)
    agent.learn(16, progress_bar=True)
    shown = capsys.readouterr()
    assert shown.out == ""
    last = shown.err.rstrip().split("\r")[-1]
    assert "100%" in last
    assert "16/16" in last
    assert "reward=" in last
    assert "kl=" in last
    agent.learn(32, progress_bar=True)  # goes on at half of the way
    assert "32/32" in capsys.readouterr().err.rstrip().split("\r")[-1]
    agent.learn(40)
    assert capsys.readouterr().err == ""


def test_a_bar_is_closed_when_learning_fails(make_toy, make_policy, capsys):
    def fail(*_):
        raise ArithmeticError("no")

    agent = TokenPPO(make_policy(), make_toy(), CONFIG, callbacks=[fail])
    with pytest.raises(ArithmeticError):
        agent.learn(16, progress_bar=True)
    assert capsys.readouterr().err.endswith("\n")  # what is printed next starts on a line of its own


def test_a_bar_without_tqdm(make_toy, make_policy, monkeypatch):
    monkeypatch.setitem(sys.modules, "tqdm.auto", None)
    with pytest.raises(
        ImportError, match=r"progress_bar=True needs .*'tqdm'.*pip install 'rlsf-gym\[agents\]'"
    ):
        TokenPPO(make_policy(), make_toy(), CONFIG).learn(8, progress_bar=True)
    TokenPPO(make_policy(), make_toy(), CONFIG).learn(8)


@pytest.mark.skipif(not PROCESS_STATUS.exists(), reason="needs Linux's /proc")
def test_what_lies_free_between_blocks_in_use_is_given_back():
    done = subprocess.run([sys.executable, "-c", HOLES], capture_output=True, text=True, check=True)
    before, after = (float(word) for word in done.stdout.split())
    assert before - after > 50.0


def test_another_c_library_is_left_alone(monkeypatch):
    monkeypatch.setattr(callback.ctypes, "CDLL", lambda name: object())
    callback.release_free_memory()
