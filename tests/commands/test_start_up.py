"""What a command has to import before it answers: nothing that takes seconds, where it computes nothing."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

EXAMPLES = Path(__file__).parents[2] / "examples"
SLOW = {"torch", "transformers", "matplotlib", "datasets", "pyarrow", "scipy", "pandas", "accelerate", "peft"}
COMMANDS = (
    (EXAMPLES / "train_sentiment.py",),
    *(("-m", "agents", name) for name in ("train", "study", "report", "show", "leaderboard")),
    *(("-m", "rlsf_gym", name) for name in ("explore", "view", "check")),
)


def imported(*command, status=0):
    """Returns the top-level modules that a command imports, and what it writes to stdout."""
    done = subprocess.run(
        [sys.executable, "-X", "importtime", *map(str, command)], capture_output=True, text=True, timeout=120
    )
    assert done.returncode == status, done.stderr
    names = re.findall(r"^import time:.*\|\s*(\S+)$", done.stderr, re.MULTILINE)
    assert "argparse" in names  # the pattern finds what is there
    return {name.partition(".")[0] for name in names}, done.stdout


@pytest.mark.parametrize("command", COMMANDS)
def test_help_waits_for_nothing_slow(command):
    modules, shown = imported(*command, "--help")
    assert modules & SLOW == set()
    assert "--help" in shown


@pytest.mark.parametrize("command", COMMANDS)
def test_a_wrong_flag_is_told_before_anything_slow_is_imported(command):
    modules, shown = imported(*command, "--no-such-flag", status=2)
    assert (modules & SLOW, shown) == (set(), "")


@pytest.mark.whole
def test_the_report_of_a_run_needs_no_tensors(tiny_run):
    modules, shown = imported("-m", "agents", "show", tiny_run, "--no-figure")
    assert modules & SLOW == set()
    assert "perplexity" in shown
    assert imported("-m", "agents", "show", tiny_run)[0] & (SLOW - {"matplotlib"}) == set()


def test_agents_are_imported_when_they_are_asked_for():
    script = (
        "import argparse, sys, agents\n"
        "assert set(agents.__all__) <= set(dir(agents))\n"
        "assert 'torch' not in sys.modules\n"
        "from agents import evaluate, TokenPPO, GRPOConfig\n"
        "assert callable(evaluate) and 'torch' in sys.modules\n"
        "assert TokenPPO.__module__ == 'agents.learners.ppo' and GRPOConfig().group_size == 4\n"
        "print(all(hasattr(agents, name) for name in agents.__all__), hasattr(agents, 'Sarsa'))"
    )
    assert imported("-c", script)[1] == "True False\n"
