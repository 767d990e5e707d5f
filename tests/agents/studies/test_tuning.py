"""agents/studies/tuning.py: what the criterion is worth by hand, and which settings are taken."""

import pytest

from agents.studies.files import CellResult
from agents.studies.plan import Goal, Tuning
from agents.studies.read import parse_study
from agents.studies.tuning import area_within_divergence, choose, minus_episodes_to_score

TABLE = {
    "goal": {"kl_per_token": 0.5, "window": 1},
    "defaults": {"env_kwargs": {"max_new_tokens": 8}},  # K = 4
    "tuning": {"per": ["design"], "seeds": [8, 9], "grid": {"config.lr": [0.1, 0.2, 0.3]}},
    "cells": [{"group": "main", "seeds": 1, "grid": {"design": ["dense", "sparse"]}}],
}


def result_of(scores, divergences, settings, status="done"):
    rows = [
        {"record": "iteration", "episodes": 10.0 * (i + 1), "env/score": score, "objective/kl": kl}
        for i, (score, kl) in enumerate(zip(scores, divergences, strict=True))
    ]
    end = {"record": "end", "status": status, "reason": None}
    return CellResult({"record": "cell", "settings": settings}, (*rows, end))


TRIED = Tuning(per=(), seeds=(8,), grid={"config.lr": [0.1]}, score=0.75)


def test_area_by_hand():
    settings = {"env_kwargs": {"max_new_tokens": 8}}
    goal = Goal(kl_per_token=0.5, window=1)
    assert area_within_divergence(result_of([0.0, 1.0, 1.0], [0, 1, 2], settings), goal, TRIED) == 0.75
    # Beyond 4 nats the start counts: heights 0, 1, 0.
    assert area_within_divergence(result_of([0.0, 1.0, 1.0], [0, 4, 5], settings), goal, TRIED) == 0.5
    assert area_within_divergence(result_of([0.25], [0], settings), goal, TRIED) == 0.25
    # Over two iterations: scores 0, 0.5, 1 and divergences 0, 2.5, 5: heights 0, 0.5, 0.
    wide = Goal(kl_per_token=0.5, window=2)
    assert area_within_divergence(result_of([0.0, 1.0, 1.0], [0, 5, 5], settings), wide, TRIED) == 0.25
    assert area_within_divergence(result_of([0.0, 1.0], [0, 99], {}), Goal(window=1), TRIED) == 0.5


def test_episodes_to_a_score_by_hand():
    settings = {"env_kwargs": {"max_new_tokens": 8}}  # K = 4
    goal = Goal(kl_per_token=0.5, window=1)
    # Iterations stand at 0, 10, 20: from 0.5 at 10 to 1.0 at 20 the line is at 0.75 half-way.
    there = result_of([0.0, 0.5, 1.0], [0, 1, 2], settings)
    assert minus_episodes_to_score(there, goal, TRIED) == -15.0
    # Beyond 4 nats from the start of the second iteration on: the best that counts is 0, all is lacking.
    far = result_of([0.0, 0.9, 1.0], [0, 5, 6], settings)
    assert minus_episodes_to_score(far, goal, TRIED) == -60.0
    # Never above 0.5 of 0.75: 30 episodes, and a third of them again.
    assert minus_episodes_to_score(result_of([0.0, 0.5, 0.2], [0, 1, 1], settings), goal, TRIED) == -40.0
    # A lucky first batch is no window of two: averages 0.5, 0.3 and 0.75 from the second iteration on.
    lucky = result_of([0.9, 0.1, 0.5, 1.0], [0, 1, 1, 1], settings)
    assert minus_episodes_to_score(lucky, Goal(kl_per_token=0.5, window=2), TRIED) == -30.0


def test_a_score_that_cells_stop_at_is_counted_up_to():
    settings = {"env_kwargs": {"max_new_tokens": 8}, "stop_at": {"score": 0.5}}
    goal, tuning = (
        Goal(kl_per_token=0.5, window=1),
        Tuning(("design",), (8,), {"config.lr": [0.1]}, "episodes"),
    )
    # 10 episodes an iteration, half of the way from the second to the third: the numbers are of before it.
    assert minus_episodes_to_score(result_of([0.0, 0.25, 0.75], [0, 1, 1], settings), goal, tuning) == -15.0
    with pytest.raises(ValueError, match=r"tuning\.score: expected the score .* stop_at\.score of the cells"):
        minus_episodes_to_score(result_of([0.0, 0.9], [0, 1], {}), goal, tuning)


def test_a_window_of_episodes_is_as_many_iterations_as_fit():
    settings = {"env_kwargs": {"max_new_tokens": 8}}
    run = result_of([0.0, 1.0, 1.0], [0, 0, 0], settings)  # of 10 episodes an iteration
    # Over two iterations: 0, 0.5, 1, and 0.75 between 10 and 20.
    twenty = Goal(kl_per_token=0.5, window_episodes=29)
    assert minus_episodes_to_score(run, twenty, TRIED) == -15.0
    assert minus_episodes_to_score(run, Goal(kl_per_token=0.5, window_episodes=4), TRIED) == -7.5


def test_each_arm_tries_settings_of_its_own():
    dense = [{"config.lr": 0.1, "config.lam": 1.0}, {"config.lr": 0.2, "config.lam": 0.5}]
    sparse = [{"config.lr": 0.4, "config.lam": 1.0}, {"config.lr": 0.3, "config.lam": 1.0}]
    arms = [
        {"where": {"design": name}, "points": points}
        for name, points in (("dense", dense), ("sparse", sparse))
    ]
    tuning = {"per": ["design"], "seeds": [8], "arms": arms, "criterion": "episodes", "score": 0.5}
    study = parse_study("two", {**TABLE, "tuning": tuning})
    assert study.tuning.keys == ("config.lr", "config.lam") and study.tuning.budget == 2
    assert study.tuning.values() == {"config.lr": [0.1, 0.2, 0.4, 0.3], "config.lam": [1.0, 0.5]}
    tried = [(cell.settings["design"], cell.settings["config"]) for cell in study.tuning_cells()]
    assert tried == [
        *(("dense", {"lr": 0.1, "lam": 1.0}), ("dense", {"lr": 0.2, "lam": 0.5})),
        *(("sparse", {"lr": 0.4, "lam": 1.0}), ("sparse", {"lr": 0.3, "lam": 1.0})),
    ]
    results = {  # 10 / (8 lr) episodes to half
        cell.key: result_of([0.0, cell.settings["config"]["lr"] * 4], [0, 0], cell.settings)
        for cell in study.tuning_cells()
    }
    assert [choice.settings for choice in choose(study, results)] == [dense[1], sparse[0]]


@pytest.fixture
def study():
    return parse_study("two", TABLE)


def results_of(study, height):
    """Returns a constant curve for each tuning cell, `height(design, lr, seed)` high; None: it failed."""
    found = {}
    for cell in study.tuning_cells():
        high = height(cell.settings["design"], cell.settings["config"]["lr"], cell.seed)
        status = "failed" if high is None else "done"
        found[cell.key] = result_of([high or 0.0] * 2, [0, 0], cell.settings, status)
    return found


def test_the_best_mean_over_seeds_is_taken_for_each_value(study):
    heights = {("dense", 0.2): 0.5, ("sparse", 0.3): 0.4}
    results = results_of(study, lambda design, lr, seed: heights.get((design, lr), 0.1) + 0.02 * (seed - 8))
    dense, sparse = choose(study, results)
    assert (dense.where, dense.settings) == ({"design": "dense"}, {"config.lr": 0.2})
    assert (sparse.where, sparse.settings) == ({"design": "sparse"}, {"config.lr": 0.3})
    assert dense.candidates[1]["criterion"] == pytest.approx(0.51)
    assert dense.candidates[1]["seeds"] == pytest.approx([0.5, 0.52])


def test_of_equal_candidates_the_first_is_taken(study):
    assert {choice.settings["config.lr"] for choice in choose(study, results_of(study, lambda *_: 0.3))} == {
        0.1
    }


def test_a_candidate_that_failed_once_is_not_taken(study):
    results = results_of(study, lambda design, lr, seed: None if (lr, seed) == (0.3, 9) else lr)
    for choice in choose(study, results):
        assert choice.settings == {"config.lr": 0.2}
        assert choice.candidates[2]["criterion"] is None and choice.candidates[2]["seeds"][1] is None
    with pytest.raises(ValueError, match=r"each candidate failed at least once for .*dense"):
        choose(study, results_of(study, lambda *_: None))


def test_what_is_missing_is_named(study):
    results = results_of(study, lambda *_: 0.0)
    gone = study.tuning_cells()[0]
    del results[gone.key]
    with pytest.raises(ValueError, match=f"tuning: {gone.id} is not there yet"):
        choose(study, results)
    other = parse_study("two", {**TABLE, "tuning": {**TABLE["tuning"], "criterion": "volume"}})
    with pytest.raises(ValueError, match=r"tuning\.criterion: expected one of area, episodes, got 'volume'"):
        choose(other, results)
