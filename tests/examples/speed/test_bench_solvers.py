"""The benchmark of puzzles: what it plays."""

import numpy as np
import pytest

from rlsf_gym.text.tokenizer import load_tokenizer


@pytest.fixture
def bench():
    from examples.speed import bench_solvers

    return bench_solvers


@pytest.fixture
def task(bench):
    return bench.Task("Countdown-v0", {"numbers": 2}, 16, 2)


def test_rounds_are_the_same_for_a_seed_and_some_go_far(bench, task):
    rounds, again, other = (bench.write_rounds(task, seed) for seed in (0, 0, 1))
    assert [one.instances for one in rounds] == [one.instances for one in again]
    assert all(
        np.array_equal(*both)
        for both in zip(*([one.actions for one in two] for two in (rounds, again)), strict=True)
    )
    assert [one.instances for one in rounds] != [one.instances for one in other]
    tokenizer = load_tokenizer("countdown")
    texts = {
        tokenizer.decode(token for token in row.tolist() if token < tokenizer.vocab_size)
        for one in rounds
        for row in one.actions
    }
    assert any(text.count("=") == 1 and text[-1].isdigit() for text in texts)  # carefully, to the end
    assert len({len(text) for text in texts}) > 2


def test_ways_are_timed_on_all_rounds(bench, task, monkeypatch):
    played = []
    monkeypatch.setattr(bench, "play", lambda env, one: played.append(one.name) or one.seconds)

    class Named:
        def __init__(self, name, seconds):
            self.name, self.seconds = name, seconds

    old, new = [Named("old", 32.0)], [Named("new", 1.6), Named("new", 1.6)]
    assert bench.time_way(task, "potential", old, new) == (2.0, 0.1)
    assert played == ["new", "new", "old", "old", "old", "old"]  # new ones first, and the old ones warm up


def test_each_way_plays_the_rounds(bench, task):
    rounds = bench.write_rounds(task, 0)
    for way in bench.WAYS:
        env = bench.make(task, way)
        assert all(bench.play(env, one) > 0.0 for one in rounds)
