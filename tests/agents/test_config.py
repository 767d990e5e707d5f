"""agents/config.py: settings are checked when they are made."""

import dataclasses
import json

import pytest

from agents.learners.settings import TokenPPOConfig


def test_every_setting_has_a_line_of_help():
    texts = TokenPPOConfig.help_texts()
    assert list(texts) == [field.name for field in dataclasses.fields(TokenPPOConfig)]
    assert all(text and "\n" not in text for text in texts.values())


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"batch_size": 0}, "batch_size: expected a whole number >= 1, got 0"),
        ({"num_ppo_epochs": 1.5}, "num_ppo_epochs: expected a whole number >= 1, got 1.5"),
        ({"seed": -1}, "seed: expected a whole number >= 0, got -1"),
        ({"learning_rate": 0.0}, "learning_rate: expected a number > 0, got 0.0"),
        ({"learning_rate": float("nan")}, "learning_rate: expected a number > 0, got nan"),
        ({"whitening_floor": 0.0}, "whitening_floor: expected a number > 0, got 0.0"),
        ({"kl_coef": -0.1}, "kl_coef: expected a number >= 0, got -0.1"),
        ({"gamma": 1.1}, r"gamma: expected a number in \[0, 1\], got 1.1"),
        ({"lam_critic": -0.1}, r"lam_critic: expected a number in \[0, 1\], or None, got -0.1"),
        ({"cliprange_high": 0.0}, "cliprange_high: expected a number > 0, or None, got 0.0"),
        ({"critic_warmup_iterations": -1}, "critic_warmup_iterations: expected a whole number >= 0, got -1"),
        ({"critic_learning_rate": 0.0}, "critic_learning_rate: expected a number > 0, or None, got 0.0"),
        ({"vf_coef": -1.0}, "vf_coef: expected a number >= 0, got -1.0"),
        ({"critic_offset": 1.5}, r"critic_offset: expected a number in \[0, 1\], got 1.5"),
        (
            {"critic_offset": 0.5, "whiten_rewards": True},
            "critic_offset: expected 0 with whiten_rewards, which changes the unit of rewards, got 0.5",
        ),
        ({"group_size": 0}, "group_size: expected a whole number >= 1, got 0"),
        ({"cliprange_value": 0.0}, "cliprange_value: expected a number > 0, or None, got 0.0"),
        ({"lr_schedule": "cosine"}, "lr_schedule: expected one of 'linear', 'constant', got 'cosine'"),
        ({"kl_controller": "x"}, "kl_controller: expected one of 'fixed', 'adaptive', got 'x'"),
        ({"kl_estimator": "k1"}, "kl_estimator: expected one of 'exact', 'k3', got 'k1'"),
        ({"reward_share": "even"}, "reward_share: expected one of 'environment', 'entropy', got 'even'"),
        ({"response_length": 0}, "response_length: expected a whole number >= 1, or a pair in order, got 0"),
        ({"response_length": (5, 4)}, r"response_length: expected .* got \(5, 4\)"),
        ({"minibatch_size": 48}, "minibatch_size: expected a divisor of batch_size = 128, got 48"),
        ({"accumulation_steps": 3}, "accumulation_steps: expected a divisor of minibatch_size = 32, got 3"),
        ({"critic_learning_rate": "x"}, "critic_learning_rate: expected a number > 0, or None, got 'x'"),
        ({"critic_learning_rate": True}, "critic_learning_rate: expected a number > 0, or None, got True"),
        ({"learning_rate": None}, "learning_rate: expected a number > 0, got None"),
        ({"kl_coef": [0.1]}, r"kl_coef: expected a number >= 0, got \[0.1\]"),
        ({"gamma": True}, r"gamma: expected a number in \[0, 1\], got True"),
        ({"lam": "1"}, r"lam: expected a number in \[0, 1\], got '1'"),
        ({"max_approxkl": "x"}, "max_approxkl: expected a number > 0, or None, got 'x'"),
        ({"whiten_advantages": 1}, "whiten_advantages: expected True or False, got 1"),
        ({"missing_eos_penalty": "x"}, "missing_eos_penalty: expected a finite number, got 'x'"),
        (
            {"response_length": "12"},
            "response_length: expected a whole number >= 1, or a pair in order, got '12'",
        ),
        ({"response_length": True}, "response_length: expected .* got True"),
        ({"response_length": (1, 2, 3)}, r"response_length: expected .* got \(1, 2, 3\)"),
        ({"missing_eos_penalty": float("inf")}, "missing_eos_penalty: expected a finite number, got inf"),
    ],
)
def test_what_is_out_of_range_is_named(settings, message):
    with pytest.raises(ValueError, match=message):
        TokenPPOConfig(**settings)


def test_derived_sizes():
    config = TokenPPOConfig(batch_size=96, minibatch_size=24, accumulation_steps=3)
    assert (config.minibatches, config.micro_batch_size) == (4, 8)


def test_lengths_fit_the_environment():
    assert TokenPPOConfig().length_range(16) == (16, 16)
    assert TokenPPOConfig(response_length=4).length_range(16) == (4, 4)
    assert TokenPPOConfig(response_length=(4, 16)).length_range(16) == (4, 16)
    with pytest.raises(ValueError, match="T = 16, got 17; make the environment with max_new_tokens=17"):
        TokenPPOConfig(response_length=(4, 17)).length_range(16)


@pytest.mark.parametrize("length", [None, 8, (4, 16)])
def test_settings_survive_json(length):
    config = TokenPPOConfig(response_length=length, cliprange_value=None, learning_rate=1.41e-5)
    assert TokenPPOConfig.from_record(json.loads(json.dumps(config.to_record()))) == config


def test_settings_do_not_change():
    with pytest.raises(dataclasses.FrozenInstanceError):
        TokenPPOConfig().seed = 1
