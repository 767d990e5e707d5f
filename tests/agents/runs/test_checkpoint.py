"""agents/runs/checkpoint.py: whenever the process dies, a whole checkpoint can be read."""

import contextlib
import json
import shutil
from pathlib import Path

import pytest
import torch

from agents.runs import checkpoint


def write_part(text):
    def write(folder):
        folder.mkdir()
        (folder / "weights.txt").write_text(text)

    return write


def save(path, number, **kwargs):
    parts = {"policy": write_part(f"policy {number}"), "reference": write_part("reference")}
    return checkpoint.save(
        path, parts=parts, tensors={"x": torch.full((3,), float(number))}, record={"number": number}, **kwargs
    )


def number_of(path):
    found = checkpoint.load(path)
    assert found.tensors["x"].tolist() == [float(found.record["number"])] * 3
    assert (found.folder / "policy" / "weights.txt").read_text() == f"policy {found.record['number']}"
    return found.record["number"]


def test_what_is_saved_is_loaded(tmp_path):
    path = tmp_path / "deep" / "checkpoint"
    files = save(path, 1)
    assert number_of(path) == 1
    assert set(files) == {"policy/weights.txt", "reference/weights.txt", "learner.safetensors"}
    assert checkpoint.load(path).files == files
    assert sorted(entry.name for entry in path.parent.iterdir()) == ["checkpoint"]
    save(path, 2)
    assert number_of(path) == 2


def test_tensors_keep_type_and_bits(tmp_path):
    state = torch.Generator().manual_seed(3).get_state()
    tensors = {"generator": state, "view": torch.arange(6.0).reshape(2, 3).T, "scalar": torch.tensor(2.0)}
    checkpoint.save(tmp_path / "c", parts={}, tensors=tensors, record={})
    found = checkpoint.load(tmp_path / "c").tensors
    assert all(torch.equal(found[name], tensor) for name, tensor in tensors.items())
    assert found["generator"].dtype == torch.uint8


def test_unchanged_files_are_linked(tmp_path):
    path = tmp_path / "c"
    files = save(path, 1)
    inode = (path / "reference" / "weights.txt").stat().st_ino
    reference = {name: sha for name, sha in files.items() if name.startswith("reference/")}
    assert save(path, 2, unchanged=reference)["reference/weights.txt"] == reference["reference/weights.txt"]
    assert (path / "reference" / "weights.txt").stat().st_ino == inode
    assert number_of(path) == 2


@pytest.mark.parametrize("known", [{"reference/weights.txt": "another"}, {"reference/other.txt": "unknown"}])
def test_what_is_not_there_is_written(tmp_path, known):
    path = tmp_path / "c"
    save(path, 1)
    save(path, 2, unchanged=known)
    assert (path / "reference" / "weights.txt").read_text() == "reference"


STEPS = [
    (Path, "rename"),
    (shutil, "rmtree"),
    (checkpoint, "_sync_tree"),
    (checkpoint, "_hash"),
    (checkpoint, "_sync"),
]


@pytest.mark.parametrize(("owner", "name"), STEPS)
@pytest.mark.parametrize("survived", range(4))
def test_a_death_at_any_step_leaves_the_old_or_the_new(tmp_path, monkeypatch, owner, name, survived):
    """The process dies in call number `survived` of the function; what is left can be read and replaced."""
    path = tmp_path / "c"
    save(path, 1)
    honest, calls = getattr(owner, name), []

    def dying(*args, **kwargs):
        calls.append(args)
        if len(calls) > survived:
            raise KeyboardInterrupt
        return honest(*args, **kwargs)

    with monkeypatch.context() as patch:
        patch.setattr(owner, name, dying)
        with contextlib.suppress(KeyboardInterrupt):
            save(path, 2)
    assert checkpoint.exists(path)
    assert number_of(path) in {1, 2}
    save(path, 3)
    assert number_of(path) == 3
    assert sorted(entry.name for entry in tmp_path.iterdir()) == ["c"]


def test_between_the_renames_the_previous_one_is_read(tmp_path):
    path = tmp_path / "c"
    save(path, 1)
    path.rename(tmp_path / "c.previous")
    (tmp_path / "c.partial").mkdir()
    assert number_of(path) == 1
    assert checkpoint.load(path).folder.name == "c.previous"


def test_a_folder_with_other_things_is_not_overwritten(tmp_path):
    (tmp_path / "thesis.txt").write_text("years of work")
    with pytest.raises(
        ValueError, match="expected a new folder or an earlier checkpoint, got something else"
    ):
        save(tmp_path, 1)
    assert (tmp_path / "thesis.txt").read_text() == "years of work"


def edit_record(path, change):
    file = path / "learner.json"
    whole = json.loads(file.read_text())
    change(whole)
    file.write_text(json.dumps(whole))


def damage(path):
    return {
        "learner.safetensors is cut: expected": lambda: (path / "learner.safetensors").write_bytes(b"1234"),
        "policy/weights.txt is damaged: its SHA-256": lambda: (path / "policy/weights.txt").write_text(
            "policy 9"
        ),
        "policy/weights.txt is missing": lambda: (path / "policy/weights.txt").unlink(),
        r"learner\.json is damaged": lambda: (path / "learner.json").write_text("{"),
        "expected format 2, got 99": lambda: edit_record(path, lambda whole: whole.update(format=99)),
        "policy/pytorch_model.bin may hold a pickle": lambda: (path / "policy/pytorch_model.bin").write_bytes(
            b""
        ),
        "optimizer.pt may hold a pickle": lambda: (path / "optimizer.pt").write_bytes(b""),
        r"expected a folder with learner\.json, found none": lambda: shutil.rmtree(path),
    }


@pytest.mark.parametrize("message", damage(Path()))
def test_damage_is_told_in_one_line(tmp_path, message):
    path = tmp_path / "c"
    save(path, 1)
    damage(path)[message]()
    with pytest.raises(ValueError, match=message) as caught:
        checkpoint.load(path)
    assert "\n" not in str(caught.value)
