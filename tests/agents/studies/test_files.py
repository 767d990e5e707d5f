"""agents/studies/files.py: cells of strangers stay inside of the study's folder, and damage is named."""

import json
import lzma
import os
import random

import pytest

from agents.studies.files import StudyFolder, pack, read_cell, read_results, to_line, unpack
from agents.studies.plan import Cell
from agents.studies.records import Record
from agents.studies.run import Job, run_cell

SETTINGS = {"run": "a:b", "lam": 0.5}


def header_of(**changes: object) -> Record:
    cell = Cell("main", 3, SETTINGS, label="dense")
    header = {"record": "cell", "study": "s", "id": cell.id, "phase": "main", "seed": 3, "settings": SETTINGS}
    return {**header, "settings_sha256": cell.settings_sha256, **changes}


END = {"record": "end", "status": "done", "reason": None}


def write_packed(path, *cells):
    records = [record for header in cells for record in (header, END)]
    path.write_bytes(lzma.compress("".join(json.dumps(record) + "\n" for record in records).encode()))
    return path


@pytest.fixture
def folder(tmp_path):
    folder = StudyFolder(tmp_path / "study")
    folder.create()
    return folder


def snapshot(path):
    return {file: file.read_bytes() if file.is_file() else None for file in path.rglob("*")}


KEY = header_of()["id"].removeprefix("dense-")
NAMES = [
    *(f"../../other/{KEY}", f"/tmp/{KEY}", f"a/{KEY}", f"a\\{KEY}", f"C:{KEY}", f"\x00-{KEY}", f"a\n-{KEY}"),
    *("..", "", "metrics", f"con.x-{KEY}", f"{'x' * 300}-{KEY}", f"é-{KEY}", f"dense-{KEY}x", None, 3),
    *("dense-seed4-" + KEY[-8:], "dense-seed3-00000000"),
]


@pytest.mark.parametrize("name", NAMES)
def test_a_name_that_leads_elsewhere_is_refused_before_anything_is_written(tmp_path, folder, name):
    sound = header_of(seed=1)
    sound["id"] = f"seed1-{sound['settings_sha256'][:8]}"
    packed = write_packed(tmp_path / "packed.jsonl.xz", sound, header_of(id=name))
    before = snapshot(tmp_path)
    with pytest.raises(ValueError, match=r"packed\.jsonl\.xz: line 3: cell: id: expected ") as caught:
        unpack(packed, folder)
    assert "\n" not in str(caught.value) and len(str(caught.value)) < 500
    assert snapshot(tmp_path) == before


def test_a_cell_that_is_there_twice_is_refused(tmp_path, folder):
    twice = write_packed(tmp_path / "twice.jsonl.xz", header_of(), header_of())
    labelled = write_packed(tmp_path / "labels.jsonl.xz", header_of(), header_of(id=f"other-{KEY}"))
    for packed in (twice, labelled):
        with pytest.raises(ValueError, match="expected each cell once, got 'dense-seed3-"):
            unpack(packed, folder)
    assert list(folder.cells.iterdir()) == []


def test_cells_that_share_a_key_in_a_folder_are_refused(folder):
    for name in (f"dense-{KEY}", f"other-{KEY}"):
        (folder.cells / f"{name}.jsonl").write_bytes(to_line(header_of(id=name)) + to_line(END))
    with pytest.raises(ValueError, match="expected each cell once"):
        read_results(folder.path)


def test_a_file_has_the_name_of_its_cell(folder):
    path = folder.cells / "another.jsonl"
    path.write_bytes(to_line(header_of()) + to_line(END))
    with pytest.raises(
        ValueError, match=r"another\.jsonl: line 1: id: expected the file's name, got 'dense-"
    ):
        read_cell(path)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"phase": "other"}, "cell: phase: expected 'tuning' or 'main', got 'other'"),
        ({"phase": ["main"]}, r"cell: phase: expected 'tuning' or 'main', got \['main'\]"),
        ({"seed": "3"}, "cell: seed: expected a whole number >= 0, got '3'"),
        ({"seed": True}, "cell: seed: expected a whole number >= 0, got True"),
        ({"settings": []}, r"cell: settings: expected a table, whose 'run' is a text, got \[\]"),
        ({"settings": {"lam": 0.6}}, "cell: settings_sha256: expected that of the settings"),
        ({"settings_sha256": 3}, "cell: settings_sha256: expected a text, got 3"),
        ({"study": None}, "cell: study: expected a text, got None"),
        ({"versions": ["torch"]}, "cell: versions: expected versions by name"),
        ({"git": {"commit": {}}}, "cell: git: expected commit and state"),
        ({"plan": {"sha256": "0"}}, "cell: plan: expected the hashes of a plan"),
    ],
)
def test_a_wrong_field_of_a_header_is_named_with_file_and_line(tmp_path, folder, changes, message):
    packed = write_packed(tmp_path / "packed.jsonl.xz", header_of(**changes))
    with pytest.raises(ValueError, match=rf"packed\.jsonl\.xz: line 1: {message}"):
        read_results(packed)
    with pytest.raises(ValueError, match=message):
        unpack(packed, folder)


@pytest.mark.parametrize("missing", ["study", "id", "phase", "seed", "settings", "settings_sha256"])
def test_a_missing_field_of_a_header_is_named(tmp_path, missing):
    header = header_of()
    del header[missing]
    packed = write_packed(tmp_path / "packed.jsonl.xz", header)
    with pytest.raises(ValueError, match=f"line 1: cell: expected the field '{missing}'"):
        read_results(packed)


@pytest.mark.parametrize("link", ["cells", "locks", "logs"])
def test_a_folder_that_is_a_link_is_not_written_into(tmp_path, link):
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "study").mkdir()
    (tmp_path / "study" / link).symlink_to(tmp_path / "elsewhere")
    with pytest.raises(ValueError, match=f"{link}: expected a folder, got a link"):
        StudyFolder(tmp_path / "study").create()
    assert list((tmp_path / "elsewhere").iterdir()) == []


def test_unpacking_replaces_a_link_and_does_not_follow_it(tmp_path, folder):
    precious = tmp_path / "precious"
    precious.write_bytes(b"mine")
    target = folder.cells / f"{header_of()['id']}.jsonl"
    target.symlink_to(tmp_path / "absent")  # leads nowhere, so that the cell is not there
    (folder.cells / f"{target.name}.{os.getpid()}.new").symlink_to(precious)
    folder.tuned.symlink_to(precious)
    folder.write_choices([], criterion="area")
    unpack(write_packed(tmp_path / "packed.jsonl.xz", header_of()), folder)
    assert precious.read_bytes() == b"mine" and not (tmp_path / "absent").exists()


CELLS = 'def measure(settings, seed):\n    yield {"record": "square", "value": seed / 3}\n'


@pytest.fixture
def run_one(tmp_path, folder):
    """Returns a function that runs a cell, and the cell."""
    (tmp_path / "study_file_cells.py").write_text(CELLS)
    cell = Cell("main", 2, {"run": "study_file_cells:measure"}, label="one")
    return lambda: run_cell(Job("s", cell, str(folder.path), (str(tmp_path),))), cell


@pytest.mark.parametrize("link", ["timings.jsonl", "logs", "locks"])
def test_running_a_cell_writes_through_no_link(tmp_path, folder, run_one, link):
    run, cell = run_one
    precious = tmp_path / "precious"
    precious.write_bytes(b"mine")
    place = {"timings.jsonl": folder.timings, "logs": folder.log(cell), "locks": folder.lock(cell)}[link]
    place.symlink_to(precious)
    with pytest.raises((ValueError, OSError)):
        run()
    assert precious.read_bytes() == b"mine"


def test_every_changed_character_of_a_cell_is_noticed(folder, run_one):
    run, cell = run_one
    assert run().status == "done"
    path = folder.find(cell)
    data = path.read_bytes()
    assert read_cell(path).records("square")[0]["value"] == pytest.approx(2 / 3, abs=1e-6)
    generator = random.Random(5)
    places = [*generator.sample(range(len(data)), 200), data.index(b"0.666667") + 3]
    for place in places:
        other = ord("7") if data[place] != ord("7") else ord("3")
        path.write_bytes(data[:place] + bytes([other]) + data[place + 1 :])
        with pytest.raises(ValueError, match=str(path)) as caught:
            read_cell(path)
        assert "\n" not in str(caught.value)


def test_a_damaged_cell_is_not_packed(tmp_path, folder, run_one):
    run, cell = run_one
    run()
    path = folder.find(cell)
    path.write_bytes(path.read_bytes().replace(b"0.666667", b"0.766667"))
    with pytest.raises(ValueError, match="end: sha256: expected that of the lines before it"):
        pack(folder, [cell], tmp_path / "packed.jsonl.xz")
    assert not (tmp_path / "packed.jsonl.xz").exists()


@pytest.mark.parametrize(
    "line",
    ['{"id": "a"}', '{"id": 3, "seconds": 1.0}', "[]", "{", '{"id": "a", "seconds": NaN}', '{"seconds": 1}'],
)
def test_a_wrong_line_of_the_timings_is_named(folder, line):
    folder.timings.write_text('{"id": "a", "seconds": 1.5}\n' + line + "\n")
    with pytest.raises(ValueError, match=r"timings\.jsonl: line 2: .*; remove the file"):
        folder.read_timings()


def test_records_that_could_not_be_read_again_are_refused_when_they_are_written(tmp_path, folder):
    (tmp_path / "study_wrong_cells.py").write_text(
        'def measure(settings, seed):\n    yield {"record": "iteration", "episodes": 8, "note": "a text"}\n'
    )
    cell = Cell("main", 0, {"run": "study_wrong_cells:measure"})
    outcome = run_cell(Job("s", cell, str(folder.path), (str(tmp_path),)))
    assert outcome.status == "error" and "iteration: note: expected a finite number or null" in outcome.reason
    assert folder.find(cell) is None
