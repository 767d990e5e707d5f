"""The training command: its files, and one clear line for everything that can go wrong."""

import json
import re
import sys
import time
from functools import partial
from types import SimpleNamespace

import pytest

from agents.parallel import Processes
from agents.runs.logs import WandbLog
from agents.training import boards, build
from agents.training.run_folder import RunFolder
from examples import train_sentiment

pytestmark = pytest.mark.whole

FILES = {
    *("config.json", "metrics.jsonl", "timings.jsonl", "before.json", "after.json", "summary.json"),
    *("checkpoint", "curves.png", "samples.jsonl", "samples.html"),
}


@pytest.fixture
def train(run_main):
    """Returns a function: arguments -> (exit status, stdout, lines of stderr)."""
    return partial(run_main, train_sentiment.main)


@pytest.fixture(scope="module")
def tiny(tiny_policy):
    return (
        *("--policy", tiny_policy, "--tokenizer", "bytes", "--judge", "none"),
        *("--episodes", 16, "--batch-size", 8, "--minibatch-size", 4, "--response-length", 4),
        *("--eval-samples", 8, "--max-prompt-tokens", 64, "--threads", 1),
    )


def refuse(result, *words, status):
    """Asserts that a call was refused in one line that has all the words."""
    found, _, errors = result
    assert found == status, errors
    assert len(errors) == 1
    assert errors[0].startswith("error: ")
    for word in words:
        assert str(word) in errors[0]


def test_samples_tell_what_other_tokens_would_have_earned(train, tiny, tmp_path):
    asked = ("--boundary", "open", "--env-kwargs", "candidates=true")
    status, _, errors = train(*tiny, *asked, "--out", tmp_path / "run")
    assert status == 0, errors
    lines = [json.loads(line) for line in (tmp_path / "run" / "samples.jsonl").read_text().splitlines()]
    for line in lines:
        assert [one["of"] for one in line["candidates"]] == [257] * len(line["tokens"])
        for reward, one in zip(line["rewards"], line["candidates"], strict=True):
            assert one["worst"][0][1] - 1e-6 <= reward <= one["best"][0][1] + 1e-6
            assert (one["rank"] == 1) == (round(reward, 6) == one["best"][0][1])
    page = (tmp_path / "run" / "samples.html").read_text()
    told = page.count("best here") + page.count("any token would have earned the same")
    assert told == sum(len(line["tokens"]) for line in lines)


def test_a_run_leaves_its_files(train, tiny, tmp_path):
    folder = tmp_path / "run"
    status, output, errors = train(*tiny, "--out", folder, "--tensorboard")
    assert status == 0, errors
    assert {path.name for path in folder.iterdir()} == FILES | {"tensorboard"}
    summary = json.loads((folder / "summary.json").read_text())
    assert set(summary) == {"before", "after", "seconds", "episodes", "logs", "sha256"}
    assert summary["episodes"] == 16
    assert set(summary["before"]) == set(summary["after"])
    assert set(summary["after"]) == {
        *("score", "judge", "kl", "perplexity", "distinct_1", "distinct_2", "repetition", "length"),
    }
    assert summary["before"]["kl"] == pytest.approx(0, abs=1e-5)
    assert len((folder / "metrics.jsonl").read_text().splitlines()) == 2
    config = json.loads((folder / "config.json").read_text())
    assert config["settings"]["batch_size"] == 8
    assert "torch" in config["versions"]
    assert (folder / "curves.png").read_bytes().startswith(b"\x89PNG")
    card = (folder / "checkpoint" / "policy" / "README.md").read_text()
    assert re.search(r"column is of 8 responses to \d different prompts, drawn with the seed 0,", card)
    assert "model-index:" in card and '      split: "eval"' in card
    assert "perplexity" in output
    page = f"  {folder / 'samples.html'} (each token with its reward, before and after)\n"
    assert page in output
    again = train("--resume", folder)
    assert again[0] == 0
    assert "finished already" in again[1]
    refuse(train(*tiny, "--out", folder), "holds a run already", "--resume", status=1)
    refuse(train("--resume", folder, "--lr", 1, "--seed", 5), "--lr is 1.0 but", "--seed is 5 but", status=2)


class Wandb:
    """A board that takes a run and then fails in one way."""

    def __init__(self, way):
        self.way = way

    def init(self, **_):
        return self

    def teardown(self):
        pass

    def Histogram(self, values):  # noqa: N802
        return values

    def Table(self, columns):  # noqa: N802
        return SimpleNamespace(add_data=lambda *row: None)

    def log(self, payload, step):
        if self.way == "log" and step == 2:
            raise ConnectionError("no route")

    def finish(self):
        if self.way == "finish":
            time.sleep(600)


@pytest.mark.parametrize(
    ("way", "lost"), [("log", "nothing after iteration 1"), ("finish", "perhaps not all up to iteration 2")]
)
def test_a_board_that_fails_costs_the_boards_copy_alone(train, tiny, tmp_path, monkeypatch, way, lost):
    folder = tmp_path / "run"
    monkeypatch.setitem(sys.modules, "wandb", Wandb(way))
    monkeypatch.setattr(boards, "WandbLog", partial(WandbLog, finish_timeout=0.2))
    status, _, errors = train(*tiny, "--out", folder, "--wandb")
    assert status == 0, errors
    (line,) = [line for line in errors if line.startswith("W&B stopped")]
    assert f"The board has {lost}; " in line
    assert f"what W&B did not upload is in {folder / 'wandb'}, for `wandb sync`" in line
    assert len((folder / "metrics.jsonl").read_text().splitlines()) == 2
    assert json.loads((folder / "summary.json").read_text())["episodes"] == 16


def test_equal_runs_leave_equal_bytes(train, tiny, tmp_path):
    first, second, other = (tmp_path / name for name in "abc")
    assert train(*tiny, "--out", first)[0] == 0
    assert train(*tiny, "--out", second)[0] == 0
    assert train(*tiny, "--out", other, "--seed", 1)[0] == 0
    assert (first / "metrics.jsonl").read_bytes() == (second / "metrics.jsonl").read_bytes()
    assert (first / "metrics.jsonl").read_bytes() != (other / "metrics.jsonl").read_bytes()


@pytest.mark.parametrize("agent", ["rloo", "grpo"])
def test_a_resumed_run_keeps_its_agent(train, tiny, tmp_path, agent):
    folder, whole = tmp_path / "run", tmp_path / "whole"
    arguments = (*tiny, "--agent", agent, "--group-size", 2, "--baseline", "return", "--cliprange", 0.1)
    assert train(*arguments, "--out", whole)[0] == 0
    assert train(*arguments, "--out", folder)[0] == 0
    recorded = json.loads((folder / "checkpoint" / "learner.json").read_text())["record"]
    assert recorded["learner"] == agent
    assert [recorded["config"][key] for key in ("group_size", "baseline", "cliprange")] == [2, "return", 0.1]
    (folder / "summary.json").unlink()
    (folder / "after.json").unlink()
    refuse(train("--resume", folder, "--agent", "ppo"), "--agent is ppo", f"started with {agent}", status=2)
    changed = ("--baseline", "share", "--cliprange", 0.1, "--entropy-coef", 0.5)
    refused = train("--resume", folder, *changed)
    refuse(refused, "--baseline is share but", "with return; --entropy-coef is 0.5 but", "with 0.0", status=2)
    refuse(train("--resume", folder, "--lam", 1), "--lam is a setting of ppo, not of", agent, status=2)
    assert train("--resume", folder, "--baseline", "return")[0] == 0
    assert (folder / "metrics.jsonl").read_bytes() == (whole / "metrics.jsonl").read_bytes()


def test_an_adapter_is_trained_in_bfloat16_and_saved_alone(train, tiny, tmp_path):
    folder = tmp_path / "run"
    flags = ("--lora-rank", 2, "--lora-targets", "c_attn,c_fc", "--dtype", "bfloat16")
    status, _, errors = train(*tiny, *flags, "--gradient-checkpointing", "--out", folder)
    assert status == 0, errors
    assert not list((folder / "checkpoint").rglob("model.safetensors"))
    record = json.loads((folder / "checkpoint" / "policy" / "lora.json").read_text())
    assert record["settings"] == {"rank": 2, "alpha": 32.0, "targets": ["c_attn", "c_fc"], "seed": 0}
    options = json.loads((folder / "checkpoint" / "learner.json").read_text())["record"]["options"]
    assert options["policy"] == {"temperature": 1.0, "dtype": "bfloat16", "gradient_checkpointing": True}
    (folder / "summary.json").unlink()
    (folder / "after.json").unlink()
    assert train("--resume", folder)[0] == 0


def test_epochs_are_passes_over_the_prompts(train, tiny, tmp_path):
    prompts = tmp_path / "prompts.txt"
    prompts.write_text("\n".join(f"{i} critics said it was" for i in range(40)))
    arguments = [*tiny[: tiny.index("--episodes")], *tiny[tiny.index("--episodes") + 2 :]]
    status, _, errors = train(*arguments, "--prompts", prompts, "--epochs", "1", "--out", tmp_path / "run")
    assert status == 0, errors
    episodes = json.loads((tmp_path / "run" / "summary.json").read_text())["episodes"]
    assert 24 <= episodes <= 40  # about nine tenths of the prompts are for training


def test_a_few_prompts_are_enough(train, tiny, tmp_path):
    prompts = tmp_path / "prompts.txt"
    prompts.write_text("The film was\n")
    status, _, errors = train(*tiny, "--prompts", prompts, "--out", tmp_path / "run")
    assert status == 0, errors
    assert errors[0].startswith("note: too few prompts to hold some out")


def test_the_column_is_that_of_the_tables(train, tiny, tmp_path):
    table, lines, folder = tmp_path / "reviews.csv", tmp_path / "held_out.txt", tmp_path / "run"
    table.write_text("query\n" + "\n".join(f"{i} critics said it was" for i in range(8)))
    lines.write_text("The film was\n")
    for prompts, held_out, name in ((table, lines, "a"), (lines, table, "b"), (table, "bundled", "c")):
        sources = ("--prompts", prompts, "--prompts-column", "query", "--eval-prompts", held_out)
        status, _, errors = train(*tiny, *sources, "--out", folder / name)
        assert status == 0, errors
    assert "The film was" in (folder / "a" / "samples.html").read_text()


@pytest.mark.parametrize("package", ["tensorboard", "wandb"])
def test_a_board_that_is_not_installed_is_told_at_once(train, tiny, tmp_path, monkeypatch, package):
    monkeypatch.setitem(sys.modules, package, None)
    folder = tmp_path / "run"
    found = train(*tiny, f"--{package}", "--out", folder)
    refuse(found, f"--{package} needs the package", f"pip install 'rlsf-gym[{package}]'", status=2)
    assert not folder.exists()


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--reward-design", "potentail"], ["reward design 'potentail'", "did you mean 'potential'?"]),
        (["--scorer", "vadr"], ["scorer 'vadr'", "'vader'"]),
        (["--objective", "happy"], ["objective 'happy'", "'positive'"]),
        (["--episodes", "0"], ["--episodes", "at least 1", "'0'"]),
        (["--response-length", "16-4"], ["16 or 4-16"[:2], "'16-4'"]),
        (["--lr", "fast"], ["--lr", "a number", "'fast'"]),
        (["--epochs", "1", "--episodes", "8"], ["--epochs and --episodes exclude each other"]),
        (["--scorer-model", "x"], ["--scorer transformer"]),
        (["--scorer", "transformer"], ["needs --scorer-model"]),
        (["--agent", "sac"], ["--agent", "one of 'ppo', 'rloo', 'grpo'", "'sac'"]),
        (["--agent", "rloo", "--group-size", "1"], ["--group-size: expected a whole number >= 2"]),
        (["--agent", "grpo", "--group-size", "5"], ["--group-size: expected a divisor of batch_size = 8"]),
        (["--agent", "grpo", "--lam", "1"], ["--lam is a setting of ppo, not of grpo", "take --agent ppo"]),
        (["--baseline", "share"], ["--baseline is a setting of rloo and grpo, not of ppo", "rloo or grpo"]),
        (["--agent", "rloo", "--scale", "none"], ["--scale is a setting of grpo, not of rloo"]),
        (
            ["--agent", "grpo", "--scale", "all"],
            ["--scale: expected one of 'group', 'batch', 'none', got 'all'"],
        ),
        (["--cliprange", "none"], ["--cliprange", "a number", "'none'"]),
        (["--cliprange-high", "0"], ["--cliprange-high: expected a number > 0, or None, got 0.0"]),
        (["--warmup-iterations", "0.5"], ["--warmup-iterations", "a whole number", "'0.5'"]),
        (["--standardise-scores", "yes"], ["--standardise-scores", "on or off", "'yes'"]),
        (["--kl-estimator", "k2"], ["--kl-estimator: expected one of 'exact', 'k3', got 'k2'"]),
        (["--lora-alpha", "8"], ["are for an adapter: add --lora-rank"]),
        (["--lora-rank", "0"], ["--lora-rank", "at least 1", "'0'"]),
        (["--lora-rank", "4", "--lora-targets", "a,,b"], ["--lora-targets", "q_proj,v_proj", "'a,,b'"]),
        (["--dtype", "float16"], ["--dtype", "float32 or bfloat16", "'float16'"]),
        (["--device", "cuda:99"], ["--device cuda:99", "can't use it"]),
        (["--no-such-flag"], ["unrecognized arguments: --no-such-flag"]),
    ],
)
def test_wrong_arguments_end_with_status_2(train, arguments, words):
    refuse(train(*arguments), *words, status=2)


def test_both_spellings_of_a_flag(train):
    refuse(train("--accumulation_steps", "x"), "--accumulation", status=2)
    refuse(train("--eval-samples", "x"), "--eval-samples", status=2)


@pytest.mark.parametrize(
    ("name", "content", "words"),
    [
        ("missing.txt", None, ["missing.txt"]),
        ("empty.txt", b"", ["empty.txt"]),
        ("columns.csv", b"a,b\n1,2\n", ["columns.csv", "column"]),
        ("latin.txt", "Das Gef\u00fchl, der Film".encode("latin-1"), ["latin.txt", "UTF-8"]),
    ],
)
def test_prompt_files_that_can_not_be_used(train, tiny, tmp_path, name, content, words):
    path = tmp_path / name
    if content is not None:
        path.write_bytes(content)
    refuse(train(*tiny, "--prompts", path, "--out", tmp_path / "run"), *words, status=1)
    assert not (tmp_path / "run").exists()


def test_vocabularies_that_do_not_fit(train, tiny, tmp_path):
    arguments = ["bundled" if word == "bytes" else word for word in tiny]
    result = train(*arguments, "--out", tmp_path / "run")
    refuse(result, "4096", "257", status=1)


def test_a_pickled_policy_is_refused(train, tiny, tiny_policy, tmp_path):
    folder = tmp_path / "pickled"
    folder.mkdir()
    (folder / "config.json").write_bytes((tiny_policy / "config.json").read_bytes())
    (folder / "pytorch_model.bin").write_bytes(b"\x80\x04.")
    arguments = [folder if argument == tiny_policy else argument for argument in tiny]
    refuse(train(*arguments, "--out", tmp_path / "run"), "pickled", "safetensors", status=1)


def test_a_checkpoint_that_was_cut_off(train, tiny, tmp_path):
    folder = tmp_path / "run"
    assert train(*tiny, "--out", folder)[0] == 0
    (folder / "summary.json").unlink()
    weights = folder / "checkpoint" / "learner.safetensors"
    weights.write_bytes(weights.read_bytes()[:-7])
    refuse(train("--resume", folder), "learner.safetensors", status=1)


def test_a_folder_that_is_no_run(train, tmp_path):
    refuse(train("--resume", tmp_path), "no run folder", status=1)


@pytest.mark.parametrize(
    ("variable", "value", "words"),
    [
        ("USE_FSDP", "true", ["whole weights in each process", "multi_gpu.yaml"]),
        ("USE_DEEPSPEED", "true", ["--use_deepspeed", "whole weights in each process"]),
        ("MIXED_PRECISION", "bf16", ["--mixed_precision bf16", "--dtype bfloat16"]),
    ],
)
def test_what_a_launcher_asks_for_in_vain_is_refused(
    train, tiny, tmp_path, monkeypatch, variable, value, words
):
    monkeypatch.setenv(f"ACCELERATE_{variable}", value)
    refuse(train(*tiny, "--out", tmp_path / "run"), *words, status=1)
    assert not (tmp_path / "run").exists()


class Elsewhere(Processes):
    """Two processes, of which the other one has no checkpoint where this one has."""

    def any(self, flag):
        return True


def test_a_checkpoint_that_not_all_machines_see(tmp_path):
    with pytest.raises(ValueError, match="some processes see a checkpoint and some none"):
        build.find_checkpoint(RunFolder(tmp_path), Elsewhere())
