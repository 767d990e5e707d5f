"""examples/measurements/seconds_to_goal.py: turns, warm-up and medians by hand."""

import pytest

pytestmark = pytest.mark.whole


def test_seconds_are_medians_of_what_an_episode_takes():
    from examples.measurements.seconds_to_goal import seconds_of

    now, order = [0.0], []

    class Learner:
        def __init__(self, name, seconds):
            self.name, self.seconds, self.done = name, iter(seconds), 0

        def learn(self, total_episodes):
            order.append(self.name)
            assert total_episodes == self.done + 32
            self.done = total_episodes
            now[0] += next(self.seconds)

    learners = {
        "slow": Learner("slow", [640.0, 32.0, 96.0, 64.0]),
        "fast": Learner("fast", [0.0, 3.2, 3.2, 3.2]),
    }
    found = seconds_of(learners, 3, 32, clock=lambda: now[0])
    assert found == pytest.approx({"slow": 2.0, "fast": 0.1})
    assert order == ["slow", "fast"] * 4


def test_arms_are_told_by_their_runs_that_reached_the_goal():
    from types import SimpleNamespace

    from agents.reports.run_measures import Curves, Task
    from examples.measurements.seconds_to_goal import summarise

    def curves(scores):
        import numpy as np

        x = 8.0 * np.arange(len(scores))
        flat = np.zeros(len(scores))
        return Curves(x, np.array(scores), np.array(scores), flat, {}, {}, {})

    arm = SimpleNamespace(
        name="one", task=0, results=[SimpleNamespace(seed=seed) for seed in (0, 1)],
        curves=[curves([0.0, 1.0]), curves([0.0, 0.0])],
    )  # fmt: skip
    task = Task("", 0.0, 1.0, "", 0.5, 15.0, 8.0)
    found = summarise(arm, [task], 0.25)
    assert found == ("one", 1, 2, 4.0, 0.25)


def test_seconds_are_written_as_a_report_reads_them(tmp_path):
    from agents.reports.seconds import read_seconds
    from examples.measurements.seconds_to_goal import Timed, seconds_text

    timed = [Timed("one", 1, 2, 4.0, 0.0123456), Timed("two", 0, 2, float("nan"), 0.25)]
    (tmp_path / "seconds.json").write_text(seconds_text(timed, 5), encoding="utf-8")
    assert read_seconds(tmp_path) == {"one": 0.0123, "two": 0.25}
