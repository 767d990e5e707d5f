"""`rlsf-study`: a user's own design and agent in a study, tuned and run through the command line."""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from agents.commands import study as study_command
from agents.reports.run_measures import all_measures
from agents.studies.files import read_results
from agents.studies.read import read_study

pytestmark = pytest.mark.whole

ROOT = Path(__file__).parents[2]
MINE = '''
"""A design and a learner of a user's."""
import numpy as np
from agents import TokenPPO
from rlsf_gym.designs import Design

def pay_first(evidence, *, rng):
    """All of the gain, on the first token."""
    rewards = np.zeros(len(evidence.mask))
    rewards[0] = evidence.utility - evidence.prompt_utility
    return rewards

first_token = Design(
    "first_token", pay_first, causal=False, conserving=True, bounded=True, cost=lambda tokens: 1
)

class Patient(TokenPPO):
    """Does without a critic."""
    name = "patient"

    def estimate(self, rollout, rewards):
        from agents.maths.tensors import Estimates
        return Estimates(rewards.flip(-1).cumsum(-1).flip(-1) * rollout.response_mask, None)
'''
STUDY = """
title = "Two parts of mine"

[defaults]
agent = "my_parts:Patient"
policy = "bundled"
env = "rlsf_gym:rlsf_gym/Sentiment-v0"
episodes = 16
eval_episodes = 8
samples = 1
env_kwargs = { judge = "bundled", max_new_tokens = 4 }
eval_env_kwargs = { split = "eval" }
config = { batch_size = 8, minibatch_size = 8, num_ppo_epochs = 1 }

[tuning]
seeds = [9]
settings = { episodes = 8 }
[tuning.grid]
"config.learning_rate" = [1e-4, 2e-4]

[[cells]]
group = "mine"
seeds = 1
settings = { "env_kwargs.reward_design" = "my_parts:first_token" }

[[cells]]
group = "best"
seeds = 1
settings = { run = "agents.study_training:best_of", n = 4, prompts = 2 }
"""


def run(command, *arguments, cwd):
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    command = [sys.executable, "-m", "agents", command, *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True, cwd=cwd, env=environment)


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """The folder of a user, with their parts, their study, and what came out of it."""
    path = tmp_path_factory.mktemp("user")
    (path / "my_parts.py").write_text(MINE)
    (path / "mine.toml").write_text(STUDY)
    arguments = ("mine.toml", "--jobs", "2", "--pack", "packed/mine")
    done = run("study", *arguments, cwd=path)
    assert done.returncode == 0, done.stderr
    return path


def test_a_design_and_an_agent_of_ones_own_enter_by_name(folder):
    results = read_results(folder / "runs/studies/mine")
    assert [result.phase for result in results].count("tuning") == 2
    (mine,) = [result for result in results if result.phase == "main" and result.iterations]
    assert [row["episodes"] for row in mine.iterations] == [8, 16]
    assert {"env/score", "env/judge", "objective/kl"} <= set(mine.iterations[0])
    assert set(mine.evaluations) == {"before", "after"} and "self_bleu" in mine.evaluations["after"]
    (sample,) = mine.samples
    assert len(sample["tokens"]) == len(sample["token_rewards"])
    assert not any(sample["token_rewards"][1:])  # the user's design pays the first token
    (best,) = [result for result in results if result.records("attainable")]
    record = best.records("attainable")[0]
    assert (record["n"], record["prompts"]) == (4, 2) and record["best"] >= record["start"]


def test_the_better_learning_rate_is_taken_over(folder):
    tuned = json.loads((folder / "runs/studies/mine/tuned.json").read_text())
    (choice,) = tuned["choices"]
    best = max(choice["candidates"], key=lambda one: one["criterion"])
    assert tuned["criterion"] == "area" and choice["settings"] == best["settings"]
    results = read_results(folder / "runs/studies/mine")
    (mine,) = [result for result in results if result.phase == "main" and result.iterations]
    assert mine.settings["config"]["learning_rate"] == choice["settings"]["config.learning_rate"]


def test_a_packed_study_is_gone_on_with_and_nothing_is_run_again(folder):
    arguments = ("mine.toml", "--from", "packed/mine.jsonl.xz", "--out", "again")
    done = run("study", *arguments, cwd=folder)
    assert done.returncode == 0 and "4 cells from packed/mine.jsonl.xz" in done.stderr
    assert not (folder / "again/timings.jsonl").exists()
    assert read_results(folder / "again") == read_results(folder / "packed/mine.jsonl.xz")


@pytest.mark.slow
def test_two_workers_of_ray_train_to_the_same_bytes(folder):
    pytest.importorskip("ray")
    done = run("study", "mine.toml", "--jobs", "2", "--ray", "--out", "by_ray", cwd=folder)
    assert done.returncode == 0, done.stderr
    ours, theirs = (folder / name / "cells" for name in ("runs/studies/mine", "by_ray"))
    names = sorted(path.name for path in ours.glob("*.jsonl"))
    assert len(names) == 4 and names == sorted(path.name for path in theirs.glob("*.jsonl"))
    for name in names:
        assert (theirs / name).read_bytes() == (ours / name).read_bytes()


def test_a_file_that_is_named_without_its_ending_is_guessed(tmp_path, monkeypatch):
    from agents.commands.study import make_parser, open_study

    (tmp_path / "mine.toml").touch()
    monkeypatch.chdir(tmp_path)
    with pytest.raises(ValueError, match=r"got mine \(did you mean mine.toml\?\)$"):
        open_study(make_parser().parse_args(["mine"]))


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["nothing"], "error: study: expected a TOML file or one of base, .*tiny-quick"),
        (["tiny", "--groups", "none"], "error: --groups: expected some of attainable, .*, got none"),
        (["tiny", "--jobs", "0"], "error: argument --jobs"),
    ],
)
def test_wrong_arguments_are_said_in_one_line(tmp_path, arguments, message):
    import re

    done = run("study", *arguments, cwd=tmp_path)
    assert done.returncode == 2 and len(done.stderr.strip().splitlines()) == 1
    assert re.search(message, done.stderr)


@pytest.mark.parametrize(
    ("wrong", "right", "message"),
    [
        ("[goal]\nshare = 0.5", "", r"contrast 'main': episodes_to_goal needs a goal.*; add \[goal\]"),
        (
            'measure = "episodes_to_goal"',
            'measure = "scores"',
            r"measure: .* got 'scores'; did you mean score\?",
        ),
        (
            '= "terminal"',
            '= "termianl"',
            r"no cell matches .*'potential', 'terminal' .*did you mean 'terminal'\?",
        ),
        ("\nepisodes = 8", "\nepisodes = 0", r"cells 'g': episodes: expected a whole number >= 1, got 0"),
        (
            "[1.0, 0.5]",
            '[1.0, "x"]',
            r"error: cells 'g': config\.lam: expected a number in \[0, 1\], got 'x'",
        ),
        ('at = { "config.lam" = 1.0 }', "", "expected one arm on each side, got treatment potential λ="),
        ("seeds = 2", "seeds = 10000000", "seeds: expected at most 100,000 seeds, got 10000000"),
    ],
)
def test_a_study_that_could_not_answer_is_refused_before_its_first_cell(
    tmp_path, monkeypatch, capsys, wrong, right, message
):
    import re

    text = """
[goal]
share = 0.5
[defaults]
agent = "ppo"
policy = "bundled"
env = "rlsf_gym:rlsf_gym/Sentiment-v0"
episodes = 8
eval_episodes = 4
[[cells]]
group = "g"
seeds = 2
[cells.grid]
"env_kwargs.reward_design" = ["potential", "terminal"]
"config.lam" = [1.0, 0.5]
[[contrasts]]
name = "main"
primary = true
measure = "episodes_to_goal"
treatment = { "env_kwargs.reward_design" = "potential" }
control = { "env_kwargs.reward_design" = "terminal" }
at = { "config.lam" = 1.0 }
"""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "mine.toml").write_text(text)
    study_command.open_study(study_command.make_parser().parse_args(["mine.toml"]))
    assert wrong in text
    (tmp_path / "mine.toml").write_text(text.replace(wrong, right))
    with pytest.raises(SystemExit) as ended:
        study_command.main(["mine.toml"])
    said = capsys.readouterr().err
    assert ended.value.code == 2 and len(said.strip().splitlines()) == 1 and re.search(message, said)
    assert [path.name for path in tmp_path.iterdir()] == ["mine.toml"]  # nothing was begun


def test_what_a_study_file_says_does_not_act_on_the_terminal(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    text = '[[cells]]\ngroup = "g"\nseeds = 1\n[cells.grid]\na = [1, 2]\n[[contrasts]]\nprimary = true\n'
    text += 'name = "\\u001b[31m\\u202e"\nmeasure = "luck"\ntreatment = { a = 1 }\ncontrol = { a = 2 }\n'
    (tmp_path / "mine.toml").write_text(text)
    with pytest.raises(SystemExit):
        study_command.main(["mine.toml"])
    assert not {"\x1b", "\u202e"} & set(capsys.readouterr().err)
    study_command.say("a\x1b[31m\u202eb")
    assert capsys.readouterr().err == "a\\x1b[31m\\u202eb\n"


def test_the_example_of_the_docs_runs_as_printed_and_answers(tmp_path):
    """Its two files as they are, but for the numbers that make it long."""
    import re

    docs = (ROOT / "docs" / "benchmark.md").read_text(encoding="utf-8")
    toml, code = (re.search(rf"```{kind}\n(.*?)```", docs, re.S)[1] for kind in ("toml", "python"))
    for line in ("episodes = 512", "eval_episodes = 256", "seeds = 4"):
        assert f"\n{line}\n" in toml
    short = toml.replace("episodes = 512", "episodes = 64").replace(
        "eval_episodes = 256", "eval_episodes = 8"
    )
    (tmp_path / "mine.toml").write_text(short.replace("seeds = 4", "seeds = 1").replace("= 16 }", "= 4 }"))
    (tmp_path / "my_design.py").write_text(code)
    done = run("study", "mine.toml", "--jobs", "2", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    done = run("report", "mine", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    told = tmp_path / "runs/studies/mine/report"
    numbers = json.loads((told / "numbers.json").read_text())
    (contrast,) = numbers["contrasts"]
    assert contrast["treatment"] == ["first_token"] and contrast["control"] == ["terminal"]
    assert contrast["status"] == "complete" and contrast["n"] == 1
    assert numbers["plan"]["standing"] == "fixed" and numbers["plan"]["recorded"] == 3
    assert "were fixed before the runs" in (told / "methods.md").read_text()
    (tmp_path / "runs/studies/mine/study.toml").write_text(short.replace("share = 0.8 ", "share = 0.7 "))
    assert run("report", "mine", cwd=tmp_path).returncode == 0
    page = (told / "report.html").read_text()
    assert "The plan was changed after cells had run (3 in all): the goal, after 3 cells" in page


WAITING = """
import os, pathlib, time

def wait(settings, seed):
    here = pathlib.Path(__file__).parent
    yield {"record": "nothing"}
    if seed:
        (here / "pid").write_text(str(os.getpid()))
        time.sleep(600)
"""


@pytest.fixture
def slow_study(tmp_path):
    """The folder of a study whose first cell takes no time, and whose second does not end."""
    (tmp_path / "my_cells.py").write_text(WAITING)
    (tmp_path / "slow.toml").write_text(
        '[[cells]]\ngroup = "g"\nseeds = 2\nsettings = { run = "my_cells:wait" }\n'
    )
    return tmp_path


def test_time_that_is_over_is_no_failure(slow_study):
    done = run("study", "slow.toml", "--limit-seconds", "0", cwd=slow_study)
    assert done.returncode == 0
    assert done.stderr == "time is over: 0 cells are done, 2 of this phase are left\n"


def test_ctrl_c_keeps_what_is_done_and_ends_what_is_not(slow_study):
    command = [sys.executable, "-m", "agents", "study", "slow.toml", "--jobs", "1"]
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    runner = subprocess.Popen(
        command, cwd=slow_study, env=environment, stderr=subprocess.PIPE, text=True, start_new_session=True
    )
    pid = slow_study / "pid"
    until = time.monotonic() + 120
    while not (pid.exists() and pid.read_text()):
        assert time.monotonic() < until and runner.poll() is None
        time.sleep(0.05)
    os.killpg(runner.pid, signal.SIGINT)  # as a terminal does: to the workers as well
    said = runner.communicate(timeout=60)[1].splitlines()
    assert runner.returncode == 130
    assert "done" in said[0] and said[1:] == [
        "stopped; finished cells stay in runs/studies/slow, the same command goes on"
    ]
    assert len(read_results(slow_study / "runs/studies/slow")) == 1
    with pytest.raises(ProcessLookupError):
        os.kill(int(pid.read_text()), 0)


@pytest.mark.parametrize("name", ["base", "compare", "reasoning-quick", "tiny", "tiny-quick"])
def test_the_shipped_studies_can_be_read(name):
    study = read_study(study_command.STUDIES / f"{name}.toml")
    assert study.goal is not None and sum(contrast.primary for contrast in study.contrasts) == 1


def test_measures_are_listed_by_name(capsys):
    with pytest.raises(SystemExit) as ended:
        study_command.main(["--measures"])
    lines = capsys.readouterr().out.splitlines()
    assert ended.value.code == 0
    assert f"{'episodes_to_goal':<31} episodes to the goal; lower is better, needs [goal]" in lines
    assert f"{'kl':<31} KL; lower is better" in lines
    assert [line.split()[0] for line in lines] == list(all_measures())
