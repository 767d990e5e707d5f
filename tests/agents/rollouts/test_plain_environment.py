"""An environment that reports what learners need and nothing else: `token_rewards`, `response_mask`."""

from __future__ import annotations

import io
import json
import sys
from types import SimpleNamespace

import gymnasium as gym
import numpy as np
import pytest

from agents import GRPO, GRPOConfig, TokenPPO, TokenPPOConfig
from agents.__main__ import main
from agents.learners.metrics import environment_metrics
from agents.rollouts.evaluation import evaluate, summarise
from agents.runs.logs import JsonlLog, ProgressLog, TensorBoardLog, WandbLog
from agents.runs.run_report import format_table
from agents.studies.training import best_of, train

CONFIG = TokenPPOConfig(batch_size=8, minibatch_size=8, num_ppo_epochs=1)


@pytest.fixture
def plain(make_toy):
    """Returns the class of a toy that says no score."""

    class Plain(make_toy):
        def _infos(self, **columns):
            columns.pop("score", None)
            return super()._infos(**columns)

    return Plain


@pytest.fixture
def board(monkeypatch):
    """A stand-in for W&B that keeps what it is sent."""
    rows = []
    run = SimpleNamespace(log=lambda payload, step: rows.append(payload), finish=lambda: None)

    class Table:
        def __init__(self, columns):
            self.columns, self.rows = columns, []

        def add_data(self, *row):
            self.rows.append(row)

    fake = SimpleNamespace(init=lambda **_: run, Table=Table, Histogram=list, teardown=lambda: None)
    monkeypatch.setitem(sys.modules, "wandb", fake)
    return rows


@pytest.mark.filterwarnings("default")
def test_every_log_takes_it(plain, make_policy, board, tmp_path, capsys):
    pytest.importorskip("tensorboard")
    report = io.StringIO()
    logs = [
        JsonlLog(tmp_path),
        ProgressLog(sys.stderr, total=16),
        TensorBoardLog(tmp_path / "tensorboard"),
        WandbLog("project", folder=tmp_path, report=report),
    ]
    TokenPPO(make_policy(), plain(), CONFIG, callbacks=logs).learn(16)
    for log in logs:
        log.close()
    assert report.getvalue() == ""
    prompt, response, score, rewards = board[0]["samples"].rows[0]
    assert (prompt, response, score) == ("", "", None)
    assert 1 <= len(rewards.split()) <= 6
    assert not [key for key in board[0] if key.startswith("env/")]
    pytest.importorskip("matplotlib")
    assert main(["show", str(tmp_path)]) == 0
    assert "objective/scores" in capsys.readouterr().out
    assert (tmp_path / "curves.png").read_bytes().startswith(b"\x89PNG")


def test_an_evaluation_has_the_reward_where_there_is_no_score(plain, make_policy):
    policy = make_policy()
    rows = evaluate(policy, plain(), episodes=8, reference=policy, seed=0)
    summary = summarise(rows)
    assert (summary["score"], summary["judge"]) == (None, None)
    assert summary["reward"] == pytest.approx(np.mean([row["reward"] for row in rows]))
    json.dumps(summary)
    table = format_table(summary, None)
    assert f"{summary['reward']:.3f}" in table
    assert [line.split() for line in table.splitlines() if "score" in line] == [["score", "-", "-"]]


def test_an_evaluation_with_a_score_has_the_keys_it_always_had(make_toy, make_policy):
    policy = make_policy()
    summary = summarise(evaluate(policy, make_toy(), episodes=8, reference=policy, seed=0))
    assert list(summary)[:3] == ["score", "judge", "kl"]
    assert "reward" not in summary


def test_studies_train_in_it_and_ask_for_the_best(make_group_toy, make_policy, tmp_path, request):
    class Plain(make_group_toy):
        def _infos(self, **columns):
            columns.pop("score", None)
            return super()._infos(**columns)

    gym.register("PlainStudyToy-v0", vector_entry_point=Plain)
    request.addfinalizer(lambda: gym.registry.pop("PlainStudyToy-v0"))
    make_policy().save_pretrained(tmp_path / "policy")
    settings = {"env": "PlainStudyToy-v0", "policy": str(tmp_path / "policy")}
    config = {"batch_size": 8, "minibatch_size": 8, "num_ppo_epochs": 1}
    training = {"agent": "ppo", "episodes": 8, "eval_episodes": 8, "samples": 1, "config": config}
    records = list(train({**settings, **training}, 0))
    assert [record["record"] for record in records] == ["evaluation", "iteration", "evaluation", "samples"]
    assert records[0]["summary"]["reward"] >= 0.0
    (found,) = best_of({**settings, "n": 4, "prompts": 2}, 0)
    assert found["best"] >= found["start"] >= 0.0


def test_groups_and_the_best_of_many_need_prompts(make_toy, make_policy, tmp_path, request):
    gym.register("NamelessToy-v0", vector_entry_point=make_toy)
    request.addfinalizer(lambda: gym.registry.pop("NamelessToy-v0"))
    make_policy().save_pretrained(tmp_path / "policy")
    settings = {"env": "NamelessToy-v0", "policy": str(tmp_path / "policy"), "n": 4, "prompts": 1}
    with pytest.raises(ValueError, match="expected 'instance' or 'prompt' in the infos of reset"):
        list(best_of(settings, 0))
    agent = GRPO(make_policy(), make_toy(), GRPOConfig(batch_size=8, minibatch_size=8, group_size=4))
    with pytest.raises(ValueError, match="expected 'instance' or 'prompt' in the infos of reset"):
        agent.learn(8)


def test_numbers_that_only_some_episodes_have():
    episodes = [{"size": 2.0, "word": "a"}, {"size": None}, {}, {"size": 4}]
    assert environment_metrics(episodes) == {"env/size": 3.0}
