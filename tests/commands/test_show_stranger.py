"""`python -m agents show FOLDER` on the run folder of a stranger: plain data and text, no links followed."""

import json
import os
import re
from functools import partial

import pytest

from agents.commands.show import main
from agents.runs.run_report import describe_run, read_run
from tests.helpers.called import call_main

pytestmark = pytest.mark.whole

ROW = {"iteration": 1, "episodes": 8, "env/score": 0.1, "objective/kl": 0.2}
TIMING = {"iteration": 1, "episodes": 8, "seconds": 0.5, "generate": 0.2}
EVIL = "a\x1b]0;title\x07\x1b[31mred\r\nerror: all is well\u202eb\x9b1m\ud800"
ACTING = re.compile("[\x00-\x09\x0b-\x1f\x7f-\x9f\u2028-\u202e\ud800-\udfff]")
"""Characters that a terminal obeys, or can't encode."""


@pytest.fixture
def run(tmp_path):
    """Returns the folder of a run that has an evaluation, settings and two files of numbers."""
    folder = tmp_path / "run"
    folder.mkdir()
    write(folder, "config.json", {"settings": {"seed": 1, "policy": "gpt2"}, "defaults": {"seed": 0}})
    write(folder, "before.json", {"summary": {"score": 0.1, "kl": None}, "samples": []})
    write(folder, "metrics.jsonl", ROW)
    write(folder, "timings.jsonl", TIMING)
    return folder


def write(folder, name, content):
    (folder / name).write_text(json.dumps(content) + "\n")


@pytest.fixture
def report(capsys):
    """Returns a function: arguments -> (exit status, stdout, lines of stderr)."""
    return partial(call_main, capsys, main)


def test_what_the_files_say_is_shown_and_not_obeyed(run, report):
    settings = {
        "policy": EVIL,
        "scorer": EVIL,
        "reward_design": "$x^2$",
        EVIL: EVIL,
        "list": [EVIL],
        "n": None,
    }
    write(run, "config.json", {"settings": settings, "defaults": {"scorer": EVIL + "2"}})
    write(run, "timings.jsonl", {**TIMING, f"{EVIL}": 0.1, f"peak_{EVIL}": 1.0})
    pytest.importorskip("matplotlib")
    status, output, errors = report(run)
    assert (status, errors) == (0, [])
    assert ACTING.search(output) is None
    assert r"a\x1b]0;title\x07\x1b[31mred\r\nerror: all is well\u202eb\x9b1m\ud800" in output
    assert "\nerror" not in output


def test_long_values_are_cut(run, report):
    write(run, "config.json", {"settings": {"scorer": "x" * 1_000_000}})
    status, output, _ = report(run, "--no-figure")
    assert status == 0
    assert max(map(len, output.splitlines())) < 300


def test_names_of_folders_are_shown_and_not_obeyed(tmp_path, report):
    folder = tmp_path / "a\x1b[31m\nb"
    folder.mkdir()
    status, _, errors = report(folder)
    assert status == 1
    assert len(errors) == 1
    assert ACTING.search(errors[0]) is None


DEEP = "[" * 100_000 + "]" * 100_000
DAMAGE = {
    **{
        (name, text): r"can't be read as JSON"
        for name in ("config.json", "before.json", "summary.json")
        for text in (
            "",
            "{",
            "[]",
            "3",
            "null",
            '{"a": NaN}',
            '{"a": 1, "a": 2}',
            DEEP,
            '{"a": 1e999}',
            "\xff",
        )
    },
    ("config.json", '{"settings": []}'): "settings: expected a table",
    ("config.json", '{"settings": "x"}'): "settings: expected a table",
    ("config.json", '{"defaults": 3}'): "defaults: expected a table",
    ("config.json", '{"settings": {"seed": ' + "9" * 5_000 + "}}"): "expected whole numbers below",
    ("before.json", '{"summary": [1]}'): "summary: expected a table",
    (
        "before.json",
        '{"summary": {"score": "x"}}',
    ): "summary: 'score': expected a number or null",
    ("before.json", '{"summary": {"kl": {"a": 1}}}'): "'kl': expected a number or null",
    ("summary.json", '{"before": {"kl": true}}'): "'kl': expected a number or null, got True",
    ("summary.json", '{"after": "x"}'): "after: expected a table",
    **{
        ("metrics.jsonl", line + "\n"): message
        for line, message in {
            "3": "line 1: expected a JSON object",
            "[]": "line 1: expected a JSON object",
            "": "can't be read as JSON lines: line 1",
            DEEP: "inside of each other",
            '{"iteration": 1, "episodes": 8, "env/score": NaN}': "expected finite numbers, got NaN",
            '{"iteration": 1, "episodes": 8, "env/score": -Infinity}': "expected finite numbers, got -Inf",
            '{"iteration": 1, "episodes": 8, "env/score": 1e999}': "expected finite numbers",
            '{"iteration": 1, "episodes": 8, "env/score": 1' + "0" * 500 + "}": "whole numbers below",
            '{"iteration": 1, "episodes": 8, "env/score": 1e300}': "line 1: 'env/score': expected a number",
            '{"iteration": 1, "episodes": 8, "env/score": "x"}': "'env/score': expected a number, got 'x'",
            '{"iteration": 1, "episodes": 8, "env/score": [1]}': "'env/score': expected a number",
            '{"iteration": 1, "episodes": 8, "env/score": true}': "'env/score': expected a number, got True",
            '{"iteration": 1, "episodes": null}': "'episodes': expected a number, got None",
            '{"iteration": 1, "episodes": -8}': "episodes: expected a whole number",
            '{"iteration": 1, "episodes": 8.5}': "episodes: expected a whole number",
            '{"iteration": 2, "episodes": 8}': "line 1: expected iteration 1, got 2",
            '{"iteration": 1, "iteration": 1, "episodes": 8}': "'iteration': expected each key once",
            '{"iteration": 1}': "line 1: expected iteration, episodes in it, got",
            '{"\\u001b[31m": "x", "iteration": 1, "episodes": 8}': r"'\\x1b\[31m': expected a number",
        }.items()
    },
    ("timings.jsonl", '{"iteration": 1, "episodes": 8, "seconds": -1}\n'): "seconds: expected a number >= 0",
    ("timings.jsonl", '{"iteration": 1, "episodes": 8, "seconds": null}\n'): "'seconds': expected a number",
}


@pytest.mark.parametrize("damage", DAMAGE, ids=lambda damage: f"{damage[0]}-{damage[1][:40]!r}")
def test_each_damage_is_one_line(run, report, damage):
    name, text = damage
    (run / name).write_bytes(text.encode("latin-1"))
    status, _, errors = report(run, "--no-figure")
    assert status == 1, errors
    assert len(errors) == 1
    assert errors[0].startswith("error: ")
    assert re.search(DAMAGE[damage], errors[0]), errors[0]
    assert ACTING.search(errors[0]) is None
    assert len(errors[0]) < 600
    with pytest.raises(ValueError):
        read_run(run)


def test_numbers_of_no_use_here_may_be_missing(run, report):
    write(run, "metrics.jsonl", {**ROW, "seconds": None})
    assert report(run, "--no-figure")[0] == 0


def test_a_run_that_took_no_time(run):
    write(run, "timings.jsonl", {**TIMING, "seconds": 0.0, "generate": None, "tokens_per_second": None})
    assert "not finished: 8 episodes in 1 iterations" in describe_run(read_run(run))


FILES = ("config.json", "before.json", "summary.json", "metrics.jsonl", "timings.jsonl")


@pytest.mark.parametrize("name", FILES)
@pytest.mark.parametrize("kind", ["link", "loose link", "pipe", "folder"])
def test_what_is_no_regular_file_is_not_read(run, report, tmp_path, name, kind):
    (run / name).unlink(missing_ok=True)
    if kind == "link":
        (tmp_path / "private").write_text("{}\n")
        (run / name).symlink_to(tmp_path / "private")
    elif kind == "loose link":
        (run / name).symlink_to(tmp_path / "nothing")
    elif kind == "pipe":
        os.mkfifo(run / name)
    else:
        (run / name).mkdir()
    status, _, errors = report(run, "--no-figure")
    assert status == 1
    assert len(errors) == 1
    assert "expected a regular file, got a" in errors[0]


@pytest.mark.parametrize("hard", [False, True])
def test_the_figure_is_not_drawn_through_a_link(run, report, tmp_path, hard):
    pytest.importorskip("matplotlib")
    victim = tmp_path / "victim"
    victim.write_bytes(b"precious")
    if hard:
        os.link(victim, run / "curves.png")
    else:
        (run / "curves.png").symlink_to(victim)
    assert report(run)[0] == 0
    assert victim.read_bytes() == b"precious"
    assert not (run / "curves.png").is_symlink()
    assert (run / "curves.png").read_bytes().startswith(b"\x89PNG")


def test_a_folder_where_the_figure_belongs(run, report):
    pytest.importorskip("matplotlib")
    (run / "curves.png").mkdir()
    status, _, errors = report(run)
    assert status == 1
    assert len(errors) == 1
    assert "curves.png" in errors[0]
