"""agents/studies/training.py: what a training run and the best of many responses leave behind."""

import math

import gymnasium as gym
import numpy as np
import pytest

from agents.studies.training import best_of, make_env, train

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
