"""agents/studies/names.py: a cell is the same, however what it runs is spelled and wherever it lies."""

import json
import re
from importlib import import_module

import pytest

from agents.studies.files import StudyFolder, read_cell
from agents.studies.fingerprint import fingerprint
from agents.studies.names import HASHED, PLACES, find_place
from agents.studies.plan import Cell
from agents.studies.read import parse_study
from agents.studies.run import Job, load_function, run_cell

# The first digits of what sha256sum says of {"run": "agents.study_training:train"}, and with best_of.
KNOWN = {"train": "a0409c0d", "best_of": "51a880d4"}
LONG = {"train": "agents.study_training:train", "best_of": "agents.study_training:best_of"}
KNOWN |= {"best_of_n": "a0f921ab", "guided": "c94b8b19", "finetuned": "bb4a554a"}
LONG |= {name: f"agents.studies.baselines:{name}" for name in ("best_of_n", "guided", "finetuned")}


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


MINE = '''
"""Cells that lie elsewhere than their name says."""

def count(settings, seed):
    yield {"record": "count", "value": seed + 1}
'''


def with_places(places, run="mine:count"):
    table = {"defaults": {"run": run}, "cells": [{"group": "all", "seeds": 2}]}
    return parse_study("s", {**table, "places": places} if places is not None else table)


def test_a_name_runs_what_lies_at_its_place(tmp_path):
    (tmp_path / "moved_cells").mkdir()
    (tmp_path / "moved_cells" / "counting.py").write_text(MINE)
    study = with_places({"mine:count": "moved_cells.counting:count"})
    folder = StudyFolder(tmp_path / "study")
    folder.create()
    for cell in study.main_cells():
        job = Job("s", cell, str(folder.path), (str(tmp_path),), places=study.places)
        assert run_cell(job).status == "done"
    found = folder.results(study.main_cells()).values()
    assert [result.records("count")[0]["value"] for result in found] == [1, 2]
    assert {result.settings["run"] for result in found} == {"mine:count"}


def test_a_place_is_no_part_of_what_a_cell_is():
    """The digits are what sha256sum says of {"run": "mine:count"}."""
    bare, placed = with_places(None), with_places({"mine:count": "cells.mine:count"})
    assert [cell.key for cell in placed.main_cells()] == ["seed0-505e438b", "seed1-505e438b"]
    assert placed.main_cells() == bare.main_cells()
    assert fingerprint(placed) == fingerprint(bare)
    assert placed.override({"device": "cpu"}).places == {"mine:count": "cells.mine:count"}


@pytest.mark.parametrize(
    ("places", "words"),
    [
        ({"mine:count": "cells.mine"}, "places.mine:count: expected 'module:attribute', got 'cells.mine'"),
        ({"mine:count": "../mine.py:count"}, "places.mine:count: expected 'module:attribute', got"),
        ({"mine:count": 3}, "places.mine:count: expected 'module:attribute', got 3"),
        (["mine:count"], "places: expected a table, got"),
        (
            {"train": "mine:train"},
            "places: expected names of the study's own, got 'train', which `agents` runs",
        ),
        ({LONG["best_of"]: "mine:best"}, "places: expected names of the study's own, got 'agents.study"),
        (
            {"mine:cuont": "cells:count"},
            "cells run, 'mine:count', got 'mine:cuont'; did you mean mine:count?",
        ),
    ],
)
def test_a_wrong_place_is_told_in_one_line(places, words):
    with pytest.raises(ValueError, match=re.escape(words)) as caught:
        with_places(places)
    assert "\n" not in str(caught.value)


def test_a_name_without_a_place_is_told_with_those_that_have_one():
    with pytest.raises(
        ValueError, match=r"run: expected 'train', 'best_of', .*, 'mine' or 'module:attribute', got"
    ):
        load_function("mien", {"mine": "cells:mine"})
