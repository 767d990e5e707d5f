"""`python -m agents show FOLDER`: what it says of a real run, finished, unfinished or damaged."""

import json
import os
import re
import shutil
import subprocess
import sys
from functools import partial

import pytest

from agents.commands.show import main
from agents.runs.run_report import describe_run, read_run, seconds_by_phase

pytestmark = pytest.mark.whole


@pytest.fixture
def run_folder(tiny_run, tmp_path):
    """Returns a copy of the finished run, to be changed."""
    return shutil.copytree(tiny_run, tmp_path / "tiny")


@pytest.fixture
def unfinished(run_folder):
    """Returns the run as it was while its third iteration was being written."""
    for name in ("summary.json", "after.json", "curves.png", "samples.html"):
        (run_folder / name).unlink()
    for name in ("metrics.jsonl", "timings.jsonl"):
        lines = (run_folder / name).read_text().splitlines(keepends=True)
        (run_folder / name).write_text("".join(lines[:2]) + lines[2][:20])
    return run_folder


@pytest.fixture
def report(run_main):
    """Returns a function: arguments -> (exit status, stdout, lines of stderr)."""
    return partial(run_main, main)


def test_a_finished_run(report, run_folder):
    drawn = (run_folder / "curves.png").read_bytes()
    (run_folder / "curves.png").unlink()
    status, output, errors = report(run_folder)
    assert (status, errors) == (0, [])
    assert output.startswith("tiny: policy tiny, scorer vader, objective positive, reward design potential")
    assert "finished: 24 episodes in 3 iterations" in output
    summary = json.loads((run_folder / "summary.json").read_text())
    for key in ("score", "judge", "kl", "perplexity"):
        ends = [f"{summary[end][key]:.3f}" for end in ("before", "after")]
        assert re.search(rf"^{key} +{ends[0]} +{ends[1]}$", output, re.MULTILINE)
    last = json.loads((run_folder / "metrics.jsonl").read_text().splitlines()[-1])
    assert "iteration 3, the last one so far:" in output
    assert re.search(
        rf"^  objective/kl +{re.escape(format(last['objective/kl'], '.3g'))}$", output, re.MULTILINE
    )
    assert output.rstrip().endswith(f"figure: {run_folder / 'curves.png'}")
    assert (run_folder / "curves.png").read_bytes() == drawn


def test_only_settings_that_differ_are_shown(report, run_folder, tiny_policy):
    _, output, _ = report(run_folder, "--no-figure")
    shown = output.partition("settings that differ from the defaults:\n")[2].partition("\n\n")[0].splitlines()
    assert [line.split()[0] for line in shown] == [
        *("batch_size", "boundary", "cliprange_high", "env_kwargs", "episodes", "eval_samples", "kl_coef"),
        *("lam", "lr", "max_prompt_tokens", "minibatch_size", "policy"),
        *("response_length", "threads", "tokenizer"),
    ]
    assert shown[0] == "  batch_size          8  (default: 128)"
    assert str(tiny_policy) in shown[11]


def test_a_long_name_does_not_run_into_its_value(run_folder):
    run = read_run(run_folder)
    run.settings["gradient_checkpointing"], run.defaults["gradient_checkpointing"] = True, False
    text = describe_run(run)
    assert "\n  gradient_checkpointing  True  (default: False)\n" in text
    assert "\n  batch_size              8  (default: 128)\n" in text


def test_a_run_that_is_not_finished(report, unfinished):
    status, output, errors = report(unfinished)
    assert (status, errors) == (0, [])
    assert "not finished: 16 episodes in 2 iterations" in output
    before = json.loads((unfinished / "before.json").read_text())["summary"]
    assert re.search(rf"^kl +{before['kl']:.3f} +-$", output, re.MULTILINE)
    assert "iteration 2, the last one so far:" in output
    assert (unfinished / "curves.png").read_bytes().startswith(b"\x89PNG")


def test_a_run_that_has_just_begun(report, unfinished):
    for name in ("metrics.jsonl", "timings.jsonl", "before.json"):
        (unfinished / name).unlink()
    status, output, errors = report(unfinished)
    assert (status, errors) == (0, [])
    assert "not finished: 0 episodes in 0 iterations" in output
    assert "figure" not in output
    assert not (unfinished / "curves.png").exists()


def test_a_folder_of_logs_alone(report, run_folder, tmp_path):
    """What `JsonlLog` leaves behind in a script of one's own."""
    folder = tmp_path / "mine"
    folder.mkdir()
    for name in ("metrics.jsonl", "timings.jsonl"):
        shutil.copy(run_folder / name, folder)
    status, output, errors = report(folder)
    assert (status, errors) == (0, [])
    assert output.startswith("mine\nnot finished: 24 episodes in 3 iterations\n")
    assert "settings" not in output
    assert (folder / "curves.png").exists()


def test_where_the_time_went(run_folder):
    rows = [
        {
            "iteration": 1,
            "episodes": 8,
            "seconds": 2.0,
            "generate": 0.5,
            "update": 1.0,
            "peak_memory_mb": 5.0,
        },
        {
            "iteration": 2,
            "episodes": 16,
            "seconds": 2.0,
            "generate": 0.25,
            "update": 1.25,
            "peak_memory_mb": 7.0,
        },
    ]
    rows = [{**row, "tokens_per_second": 30.0 * row["iteration"]} for row in rows]
    assert seconds_by_phase(rows) == {"update": 2.25, "generate": 0.75, "rest": 1.0}
    lines = describe_run(read_run(run_folder)._replace(timings=rows)).splitlines()
    assert lines[-4] == "4.0 s of training, 4.0 episodes/s, 45 tokens/s, peak memory 7 MB"
    assert [line.split() for line in lines[-3:]] == [
        ["update", "2.2", "s", "56.2%"], ["generate", "0.8", "s", "18.8%"], ["rest", "1.0", "s", "25.0%"],
    ]  # fmt: skip


def test_phases_of_a_real_run_are_known_and_add_up(run_folder):
    phases = seconds_by_phase(read_run(run_folder).timings)
    assert set(phases) == {"generate", "score_env", "score_reference", "update", "rest"}
    total = json.loads((run_folder / "summary.json").read_text())["seconds"]
    assert sum(phases.values()) == pytest.approx(total)
    assert all(spent >= 0.0 for spent in phases.values())


@pytest.mark.parametrize(
    ("name", "content", "words"),
    [
        ("config.json", "{", ["config.json", "can't be read as JSON"]),
        ("summary.json", "[1,", ["summary.json", "can't be read as JSON"]),
        ("metrics.jsonl", "oops\n", ["metrics.jsonl", "can't be read as JSON lines"]),
        ("timings.jsonl", '{"iteration": 1}\n', ["timings.jsonl, line 1", "seconds"]),
    ],
)
def test_damaged_files_are_named_in_one_line(report, run_folder, name, content, words):
    (run_folder / name).write_text(content)
    status, output, errors = report(run_folder)
    assert (status, output, len(errors)) == (1, "", 1)
    assert errors[0].startswith("error: ")
    for word in words:
        assert word in errors[0]


def test_what_is_no_run_folder(report, tmp_path):
    for path in (tmp_path, tmp_path / "missing"):
        status, _, errors = report(path)
        assert (status, len(errors)) == (1, 1)
        assert f"error: {path} is no run folder" in errors[0]


def test_what_may_have_been_meant_is_named(report, tmp_path):
    for name in ("runs/20260101-000000", "runs/20260102-000000"):
        (tmp_path / name).mkdir(parents=True)
        (tmp_path / name / "config.json").touch()
    (tmp_path / "study.toml").touch()
    ((runs,), (study,)) = (report(path)[2] for path in (tmp_path / "runs", tmp_path))
    assert runs.endswith(f"give the --out of a run, such as {tmp_path / 'runs' / '20260102-000000'}")
    assert study.endswith(f"of a study: python -m agents report {tmp_path}")


@pytest.mark.parametrize("arguments", [(), ("a", "b"), ("--no-such-flag", "a")])
def test_wrong_arguments(report, arguments):
    status, _, errors = report(*arguments)
    assert (status, len(errors)) == (2, 1)
    assert errors[0].startswith("error: ")


def test_without_matplotlib_the_words_are_still_there(report, run_folder, monkeypatch):
    monkeypatch.setitem(sys.modules, "matplotlib", None)
    status, output, errors = report(run_folder)
    assert (status, len(errors)) == (1, 1)
    assert "finished: 24 episodes" in output
    assert "pip install 'rlsf-gym[render]'" in errors[0]
    assert report(run_folder, "--no-figure")[0] == 0


def test_the_command(unfinished):
    command = [sys.executable, "-m", "agents", "show", str(unfinished), "--no-figure"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=200, check=False)
    assert (done.returncode, done.stderr) == (0, "")
    assert "not finished: 16 episodes" in done.stdout


def test_a_reader_that_has_seen_enough_ends_it_without_a_word(unfinished):
    command = [sys.executable, "-m", "agents", "show", str(unfinished), "--no-figure"]
    read, write = os.pipe()
    os.close(read)
    done = subprocess.run(command, stdout=write, stderr=subprocess.PIPE, text=True, timeout=200, check=False)
    os.close(write)
    assert (done.returncode, done.stderr) == (141, "")
