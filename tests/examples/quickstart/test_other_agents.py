"""The examples of other agents: each runs in short form, and what they compute by themselves is right."""

import ast
import importlib.util
import json
import math
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

ROOT = Path(__file__).parents[3]
ROOM = Path("examples") / "quickstart"
RUNS = {  # script: (package it needs, episodes, lines of its curve)
    "reinforce": ("torch", 128, 2),
    "best_of_n": ("torch", 32, 5),
    "trl_grpo": ("trl", 128, 2),
    "trl_token_rewards": ("trl", 128, 2),
    "sb3_ppo": ("stable_baselines3", 256, 2),
}
PUZZLES = {"reinforce": "rlsf_gym:rlsf_gym/Countdown-v0", "sb3_ppo": "rlsf_gym:rlsf_gym/CountdownToken-v0"}


def train(folder, name, *words):
    """Returns what an example prints, and the lines of its curve."""
    package = RUNS[name][0]
    if importlib.util.find_spec(package) is None:
        pytest.skip(f"needs {package}")
    out = folder / "curve.jsonl"
    done = subprocess.run(
        [sys.executable, str(ROOM / f"{name}.py"), *map(str, words), "--out", str(out)],
        env={**os.environ, "TMPDIR": str(folder)},  # stable-baselines3 leaves a folder of logs there
        cwd=ROOT, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    return done.stdout, [json.loads(line) for line in out.read_text().splitlines()]


@pytest.mark.whole
@pytest.mark.parametrize("name", RUNS)
def test_example_runs_and_leaves_its_curve(name, tmp_path):
    _, episodes, lines = RUNS[name]
    printed, rows = train(tmp_path, name, "--episodes", episodes, "--seed", 1)
    assert len(rows) == lines
    for row in rows:
        assert all(math.isfinite(value) for value in row.values())
        assert -2.0 <= row["reward"] <= 2.0
    first, last = rows[0]["reward"], rows[-1]["reward"]
    assert f"first tenth {first:+.3f}, last tenth {last:+.3f}" in printed


@pytest.mark.whole
@pytest.mark.parametrize("name", PUZZLES)
def test_puzzles_are_trained_on_without_a_change_but_the_id(name, tmp_path):
    _, rows = train(tmp_path, name, "--env", PUZZLES[name], "--episodes", 192)
    assert len(rows) >= 2
    assert all(-1.0 <= row["reward"] <= 1.0 for row in rows)


def test_reinforce_can_be_taken_as_it_is():
    source = (ROOT / ROOM / "reinforce.py").read_text()
    assert len(source.splitlines()) < 100
    nodes = list(ast.walk(ast.parse(source)))
    modules = {alias.name for node in nodes if isinstance(node, ast.Import) for alias in node.names}
    modules |= {node.module for node in nodes if isinstance(node, ast.ImportFrom)}
    assert {name.partition(".")[0] for name in modules} - sys.stdlib_module_names == {
        *("gymnasium", "torch", "transformers"),
    }


def test_reinforce_scores_what_it_samples(tiny_policy):
    import torch
    from transformers import GPT2LMHeadModel

    from examples.quickstart import reinforce

    model = GPT2LMHeadModel.from_pretrained(tiny_policy).eval()
    ids = torch.tensor([[0, 0, 65], [66, 67, 68]])  # (B, P), left-padded
    mask = torch.tensor([[0, 0, 1], [1, 1, 1]])
    responses = reinforce.sample(model, ids, mask, torch.Generator().manual_seed(0), 16)
    scored = reinforce.log_probs(model, ids, mask, responses)
    assert responses.shape == scored.shape == (2, 16)

    generator, prompts = torch.Generator().manual_seed(0), [[65], [66, 67, 68]]
    for t in range(16):  # row by row, without padding or cache
        contexts = [prompt + row[:t].tolist() for prompt, row in zip(prompts, responses, strict=True)]
        logits = torch.stack([model(torch.tensor([context])).logits[0, -1] for context in contexts])
        assert (
            responses[:, t].tolist()
            == torch.multinomial(logits.softmax(-1), 1, generator=generator).flatten().tolist()
        )
        expected = logits.log_softmax(-1).gather(-1, responses[:, t, None]).squeeze(-1)
        torch.testing.assert_close(scored[:, t], expected)


def test_best_of_n_keeps_what_is_paid_best():
    from examples.quickstart import best_of_n

    measures = {"reward": np.array([[1.0, 3.0, 2.0, 0.0]]), "judge": np.array([[0.1, 0.2, 0.3, 0.6]])}
    assert best_of_n.keep_best(measures, 1) == pytest.approx({"reward": 1.5, "judge": 0.3})
    assert best_of_n.keep_best(measures, 2) == pytest.approx({"reward": 2.5, "judge": 0.25})
    assert best_of_n.keep_best(measures, 4) == pytest.approx({"reward": 3.0, "judge": 0.2})
