"""The policies that training runs leave: read by transformers and peft, gone on from, and moved."""

from __future__ import annotations

import importlib
import json
import shutil
import subprocess
import sys
from pathlib import Path

import gymnasium as gym
import pytest
import transformers as tf

from agents import CausalLMPolicy, TokenPPO, TokenPPOConfig

ROOT = Path(__file__).parents[1]
SMALL = ("--episodes", "8", "--batch-size", "4", "--minibatch-size", "4", "--ppo-epochs", "1",
         "--judge", "none", "--eval-samples", "4", "--threads", "1")  # fmt: skip
CONFIG = TokenPPOConfig(batch_size=4, minibatch_size=4, num_ppo_epochs=1)
ENV = "rlsf_gym:rlsf_gym/Sentiment-v0"

# peft and transformers warn of each other
pytestmark = [pytest.mark.whole, pytest.mark.filterwarnings("ignore")]


def train(*arguments, cwd=ROOT):
    script = [sys.executable, str(ROOT / "examples" / "train_sentiment.py"), *map(str, arguments)]
    return subprocess.run(script, capture_output=True, text=True, timeout=290, check=False, cwd=cwd)


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    folder = tmp_path_factory.mktemp("saved") / "run"
    done = train(*SMALL, "--out", folder)
    assert done.returncode == 0, done.stderr
    return folder


def test_a_run_leaves_a_whole_folder(run):
    policy = run / "checkpoint" / "policy"
    tokenizer = tf.AutoTokenizer.from_pretrained(policy)
    ours = gym.make(ENV).unwrapped.tokenizer
    for text in ("The film was", " naïve, but\nfun!"):
        assert tokenizer(text)["input_ids"] == ours.encode(text)
    write = tf.pipeline("text-generation", model=str(policy), device="cpu")
    assert write("The film was", max_new_tokens=3)[0]["generated_text"].startswith("The film was")
    card = (policy / "README.md").read_text(encoding="utf-8")
    after = json.loads((run / "summary.json").read_text())["after"]
    for part in (
        'license: "mit"',
        "| environment | rlsf\\_gym/Sentiment-v0 |",
        "| reward design | potential |",
        "| episodes | 8 |",
        f"| {after['score']:.4g} |",
        "KL from the reference",
        '"objective": "positive"',
    ):
        assert part in card, part  # fmt: skip


def test_a_run_can_go_on_from_another_one(run, tmp_path):
    done = train("--policy", run / "checkpoint" / "policy", *SMALL, "--out", tmp_path / "next")
    assert done.returncode == 0, done.stderr
    assert "warning" not in done.stderr.lower()


def test_the_tokenizer_of_another_model_is_refused(run, tmp_path):
    done = train(
        "--policy", run / "checkpoint" / "policy", "--tokenizer", "bytes", *SMALL, "--out", tmp_path / "n"
    )
    assert done.returncode == 1
    (line,) = done.stderr.strip().splitlines()
    assert "expected a model with the tokenizer of the environment" in line
    assert f"--tokenizer {run / 'checkpoint' / 'policy'}" in line


@pytest.mark.parametrize(
    ("policy", "said"),
    [
        ("bundled", "take the model's own: tokenizer='bundled'"),
        ("gpt2", "take 'bundled', which is bundled and has it, or the model's own"),
    ],
)
def test_learners_compare_with_every_environment(policy, said, tmp_path):
    """A GPT-2 with more tokens on the bundled 4,096 ids, and the bundled one on bytes."""
    if policy == "gpt2":
        config = tf.GPT2Config(vocab_size=5000, n_layer=1, n_head=1, n_embd=8, n_positions=64)
        tf.GPT2LMHeadModel(config).save_pretrained(tmp_path)
        vocabulary = {f"t{number}": number for number in range(5000)}
        (tmp_path / "vocab.json").write_text(json.dumps(vocabulary))
    given, kwargs = ("bundled", {"tokenizer": "bytes"}) if policy == "bundled" else (tmp_path, {})
    with pytest.raises(ValueError, match=rf"policy: expected a model with the tokenizer .* {said}"):
        TokenPPO(given, ENV, CONFIG, env_kwargs=kwargs)


def test_padded_embeddings_are_taken(tmp_path):
    """A model with more logits than its tokenizer has tokens, as 50,304 for 50,257."""
    model = CausalLMPolicy.from_pretrained("bundled").backbone.model
    model.resize_token_embeddings(4128, mean_resizing=False)
    model.save_pretrained(tmp_path)
    folder = Path(importlib.import_module("agents.policies.bundled").bundled_folder())
    shutil.copy(folder / "tokenizer.json", tmp_path)
    TokenPPO(tmp_path, ENV, CONFIG).learn(4)


def test_a_run_with_an_adapter_moves_with_its_base(tmp_path):
    peft = importlib.import_module("peft")
    home, away = tmp_path / "home", tmp_path / "away"
    home.mkdir()
    bundled = Path(importlib.import_module("agents.policies.bundled").bundled_folder())
    shutil.copytree(bundled, home / "base")
    lora = ("--lora-rank", "2", "--checkpoint-every", "1")
    done = train("--policy", home / "base", *lora, *SMALL, "--out", home / "run")
    assert done.returncode == 0, done.stderr
    saved = home / "run" / "checkpoint" / "policy"
    config = json.loads((saved / "adapter_config.json").read_text())
    assert config["task_type"] == "CAUSAL_LM"
    assert not Path(config["base_model_name_or_path"]).is_absolute()
    assert str(tmp_path) not in (saved / "lora.json").read_text()
    peft.PeftModel.from_pretrained(tf.AutoModelForCausalLM.from_pretrained(home / "base"), saved)
    assert tf.AutoTokenizer.from_pretrained(saved).eos_token_id == 4095
    for name in ("summary.json", "after.json"):  # as if it had been stopped
        (home / "run" / name).unlink()
    home.rename(away)
    done = train("--resume", away / "run")
    assert done.returncode == 0, done.stderr
    (away / "run" / "summary.json").unlink()
    (away / "base").rename(tmp_path / "base elsewhere")
    done = train("--resume", away / "run")
    assert done.returncode == 1
    assert "say where it is now (base=" in done.stderr
    done = train("--resume", away / "run", "--base", tmp_path / "base elsewhere")
    assert done.returncode == 0, done.stderr
