"""Continuing a run: longer than planned, on its boards, and when its folder or its checkpoint is gone."""

import json
import shlex
import shutil
import sys
from pathlib import Path
from types import SimpleNamespace

import pytest

from agents.training import checkpoints, resuming, settings
from agents.training import run as training
from examples import train_sentiment
from rlsf_gym.presets.table import load_preset

pytestmark = pytest.mark.whole

PRESET = load_preset("sentiment")


@pytest.fixture
def train(run_main):
    """Returns a function: arguments -> (exit status, stdout, lines of stderr but for those of progress)."""

    def call(*arguments):
        status, output, errors = run_main(train_sentiment.main, *arguments)
        return status, output, [line for line in errors if "episodes/s" not in line]

    return call


@pytest.fixture(scope="module")
def tiny(tiny_policy):
    return (
        *("--policy", tiny_policy, "--tokenizer", "bytes", "--judge", "none"),
        *("--batch-size", 8, "--minibatch-size", 4, "--response-length", 4),
        *("--eval-samples", 8, "--max-prompt-tokens", 64, "--threads", 1, "--candidates", "off"),
    )


def refuse(result, *words, status=1):
    found, _, errors = result
    assert found == status, errors
    assert len(errors) == 1, errors
    for word in words:
        assert str(word) in errors[0]


def read(folder, name):
    return json.loads((folder / f"{name}.json").read_text())


def change_config(folder, change):
    config = read(folder, "config")
    change(config)
    config.pop("sha256")
    (folder / "config.json").write_text(json.dumps(config))


def unfinish(folder):
    """Makes a run one that was killed before its last evaluation."""
    for name in ("summary.json", "after.json"):
        (folder / name).unlink()


def test_a_finished_run_goes_on_as_if_it_had_been_longer(train, tiny, tmp_path):
    """With a constant learning rate nothing says that the end was once elsewhere."""
    flags = (*tiny, "--lr-schedule", "constant")
    run, whole = tmp_path / "run", tmp_path / "whole"
    assert train(*flags, "--episodes", 16, "--out", run)[0] == 0
    assert train(*flags, "--episodes", 32, "--out", whole)[0] == 0
    ended = {
        name: (run / name).read_bytes()
        for name in ("summary.json", "after.json", "samples.jsonl", "samples.html")
    }
    status, _, lines = train("--resume", run, "--episodes", 32)
    assert status == 0, lines
    assert lines == ["note: the run goes on to 32 episodes; the learning rate stays constant, at 0.00025"]
    assert (run / "metrics.jsonl").read_bytes() == (whole / "metrics.jsonl").read_bytes()
    for name in ("before", "after"):
        assert read(run, name) == read(whole, name)
    assert read(run, "summary")["episodes"] == 32
    for name, data in ended.items():
        stem, _, ending = name.partition(".")
        assert (run / f"{stem}-16.{ending}").read_bytes() == data
    config = read(run, "config")
    assert config["settings"]["episodes"] == 32
    lengths = [{"episodes": n, "epochs": None} for n in (16, 32)]
    assert config["lengths"] == [{"at_episodes": 16, "from": lengths[0], "to": lengths[1]}]
    status, output, lines = train("--resume", run, "--episodes", 32)
    assert (status, lines) == (0, [])
    assert "is finished already" in output


def test_the_schedule_of_a_longer_run_is_said(train, tiny, tmp_path):
    run = tmp_path / "run"
    assert train(*tiny, "--episodes", 16, "--out", run)[0] == 0
    status, _, lines = train("--resume", run, "--episodes", 30)  # rounded up to 32
    assert status == 0
    assert lines == [
        "note: the run goes on to 32 episodes; the learning rate, linear over the whole run, goes on at "
        "0.000125, as if 32 episodes had been planned from the start"
    ]
    rates = [json.loads(line)["lr"] for line in (run / "metrics.jsonl").read_text().splitlines()]
    assert rates == [2.5e-4, 1.25e-4, 1.25e-4, 0.625e-4]  # 1, 1/2 of 2 iterations; 2/4, 1/4 of 4


def test_a_run_is_not_made_shorter_than_it_is(train, tiny, tmp_path):
    run = tmp_path / "run"
    assert train(*tiny, "--episodes", 16, "--out", run)[0] == 0
    before = {file.name: file.read_bytes() for file in run.iterdir() if file.is_file()}
    words = ("--episodes 8", "has 16 episodes behind it", "give more, or leave it out")
    refuse(train("--resume", run, "--episodes", 8), *words)
    refuse(train("--resume", run, "--episodes", 8, "--epochs", 1), "exclude each other", status=2)
    assert before == {file.name: file.read_bytes() for file in run.iterdir() if file.is_file()}
    unfinish(run)
    refuse(train("--resume", run, "--episodes", 8), *words)
    assert not (run / "run.lock").exists()


def test_epochs_can_be_given_anew(train, tiny, tmp_path):
    prompts = tmp_path / "prompts.txt"
    prompts.write_text("".join(f"{i} critics said it was\n" for i in range(40)))
    run = tmp_path / "run"
    assert train(*tiny, "--prompts", prompts, "--episodes", 8, "--out", run)[0] == 0
    assert train("--resume", run, "--epochs", 1)[0] == 0
    assert 24 <= read(run, "summary")["episodes"] <= 40
    settings = read(run, "config")["settings"]
    assert (settings["episodes"], settings["epochs"]) == (None, 1.0)


def test_a_config_that_was_edited_by_hand_to_be_longer(train, tiny, tmp_path):
    run = tmp_path / "run"
    assert train(*tiny, "--episodes", 16, "--out", run)[0] == 0
    change_config(run, lambda config: config["settings"].update(episodes=24))
    assert train("--resume", run)[0] == 0
    assert read(run, "summary")["episodes"] == 24
    assert read(run, "after") != read(run, "after-16")


def test_the_checkpoint_of_another_run_is_refused(train, tiny, tmp_path):
    one, other, twin = (tmp_path / name for name in ("one", "other", "twin"))
    for run, more in ((one, ()), (other, ("--kl-coef", 0.5, "--seed", 5)), (twin, ())):
        assert train(*tiny, "--episodes", 16, *more, "--out", run)[0] == 0
    unfinish(one)
    shutil.rmtree(one / "checkpoint")
    shutil.copytree(other / "checkpoint", one / "checkpoint")
    words = ("is not of this run", "kl_coef is 0.5 there and 0.03 in config.json", "seed is 5 there and 0 in")
    refuse(train("--resume", one), *words)
    shutil.rmtree(one / "checkpoint")
    shutil.copytree(twin / "checkpoint", one / "checkpoint")
    refuse(train("--resume", one), "is of another run of the same settings")


@pytest.mark.parametrize(("key", "value"), [("lr", 1.0), ("objective", "negative")])
def test_a_config_that_is_not_that_of_the_checkpoint(train, tiny, tmp_path, key, value):
    run = tmp_path / "run"
    assert train(*tiny, "--episodes", 16, "--out", run)[0] == 0
    unfinish(run)
    change_config(run, lambda config: config["settings"].update({key: value}))
    refuse(train("--resume", run), "is not of this run", f"{key} is", f"{value} in config.json")


def test_a_checkpoint_that_was_saved_outside_of_a_run(train, tiny, tmp_path):
    from agents import TokenPPO

    run = tmp_path / "run"
    assert train(*tiny, "--episodes", 16, "--out", run)[0] == 0
    unfinish(run)
    kwargs = {"tokenizer": "bytes", "max_prompt_tokens": 64, "max_new_tokens": 4}
    agent = TokenPPO.load(run / "checkpoint", "rlsf_gym:rlsf_gym/Sentiment-v0", env_kwargs=kwargs)
    agent.notes = {}
    agent.save(run / "checkpoint")
    refuse(train("--resume", run), "is not of this run: it says of none")


def test_the_first_evaluation_can_be_made_again(train, tiny, tmp_path):
    run = tmp_path / "run"
    assert train(*tiny, "--episodes", 16, "--lr", 0.01, "--out", run)[0] == 0
    before, after = read(run, "before"), read(run, "after")
    assert before != after
    unfinish(run)
    (run / "before.json").unlink()
    assert train("--resume", run)[0] == 0
    assert (read(run, "before"), read(run, "after")) == (before, after)


def test_a_checkpoint_that_is_missing(train, tiny, tmp_path):
    run = tmp_path / "run"
    assert train(*tiny, "--episodes", 24, "--checkpoint-every", 2, "--out", run)[0] == 0
    unfinish(run)
    metrics = (run / "metrics.jsonl").read_bytes()
    shutil.rmtree(run / "checkpoint")
    refuse(train("--resume", run), "checkpoint is missing", "has 3 iterations", "every 2; restore it")
    assert (run / "metrics.jsonl").read_bytes() == metrics
    lines = metrics.splitlines(keepends=True)
    (run / "metrics.jsonl").write_bytes(b"".join(lines[:2]))  # killed before the first checkpoint was whole
    assert train("--resume", run)[0] == 0
    assert (run / "metrics.jsonl").read_bytes() == metrics


def test_an_adapter_goes_on_where_its_folder_was_moved_to(train, tiny, tmp_path):
    run, moved = tmp_path / "run", tmp_path / "elsewhere" / "moved run"
    flags = ("--lora-rank", 2, "--lora-targets", "c_attn", "--lr-schedule", "constant")
    assert train(*tiny, *flags, "--episodes", 24, "--out", tmp_path / "whole")[0] == 0
    assert train(*tiny, *flags, "--episodes", 16, "--out", run)[0] == 0
    moved.parent.mkdir()
    run.rename(moved)
    assert train("--resume", moved, "--episodes", 24)[0] == 0
    assert (moved / "metrics.jsonl").read_bytes() == (tmp_path / "whole" / "metrics.jsonl").read_bytes()


class Board:
    """A stand-in for W&B that keeps how it was called."""

    def __init__(self):
        self.calls, self.steps = [], []

    def init(self, **kwargs):
        self.calls.append(kwargs)
        return SimpleNamespace(log=lambda payload, step: self.steps.append(step), finish=lambda: None)

    Histogram = list

    def Table(self, columns):  # noqa: N802
        return SimpleNamespace(add_data=lambda *row: None)


@pytest.mark.filterwarnings("default")
def test_boards_go_on_without_being_asked_for_again(train, tiny, tmp_path, monkeypatch):
    accumulator = pytest.importorskip("tensorboard.backend.event_processing.event_accumulator")
    board, run = Board(), tmp_path / "run"
    monkeypatch.setitem(sys.modules, "wandb", board)
    asked = ("--wandb", "mine", "--wandb-mode", "offline", "--tensorboard")
    assert train(*tiny, "--episodes", 16, *asked, "--out", run)[0] == 0
    kept = {"tensorboard": True, "wandb": "mine", "wandb_mode": "offline"}
    assert read(run, "config")["boards"] == kept
    assert train("--resume", run, "--episodes", 24)[0] == 0
    first, second = ({key: call[key] for key in ("project", "id", "mode", "resume")} for call in board.calls)
    assert first == second == {
        "project": "mine", "id": read(run, "config")["id"], "mode": "offline", "resume": "allow",
    }  # fmt: skip
    assert board.steps == [1, 2, 3]
    events = accumulator.EventAccumulator(str(run / "tensorboard"))
    events.Reload()
    assert [event.step for event in events.Scalars("objective/kl")] == [8, 16, 24]
    assert read(run, "config")["boards"] == kept
    refuse(train("--resume", run, "--wandb", "other"), "--wandb is other but", "with mine", status=2)


@pytest.mark.filterwarnings("default")
def test_a_board_can_be_added_later(train, tiny, tmp_path):
    pytest.importorskip("tensorboard")
    run = tmp_path / "run"
    assert train(*tiny, "--episodes", 8, "--out", run)[0] == 0
    assert read(run, "config")["boards"] == {}
    assert train("--resume", run, "--episodes", 16, "--tensorboard")[0] == 0
    assert read(run, "config")["boards"] == {"tensorboard": True}


@pytest.mark.parametrize("boards", [[], {"wandb": 3}, {"evil": "x"}, {"tensorboard": 1}, "x"])
def test_boards_of_wrong_types(train, tiny, tmp_path, boards):
    run = tmp_path / "run"
    assert train(*tiny, "--episodes", 8, "--out", run)[0] == 0
    change_config(run, lambda config: config.update(boards=boards))
    refuse(train("--resume", run), "boards: expected", status=2)


@pytest.mark.parametrize("name", ["runs/a", "my runs/it's $(reboot) & `more`", "-x", "a;b"])
def test_the_line_that_continues_a_run_can_be_pasted(name, monkeypatch):
    monkeypatch.setattr(sys, "argv", ["my examples/train_sentiment.py", "--out", "x"])
    words = shlex.split(resuming.how_to_continue(Path(name)))
    assert words[:2] == [sys.executable, "my examples/train_sentiment.py"]
    assert words[2:] == ([f"--resume={name}"] if name.startswith("-") else ["--resume", name])


def delete(run):
    shutil.rmtree(run)


def replace(run):
    shutil.rmtree(run)
    run.mkdir()
    (run / "thesis.txt").write_text("years of work")


def delete_metrics(run):
    (run / "metrics.jsonl").unlink()


@pytest.mark.parametrize("act", [delete, replace, delete_metrics])
def test_a_folder_that_goes_is_noticed_at_the_next_write(train, tiny, tmp_path, monkeypatch, act):
    from agents.runs.jsonl_log import JsonlLog

    run, whole = tmp_path / "run", tmp_path / "whole"
    assert train(*tiny, "--episodes", 32, "--out", whole)[0] == 0
    write = JsonlLog.on_iteration

    def write_late(self, metrics, timings, episodes):
        if metrics["iteration"] == 2:
            act(run)
        write(self, metrics, timings, episodes)

    with monkeypatch.context() as patch:
        patch.setattr(JsonlLog, "on_iteration", write_late)
        result = train(*tiny, "--episodes", 32, "--out", run)
    rescued = tmp_path / "run.rescued"
    refuse(result, "metrics.jsonl was deleted or replaced while the run wrote to it", "up to iteration 2")
    assert f"--resume {rescued}" in result[2][0]
    assert "stands" not in result[2][0]
    if act is replace:
        assert [path.name for path in run.iterdir()] == ["thesis.txt"]
    elif act is delete:
        assert not run.exists()
    assert train("--resume", rescued)[0] == 0
    assert (rescued / "metrics.jsonl").read_bytes() == (whole / "metrics.jsonl").read_bytes()
    assert {name: read(rescued, name) for name in ("before", "after")} == {
        name: read(whole, name) for name in ("before", "after")
    }


@pytest.mark.parametrize("act", [delete, replace])
def test_a_folder_that_goes_during_the_last_evaluation(train, tiny, tmp_path, monkeypatch, act):
    run, evaluate, calls = tmp_path / "run", training.evaluate, []

    def evaluate_late(*args, **kwargs):
        calls.append(args)
        if len(calls) == 2:
            act(run)
        return evaluate(*args, **kwargs)

    (tmp_path / "run.rescued").mkdir()  # of another time
    with monkeypatch.context() as patch:
        patch.setattr(training, "evaluate", evaluate_late)
        result = train(*tiny, "--episodes", 16, "--out", run)
    rescued = tmp_path / "run.rescued-2"
    refuse(result, f"{run} was deleted or replaced", "up to iteration 2", f"--resume {rescued}")
    assert not list((tmp_path / "run.rescued").iterdir())
    assert train("--resume", rescued)[0] == 0
    assert read(rescued, "summary")["episodes"] == 16


def test_a_folder_that_goes_before_a_checkpoint(train, tiny, tmp_path, monkeypatch):
    """What a checkpoint would make anew, with nothing else in it, is not taken for the run's folder."""
    run, save = tmp_path / "run", checkpoints.Checkpoints.save

    def save_late(self):
        delete(run)
        save(self)

    with monkeypatch.context() as patch:
        patch.setattr(checkpoints.Checkpoints, "save", save_late)
        result = train(*tiny, "--episodes", 16, "--out", run)
    refuse(result, f"{run} was deleted or replaced", f"--resume {tmp_path / 'run.rescued'}")
    assert not run.exists()
    assert train("--resume", tmp_path / "run.rescued")[0] == 0


def test_where_nothing_can_be_saved_beside_it(tmp_path, monkeypatch):
    (tmp_path / "file").write_text("x")
    monkeypatch.setattr(resuming.tempfile, "tempdir", str(tmp_path))
    place = resuming._make_free(tmp_path / "file" / "run")
    assert place.is_dir()
    assert place.parent == tmp_path


@pytest.mark.parametrize(
    "name", ["before.json", "config.json", "samples.jsonl", "samples.html", "curves.png", "metrics.jsonl"]
)
def test_nothing_of_a_run_is_written_through_a_link(train, tiny, tmp_path, name):
    run, victim = tmp_path / "run", tmp_path / "victim"
    victim.write_bytes(b"precious")
    run.mkdir()
    (run / name).symlink_to(victim)
    for suffix in (".new", f".{name}"):
        (run / f"{name}{suffix}").symlink_to(victim)
    train(*tiny, "--episodes", 8, "--out", run)
    assert victim.read_bytes() == b"precious"


@pytest.mark.parametrize(
    "name", ["run.lock", "checkpoint", "checkpoint.partial", "checkpoint.previous", "tensorboard"]
)
def test_folders_and_locks_that_are_links(train, tiny, tmp_path, name):
    pytest.importorskip("tensorboard")
    run, victim = tmp_path / "run", tmp_path / "victim"
    victim.mkdir()
    run.mkdir()
    (run / name).symlink_to(victim)
    status, _, lines = train(*tiny, "--episodes", 8, "--tensorboard", "--out", run)
    assert list(victim.iterdir()) == []
    replaced = name in ("checkpoint.partial", "checkpoint.previous")  # whatever lies there is in the way
    assert status == (0 if replaced else 1), lines
    assert len(lines) == (0 if replaced else 1)
    assert not (run / name).is_symlink() or not replaced


def test_settings_are_read_back_as_they_were_recorded():
    given = ({"agent": "ppo"}, {"agent": "rloo"}, {"agent": "grpo"}, {"epochs": 1.0, "lora_rank": 4})
    for each in given:
        recorded = json.loads(json.dumps(settings.complete(PRESET, each)))
        assert settings.read_stored(PRESET, recorded) == recorded


@pytest.mark.parametrize("wrong", [3.5, -1, True, [1], {"a": 1}, None, "x y", 1e300])
def test_settings_of_wrong_types_are_refused_in_one_line(wrong):
    """Each setting takes some of these values; the rest are not what its flag reads."""
    recorded = settings.complete(PRESET, {})
    refused = 0
    for key in recorded:
        try:
            settings.read_stored(PRESET, {**recorded, key: wrong})
        except ValueError as error:
            refused += 1
            assert str(error).startswith(f"config.json: settings: {key!r}: expected a setting as its flag")
            assert "\n" not in str(error)
    assert refused >= 20


@pytest.mark.parametrize(("key", "value"), [("threads", "x"), ("evil", 1), ("agent", []), ("seed", None)])
def test_a_run_with_a_setting_of_a_wrong_type(train, tiny, tmp_path, key, value):
    run = tmp_path / "run"
    assert train(*tiny, "--episodes", 8, "--out", run)[0] == 0
    change_config(run, lambda config: config["settings"].update({key: value}))
    refuse(train("--resume", run), f"settings: {key!r}: expected a setting as its flag reads it")
