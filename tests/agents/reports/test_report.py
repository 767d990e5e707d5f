"""Reports of folders: whose cells they take, and under which name."""

import re
from dataclasses import replace

import pytest

from agents.reports import report
from agents.reports.methods import methods_markdown
from agents.reports.numbers import analyse
from agents.studies.files import StudyFolder


@pytest.mark.whole
def test_cells_of_another_study_count_where_the_plan_asks_for_them(tmp_path, known, load_beside):
    """As after `--from`, when a seed is added to cells that were run for another study."""
    synthetic = load_beside("synthetic_study")

    def told(cell):
        if known.is_best_of(cell):
            return {"records": synthetic.attainable_records(0.0, 1.0)}
        return {"score": synthetic.ramp(known.times(cell))}

    folder = tmp_path / "designs"

    def is_later(cell):
        return cell.seed == 3

    study, _ = synthetic.write_study(folder, known.STUDY, told, leave_out=is_later)
    for cell in filter(is_later, study.main_cells([])):
        written = replace(study, name="designs")
        records = synthetic.training_records(cell, **told(cell))
        synthetic.write_cell(StudyFolder(folder), written, cell, records)

    found, results = report.read(folder)
    numbers = analyse(results, found)
    assert found.name == "designs"
    assert numbers["studies"] == ["designs", "study"]
    assert numbers["progress"]["main"] == {"planned": 17, "done": 17, "failed": 0}
    assert "The cells were run for several studies: designs; study." in methods_markdown(numbers)
    page = report.write_report(folder)
    assert page == folder / "report" / "report.html"
    # Figures as on a dark screen would be black blocks on paper.
    medias = set(re.findall(r'media="([^"]*color-scheme[^"]*)"', page.read_text(encoding="utf-8")))
    assert medias and all(media.startswith("screen and (prefers-color-scheme: dark)") for media in medias)


def test_the_cells_of_one_study_keep_its_name(tmp_path, known, load_beside):
    def told(cell):
        return {"records": load_beside("synthetic_study").attainable_records(0.0, 1.0)}

    def is_another(cell):
        return not known.is_best_of(cell)

    folder = tmp_path / "moved"
    load_beside("synthetic_study").write_study(folder, known.STUDY, told, leave_out=is_another)
    found, results = report.read(folder)
    assert found.name == "study" and len(results) == 1
    assert "studies" not in analyse(results, found)


def test_a_run_is_told_from_a_study(tmp_path):
    (tmp_path / "config.json").touch()
    with pytest.raises(ValueError, match=r"found none of .*; of a run: python -m agents show /"):
        report.find(str(tmp_path), [])
