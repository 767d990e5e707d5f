"""agents/parallel.py: two processes learn what one would, and leave what one would."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
from pathlib import Path

import pytest
import safetensors.torch
import torch
from torch import nn

from agents import TokenPPOConfig
from agents.learners.start import check_rounds, make_env
from agents.parallel import Processes, join_processes
from agents.rollouts.player import Shapes
from tests.helpers.loaded import load_file

pytestmark = pytest.mark.whole

pytest.importorskip("accelerate")

SCRIPT = Path(__file__).parent / "two_processes.py"
TOLERANCE = 1e-5
two_processes = load_file(SCRIPT)


class Second(Processes):
    """The second of two, as far as shares go."""

    rank, count = 1, 2


@pytest.mark.skipif(not hasattr(os, "fork"), reason="the two processes are forked")
def test_two_processes_learn_what_one_does(tmp_path):
    """One test, as starting two processes takes longer than all that they do."""
    run_together(tmp_path)
    for name in two_processes.RUNS:
        check_run(name, tmp_path)
    check_who_saves(tmp_path)
    check_resumed(tmp_path)
    check_survivor(tmp_path)


def run_together(folder):
    """Has two processes do all that `two_processes.py` has, the second to fail in the end."""
    two_processes.save_half(Processes(), folder / "saved-by-one")
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    environment = {**os.environ, "OMP_NUM_THREADS": "1", "PYTHONPATH": str(Path(__file__).parents[2])}
    command = [sys.executable, str(SCRIPT), str(port), str(folder)]
    done = subprocess.run(
        command, env=environment, stderr=subprocess.PIPE, text=True, timeout=200, check=False
    )
    assert done.returncode == 0, done.stderr
    assert "KeyError: 'no such model'" in done.stderr


def largest_difference(ours, theirs):
    assert set(ours) == set(theirs)
    return max((ours[name] - theirs[name]).abs().max().item() for name in ours)


def check_run(name, together):
    """Asserts that a run had the prompts, the metrics and after each iteration the weights of one process."""
    alone = two_processes.run(name, Processes())
    told = json.loads((together / name / "told.json").read_text())
    assert told["prompts"] == alone.prompts
    for index, weights in enumerate(alone.weights):
        theirs = safetensors.torch.load_file(together / name / f"{index}.safetensors")
        assert largest_difference(weights, theirs) < TOLERANCE
    moved = largest_difference(alone.weights[0], alone.weights[-1])
    assert moved > 100 * TOLERANCE
    for ours, theirs in zip(alone.metrics, told["metrics"], strict=True):
        assert theirs == pytest.approx(ours, rel=1e-4, abs=TOLERANCE, nan_ok=True)
    steps = {row["policy/steps"] for row in alone.metrics}
    assert (steps == {4.0}) is (name != "stop")
    assert all(row["policy/rescored"] == name.startswith("stale") for row in alone.metrics)


def check_who_saves(together):
    """Asserts that the main process alone does."""
    assert (together / "saved-0").is_dir()
    assert not (together / "saved-1").exists()


def check_resumed(together):
    """Asserts that two finished the run of one, and that one finishes the run of two."""
    one = two_processes.finish_half(Processes(), together / "saved-by-one")
    two = safetensors.torch.load_file(together / "finished.safetensors")
    turned = two_processes.finish_half(Processes(), together / "saved-0")
    assert largest_difference(one, two) < TOLERANCE
    assert largest_difference(one, turned) < TOLERANCE


def check_survivor(together):
    """Asserts that the main process said what it lost, and was whole."""
    assert (together / "lost.txt").read_text().startswith("process 0 of 2 lost the others, whose own message")
    agent = two_processes.TokenPPO.load(together / "survived", two_processes.make_env(Processes()))
    assert agent.iteration == 1


def test_one_process_alone_keeps_everything():
    alone, x = Processes(), torch.arange(6.0)
    parameter = nn.Parameter(x.clone())
    parameter.grad = x.clone()
    alone.sum_gradients([parameter])
    assert alone.is_main
    assert torch.equal(alone.share(x), x)
    assert alone.gather_rows(x) is x
    assert alone.gather_items("ab") == ["a", "b"]
    assert torch.equal(parameter.grad, x)
    assert (alone.any(True), alone.any(False)) == (True, False)


def test_shares_follow_each_other():
    assert Second().share(torch.arange(6)).tolist() == [3, 4, 5]
    assert not Second().is_main


def test_shares_are_equal():
    check_rounds(TokenPPOConfig(), Shapes(64, 1, 1, 1), Second())
    with pytest.raises(ValueError, match="multiple of the environment's num_envs = 128, times 2 processes"):
        check_rounds(TokenPPOConfig(), Shapes(128, 1, 1, 1), Second())
    odd = TokenPPOConfig(batch_size=6, minibatch_size=3)
    with pytest.raises(ValueError, match="minibatch_size: expected a multiple of the 2 processes, got 3"):
        check_rounds(odd, Shapes(3, 1, 1, 1), Second())
    with pytest.raises(ValueError, match="batch_size: expected a multiple of the 2 processes, got 3"):
        make_env("Toy-v0", TokenPPOConfig(batch_size=3, minibatch_size=3), None, Second())


def test_a_script_that_was_not_launched_is_alone(monkeypatch):
    monkeypatch.delenv("WORLD_SIZE", raising=False)
    assert type(join_processes("cpu")) is Processes


def test_what_several_processes_need(monkeypatch):
    monkeypatch.setenv("WORLD_SIZE", "2")
    with pytest.raises(
        ValueError, match="device: expected 'cpu' or 'cuda' for several processes, got 'cuda:1'"
    ):
        join_processes("cuda:1")
    monkeypatch.setitem(sys.modules, "accelerate", None)
    with pytest.raises(ImportError, match=r"install it with: pip install 'rlsf-gym\[scale\]'"):
        join_processes("cpu")
