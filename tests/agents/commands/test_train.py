"""`python -m agents train --env ID`: a run of an environment of which nothing is known but its id."""

import json
from functools import partial

import gymnasium as gym
import pytest

from agents.commands import train
from tests.helpers.called import call_main

ENV_ID = "RoomToy-v0"


@pytest.fixture(autouse=True)
def toy_id(make_toy):
    gym.register(ENV_ID, vector_entry_point=lambda num_envs: make_toy(num_envs))
    yield
    del gym.registry[ENV_ID]


@pytest.fixture
def call(tmp_path, capsys, monkeypatch):
    """Returns a function: arguments -> (status, stdout, lines of stderr), in an empty folder."""
    monkeypatch.chdir(tmp_path)
    return partial(call_main, capsys, train.main)


@pytest.fixture
def flags(make_policy, tmp_path):
    make_policy().save_pretrained(tmp_path / "policy")
    return (
        *("--env", ENV_ID, "--policy", tmp_path / "policy", "--episodes", 16, "--batch-size", 8),
        *("--minibatch-size", 4, "--eval-samples", 8, "--threads", 1, "--out", "run"),
    )


def test_a_run_of_any_environment_trains_resumes_and_leaves_its_samples(call, flags, tmp_path):
    status, output, errors = call(*flags)
    assert status == 0, errors
    run = tmp_path / "run"
    config = json.loads((run / "config.json").read_text())
    assert (config["preset"], config["settings"]["env"]) == ("env", ENV_ID)
    lines = [json.loads(line) for line in (run / "samples.jsonl").read_text().splitlines()]
    assert {line["group"] for line in lines} == {"before", "after"}
    for line in lines:
        assert len(line["tokens"]) == len(line["rewards"]) > 0
        assert all(type(token) is int for token in line["tokens"])
        # The toy pays 1 for token 3 and a quarter for its end, token 11.
        assert line["rewards"] == [{3: 1.0, 11: 0.25}.get(token, 0.0) for token in line["tokens"]]
    assert not (run / "samples.html").exists() and "samples.jsonl" in output
    status, output, errors = call("--resume", "run", "--episodes", 24, "--lr-schedule", "linear")
    assert status == 0, errors
    assert json.loads((run / "summary.json").read_text())["episodes"] == 24
    assert call("--resume", "run")[1].startswith("run is finished already")


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ((), "error: --env: expected the id of an environment, such as package:Name-v0, got none"),
        (("--env", ENV_ID, "--epochs", 1), "--epochs: an environment of --env does not say how many prompts"),
        (("--env", ENV_ID, "--scorer", "x"), "unrecognized arguments: --scorer"),
        (("--preset", "nothing"), "--preset: expected "),
    ],
)
def test_what_a_run_without_a_preset_needs(call, monkeypatch, arguments, said):
    monkeypatch.setattr("agents.training.preset.entry_points", lambda group: ())
    status, output, errors = call(*arguments)
    assert (status, output, len(errors)) == (2, "", 1), errors
    assert said in errors[0]


def test_an_environment_that_is_not_registered(call, flags):
    status, _, errors = call(*flags, "--env", "Romtoy-v0")
    assert (status, len(errors)) == (1, 2), errors  # --env is given twice, which is said
    assert "Romtoy" in errors[1]


@pytest.mark.parametrize("package", ["torch", "transformers", "safetensors"])
def test_without_the_extra_it_is_named(call, monkeypatch, package):
    monkeypatch.setitem(__import__("sys").modules, package, None)
    status, output, errors = call("--env", ENV_ID)
    assert (status, output, len(errors)) == (1, "", 1)
    assert errors[0].startswith(f"error: training needs the package {package!r}")
    assert errors[0].endswith("install it with: pip install 'rlsf-gym[agents]'")
