"""Writes a samples file, line after line, as a folder that `datasets.load_dataset` reads."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from rlsf_gym.export.card import write_card
from rlsf_gym.export.columns import COLUMNS, Column, find_columns, is_rule, make_row
from rlsf_gym.render.samples_file import at_line, check_file, parse_line
from rlsf_gym.text.tokenizer import Tokenizer

__all__ = ["SHARD", "Written", "write_dataset"]

SHARD = 1 << 28
"""Bytes of a file of the dataset, behind which the next one begins."""
_KNOWN = frozenset(("tokens", "rewards", "response", "response_ids", *(column.name for column in COLUMNS)))
"""Keys of a line that columns are made of."""


@dataclass
class Written:
    """A dataset that was written."""

    rows: int = 0
    """Number of responses."""
    tokens: int = 0
    """Number of their tokens."""
    files: int = 0
    """Number of files that hold them."""
    columns: Sequence[Column] = ()
    """Columns of each row."""
    omitted: Counter[str] = field(default_factory=Counter[str])
    """Keys of lines that have no column, with the number of lines that have them."""
    names: dict[str, Counter[str]] = field(default_factory=dict[str, Counter[str]])
    """Values of `environment`, `design` and `group`, with the number of lines of each."""


def write_dataset(
    path: str | os.PathLike[str],
    folder: str | os.PathLike[str],
    *,
    tokenizer: Tokenizer | None = None,
    title: str | None = None,
) -> Written:
    """Writes the responses of a samples file as a dataset, and returns what was written.

    The file is read twice, and never held as a whole. Either the whole folder is there in the end, or
    nothing of it.

    Args:
        path: The file, as docs/samples.md describes it; of any size.
        folder: Is made, or empty.
        tokenizer: Of tokens that are ids; without it their texts are unknown.
        title: Name of the dataset in its card; the file's name by default.

    Raises:
        ValueError: If a line does not have the documented form (the message has its number), or the folder
            holds something.
        OSError: If the file can't be read, or the folder can't be written.
    """
    source, target = Path(path), Path(folder).absolute()
    check_file(source)
    if os.path.lexists(target) and (target.is_symlink() or not target.is_dir() or any(target.iterdir())):
        raise ValueError(f"{target}: expected a new or an empty folder, got one that holds something")
    found = _survey(source, tokenizer)
    target.parent.mkdir(parents=True, exist_ok=True)
    partial = Path(tempfile.mkdtemp(prefix=f".{target.name}.", dir=target.parent))
    try:
        _write_shards(source, partial / "data", found, tokenizer)
        write_card(partial / "README.md", found, title=title or source.name)
        partial.chmod(0o777 & ~_umask())
        if target.is_dir():
            target.rmdir()
        partial.rename(target)
    except BaseException:
        shutil.rmtree(partial, ignore_errors=True)
        raise
    return found


def _records(path: Path) -> Iterator[tuple[int, dict[str, Any]]]:
    """Yields number and object of each line that is not empty."""
    with path.open("rb") as file:
        for number, line in enumerate(file, start=1):
            if line.strip():
                with at_line(path, number):
                    record = parse_line(line)
                yield number, record


def _survey(path: Path, tokenizer: Tokenizer | None) -> Written:
    """Returns what a file holds, after trying each of its lines."""
    found = Written(names={key: Counter() for key in ("environment", "design", "group")})
    rules, others = Counter[str](), set[str]()
    for number, record in _records(path):
        with at_line(path, number):
            make_row(record, COLUMNS, tokenizer)
        found.rows += 1
        found.tokens += len(record["tokens"])
        for name, values in found.names.items():
            if isinstance(record.get(name), str):
                values[record[name]] += 1
        for key in record.keys() - _KNOWN:
            rules[key] += 1
            if not is_rule(key, record[key]):
                others.add(key)
    if not found.rows:
        raise ValueError(f"{path}: expected a JSON object in each line, got none")
    found.columns = find_columns(rules.keys() - others)
    found.omitted = Counter({key: rules[key] for key in sorted(others)})
    return found


def _write_shards(path: Path, folder: Path, found: Written, tokenizer: Tokenizer | None) -> None:
    folder.mkdir()
    size, file = SHARD, None
    try:
        for number, record in _records(path):
            with at_line(path, number):
                row = make_row(record, found.columns, tokenizer)
            if size >= SHARD or file is None:
                if file is not None:
                    file.close()
                file = (folder / f"train-{found.files:05}.jsonl").open("xb")
                found.files, size = found.files + 1, 0
            size += file.write(row + b"\n")
    finally:
        if file is not None:
            file.close()


def _umask() -> int:
    mask = os.umask(0)
    os.umask(mask)
    return mask
