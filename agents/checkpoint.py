"""Writes and reads checkpoint folders: all of one, or all of the one before it, whenever the process dies.

A checkpoint is a folder of folders with safetensors and JSON, `learner.safetensors` and, written last,
`learner.json` with the sizes and hashes of all other files. Nothing is pickled, and nothing pickled is read.

It is written beside its place and moved there by two renames: `name` to `name.previous`, `name.partial` to
`name`. Between the two only `name.previous` stands, and that is what is read then.
"""

from __future__ import annotations

import hashlib
import json
import os
import shutil
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, NamedTuple, cast

import safetensors.torch
from safetensors import SafetensorError
from torch import Tensor

FORMAT = 1
RECORD_FILE = "learner.json"
TENSORS_FILE = "learner.safetensors"
PICKLES = {".bin", ".pt", ".pth", ".pkl", ".pickle", ".ckpt", ".npy", ".npz"}


class Checkpoint(NamedTuple):
    """What a checkpoint folder holds, its files verified."""

    folder: Path
    """Where it was found: the path asked for, or `.previous` beside it."""
    record: dict[str, Any]
    """What was saved as JSON."""
    tensors: dict[str, Tensor]
    """What was saved by name, on the CPU."""
    files: dict[str, str]
    """SHA-256 of each file, by its path inside the folder."""


def exists(path: str | Path) -> bool:
    """Returns whether there is something to read at a path, whatever became of the process that wrote it."""
    return _find(Path(path)) is not None


def save(
    path: str | Path,
    *,
    parts: Mapping[str, Callable[[Path], None]],
    tensors: Mapping[str, Tensor],
    record: Mapping[str, Any],
    unchanged: Mapping[str, str] | None = None,
) -> dict[str, str]:
    """Writes a checkpoint and returns the SHA-256 of each of its files, by path inside the folder.

    Args:
        path: The checkpoint's folder; an earlier checkpoint there is replaced.
        parts: Sub-folder name to what writes it.
        tensors: Named tensors.
        record: Anything that JSON can hold.
        unchanged: Files, with their SHA-256, that are linked from the checkpoint at `path` where it has them,
            instead of being written again; the part they are in is then not written.

    Raises:
        ValueError: `path` is something other than a checkpoint.
        OSError: It can't be written; the earlier checkpoint stands, and nothing is left of the new one.
    """
    path = Path(path).absolute()
    if path.exists() and not (path / RECORD_FILE).is_file():
        raise ValueError(
            f"checkpoint {str(path)!r}: expected a new folder or an earlier checkpoint, got something else"
        )
    partial, previous = _beside(path, "partial"), _beside(path, "previous")
    shutil.rmtree(partial, ignore_errors=True)
    try:
        partial.mkdir(parents=True)
        linked = _link(path, partial, unchanged or {})
        for name, write in parts.items():
            if not any(file.startswith(f"{name}/") for file in linked):
                write(partial / name)
        hashes = _complete(partial, tensors, record, linked)
        if path.exists():
            shutil.rmtree(previous, ignore_errors=True)
            path.rename(previous)
        partial.rename(path)
        _sync(path.parent)
    except (OSError, SafetensorError) as error:  # a full disk, for one, which this gives its room back
        shutil.rmtree(partial, ignore_errors=True)
        raise OSError(f"checkpoint {str(path)!r} can't be written: {error}; an earlier one stands") from error
    shutil.rmtree(previous, ignore_errors=True)
    return hashes


def load(path: str | Path) -> Checkpoint:
    """Returns a checkpoint after checking every file of it.

    Args:
        path: As given to `save`.

    Raises:
        ValueError: There is none, or it is damaged, holds pickles, or was written by another version of this
            module; in one line.
    """
    folder = _find(Path(path).absolute())
    if folder is None:
        raise ValueError(f"checkpoint {str(path)!r}: expected a folder with {RECORD_FILE}, found none")
    try:
        whole = json.loads((folder / RECORD_FILE).read_text(encoding="utf-8"))
        version, described, record = whole["format"], whole["files"], whole["record"]
    except (ValueError, KeyError, TypeError) as error:
        raise ValueError(f"checkpoint {str(folder)!r}: {RECORD_FILE} is damaged: {error}") from error
    if version != FORMAT:
        raise ValueError(f"checkpoint {str(folder)!r}: expected format {FORMAT}, got {version}")
    _check_files(folder, described)
    tensors = cast("dict[str, Tensor]", cast(Any, safetensors.torch).load_file(folder / TENSORS_FILE))
    return Checkpoint(folder, record, tensors, {name: entry["sha256"] for name, entry in described.items()})


def _complete(
    partial: Path, tensors: Mapping[str, Tensor], record: Mapping[str, Any], linked: Mapping[str, str]
) -> dict[str, str]:
    """Adds tensors and record to the parts, on disk when it returns; returns the hashes of all files."""
    contiguous = {name: tensor.detach().cpu().contiguous() for name, tensor in tensors.items()}
    cast(Any, safetensors.torch).save_file(contiguous, partial / TENSORS_FILE)
    hashes = {name: linked.get(name) or _hash(partial / name) for name in _files(partial)}
    described = {
        name: {"bytes": (partial / name).stat().st_size, "sha256": sha} for name, sha in hashes.items()
    }
    whole = {"format": FORMAT, "record": dict(record), "files": described}
    (partial / RECORD_FILE).write_text(json.dumps(whole, indent=1, sort_keys=True) + "\n", encoding="utf-8")
    _sync_tree(partial)
    return hashes


def _find(path: Path) -> Path | None:
    found = (folder for folder in (path, _beside(path, "previous")) if (folder / RECORD_FILE).is_file())
    return next(found, None)


def _beside(path: Path, ending: str) -> Path:
    return path.with_name(f"{path.name}.{ending}")


def _check_files(folder: Path, described: Mapping[str, Mapping[str, Any]]) -> None:
    pickles = [name for name in _files(folder) if Path(name).suffix in PICKLES]
    if pickles:
        raise ValueError(
            f"checkpoint {str(folder)!r}: {pickles[0]} may hold a pickle, which can run code; refused"
        )
    for name, entry in described.items():
        file = folder / name
        if not file.is_file():
            raise ValueError(f"checkpoint {str(folder)!r}: {name} is missing")
        size = file.stat().st_size
        if size != entry["bytes"]:
            raise ValueError(
                f"checkpoint {str(folder)!r}: {name} is cut: expected {entry['bytes']} bytes, got {size}"
            )
        if _hash(file) != entry["sha256"]:
            raise ValueError(
                f"checkpoint {str(folder)!r}: {name} is damaged: its SHA-256 is not the recorded one"
            )


def _link(path: Path, partial: Path, unchanged: Mapping[str, str]) -> dict[str, str]:
    """Links the unchanged files if the checkpoint at `path` has them all; returns those linked."""
    try:
        described = json.loads((path / RECORD_FILE).read_text(encoding="utf-8"))["files"]
        if any(described[name]["sha256"] != sha for name, sha in unchanged.items()):
            return {}
        for name in unchanged:
            (partial / name).parent.mkdir(parents=True, exist_ok=True)
            os.link(path / name, partial / name)
    except (
        OSError,
        KeyError,
        ValueError,
    ):  # no earlier checkpoint, another one, or no hard links here: write instead
        for name in unchanged:
            (partial / name).unlink(missing_ok=True)
        return {}
    return dict(unchanged)


def _files(folder: Path) -> list[str]:
    """Returns the paths of all files below a folder but the record, relative, sorted."""
    found = (file.relative_to(folder).as_posix() for file in folder.rglob("*") if file.is_file())
    return sorted(name for name in found if name != RECORD_FILE)


def _hash(file: Path) -> str:
    with file.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def _sync_tree(folder: Path) -> None:
    for file in [folder, *folder.rglob("*")]:
        _sync(file)


def _sync(path: Path) -> None:
    """Waits until a file or folder is on disk."""
    if os.name == "nt" and path.is_dir():  # Windows cannot open folders
        return
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
