"""Writes and reads checkpoint folders atomically: a crash leaves the new one whole, or the one before it.

A checkpoint is a folder of folders with safetensors and JSON, `learner.safetensors` and, written last,
`learner.json` with the sizes and hashes of all other files and a hash of its own. Whatever was changed since,
be it a bit, and whatever was added or taken away, is refused in one line. Hashes tell damage from a whole
checkpoint, not a friend from a stranger: who can write a file can hash it. So nothing is pickled, nothing
pickled is read, no link is followed, and no name in the record leads out of the folder.

It is written beside its place and moved there by two renames: `name` to `name.previous`, `name.partial` to
`name`. Between the two only `name.previous` stands, and that is what is read then.
"""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import stat
from collections.abc import Callable, Mapping
from pathlib import Path, PurePosixPath
from typing import Any, NamedTuple, cast

import safetensors.torch
from safetensors import SafetensorError
from torch import Tensor

from agents.runs.plain_files import is_regular, read_plain

FORMAT = 2
RECORD_FILE = "learner.json"
TENSORS_FILE = "learner.safetensors"
PICKLES = {".bin", ".pt", ".pth", ".pkl", ".pickle", ".ckpt", ".npy", ".npz"}
LARGEST_RECORD = 1 << 24
"""Bytes of the largest record that is read."""


class Checkpoint(NamedTuple):
    """Contents of a checkpoint folder whose files were verified."""

    folder: Path
    """Folder that was read: the path asked for, or `.previous` beside it."""
    record: dict[str, Any]
    """State that was saved as JSON."""
    tensors: dict[str, Tensor]
    """Tensors that were saved, by name, on the CPU."""
    files: dict[str, str]
    """SHA-256 of each file, by its path inside the folder."""


class Entry(NamedTuple):
    """Size and hash of a file, as the checkpoint's record has them."""

    size: int
    """Size of the file in bytes."""
    sha256: str


def exists(path: str | Path) -> bool:
    """Returns whether a checkpoint can be read at a path, even if the process that wrote it was killed."""
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
        parts: Sub-folder name to the function that writes it.
        tensors: Named tensors.
        record: Anything that JSON can hold.
        unchanged: Files, with their SHA-256, that are linked from the checkpoint at `path` where it has them,
            instead of being written again; the part they are in is then not written.

    Raises:
        ValueError: If `path` is something other than a checkpoint, or a name leads out of it.
        OSError: If it can't be written; an earlier checkpoint stands, and nothing is left of the new one.
    """
    path = Path(path).absolute()
    _check_place(path)
    for name in unchanged or {}:
        check_inside(path, name)
    partial, previous = _beside(path, "partial"), _beside(path, "previous")
    _remove(partial)
    try:
        partial.mkdir(parents=True)
        linked = _link(path, partial, unchanged or {})
        for name, write in parts.items():
            if not any(file.startswith(f"{name}/") for file in linked):
                write(partial / name)
        hashes = _complete(partial, tensors, record, linked)
        if path.exists():
            _remove(previous)
            path.rename(previous)
        partial.rename(path)
        _sync(path.parent)
    except (OSError, SafetensorError) as error:  # a full disk, for one, which this gives its room back
        _remove(partial)
        stands = "; an earlier one stands" if exists(path) else ""
        raise OSError(f"checkpoint {str(path)!r} can't be written: {error}{stands}") from error
    _remove(previous)
    return hashes


def load(path: str | Path) -> Checkpoint:
    """Returns a checkpoint after checking every file of it.

    Args:
        path: As given to `save`.

    Raises:
        ValueError: If there is no checkpoint, or it is damaged, holds links, pickles or files that were not
            saved, or was written by another version of this module; in one line.
    """
    folder = _find(Path(path).absolute())
    if folder is None:
        raise ValueError(f"checkpoint {str(path)!r}: expected a folder with {RECORD_FILE}, found none")
    whole = _read_record(folder)
    described = _read_entries(folder, whole["files"])
    _check_files(folder, described)
    try:
        tensors = cast("dict[str, Tensor]", cast(Any, safetensors.torch).load_file(folder / TENSORS_FILE))
    except (OSError, ValueError, SafetensorError) as error:
        raise ValueError(f"checkpoint {str(folder)!r}: {TENSORS_FILE} can't be read: {error}") from error
    return Checkpoint(
        folder, whole["record"], tensors, {name: entry.sha256 for name, entry in described.items()}
    )


def check_inside(folder: Path, name: str) -> None:
    """Checks that a name of a file leads to one inside a folder, on any system.

    Raises:
        ValueError: If the name leads out of the folder, or is not the name of a file.
    """
    parts = PurePosixPath(name).parts
    harmless = not (set(name) & set('\\:\0"<>|?*')) and ".." not in parts and not name.startswith("/")
    if not parts or not harmless or "/".join(parts) != name:
        raise ValueError(f"checkpoint {str(folder)!r}: expected names of files inside of it, got {name!r}")


def _check_place(path: Path) -> None:
    """Checks that a checkpoint may be written to a place."""
    if os.path.lexists(path) and (path.is_symlink() or not is_regular(path / RECORD_FILE)):
        raise ValueError(
            f"checkpoint {str(path)!r}: expected a new folder or an earlier checkpoint, got something else"
        )


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
    (partial / RECORD_FILE).write_bytes(_seal({"format": FORMAT, "record": dict(record), "files": described}))
    _sync_tree(partial)
    return hashes


def _seal(whole: Mapping[str, Any]) -> bytes:
    """Returns a record as the bytes that are written to disk, with a hash of itself."""
    body = {key: value for key, value in whole.items() if key != "sha256"}
    sha = hashlib.sha256(_to_json(body)).hexdigest()
    return _to_json({**body, "sha256": sha})


def _to_json(content: Mapping[str, Any]) -> bytes:
    text = json.dumps(content, indent=1, sort_keys=True, allow_nan=False) + "\n"
    return text.encode("ascii")


def _read_record(folder: Path) -> dict[str, Any]:
    """Returns the record of a checkpoint after checking its own hash."""
    where = f"checkpoint {str(folder)!r}: {RECORD_FILE}"
    try:
        data = read_plain(folder / RECORD_FILE, largest=LARGEST_RECORD, through_links=False)
        parsed: Any = json.loads(data)
    except (OSError, ValueError, RecursionError) as error:
        raise ValueError(f"{where} is damaged: {error}") from error
    whole = cast("dict[str, Any]", parsed if isinstance(parsed, dict) else {})
    version = whole.get("format")
    if type(version) is not int:
        raise ValueError(f"{where} is damaged: it has no format")
    if version != FORMAT:
        raise ValueError(
            f"{where}: expected format {FORMAT}, got {version}; read it with the version that wrote it"
        )
    try:
        sealed = _seal(whole)
    except (ValueError, RecursionError):  # a number that is not finite, nesting without end
        sealed = b""
    if sealed != data:
        raise ValueError(f"{where} is damaged: its SHA-256 is not the recorded one")
    if not isinstance(whole.get("record"), dict):
        raise ValueError(f"{where} is damaged: it has no record")
    return whole


def _read_entries(folder: Path, files: Any) -> dict[str, Entry]:
    """Returns size and hash of each file from the record, by its path inside the folder."""
    entries: dict[str, Entry] = {}
    try:
        for name, entry in files.items():
            entries[str(name)] = Entry(int(entry["bytes"]), str(entry["sha256"]))
    except (AttributeError, KeyError, TypeError, ValueError) as error:
        raise ValueError(f"checkpoint {str(folder)!r}: {RECORD_FILE} is damaged: no list of files") from error
    for name in entries:
        check_inside(folder, name)
    if TENSORS_FILE not in entries:
        raise ValueError(
            f"checkpoint {str(folder)!r}: {RECORD_FILE} is damaged: {TENSORS_FILE} is not listed"
        )
    return entries


def _find(path: Path) -> Path | None:
    found = (folder for folder in (path, _beside(path, "previous")) if _holds_record(folder))
    return next(found, None)


def _holds_record(folder: Path) -> bool:
    return not folder.is_symlink() and os.path.lexists(folder / RECORD_FILE)


def _remove(path: Path) -> None:
    """Removes a folder with all that is in it, or a link in its place, as far as that is allowed."""
    if path.is_symlink():
        path.unlink()
    shutil.rmtree(path, ignore_errors=True)


def _beside(path: Path, ending: str) -> Path:
    return path.with_name(f"{path.name}.{ending}")


def _check_files(folder: Path, described: Mapping[str, Entry]) -> None:
    found = _files(folder)
    pickles = [name for name in found if Path(name).suffix in PICKLES]
    if pickles:
        raise ValueError(
            f"checkpoint {str(folder)!r}: {pickles[0]} may hold a pickle, which can run code; refused"
        )
    for name in found:
        if name not in described:
            raise ValueError(f"checkpoint {str(folder)!r}: {name} was not saved with it: take it out")
    for name, entry in described.items():
        file = folder / name
        if name not in found:
            raise ValueError(f"checkpoint {str(folder)!r}: {name} is missing")
        size = file.lstat().st_size
        where = f"checkpoint {str(folder)!r}: {name}"
        is_card = file.suffix == ".md"  # which people edit
        mend = "; put it back as it was, and edit a card in a copy of its folder" if is_card else ""
        if size != entry.size:
            fault = "cut" if size < entry.size else "damaged"
            raise ValueError(f"{where} is {fault}: expected {entry.size} bytes, got {size}{mend}")
        if _hash(file) != entry.sha256:
            raise ValueError(f"{where} is damaged: its SHA-256 is not the recorded one{mend}")


def _link(path: Path, partial: Path, unchanged: Mapping[str, str]) -> dict[str, str]:
    """Links the unchanged files if the checkpoint at `path` has them all; returns those linked."""
    try:
        described = _read_entries(path, _read_record(path)["files"])
        if any(described[name].sha256 != sha for name, sha in unchanged.items()):
            return {}
        if not all(is_regular(path / name) for name in unchanged):
            return {}
        for name in unchanged:
            (partial / name).parent.mkdir(parents=True, exist_ok=True)
            os.link(path / name, partial / name, follow_symlinks=False)
    except (OSError, KeyError, ValueError, NotImplementedError):
        # no earlier checkpoint, another one, or no hard links here: write instead
        for name in unchanged:
            (partial / name).unlink(missing_ok=True)
        return {}
    return dict(unchanged)


def _files(folder: Path) -> list[str]:
    """Returns the paths of all files below a folder but the record, relative, sorted.

    Raises:
        ValueError: If something in it is neither a file nor a folder: a link, a pipe, a device.
    """
    names: list[str] = []
    for place, folders, files in os.walk(folder):
        for name in (*folders, *files):
            path = Path(place) / name
            inside = path.relative_to(folder).as_posix()
            mode = path.lstat().st_mode
            if not (stat.S_ISREG(mode) or stat.S_ISDIR(mode)):
                kind = "a link" if stat.S_ISLNK(mode) else "a pipe or a device"
                raise ValueError(f"checkpoint {str(folder)!r}: {inside} is {kind}, not a file; refused")
            if stat.S_ISREG(mode) and inside != RECORD_FILE:
                names.append(inside)
    return sorted(names)


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
