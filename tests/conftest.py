"""What tests of several folders share."""

import shutil
import subprocess
import sys
from functools import partial
from pathlib import Path

import pytest

from tests.helpers.called import call_main

TRAIN = Path(__file__).parents[1] / "examples" / "train_sentiment.py"


def pytest_addoption(parser):
    """Adds how often a run is killed by the test that kills one, and whether a test may be skipped."""
    parser.addoption("--kills", type=int, default=10, help="of test_resume_kill.py (default: 10)")
    parser.addoption("--none-skipped", action="store_true", help="a test that would be skipped fails")


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item, call):
    """Fails what is skipped under `--none-skipped`: in an environment made for tests nothing is missing."""
    report = yield
    if report.skipped and not hasattr(report, "wasxfail") and item.config.getoption("none_skipped"):
        report.outcome, report.longrepr = "failed", f"--none-skipped: {report.longrepr[2]}"
    return report


@pytest.fixture
def run_main(capsys):
    """Returns a function: a command's main, arguments -> (exit status, stdout, lines of stderr)."""
    return partial(call_main, capsys)


@pytest.fixture(scope="module")
def chromium(tmp_path_factory):
    """Returns a headless browser with one tab; skips where the program is not installed."""
    from tests.helpers.browser import open_browser

    program = shutil.which("chromium")
    if program is None:
        pytest.skip("needs the program chromium")
    with open_browser(program, tmp_path_factory.mktemp("chromium")) as running:
        yield running


@pytest.fixture(scope="session")
def tiny_policy(tmp_path_factory):
    """Returns the folder of a random GPT-2 of one layer over the 257 ids of the byte tokenizer."""
    import torch
    from transformers import GPT2Config, GPT2LMHeadModel

    folder = tmp_path_factory.mktemp("models") / "tiny"
    with torch.random.fork_rng():
        torch.manual_seed(0)
        config = GPT2Config(vocab_size=257, n_layer=1, n_head=1, n_embd=16, n_positions=128)
        GPT2LMHeadModel(config).save_pretrained(folder)
    write_byte_tokenizer(folder)
    return folder


def write_byte_tokenizer(folder):
    """Writes the byte tokenizer as a model's folder has it: learners compare it with the environment's."""
    from tokenizers import Tokenizer, decoders, models, pre_tokenizers

    from rlsf_gym.text.tokenizer import ByteTokenizer
    from rlsf_gym.text.vocabulary import read_vocabulary

    backend = Tokenizer(models.BPE(vocab=read_vocabulary(ByteTokenizer()), merges=[]))
    backend.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    backend.decoder = decoders.ByteLevel()
    backend.add_special_tokens(["<|endoftext|>"])
    backend.save(str(folder / "tokenizer.json"))


@pytest.fixture(scope="session")
def tiny_run(tmp_path_factory, tiny_policy):
    """Returns the folder of a finished training run of three iterations, which nobody may change."""
    folder = tmp_path_factory.mktemp("runs") / "tiny"
    settings = {
        **{"policy": tiny_policy, "tokenizer": "bytes", "episodes": 24, "batch-size": 8, "threads": 1},
        **{"minibatch-size": 4, "response-length": "4-8", "eval-samples": 8, "max-prompt-tokens": 64},
        "out": folder,
    }
    flags = [str(word) for name, value in settings.items() for word in (f"--{name}", value)]
    done = subprocess.run(
        [sys.executable, str(TRAIN), *flags], capture_output=True, text=True, timeout=290, check=False
    )
    assert done.returncode == 0, done.stderr
    return folder
