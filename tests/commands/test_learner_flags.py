"""The settings of the learners on the command line: each is there, and means what it says."""

import dataclasses
import json

import pytest

from agents import GRPO, RLOO, TokenPPO
from agents.training import settings
from rlsf_gym.presets.table import load_preset

PRESET = load_preset("sentiment")

AGENTS = {"ppo": TokenPPO, "rloo": RLOO, "grpo": GRPO}
TYPED = {  # setting: (flag, what is typed, what the learner gets), none of them the default
    "seed": ("seed", "7", 7),
    "batch_size": ("batch-size", "64", 64),
    "group_size": ("group-size", "8", 8),
    "minibatch_size": ("minibatch-size", "16", 16),
    "accumulation_steps": ("accumulation-steps", "2", 2),
    "num_ppo_epochs": ("ppo-epochs", "1", 1),
    "reward_share": ("reward-share", "entropy", "entropy"),
    "candidates": ("candidates", "off", "off"),
    "future": ("future", "0.5", 0.5),
    "missing_eos_penalty": ("missing-eos-penalty", "-0.5", -0.5),
    "learning_rate": ("lr", "1e-5", 1e-5),
    "lr_schedule": ("lr-schedule", "constant", "constant"),
    "warmup_iterations": ("warmup-iterations", "3", 3),
    "adam_eps": ("adam-eps", "1e-8", 1e-8),
    "max_grad_norm": ("max-grad-norm", "0.5", 0.5),
    "kl_coef": ("kl-coef", "0", 0.0),
    "kl_controller": ("kl-controller", "adaptive", "adaptive"),
    "target_kl": ("target-kl", "2", 2.0),
    "kl_horizon": ("kl-horizon", "500", 500),
    "kl_estimator": ("kl-estimator", "k3", "k3"),
    "gamma": ("gamma", "0.5", 0.5),
    "standardise_scores": ("standardise-scores", "on", True),
    "whiten_rewards": ("whiten-rewards", "on", True),
    "whitening_floor": ("whitening-floor", "0.1", 0.1),
    "cliprange": ("cliprange", "0.1", 0.1),
    "cliprange_high": ("cliprange-high", "0.28", 0.28),
    "entropy_coef": ("entropy-coef", "0.01", 0.01),
    "max_approxkl": ("max-approxkl", "0.05", 0.05),
    "critic_learning_rate": ("critic-learning-rate", "0.01", 0.01),
    "critic_warmup_iterations": ("critic-warmup-iterations", "2", 2),
    "lam": ("lam", "1", 1.0),
    "lam_critic": ("lam-critic", "1", 1.0),
    "cliprange_value": ("cliprange-value", "none", None),
    "vf_coef": ("vf-coef", "0.5", 0.5),
    "critic_offset": ("critic-offset", "0.5", 0.5),
    "baseline": ("baseline", "return", "return"),
    "scale": ("scale", "batch", "batch"),
}


@pytest.fixture(scope="module")
def configure():
    """Returns a function: arguments -> the learner's config."""

    def call(*arguments):
        given = vars(settings.make_parser(PRESET, "").parse_args(arguments))
        closed = {"boundary": "closed"}  # where candidates are told, the preset has settings of its own
        return settings.make_config(settings.complete(PRESET, {**given, **closed}))

    return call


@pytest.mark.parametrize("agent", AGENTS)
def test_what_is_not_given_is_the_learners_own_default(configure, agent):
    assert configure("--agent", agent) == AGENTS[agent].config_class(response_length=(16, 16))


@pytest.mark.parametrize("agent", AGENTS)
def test_every_setting_is_a_flag(configure, agent):
    config_class = AGENTS[agent].config_class
    whitened = config_class().whiten_advantages
    typed = {**TYPED, "whiten_advantages": ("whiten-advantages", "off" if whitened else "on", not whitened)}
    for field in dataclasses.fields(config_class):
        if field.name == "response_length":  # of the environment, too
            continue
        flag, text, expected = typed[field.name]
        assert getattr(config_class(), field.name) != expected
        found = configure("--agent", agent, f"--{flag}", text)
        wanted = config_class(**{field.name: expected, "response_length": (16, 16)})
        assert found == wanted
        assert type(getattr(found, field.name)) is type(expected)
        assert configure("--agent", agent, f"--{flag.replace('-', '_')}", text) == wanted


def test_a_switch_by_itself_is_on(configure):
    assert configure("--standardise-scores").standardise_scores is True
    assert configure("--whiten-advantages", "off").whiten_advantages is False


def test_help_says_what_the_config_says(configure, capsys):
    with pytest.raises(SystemExit):
        settings.make_parser(PRESET, "").parse_args(["--help"])
    shown = " ".join(capsys.readouterr().out.split())
    for agent in AGENTS.values():
        for name, text in agent.config_class.help_texts().items():
            if name not in ("response_length", "group_size", "whiten_advantages"):  # said once for all
                assert text in shown
    assert "(default: 1 under ppo, 4 under rloo and grpo)" in shown
    assert "(default: on under ppo, off under rloo and grpo)" in shown
    assert "(default: 0.95 under ppo)" in shown
    assert "(default: group under grpo)" in shown


def test_runs_of_before_every_setting_was_recorded():
    """They left the group to the learner, and had --lam under every one."""
    old = {"agent": "rloo", "group_size": None, "lam": 0.95, "batch_size": 8, "response_length": "4"}
    found = settings.read_stored(PRESET, old)
    assert (found["group_size"], found["baseline"], found["cliprange"]) == (4, "share", 0.2)
    assert settings.make_config(found | {"minibatch_size": 8}).batch_size == 8
    assert settings.differences({"cliprange": 0.2, "batch_size": 8}, found) == []
    assert settings.differences({"cliprange": 0.3}, found) == [
        "--cliprange is 0.3 but the run was started with 0.2"
    ]
    ppo = settings.read_stored(PRESET, json.loads('{"cliprange_value": null}'))
    assert (ppo["agent"], ppo["cliprange_value"], ppo["lam"]) == ("ppo", None, 0.95)
