"""Cells of studies of puzzles: after training, puzzles of another shape and many responses to each prompt."""

from agents.studies.training import train

SETTINGS = {
    "run": "train",
    "agent": "ppo",
    "policy": "gpt2-sudoku-1m",
    "env": "rlsf_gym:rlsf_gym/Sudoku-v0",
    "env_kwargs": {"split": "train", "max_new_tokens": 20, "domain_kwargs": {"blanks": 1}},
    "eval_env_kwargs": {"split": "eval"},
    "other_env_kwargs": {"domain_kwargs": {"blanks": 12}},
    "pass_at": {"n": 4, "prompts": 8},
    "episodes": 8,
    "eval_episodes": 32,
    "config": {"batch_size": 8, "minibatch_size": 8, "num_ppo_epochs": 1},
}


def test_a_trained_policy_is_asked_for_others_and_again_and_again():
    records = list(train(SETTINGS, 0))
    (after,) = (row["summary"] for row in records if row.get("when") == "after" and "summary" in row)
    assert (
        after["other_solved"] == after["other_score"] < after["solved"]
    )  # one blank is easy, twelve are not
    assert 0.0 < after["pass_at_1"] <= after["pass_at_2"] <= after["pass_at_4"] <= 1.0
    assert "pass_at_8" not in after
