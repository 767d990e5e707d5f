"""agents/studies/names.py: a cell is the same, however what it runs is spelled and wherever it lies."""

import json
from importlib import import_module

import pytest

from agents.studies.files import read_cell
from agents.studies.names import HASHED, PLACES, find_place
from agents.studies.plan import Cell
from agents.studies.read import parse_study
from agents.studies.run import load_function

# The first digits of what sha256sum says of {"run": "agents.study_training:train"}, and with best_of.
KNOWN = {"train": "a0409c0d", "best_of": "51a880d4"}
LONG = {"train": "agents.study_training:train", "best_of": "agents.study_training:best_of"}


@pytest.mark.parametrize("name", PLACES)
def test_a_short_name_is_hashed_as_it_was_before_there_were_any(name):
    assert HASHED[name] == LONG[name]
    assert Cell("main", 3, {"run": name}).key == f"seed3-{KNOWN[name]}"
    assert Cell("main", 3, {"run": LONG[name]}).key == f"seed3-{KNOWN[name]}"


@pytest.mark.parametrize("name", PLACES)
def test_both_names_run_the_function_that_is_there(name):
    module, _, attribute = PLACES[name].partition(":")
    function = getattr(import_module(module), attribute)
    assert load_function(name) is load_function(LONG[name]) is function


def test_a_function_of_somebody_else_keeps_its_name():
    assert find_place("mine:measure") == "mine:measure"
    assert Cell("main", 0, {"run": "mine:train"}).key != Cell("main", 0, {"run": "train"}).key


def study(run):
    arms = {"treatment": {"run": run}, "control": {"run": "mine:measure"}}
    cells = {"group": "all", "seeds": 1, "settings": {"episodes": 8}, "grid": {"run": [run, "mine:measure"]}}
    contrast = {"name": "a", "measure": "area", "primary": True, **arms}
    return parse_study("s", {"defaults": {"run": run}, "cells": [cells], "contrasts": [contrast]})


def test_a_study_is_the_same_in_both_spellings():
    assert study("train") == study(LONG["train"])
    assert study("train").override({"run": LONG["best_of"]}) == study("train").override({"run": "best_of"})


@pytest.mark.parametrize("spelled", ["train", LONG["train"]])
def test_a_finished_cell_is_read_in_both_spellings(tmp_path, spelled):
    cell = Cell("main", 0, {"run": spelled})
    header = {
        **{"record": "cell", "study": "s", "id": cell.id, "phase": "main", "seed": 0},
        **{"settings": cell.settings, "settings_sha256": cell.settings_sha256},
        **{"versions": {"python": "3.11.7"}, "git": None},
    }
    end = {"record": "end", "status": "done", "reason": None}
    path = tmp_path / f"{cell.id}.jsonl"
    path.write_text("".join(json.dumps(record) + "\n" for record in (header, end)), encoding="utf-8")
    found = read_cell(path)
    assert (found.settings, found.key) == ({"run": "train"}, f"seed0-{KNOWN['train']}")
