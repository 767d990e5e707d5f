"""Studies of this repository: their names have places, and committed results are those of their cells."""

from importlib import import_module
from pathlib import Path

import pytest

from agents.studies.files import read_results
from agents.studies.read import read_study

ROOT = Path(__file__).parents[3]
CELLS = {"tier0": 4, "gradients": 16, "negation": 55}
"""Study to the number of its cells, as its tables of groups, grids and seeds have them."""


@pytest.mark.parametrize("name", CELLS)
def test_committed_results_are_those_of_the_study(name):
    study = read_study(ROOT / "examples" / "studies" / f"{name}.toml")
    planned = {cell.key: cell.settings for cell in study.main_cells()}
    kept = {
        result.key: result.settings for result in read_results(ROOT / "docs/results" / f"{name}.jsonl.xz")
    }
    assert len(planned) == CELLS[name]
    assert kept == planned


@pytest.mark.parametrize("name", CELLS)
def test_every_name_has_a_place_beside_the_study(name, monkeypatch):
    study = read_study(ROOT / "examples" / "studies" / f"{name}.toml")
    monkeypatch.syspath_prepend(ROOT / "examples" / "studies")
    assert set(study.places) == {cell.settings["run"] for cell in study.main_cells()}
    for place in study.places.values():
        module, _, attribute = place.partition(":")
        assert Path(import_module(module).__file__).parent == ROOT / "examples" / "studies" / "cells"
        assert callable(getattr(import_module(module), attribute))


@pytest.mark.parametrize("name", CELLS)
def test_the_copy_beside_the_results_is_the_study(name):
    copies = [ROOT / folder / f"{name}.toml" for folder in ("examples/studies", "docs/results")]
    assert copies[0].read_bytes() == copies[1].read_bytes()
