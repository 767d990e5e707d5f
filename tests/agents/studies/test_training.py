"""agents/studies/training.py: what a training run and the best of many responses leave behind."""

import math

import gymnasium as gym
import numpy as np
import pytest

from agents.studies.training import GoalStop, best_of, chance_of_any, make_env, train

ENV_ID = "StudyToy-v0"
SETTINGS = {
    "run": "agents.study_training:train",
    "agent": "ppo",
    "env": ENV_ID,
    "episodes": 24,
    "eval_episodes": 8,
    "samples": 2,
    "config": {"batch_size": 8, "minibatch_size": 8, "num_ppo_epochs": 1},
}


@pytest.fixture
def toy(make_group_toy, request):
    """The class of the toy environment, registered, with the environments that were made of it."""

    class Toy(make_group_toy):
        made = []
        diverges_at = math.inf
        """Number of the step whose rewards are not finite."""
        scores = None
        """Scores by step, (steps, B); None: those of the toy."""

        def __init__(self, num_envs, *, split="train"):
            super().__init__(num_envs)
            self.split, self.steps = split, 0
            self.made.append(self)

        def step(self, actions):
            observation, rewards, ended, cut, infos = super().step(actions)
            ending = infos["final_info"]
            if self.steps == self.diverges_at:
                ending["token_rewards"] = ending["token_rewards"] * np.nan
            if self.scores is not None:
                ending["score"] = np.array(self.scores[self.steps])
            self.steps += 1
            return observation, rewards, ended, cut, infos

    gym.register(ENV_ID, vector_entry_point=Toy)
    request.addfinalizer(lambda: gym.registry.pop(ENV_ID))
    return Toy


@pytest.fixture
def settings(toy, make_policy, tmp_path):
    make_policy().save_pretrained(tmp_path / "policy")
    return {**SETTINGS, "policy": str(tmp_path / "policy")}


def test_a_training_run_leaves_iterations_evaluations_and_samples(settings):
    before, *rows, after, samples = train(settings, 3)
    assert [row["record"] for row in (before, after, samples)] == ["evaluation", "evaluation", "samples"]
    assert (before["when"], after["when"], samples["when"]) == ("before", "after", "after")
    assert [(row["record"], row["episodes"]) for row in rows] == [("iteration", n) for n in (8, 16, 24)]
    assert {"score", "kl", "perplexity", "distinct_1", "repetition", "self_bleu"} <= set(after["summary"])
    assert before["summary"]["kl"] == pytest.approx(0.0, abs=1e-6) and after["summary"]["kl"] > 1e-6
    assert len(samples["samples"]) == 2
    for sample in samples["samples"]:
        assert len(sample["tokens"]) == len(sample["token_rewards"])
        # The toy pays 1 for each token 3 and a quarter for the end token 11.
        assert sample["token_rewards"] == [{3: 1.0, 11: 0.25}.get(token, 0.0) for token in sample["tokens"]]


def test_equal_seeds_give_equal_records_and_others_others(settings):
    runs = [list(train(settings, seed)) for seed in (3, 3, 4)]
    assert runs[0] == runs[1] != runs[2]


def test_extra_episodes_are_played_on_top(settings):
    records = list(train({**settings, "extra_episodes": 16}, 0))
    assert [row["episodes"] for row in records if row["record"] == "iteration"] == [8, 16, 24, 32, 40]


def test_evaluations_have_arguments_of_their_own(toy, settings):
    list(train({**settings, "episodes": 8, "eval_env_kwargs": {"split": "eval"}}, 0))
    assert {env.split: env.steps for env in toy.made} == {"train": 1, "eval": 2}
    assert make_env({**settings, "env_kwargs": {"split": "mine"}}, 2, evaluating=True).split == "mine"


def test_a_run_that_leaves_the_finite_keeps_its_iterations(toy, settings):
    toy.diverges_at = 2
    records = []
    with pytest.raises(FloatingPointError, match="iteration 3"):
        for record in train(settings, 0):
            records.append(record)  # one by one: what came before the exception counts
    assert [record["record"] for record in records] == ["evaluation", "iteration", "iteration"]


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"epsiodes": 8}, "settings: expected some of run, .*, got 'epsiodes'"),
        ({"agent": "dqn"}, r"agent: expected one of ppo, rloo, grpo or 'module:attribute', got 'dqn'"),
        ({"config": {"batch_size": 0}}, "batch_size: expected a whole number >= 1, got 0"),
    ],
)
def test_wrong_settings_are_named(settings, change, message):
    with pytest.raises(ValueError, match=message):
        next(train({**settings, **change}, 0))


@pytest.mark.parametrize("agent", ["rloo", "grpo"])
def test_learners_with_groups_train_as_well(settings, agent):
    config = {**settings["config"], "group_size": 4}
    records = list(train({**settings, "agent": agent, "config": config}, 0))
    assert [row["episodes"] for row in records if row["record"] == "iteration"] == [8, 16, 24]


def test_the_best_of_some_responses_by_hand(toy, settings):
    toy.scores = [[0.0, 1.0, 2.0, 3.0], [10.0, 11.0, 12.0, 13.0]]
    (record,) = best_of({**settings, "n": 4, "prompts": 2}, 0)
    # Means 1.5 and 11.5, largest 3 and 13.
    assert record == {"record": "attainable", "start": 6.5, "best": 8.0, "n": 4, "prompts": 2}
    (env,) = toy.made
    given = [options["prompts"] for options in env.given if options is not None]
    assert [len(set(prompts)) for prompts in given] == [1, 1] and given[0] != given[1]


@pytest.mark.parametrize(
    ("scores", "episodes"),
    [
        ([9, 9, 9, 9, 9], [8, 16]),  # reached before the least number of episodes
        ([0, 4, 6, 9, 9], [8, 16, 24]),  # (4 + 6) / 2 is 5
        ([9, 1, 0, 0, 9], [8, 16]),  # reached once, at (9 + 1) / 2
        ([0, 0, 0, 9, 0], [8, 16, 24, 32, 40]),  # never: (0 + 9) / 2 is less
    ],
)
def test_a_run_ends_at_its_goal_between_its_least_and_most_episodes(toy, settings, scores, episodes):
    scored = {"train": [[float(score)] * 8 for score in scores], "eval": [[0.0, 0.0]] * 9}

    class Scored(toy):
        @property
        def scores(self):
            return scored[self.split]

    gym.registry.pop(ENV_ID)
    gym.register(ENV_ID, vector_entry_point=Scored)
    config = {**settings["config"], "lr_schedule": "constant"}
    more = {"episodes": 16, "most_episodes": 40, "stop_at": {"score": 5.0, "window_episodes": 16}}
    more |= {"config": config, "eval_episodes": 2, "samples": 0, "eval_env_kwargs": {"split": "eval"}}
    records = list(train({**settings, **more}, 0))
    assert [row["episodes"] for row in records if row["record"] == "iteration"] == episodes


def test_a_goal_counts_within_its_divergence_alone():
    stop = GoalStop(8, score=0.5, window=1, kl=2.0)
    rows = [(8, 0.9, 3.0), (16, 0.4, 1.0), (24, 0.5, 2.0)]
    told = [
        stop.on_iteration({"episodes": n, "env/score": score, "objective/kl": kl}, {}, [])
        for n, score, kl in rows
    ]
    assert told == [True, True, False]


def test_a_goal_in_the_critics_warm_up_is_none():
    """The window begins anew behind the 16 episodes of the warm-up: 0.9 and 0.2 in it are 0.55 too little."""
    stop = GoalStop(24, score=0.6, window=2, after=16)
    scores = [(8, 0.9), (16, 0.9), (24, 0.9), (32, 0.2), (40, 1.0)]
    told = [
        stop.on_iteration({"episodes": n, "env/score": score, "objective/kl": 0.0}, {}, [])
        for n, score in scores
    ]
    assert told == [True, True, True, True, False]


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"most_episodes": 40}, "most_episodes: .* `stop_at` with it, got 40 and {}"),
        ({"stop_at": {"score": 1.0, "window_episodes": 8}}, "most_episodes: expected .*, got None and"),
        ({"most_episodes": 8, "stop_at": {"score": 1.0, "window_episodes": 8}}, "most_episodes: expected"),
        ({"most_episodes": 40, "stop_at": {"score": 1.0}}, "stop_at: expected score, window_episodes"),
        (
            {"most_episodes": 40, "stop_at": {"score": 1.0, "window_episodes": 8}, "config": {}},
            "stop_at: expected config.lr_schedule = 'constant'",
        ),
    ],
)
def test_a_stop_that_can_not_be_is_refused(settings, change, message):
    config = {**settings["config"], "lr_schedule": "constant"}
    with pytest.raises(ValueError, match=message):
        next(train({**settings, "config": config, **change}, 0))


@pytest.mark.parametrize(
    ("n", "right", "k", "chance"),
    [
        (4, 0, 2, 0.0),
        (4, 1, 1, 0.25),
        (4, 2, 2, 5 / 6),
        (4, 3, 2, 1.0),
    ],  # of six pairs of 2 + 2, one is wrong
)
def test_the_chance_that_one_of_some_is_right(n, right, k, chance):
    assert chance_of_any(n, right, k) == pytest.approx(chance, abs=1e-12)


@pytest.mark.parametrize(
    ("table", "message"),
    [
        (64, "pass_at: expected n and prompts, whole numbers >= 1, got 64"),
        ({"n": 4}, "pass_at: expected n and prompts"),
        ({"n": 4, "prompts": 0}, "pass_at: expected n and prompts"),
        ({"n": 4, "prompts": 2, "env": "x"}, "pass_at: expected n and prompts"),
        ({"n": 4, "prompts": 2}, "pass_at: expected an environment that reports `solved`"),
    ],
)
def test_what_can_not_be_passed_is_refused_before_training(settings, table, message):
    with pytest.raises(ValueError, match=message):
        next(train({**settings, "pass_at": table}, 0))
