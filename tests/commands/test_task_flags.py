"""What an environment takes, from the command line: parsed, refused where a flag is meant, told by flags."""

import sys

import pytest

from agents.training import settings
from rlsf_gym.arguments import Argument, ArgumentError
from rlsf_gym.flags.key_values import key_value
from rlsf_gym.presets import task_flags
from rlsf_gym.presets.own_modules import find_own_modules
from rlsf_gym.presets.table import load_preset
from rlsf_gym.presets.task_flags import tell
from rlsf_gym.scorers.transformer.labels import weigh_labels

PRESET = load_preset("sentiment")


@pytest.fixture(scope="module")
def complete():
    """Returns a function: arguments -> all settings of the run."""
    return lambda *words: settings.complete(PRESET, vars(settings.make_parser(PRESET, "").parse_args(words)))


@pytest.mark.parametrize(
    ("text", "path", "value"),
    [
        ("verify=true", "verify", True),
        ("a=1e-3", "a", 0.001),
        ("graph=my graph.toml", "graph", "my graph.toml"),
        ("a.b={'x': 1}", "a.b", "{'x': 1}"),
        ('a={"x": [1, null]}', "a", {"x": [1, None]}),
        ("a=", "a", ""),
        ("a=b=c", "a", "b=c"),
        ("a=NaN", "a", "NaN"),
        ("\u00fc=\u00df", "\u00fc", "\u00df"),
        ("a=" + "[" * 100_000, "a", "[" * 100_000),
        ("a=" + "9" * 5_000, "a", "9" * 5_000),
    ],
)
def test_values_are_json_where_they_are_and_strings_elsewhere(text, path, value):
    assert key_value(text) == (path, value)
    assert type(key_value(text)[1]) is type(value)


def test_arguments_reach_the_environment(complete):
    found = complete(
        *(
            "--env-kwargs",
            "verify=true",
            "reward_design_kwargs.beta=0.5",
            "--scorer-kwargs",
            "but=documented",
        ),
        *("--env-kwargs", "prompts_kwargs.max_samples=9", "--prompts-column", "query", "--prompts", "a.csv"),
        *("--reward-design", "mixed", "--temperature", "0.7", "--eval-prompts", "b.csv"),
    )
    arguments = task_flags.env_kwargs(found)
    assert arguments["verify"] is True
    assert arguments["reward_design_kwargs"] == {"beta": 0.5}
    assert arguments["prompts_kwargs"] == {"column": "query", "max_samples": 9}
    assert arguments["scorer_kwargs"] == {"but": "documented"}
    assert settings.policy_kwargs(found)["temperature"] == 0.7
    assert (found["eval_prompts"], found["judge"]) == ("b.csv", "none")


def test_a_classifiers_labels_and_device(complete):
    labels = ("negative=-1", "so.so=0", "positive=1")
    words = ("--scorer", "transformer", "--scorer-model", "m", "--scorer-kwargs", "max_length=9")
    found = complete(*words, "--label-values", *labels, "--device", "cuda")
    expected = {"negative": -1.0, "so.so": 0.0, "positive": 1.0}
    wanted = {"model": "m", "device": "cuda", "label_values": expected, "max_length": 9}
    assert task_flags.env_kwargs(found)["scorer_kwargs"] == wanted
    elsewhere = complete(*words, "device=cuda:1")
    assert task_flags.env_kwargs(elsewhere)["scorer_kwargs"]["device"] == "cuda:1"


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ("--env-kwargs scorer=vader", "--env-kwargs scorer: give it as --scorer"),
        ("--env-kwargs max_new_tokens=4", "--env-kwargs max_new_tokens: give it as --response-length"),
        ("--env-kwargs scorer_kwargs.but=x", "--env-kwargs scorer_kwargs: give it as --scorer-kwargs"),
        ("--env-kwargs prompts_kwargs.column=x", "prompts_kwargs.column: give it as --prompts-column"),
        ('--env-kwargs prompts_kwargs={"column":"x"}', "prompts_kwargs.column: give it as --prompts-column"),
        ("--env-kwargs objective_kwargs.target=1", "objective_kwargs.target: give it as --target"),
        ("--env-kwargs num_envs=4", "--env-kwargs num_envs: give it as --batch-size"),
        ("--env-kwargs split=all", "--env-kwargs split: training and evaluation take theirs"),
        (
            "--env-kwargs domain=mine:DOMAIN",
            "domain: a preset has its own: give --preset, or for one of yours",
        ),
        ("--env-kwargs verfy=true", "got 'verfy' (did you mean 'verify'?)"),
        ("--scorer-kwargs model=x", "--scorer-kwargs model: give it as --scorer-model"),
        ("--scorer-kwargs label_values={}", "--scorer-kwargs label_values: give it as --label-values"),
        ("--label-values a=1", "--label-values is for a neural scorer: add --scorer transformer"),
        ("--scorer knowledge --scorer-model x", "--scorer-model is for a neural scorer"),
    ],
)
def test_what_has_a_flag_of_its_own_is_given_by_it(complete, words, said):
    with pytest.raises(ValueError) as refused:
        complete(*words.split())
    assert said in str(refused.value)


def test_every_argument_of_the_environment_can_be_given(complete):
    from rlsf_gym.envs.task import TaskArguments

    held = {"prompts_kwargs", "objective_kwargs", "candidates"}  # of theirs, one has a flag; --candidates
    assert set(task_flags.env_kwargs(complete())) - held < set(task_flags.FLAG_OF)
    for name in TaskArguments.__annotations__:
        assert task_flags.call(name).startswith("--")
    assert task_flags.call("verify") == "--env-kwargs verify"


@pytest.mark.parametrize(
    ("words", "judge"),
    [
        ("", "bundled"),
        ("--scorer knowledge", "bundled"),
        ("--objective negative", "bundled"),
        ("--prompts stanfordnlp/imdb", "bundled"),
        ("--prompts mine.txt", "none"),
        ("--eval-prompts mine.txt", "none"),
        ("--scorer transformer --scorer-model x", "none"),
        ("--scorer my_scorer:Rhymes", "none"),
        ("--scorer knowledge --scorer-kwargs graph=mine.toml", "none"),
        ("--prompts mine.txt --judge bundled", "bundled"),
        ("--judge none", "none"),
        ("--judge mine.npz", "mine.npz"),
    ],
)
def test_the_judge_of_films_judges_films_unless_it_is_asked(complete, words, judge):
    assert complete(*words.split())["judge"] == judge


def test_errors_are_told_by_flags():
    error = ArgumentError(
        "name one as ", Argument("prompts_kwargs.column"), " or ", Argument("scorer_kwargs.raw")
    )
    assert tell(error) == "name one as --prompts-column or --scorer-kwargs raw"
    assert str(error) == "name one as column or raw"
    assert tell(ValueError("plain")) == "plain"


def test_labels_that_tell_no_score_are_told_by_their_flag():
    for labels, flag in (
        (("negative", "neutral", "positive"), "--label-values must map each label"),
        (("a", "b"), "--scorer-kwargs positive_label must say which"),
    ):
        with pytest.raises(ValueError, match="label") as refused:
            weigh_labels(labels)
        assert flag in tell(refused.value)


def test_a_module_in_the_working_folder_is_found_only_where_it_is_named(tmp_path, monkeypatch):
    monkeypatch.setattr(sys, "path", [path for path in sys.path if path])
    monkeypatch.chdir(tmp_path)
    find_own_modules(
        {"scorer": "vader", "prompts": "C:/texts.csv", "device": "cuda:0", "env_kwargs": {"a": 1}}
    )
    assert str(tmp_path) not in sys.path
    find_own_modules({"scorer": "vader", "env_kwargs": {"reward_design_kwargs": {"design": "mine:PAYS"}}})
    assert sys.path[-1] == str(tmp_path)  # last: it takes the place of nothing that is installed
    find_own_modules({"scorer": "mine:Rhymes"})
    assert sys.path.count(str(tmp_path)) == 1


TOLD = {
    **{"boundary": "open", "episodes": 128, "batch_size": 8, "minibatch_size": 8},
    **{"cliprange_high": 1.0, "lam": 0.0},
}
USUAL = {
    **{"boundary": "closed", "episodes": 2560, "batch_size": 128, "minibatch_size": 32},
    **{"cliprange_high": None, "lam": 0.95},
}


@pytest.mark.parametrize(
    ("words", "changed"),
    [
        ("", TOLD),
        ("--boundary open --scorer knowledge", TOLD),
        ("--reward-design quantised_potential --candidates good-set", TOLD),
        ("--lr 1e-4 --env-kwargs verify=true", TOLD),
        ("--env-kwargs candidates=true", TOLD),
        ("--kl-estimator exact --whiten-rewards off --reward-share environment", TOLD),
        ("--kl-estimator k3", USUAL),
        ("--whiten-rewards on", USUAL),
        ("--episodes 512", {**TOLD, "episodes": 512}),
        ("--epochs 1", {**TOLD, "episodes": None}),
        ("--batch-size 64", {**TOLD, "batch_size": 64, "minibatch_size": 32}),
        ("--minibatch-size 16", {**TOLD, "batch_size": 128, "minibatch_size": 16}),
        ("--candidates off", USUAL),
        ("--boundary closed", USUAL),
        ("--reward-design terminal", USUAL),
        ("--reward-design shapley", USUAL),
        ("--reward-design mine:design", USUAL),
        ("--scorer my_scorer:Rhymes", USUAL),
        ("--reward-share entropy", USUAL),
        ("--env-kwargs candidates=false", USUAL),
    ],
)
def test_candidates_are_told_where_scorer_and_design_know_them(complete, words, changed):
    found = complete(*words.split())
    assert {key: found[key] for key in changed} == changed
    assert bool(found["env_kwargs"].get("candidates")) == (changed["boundary"] == "open")


def test_what_candidates_change_is_told():
    given = {"lr": 1e-3}
    (note,) = PRESET.notes(settings.complete(PRESET, given), given)
    assert note == (
        "learns from the reward of every next token, by default with --boundary open --episodes 128 "
        "--batch-size 8 --minibatch-size 8 --kl-coef 0.05 --cliprange-high 1.0 --lam 0.0; --candidates off: "
        "from the sampled token's alone, with the usual settings"
    )
