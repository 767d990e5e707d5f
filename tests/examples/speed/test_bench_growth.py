"""The benchmark of growth: what it makes of seconds and sizes."""

import pytest


@pytest.fixture
def bench():
    from examples.speed import bench_growth

    return bench_growth


class Clock:
    """A learner that takes a second for each episode, and 10 in the round that warms up."""

    def __init__(self, model):
        from examples.speed.peers.work import read_work

        self.work, self.rounds, self.kept = read_work(model), 0, []

    def iterate(self):
        self.kept.append(float(self.work.batch * self.work.response_length) + 10.0 * (self.rounds == 0))
        self.rounds += 1

    def forget(self):
        self.kept.clear()

    def median(self, key):
        return {"seconds": sum(self.kept) / len(self.kept), "peak_mb": 5.0}[key]

    def close(self):
        self.rounds = -1


def test_growth_is_relative_to_proportion(bench):
    assert bench.growth([2.0, 6.0, 6.0], [1, 2, 4]) == [1.0, 1.5, 0.75]


def test_sizes_are_part_of_a_name():
    from examples.speed.peers.work import WORKS, read_work

    assert read_work("tiny") == WORKS["tiny"]
    changed = read_work("tiny:batch=32:response_length=64:batch=256")
    assert (changed.batch, changed.response_length, changed.width) == (256, 64, 256)


def test_every_size_has_a_row_and_the_first_round_does_not_count(bench, monkeypatch, capsys):
    made = []

    def start(name, model, threads, peers):
        assert (name, threads, peers) == ("agents", 1, {})
        made.append(Clock(model))
        return made[-1]

    monkeypatch.setattr(bench, "start", start)
    report = bench.measure(quick=True, rounds=2, threads=1)
    assert [row["size"] for row in report["batch"]] == [8, 16]
    assert [row["seconds"] for row in report["batch"]] == [8.0 * 16, 16.0 * 16]
    assert [row["growth"] for row in report["response_length"]] == [1.0, 1.0]
    assert [row["operations"] for row in report["batch"]] == [1.0, pytest.approx(1.0, abs=0.05)]
    assert all(clock.rounds == -1 for clock in made)
    bench.print_table(report)
    assert len(capsys.readouterr().out.splitlines()) == 6
