"""Training on a domain that makes its prompts: its arguments are flags, its instances are known by a hash."""

import json
import shutil
from dataclasses import replace
from functools import partial

import pytest

from agents.commands import train as command
from agents.policies import bundled
from agents.training import settings
from agents.training.any_env import AnyEnv
from rlsf_gym.presets.table import load_preset
from tests.helpers import digits_task

PRESET = load_preset("sums")


@pytest.fixture
def train(run_main):
    """Returns a function: arguments -> (exit status, stdout, lines of stderr)."""
    return partial(run_main, partial(command.main, preset=PRESET))


@pytest.fixture(scope="module")
def complete():
    """Returns a function: arguments -> all settings of the run."""
    return lambda *words: settings.complete(PRESET, vars(settings.make_parser(PRESET, "").parse_args(words)))


def test_defaults_are_those_of_the_domain(complete):
    found = complete()
    assert {key: found[key] for key in ("prompts", "scorer", "judge", "max_prompt_tokens")} == {
        **{"prompts": None, "scorer": "digits", "judge": "none", "max_prompt_tokens": 2}
    }
    assert (found["lr"], found["episodes"], found["response_length"]) == (1e-3, 16, "4")
    assert complete("--agent", "grpo", "--lr", "1e-4")["lr"] == 1e-4
    assert complete("--agent", "grpo")["batch_size"] == 8


def test_arguments_of_the_domain_decide_what_follows_from_them(complete):
    found = complete("--domain-kwargs", "most=3", "length=7")
    assert (found["domain_kwargs"], found["response_length"]) == ({"most": 3, "length": 7}, "7")
    assert complete("--domain-kwargs", "length=7", "--response-length", "2-3")["response_length"] == "2-3"
    name, arguments = PRESET.env(found, "eval")
    assert name == digits_task.ID
    assert (arguments["domain_kwargs"], arguments["split"]) == ({"most": 3, "length": 7}, "eval")
    assert (arguments["max_new_tokens"], arguments["prompts"], arguments["prefix_values"]) == (7, None, True)
    assert "prefix_values" not in PRESET.env(found, "train")[1]


def test_arguments_of_the_domain_are_added_to_those_of_the_preset():
    preset = replace(PRESET, defaults={**PRESET.defaults, "domain_kwargs": {"most": 5, "length": 6}})
    found = settings.complete(preset, {"domain_kwargs": {"length": 3}})
    assert (found["domain_kwargs"], found["response_length"]) == ({"most": 5, "length": 3}, "3")
    assert settings.complete(preset, {})["response_length"] == "6"


@pytest.mark.parametrize("name", ["countdown", "sudoku", "knights"])
@pytest.mark.parametrize("given", [{}, {"candidates": "off"}, {"agent": "grpo"}])
def test_defaults_of_presets_are_what_their_flags_read(name, given):
    preset = load_preset(name)
    found = settings.complete(preset, given)
    assert settings.read_stored(preset, json.loads(json.dumps(found))) == found
    assert settings.make_config(found)
    assert bundled.is_bundled(found["policy"])
    assert preset.tokenizer(found) == name


def test_every_default_is_read_back(complete):
    found = complete()
    assert settings.read_stored(PRESET, json.loads(json.dumps(found))) == found


def test_runs_are_known_by_their_instances(complete):
    def sha256(*words):
        return PRESET.prompts(complete(*words)).sha256

    assert sha256() == sha256("--lr", "1")
    assert len({sha256(), sha256("--domain-kwargs", "most=3"), sha256("--domain-kwargs", "most=8")}) == 3
    told = PRESET.prompts(complete("--domain-kwargs", "most=3", "length=5"))
    assert (told.source, told.notes) == ("domain 'sums' with most=3 length=5", ())


def test_the_tokenizer_is_that_of_the_policy(complete):
    assert complete("--policy", "elsewhere")["tokenizer"] is None
    assert PRESET.tokenizer(complete("--policy", "elsewhere")) == "elsewhere"
    assert PRESET.tokenizer(complete("--policy", "elsewhere", "--tokenizer", "bytes")) == "bytes"


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ("--prompts a.txt", "--prompts: domain 'sums' makes its prompts, and holds some out"),
        ("--eval-prompts a.txt", "--eval-prompts: domain 'sums' makes its prompts"),
        ("--prompts-column a", "--prompts-column: domain 'sums' makes its prompts"),
        ("--epochs 2", "--epochs: domain 'sums' draws its instances without end: give --episodes"),
        ("--domain-kwargs least=2", "--domain-kwargs must fit domain 'sums': "),
        ("--env-kwargs domain_kwargs.most=2", "--env-kwargs domain_kwargs: give it as --domain-kwargs"),
        ("--scorer vadre", "--scorer: unknown scorer 'vadre'"),
    ],
)
def test_what_such_a_domain_does_not_have_is_refused(train, words, said):
    status, _, errors = train(*words.split())
    assert status == 2
    assert len(errors) == 1 and said in errors[0]


def test_a_domain_of_plain_text_says_that_it_takes_no_arguments(run_main):
    status, _, errors = run_main(command.main, "--domain-kwargs", "most=2")
    assert (status, len(errors)) == (2, 1)
    assert "--domain-kwargs must be left out: domain 'sentiment' takes none, got most" in errors[0]


@pytest.mark.whole
def test_the_share_of_solved_responses_is_told(train, tiny_policy, tmp_path):
    folder = tmp_path / "run"
    words = ("--policy", tiny_policy, "--tokenizer", "bytes", "--threads", 1, "--scorer", "verdict")
    status, output, errors = train(*words, "--out", folder)
    assert status == 0, errors
    found = json.loads((folder / "summary.json").read_text())
    assert 0.0 <= found["after"]["solved"] <= 1.0
    before, after = (f"{found[name]['solved']:.1%}" for name in ("before", "after"))
    assert f"before training: {before} of 8 held-out responses are solved" in errors
    assert f"after training: {after} of 8 held-out responses are solved" in errors
    assert any(f"solved {share:.1%}" in errors[-2] for share in (0.0, 0.125, 0.25, 0.375))
    assert f"solved      {found['before']['solved']:>12.3f}" in output
    assert "| share of responses solved |" in (folder / "checkpoint" / "policy" / "README.md").read_text()


@pytest.fixture
def tiny_is_bundled(tiny_policy, tmp_path, monkeypatch):
    """Adds a policy of bytes to the bundled ones."""
    shutil.copytree(bundled.bundled_folder(), tmp_path / "assets" / bundled.DEFAULT)
    shutil.copytree(tiny_policy, tmp_path / "assets" / "gpt2-tiny-1m")
    monkeypatch.setattr(bundled, "ASSETS", tmp_path / "assets")


def test_any_environment_is_given_the_bundled_policy_that_fits(tiny_is_bundled):
    preset = AnyEnv()
    given = {"env": digits_task.ID}
    found = settings.complete(preset, given)
    assert found["policy"] == "gpt2-tiny-1m"
    (note,) = preset.notes(found, given)
    assert note == "--policy gpt2-tiny-1m: the bundled policy with the environment's tokenizer"
    asked = {**given, "policy": "elsewhere"}
    assert settings.complete(preset, asked)["policy"] == "elsewhere"
    assert not preset.notes(settings.complete(preset, asked), asked)
    assert settings.complete(preset, {"env": "rlsf_gym:rlsf_gym/Sentiment-v0"})["policy"] == "bundled"
    assert settings.complete(preset, {"env": "nowhere:nothing-v0"})["policy"] == "bundled"


def test_a_policy_with_the_tokenizer_of_the_domain_needs_no_name_of_it(complete, tiny_policy, tmp_path):
    assert complete("--policy", str(tiny_policy))["tokenizer"] == "bytes"
    shutil.copytree(tiny_policy, tmp_path / "other")
    data = json.loads((tmp_path / "other" / "tokenizer.json").read_text())
    first, second = list(data["model"]["vocab"])[:2]
    data["model"]["vocab"] |= {first: 1, second: 0}
    (tmp_path / "other" / "tokenizer.json").write_text(json.dumps(data))
    assert complete("--policy", str(tmp_path / "other"))["tokenizer"] is None
    (tmp_path / "other" / "tokenizer.json").write_text("[")
    assert complete("--policy", str(tmp_path / "other"))["tokenizer"] is None


@pytest.mark.whole
def test_a_run_on_instances_is_evaluated_on_those_held_out(train, tiny_policy, tmp_path):
    folder = tmp_path / "run"
    tiny = ("--policy", tiny_policy, "--tokenizer", "bytes", "--threads", 1, "--domain-kwargs", "most=8")
    status, _, errors = train(*tiny, "--out", folder)
    assert status == 0, errors
    config = json.loads((folder / "config.json").read_text())
    assert config["settings"]["domain_kwargs"] == {"most": 8}
    assert len(config["prompts_sha256"]) == 64
    lines = [json.loads(line) for line in (folder / "samples.jsonl").read_text().splitlines()]
    assert {line["prompt"] for line in lines} <= {"2=", "4=", "6=", "8="}
    for line in lines:
        assert line["prompt"] == f"{line['instance']['target']}="
        assert len(line["prefix_values"]) == len(line["tokens"])
    assert train("--resume", folder)[0] == 0
    (folder / "summary.json").unlink()
    (folder / "after.json").unlink()
    assert train("--resume", folder, "--episodes", "24")[0] == 0
    status, _, errors = train("--resume", folder, "--epochs", "1")
    assert status == 1 and "--epochs: domain 'sums' draws its instances without end" in errors[-1]
