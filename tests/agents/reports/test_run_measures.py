"""agents/reports/run_measures.py: when a run is at a goal, by hand."""

import math

from agents.reports.run_measures import first_time, read_curves
from agents.studies.files import CellResult
from agents.studies.plan import Goal

END = {"record": "end", "status": "done", "reason": None}


def run_of(scores, kls):
    rows = [
        {"record": "iteration", "episodes": 8.0 * (i + 1), "env/score": score, "objective/kl": kl}
        for i, (score, kl) in enumerate(zip(scores, kls, strict=True))
    ]
    return CellResult({"seed": 0, "settings": {}, "id": "run"}, (*rows, END))


def test_a_goal_is_reached_by_the_average_over_a_whole_window():
    goal = Goal(window_episodes=16)  # two iterations of 8
    lucky = read_curves(run_of([0.9, 0.1, 0.3, 0.7], [0.0] * 4), goal)
    assert lucky.window == 2 and lucky.score.tolist() == [0.9, 0.5, 0.2, 0.5]
    assert first_time(lucky, 0.5, math.inf) == 8.0  # not 0, where the first batch alone is above
    assert first_time(lucky, 0.6, math.inf) == math.inf
    short = read_curves(run_of([0.9], [0.0]), goal)
    assert first_time(short, 0.5, math.inf) == 0.0
