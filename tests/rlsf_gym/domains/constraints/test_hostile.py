"""Hostile answers to puzzles: a verdict with a reason, and a proof of it, in little time."""

import time

import gymnasium as gym
import numpy as np
import pytest

from rlsf_gym.domains import load_domain

ANSWERS = {
    "empty": "",
    "spaces": " " * 100_000,
    "digits": "1" * 100_000,
    "names": "A is a knight. " * 7_000,
    "parentheses": "(" * 100_000,
    "other digits": "\u0661\u00b2\uff13",
    "nothing to see": "\0\x1b[31m\u202e",
    "line feeds": "\n\r\t\u00a0",
    "half a pair": "\ufffd" * 1_000,
    "signs": "+1 -1 --1",
    "letters and spaces": ("r" + " " * 10) * 5_000,
}


@pytest.mark.parametrize("name", ["sudoku", "knights", "constraints"])
@pytest.mark.parametrize("kind", ANSWERS)
def test_hostile_answers_end_in_a_verdict_with_a_reason(name, kind):
    domain, answer = load_domain(name), ANSWERS[kind]
    scorer, instance = domain.load_scorer(name), domain.instances("all").sample(np.random.default_rng(0))
    start = time.process_time()
    told = scorer.assess([instance], [answer], [np.arange(len(answer) + 1)])[0].certificate
    told.check(instance.prompt, answer, instance)
    assert time.process_time() - start < 5  # a second on an idle core
    payload = told.payload
    assert (told.score, payload["status"] in ("dead", "unfinished")) == (0.0, True)
    assert payload["reason"] and payload["because"] and "\n" not in payload["because"]


def test_an_environment_takes_them_too():
    env = gym.make("rlsf_gym:rlsf_gym/KnightsAndKnavesText-v0", verify=True)
    for seed, answer in enumerate(("\u0661", "A is a knight" * 9, "(" * 128)):
        env.reset(seed=seed)
        assert env.step(answer)[4]["solved"] == 0.0
