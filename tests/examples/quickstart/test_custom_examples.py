"""The examples of a user's own parts run as scripts, and their parts are usable by name."""

import subprocess
import sys
from pathlib import Path

import gymnasium as gym
import numpy as np
import pytest

from rlsf_gym.evidence import Evidence
from rlsf_gym.testing import check_environment

ENV_ID = "rlsf_gym:rlsf_gym/Sentiment-v0"
ROOM = Path(__file__).parents[3] / "examples" / "quickstart"
WORD_LIST = "examples.quickstart.custom_scorer:WordList"
INSTALMENTS = "examples.quickstart.custom_design:INSTALMENTS"
SCRIPTS = ("custom_scorer", "custom_design")


@pytest.mark.parametrize("name", SCRIPTS)
def test_the_script_runs_as_its_docstring_says(name):
    path = ROOM / f"{name}.py"
    source = path.read_text(encoding="utf-8")
    assert f"python examples/quickstart/{name}.py" in source
    assert source.count("\n") < 60
    done = subprocess.run([sys.executable, str(path)], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert "finds nothing" in done.stdout


def test_the_scorer_pays_what_its_words_are_worth():
    """ "slow" is -1, "but funny" makes it 1: scores -1/2 and 1/2."""
    env = gym.make(ENV_ID, scorer=WORD_LIST, reward_design="terminal")
    env.reset(options={"prompt": "The film was"})
    encode = env.unwrapped.tokenizer.encode
    assert env.step(encode(" slow"))[1] == -0.5
    env.reset(options={"prompt": "The film was"})
    assert env.step(encode(" slow, but funny"))[1] == 0.5
    check_environment(env, episodes=5)


def test_the_design_pays_every_few_tokens_and_at_the_end():
    from examples.quickstart.custom_design import instalments

    prefixes = np.array([0.25, 0.5, 0.0, 0.75, 1.0, 1.0])
    evidence = Evidence(
        prompt_score=0.0,
        prompt_utility=0.125,
        score=1.0,
        utility=1.0,
        mask=np.arange(6) < 5,
        char_spans=np.zeros((6, 2), np.int64),
        prefixes=prefixes,
    )
    rng = np.random.default_rng(0)
    assert instalments(evidence, rng=rng, every=2).tolist() == [0.0, 0.375, 0.0, 0.25, 0.25, 0.0]
    assert instalments(evidence, rng=rng).tolist() == [0.0, 0.0, 0.0, 0.625, 0.25, 0.0]
    env = gym.make(ENV_ID, reward_design=INSTALMENTS, reward_design_kwargs={"every": 3})
    check_environment(env, episodes=5)


@pytest.mark.whole
def test_a_policy_is_trained_on_both(tiny_policy, tmp_path):
    from examples import train_sentiment

    arguments = (
        *("--policy", tiny_policy, "--tokenizer", "bytes", "--judge", "none", "--threads", 1),
        *("--episodes", 8, "--batch-size", 8, "--minibatch-size", 4, "--response-length", 4),
        *("--eval-samples", 4, "--max-prompt-tokens", 64, "--out", tmp_path / "run"),
        *("--scorer", WORD_LIST, "--reward-design", INSTALMENTS),
    )
    assert train_sentiment.main([str(argument) for argument in arguments]) == 0
    assert (tmp_path / "run" / "summary.json").is_file()
