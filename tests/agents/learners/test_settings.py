"""agents/learners/settings.py: the table of learners holds what it says."""

import pytest

import agents
from agents.learners.learner import Learner
from agents.learners.settings import LEARNERS, find_learner


@pytest.mark.parametrize("name", LEARNERS)
def test_each_row_is_a_learner_of_that_name_with_those_settings(name, make_group_toy, make_policy):
    learner, config = find_learner(name), LEARNERS[name].config
    assert issubclass(learner, Learner)
    assert learner.name == name and learner.config_class is config
    assert getattr(agents, learner.__name__) is learner and getattr(agents, config.__name__) is config
    settings = {"batch_size": 8, "minibatch_size": 8, "num_ppo_epochs": 1, "learning_rate": 1e-2}
    agent = learner(make_policy(), make_group_toy(num_envs=8), config(**settings))
    before = [p.detach().clone() for p in agent.policy.backbone.parameters()]
    assert agent.learn(8).iteration == 1
    moved = [
        (p - q).abs().max().item() for p, q in zip(agent.policy.backbone.parameters(), before, strict=True)
    ]
    assert max(moved) > 0.0


def test_a_class_of_ones_own_is_found_by_its_place():
    assert find_learner("agents.learners.ppo:TokenPPO") is agents.TokenPPO


@pytest.mark.parametrize("name", ["sarsa", ""])
def test_other_names_are_refused_with_those_that_there_are(name):
    with pytest.raises(
        ValueError, match=r"agent: expected one of ppo, rloo, grpo or 'module:attribute', got "
    ):
        find_learner(name)


@pytest.mark.parametrize(
    ("place", "given"),
    [
        ("agents.learners.ppo:TokenPPPO", "got nothing of this name"),
        ("agents.config:LearnerConfig", "LearnerConfig'>, which has no config_class"),
    ],
)
def test_what_is_no_learner_is_told(place, given):
    with pytest.raises(
        ValueError, match=rf"agent: expected {place} to be a class with the interface .*{given}"
    ):
        find_learner(place)
