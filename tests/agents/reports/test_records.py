"""Records of kinds that nothing is known of: what is a number is shown, what is none is named."""

import re

import pytest

from agents.reports import records, report
from agents.reports.sections import other_sections
from agents.studies.cells import CellResult
from agents.studies.plan import Study

STUDY = Study("s", "S", defaults={"run": "mine:measure"}, interval="percentile")


def cell(seed, rate, *values, **more):
    settings = {"run": "mine:measure", "config": {"rate": rate}}
    header = {"seed": seed, "settings": settings, "id": f"{rate}{seed}", "phase": "main"}
    body = [{"record": "probe", "value": value, **more} for value in values]
    return CellResult(header, (*body, {"record": "end", "status": "done", "reason": None}))


def test_a_cell_counts_by_its_mean_and_points_are_told_apart():
    cells = [cell(0, 1, 0.0, 1.0), cell(1, 1, 0.5), cell(0, 2, 3.0, note="x" * 41, list=[1])]
    (section,) = other_sections(cells, STUDY)
    (table,) = section.tables
    assert table.rows == (
        ("probe", "rate=1", "value", "2", "0.500 [0.500, 0.500]"),
        ("probe", "rate=2", "value", "1", "3.000"),
    )
    assert "probe, 4 in all (no numbers: note, list)" in section.html
    assert [one["value"] for one in section.numbers["records"]] == [0.5, 3.0]


def test_short_texts_tell_records_of_a_cell_apart():
    body = [
        {"record": "probe", "when": when, "value": value} for when, value in (("before", 1.0), ("after", 2.0))
    ]
    header = {"seed": 0, "settings": {"run": "mine:measure"}, "id": "a", "phase": "main"}
    done = {"record": "end", "status": "done", "reason": None}
    (section,) = other_sections([CellResult(header, (*body, done))], STUDY)
    assert section.tables[0].rows == (
        ("probe", "all runs when=before", "value", "1", "1.000"),
        ("probe", "all runs when=after", "value", "1", "2.000"),
    )


def test_what_says_nothing_of_numbers_is_named_all_the_same():
    (section,) = other_sections([cell(0, 1, None)], STUDY)
    assert not section.tables and "probe, 1 in all (no numbers: value)" in section.html


def test_kinds_of_runs_that_train_are_no_other_records():
    done = {"record": "end", "status": "done", "reason": None}
    rows = ({"record": "attainable", "start": 0.0, "best": 1.0, "n": 2, "prompts": 1}, done)
    header = {"seed": 0, "settings": {"run": "best_of"}, "id": "a", "phase": "main"}
    assert other_sections([CellResult(header, rows)], STUDY) == []


def test_a_long_table_says_what_it_leaves_out(monkeypatch):
    monkeypatch.setattr(records, "MOST_ROWS", 2)
    (section,) = other_sections([cell(0, rate, 1.0) for rate in range(3)], STUDY)
    (table,) = section.tables
    assert len(table.rows) == 2 and "the first 2 of 3 rows, the others are in numbers.json" in table.caption
    assert len(section.numbers["records"]) == 3


def test_cells_without_their_study_file_are_one_line(tmp_path):
    packed = tmp_path / "mine.jsonl.xz"
    packed.touch()
    with pytest.raises(
        ValueError, match=re.escape("expected its study file mine.toml beside it, found none")
    ):
        report.read(packed)
