"""Command lines that are wrong: each ends with its status and one line that names the flag."""

import json
import os
import re
import subprocess
import sys
from importlib import import_module
from pathlib import Path

import pytest

from agents.flags.parser import repeated
from agents.training import build, settings
from rlsf_gym.commands import explore
from rlsf_gym.presets import task_flags
from rlsf_gym.presets.table import load_preset

PRESET = load_preset("sentiment")
EXAMPLES = Path(__file__).parents[2] / "examples"
ROOT = EXAMPLES.parent
SURROGATE = "\udcff"
COMMANDS = {
    "train_sentiment": "examples.train_sentiment",
    **{name: f"agents.commands.{name}" for name in ("study", "report", "show", "leaderboard")},
    **{name: f"rlsf_gym.commands.{name}" for name in ("explore", "view", "check")},
}


@pytest.fixture
def call(run_main, tmp_path, monkeypatch):
    """Returns a function: command, arguments -> (status, stdout, lines of stderr), in an empty folder."""
    monkeypatch.chdir(tmp_path)

    return lambda command, *arguments: run_main(import_module(COMMANDS[command]).main, *arguments)


def here():
    """Returns the variables of a process that finds the packages of this checkout, wherever it runs."""
    return {**os.environ, "PYTHONPATH": str(ROOT)}


def is_refused(result, status, *words):
    """Asserts that there is one line of error, and nothing else, that has all the words."""
    found, output, errors = result
    assert (found, output, len(errors)) == (status, "", 1), errors
    assert errors[0].startswith("error: ")
    assert "Traceback" not in errors[0]
    for word in words:
        assert word in errors[0]


TRAINING = [
    # numbers
    (["--episodes", "0"], "argument --episodes: expected a whole number of at least 1, got '0'"),
    (["--episodes", "-5"], "argument --episodes: expected"),
    (["--episodes", "1e3"], "argument --episodes: expected a whole number of at least 1, got '1e3'"),
    (["--episodes", ""], "argument --episodes: expected a whole number of at least 1, got ''"),
    (["--episodes", "9" * 5000], "argument --episodes: expected"),
    (["--lr", "nan"], "argument --lr: expected a number, got 'nan'"),
    (["--lr", "inf"], "argument --lr: expected a number, got 'inf'"),
    (["--lr="], "argument --lr: expected a number, got ''"),
    (["--lr", "-1"], "--lr: expected a number > 0, got -1.0"),
    (["--lr"], "argument --lr: expected one argument"),
    (["--ppo-epochs", "0"], "--ppo-epochs: expected a whole number >= 1, got 0"),
    (["--seed", "-1"], "--seed: expected a whole number >= 0, got -1"),
    (["--seed", str(2**63)], "argument --seed: expected a whole number below 2^63"),
    (["--episodes", str(2**63)], "argument --episodes: expected a whole number of at least 1"),
    (["--step-timeout", "1e300"], "argument --step-timeout: expected a number above 0, at most 1e+08"),
    (["--policy", "bundeld"], "--policy: there is no 'bundeld' (did you mean 'bundled'?)"),
    (["--tokenizer", "byts"], "--tokenizer: there is no 'byts' (did you mean 'bytes'?)"),
    (["--prompts", "bundeld"], "--prompts: there is no 'bundeld' (did you mean 'bundled'?)"),
    (["--objective", "pathlib:Path"], "--objective: objective must be a name, an Objective or a function"),
    (["--reward-design", "pathlib:Path"], "--reward-design: reward design must be a name"),
    (["--temperature", "0"], "argument --temperature: expected a number above 0, got '0'"),
    (["--temperature", "hot"], "argument --temperature: expected a number above 0, got 'hot'"),
    (["--target", "2"], "argument --target: expected a number from -1 to 1, got '2'"),
    (["--threads", "-1"], "argument --threads: expected a whole number from 0 to 1024, got '-1'"),
    (["--threads", "1000000"], "argument --threads: expected a whole number from 0 to 1024, got '1000000'"),
    (["--step-timeout", "0"], "argument --step-timeout: expected a number above 0"),
    # lengths
    (
        ["--response-length", "16-4"],
        "argument --response-length: expected a number of tokens such as 16, or a",
    ),
    (["--response-length", "16-"], "argument --response-length: expected"),
    (["--response-length", "-4"], "argument --response-length: expected"),
    (["--response-length", "0"], "argument --response-length: expected"),
    (["--response-length", "a-b"], "argument --response-length: expected"),
    (["--response-length=4-8-16"], "argument --response-length: expected"),
    # names, with what was meant
    (["--scorer", "vadr"], "--scorer: unknown scorer 'vadr' (did you mean 'vader'?): expected one of 'knowl"),
    (["--objective", "postive"], "--objective: unknown objective 'postive' (did you mean 'positive'?)"),
    (["--reward-design", "termnal"], "--reward-design: unknown reward design 'termnal' (did you mean 'termi"),
    (["--scorer", "no_such_module:x"], "--scorer: scorer 'no_such_module:x': there is no module"),
    (["--scorer", "math:no_such"], "--scorer: scorer 'math:no_such': module 'math' has no attribute"),
    (["--scorer", "a:b:c"], "--scorer: scorer must be written 'module:attribute', got 'a:b:c'"),
    (["--agent", "pp"], "argument --agent: expected one of 'ppo', 'rloo', 'grpo', got 'pp'"),
    (["--device", "gpu"], "--device gpu: torch can't use it"),
    (["--boundary", ""], "argument --boundary: expected a text that is not empty, in UTF-8, got ''"),
    (["--policy", " "], "argument --policy: expected a text that is not empty, in UTF-8, got ' '"),
    (["--out", ""], "argument --out: expected a text that is not empty"),
    (["--out", SURROGATE], "argument --out: expected a text that is not empty, in UTF-8"),
    (["--prompts", SURROGATE], "argument --prompts: expected a text that is not empty, in UTF-8"),
    # KEY=VALUE
    (
        ["--env-kwargs", "verify"],
        "argument --env-kwargs: expected KEY=VALUE, such as verify=true, got 'verify'",
    ),
    (["--env-kwargs", "=1"], "argument --env-kwargs: expected KEY=VALUE"),
    (["--env-kwargs", "a..b=1"], "argument --env-kwargs: expected KEY=VALUE"),
    (["--env-kwargs"], "argument --env-kwargs: expected at least one argument"),
    (["--env-kwargs", "a=1", "a=2"], "argument --env-kwargs: expected each key once, got 'a' twice"),
    (
        ["--env-kwargs", "a=1", "--env-kwargs", "a.b=2"],
        "--env-kwargs: expected each key once, got 'a.b' twice",
    ),
    (["--env-kwargs", "scorer=vader"], "--env-kwargs scorer: give it as --scorer"),
    (["--env-kwargs", "verfy=true"], "--env-kwargs: expected some of", "(did you mean 'verify'?)"),
    (["--env-kwargs", "reward_design_kwargs.bta=1"], "does not take --env-kwargs reward_design_kwargs="),
    (
        ["--env-kwargs", "prompts_kwargs.colum=x"],
        "--env-kwargs prompts_kwargs must",
        "did you mean 'column'?",
    ),
    (["--env-kwargs", "prompts_kwargs.split=all"], "--env-kwargs prompts_kwargs must leave 'split' out"),
    (
        ["--env-kwargs", "prompts_kwargs=3"],
        "--env-kwargs prompts_kwargs: expected a table, such as prompts_kw",
    ),
    (["--scorer-kwargs", "model=x"], "--scorer-kwargs model: give it as --scorer-model"),
    (["--label-values", "good"], "argument --label-values: expected LABEL=NUMBER with numbers from -1 to 1"),
    (["--label-values", "good=2"], "argument --label-values: expected LABEL=NUMBER"),
    (["--label-values", "a=1", "a=0"], "argument --label-values: expected each key once, got 'a' twice"),
    (["--label-values", "a=1"], "--label-values is for a neural scorer: add --scorer transformer"),
    # flags
    (["--epsodes", "8"], "unrecognized arguments: --epsodes (did you mean --episodes?), 8; --help"),
    (["--learning-rate", "1"], "unrecognized arguments: --learning-rate"),
    (["--reward_desing=uniform"], "--reward_desing (did you mean --reward-design?)"),
    (["--episode", "8"], "unrecognized arguments: --episode (did you mean --episodes?)"),  # no abbreviation
    (["--boundry"], "(did you mean --boundary?)"),
    (["potential"], "unrecognized arguments: potential"),
    (["--tensorboard=yes"], "argument --tensorboard: ignored explicit argument 'yes'"),
    (["--wandb-mode", "off"], "argument --wandb-mode: invalid choice: 'off'"),
    (["--epochs", "1", "--episodes", "8"], "--epochs and --episodes exclude each other"),
]


@pytest.mark.parametrize(("arguments", "words"), [(line[0], line[1:]) for line in TRAINING])
def test_a_wrong_line_of_training_is_told_at_once(call, tmp_path, arguments, words):
    is_refused(call("train_sentiment", *arguments), 2, *words)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (
            ["--scorer-kwargs", "butt=library"],
            "--scorer-kwargs must fit scorer 'vader': it takes (but): got an",
        ),
        (["--scorer-kwargs", "but=neither"], "but must be one of library, documented"),
        (["--scorer-kwargs", "but=[]"], "but must be one of library, documented"),
        (["--env-kwargs", "verify=no"], "--env-kwargs verify must be True or False, got 'no'"),
        (["--prompts", "none.txt"], "none.txt"),
        (["--prompts", "lines.txt", "--prompts-column", "x"], "--prompts-column is for tables, got 'x'"),
        (["--policy", "run/checkpoint/policy"], ("error: --policy: ", "there is no such path")),
        (["--tokenizer", "run/checkpoint/policy"], ("error: --tokenizer: ", "there is no such path")),
        (["--prompts", "other.csv"], "name one as --prompts-column"),
        (["--prompts", "other.csv", "--prompts-column", "x"], "'other.csv' has 'query'"),
        (["--eval-prompts", "other.csv"], "name one as --prompts-column"),
        (
            ["--judge", "bundeld"],
            ("judge must be one of bundled, bundled-b, order or", "(did you mean 'bundled'?)"),
        ),
        (["--reward-design", "attention"], "use --scorer='transformer'"),
        (["--out", "file.txt"], "file.txt is a file: choose a new folder for --out"),
        (["--resume", "no such run"], "no such run is no run folder"),
        (["--resume", "other.csv"], "other.csv"),
    ],
)
def test_what_only_shows_when_it_is_loaded_ends_with_status_1(call, tmp_path, arguments, words):
    (tmp_path / "other.csv").write_text("query\nThe film was\nI think that\n")
    (tmp_path / "file.txt").write_text("")
    (tmp_path / "lines.txt").write_text("The film was\n")
    words = (words,) if isinstance(words, str) else words
    is_refused(call("train_sentiment", *arguments), 1, *words)
    assert {path.name for path in tmp_path.iterdir()} == {"other.csv", "file.txt", "lines.txt"}


@pytest.mark.parametrize(
    ("command", "arguments", "words"),
    [
        ("study", [], "the following arguments are required: study"),
        ("study", ["no-such-study"], "study: expected a TOML file or one of"),
        (
            "study",
            ["tiny-quick", "--jbs", "2"],
            "unrecognized arguments: --jbs (did you mean --jobs?), 2",
        ),
        (
            "study",
            ["tiny-quick", "--job", "2"],
            "unrecognized arguments: --job (did you mean --jobs?), 2",
        ),
        (
            "study",
            ["tiny-quick", "--limit-seconds", "nan"],
            "argument --limit-seconds: expected a number",
        ),
        (
            "study",
            ["tiny-quick", "--jobs", "0"],
            "argument --jobs: expected a whole number of at least 1",
        ),
        ("report", [], "the following arguments are required: study"),
        ("report", ["x", "--ot", "y"], "unrecognized arguments: --ot (did you mean --out?), y"),
        ("explore", ["--port", "99999"], "argument --port: expected a port from 0"),
        ("explore", ["--scorr", "vader"], "unrecognized arguments: --scorr (did you mean --scorer?), vader"),
        ("explore", ["--label-values", "a=1"], "--label-values is for a neural scorer"),
        ("explore", ["--env-kwargs", "verfy=1"], "(did you mean 'verify'?)"),
    ],
)
def test_a_wrong_line_of_the_other_commands(call, tmp_path, command, arguments, words):
    is_refused(call(command, *arguments), 2, words)
    assert list(tmp_path.iterdir()) == []


def test_the_scripts_themselves_end_in_one_line(tmp_path):
    """What is imported before a parser is called has no say in what it answers."""
    scripts = [[EXAMPLES / "train_sentiment.py"], ["-m", "agents", "train"], ["-m", "agents", "report"]]
    for script, flag in zip(scripts, ("--epsodes", "--epsodes", "--otu"), strict=True):
        script = [sys.executable, *script, flag]
        done = subprocess.run(script, capture_output=True, text=True, cwd=tmp_path, env=here(), timeout=120)
        assert (done.returncode, done.stdout, done.stderr.count("\n")) == (2, "", 1)
        assert done.stderr.startswith("error: ")
        assert flag in done.stderr or "required: study" in done.stderr


def test_flags_that_are_given_twice():
    assert repeated(["--lr", "1", "--eval-samples", "2", "--eval_samples=3", "--lr", "2", "--", "--out"]) == [
        "--lr",
        "--eval-samples",
    ]
    assert repeated(["--lr", "1", "-h"]) == []


OWN_MODULE = """
import numpy as np


def halve(scores):
    return scores / 2

def first_token(evidence, *, rng, scale=1.0):
    rewards = np.zeros(len(evidence.mask))
    rewards[0] = scale
    return rewards * evidence.mask
"""


def read(path):
    return json.loads(path.read_text(encoding="utf-8"))


@pytest.mark.whole
def test_a_run_keeps_what_it_was_given_and_goes_on_with_it(call, tiny_policy, tmp_path):
    """A module of the working folder, a column, held-out prompts of one's own, a temperature, and a name in
    letters of all kinds, before and after the run is resumed."""
    (tmp_path / "my_rewards.py").write_text(OWN_MODULE)
    texts = [f"Film {number} was" for number in range(12)]
    (tmp_path / "my texts \u00fc.csv").write_text("\n".join(["query", *texts]), encoding="utf-8")
    (tmp_path / "held.csv").write_text("query\nFilm 3 was\nA quite other start\n")
    flags = [
        *("--policy", tiny_policy, "--tokenizer", "bytes", "--max-prompt-tokens", 64, "--response-length", 4),
        *("--episodes", 8, "--batch-size", 4, "--minibatch-size", 4, "--ppo-epochs", 1, "--eval-samples", 4),
        *("--objective", "my_rewards:halve", "--reward-design", "my_rewards:first_token", "--threads", 1),
        *("--env-kwargs", "reward_design_kwargs.scale=0.25", "--scorer-kwargs", "but=documented"),
        *("--prompts", "my texts \u00fc.csv", "--prompts-column", "query", "--eval-prompts", "held.csv"),
        *("--temperature", 0.5),
    ]
    run = tmp_path / "run \u00fc 1"
    status, _, errors = call("train_sentiment", *flags, "--out", run)
    assert status == 0, errors
    assert "note: 1 of the 2 held-out prompts are training prompts as well" in errors
    assert any(line.startswith("note: no judge: the bundled ones know films") for line in errors)
    kept = read(run / "config.json")["settings"]
    assert kept["env_kwargs"] == {"reward_design_kwargs": {"scale": 0.25}}
    assert kept["scorer_kwargs"] == {"but": "documented"}
    assert (kept["prompts_column"], kept["eval_prompts"], kept["temperature"]) == ("query", "held.csv", 0.5)
    assert kept["judge"] == "none"
    before, after = read(run / "before.json"), read(run / "after.json")
    for sample in before["samples"]:
        assert sample["prompt"] in ("Film 3 was", "A quite other start")
        assert sample["token_rewards"][0] == 0.25
    for name in ("summary.json", "after.json"):
        (run / name).unlink()
    assert call("train_sentiment", "--resume", run)[0] == 0
    assert read(run / "after.json") == after
    is_refused(
        call("train_sentiment", "--resume", run, "--temperature", "1"), 2, "--temperature is 1.0 but the run"
    )
    is_refused(
        call("train_sentiment", "--resume", run, "--env-kwargs", "verify=true"), 2, "--env-kwargs is {"
    )


def test_the_temperature_of_training_is_that_of_evaluation(tiny_policy):
    """At a temperature near 0 the policy samples what is most probable, in evaluations too."""
    from agents import CausalLMPolicy, evaluate
    from agents.parallel import ALONE

    words = f"--policy {tiny_policy} --tokenizer bytes --eval-samples 4 --max-prompt-tokens 64"
    given = settings.make_parser(PRESET, "").parse_args([*words.split(), "--response-length", "4"])
    found = settings.complete(PRESET, {**vars(given), "temperature": 1e-4})
    policy = CausalLMPolicy.from_pretrained(tiny_policy, **settings.policy_kwargs(found))
    assert policy.frozen_copy().temperature == 1e-4
    env = build.make_eval_env(PRESET, found, ALONE)
    rows = evaluate(policy, env, episodes=4, reference=policy.frozen_copy(), seed=0)
    again = evaluate(policy, env, episodes=4, reference=policy.frozen_copy(), seed=0)
    assert [row["tokens"] for row in rows] == [row["tokens"] for row in again]
    assert all(row["nll"] < 1e-2 for row in rows)  # of tokens that have all of the probability


def test_a_value_of_the_wrong_type_is_told_with_its_flag(call, tmp_path):
    (tmp_path / "my_scale.py").write_text("def make(scale):\n    return scale + 1\n")
    words = ("--scorer", "my_scale:make", "--scorer-kwargs", "scale=abc")
    is_refused(
        call("train_sentiment", *words), 1, "TypeError: ", "was given --scorer-kwargs {'scale': 'abc'}"
    )


def test_a_warning_is_one_line(tmp_path):
    rows = [{"prompt": f"Film {number} was"} for number in range(20)] + [{"prompt": "long " * 60}]
    (tmp_path / "mine.jsonl").write_text("\n".join(map(json.dumps, rows)))
    command = [sys.executable, "-m", "rlsf_gym", "explore", "--prompts", "mine.jsonl", "--out", "x.html"]
    done = subprocess.run(command, capture_output=True, text=True, cwd=tmp_path, env=here(), timeout=120)
    assert (done.returncode, done.stderr.count("\n")) == (0, 1), done.stderr
    assert done.stderr.startswith("warning: ")
    assert "1 of" in done.stderr


def test_the_docs_name_flags_that_there_are():
    text = (EXAMPLES.parent / "docs" / "command_line.md").read_text(encoding="utf-8")
    named = set(re.findall(r"--[a-z]+(?:-[a-z]+)*", text))
    known = {*settings.make_parser(PRESET, "").flags, *explore.make_parser().flags}
    assert named - known == set()
    assert {
        *settings.collecting(PRESET.flags),
        "--prompts-column",
        "--eval-prompts",
        "--temperature",
    } <= named
    for path in re.findall(r"--env-kwargs (\S+)=", text):
        assert path.partition(".")[0] not in task_flags.FLAG_OF
