"""Writes a samples file, line after line, as a folder that `datasets.load_dataset` reads."""

from __future__ import annotations

import os
import shutil
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from rlsf_gym.export.card import write_card
from rlsf_gym.export.columns import COLUMNS, Column, find_columns, is_rule, make_row
from rlsf_gym.render.json_lines import at_line, check_file, read_lines
from rlsf_gym.render.samples_file import parse_line
from rlsf_gym.text.tokenizer import Tokenizer

__all__ = ["SHARD", "Written", "write_dataset"]

SHARD = 1 << 28
"""Bytes of a file of the dataset, behind which the next one begins."""
MOST_RULES = 1_000
"""Most columns for the rules of scorers: every row has every column."""
_PATTERNS = frozenset("*?[")
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
            holds something, has a path that `datasets` can't read, or was begun by another export.
        OSError: If the file can't be read, or the folder can't be written.
    """
    source, target = Path(path), Path(folder).absolute()
    check_file(source)
    _check_target(target)
    found = _survey(source, tokenizer)
    target.parent.mkdir(parents=True, exist_ok=True)
    partial = _partial(target)
    partial.mkdir()
    try:
        _write_shards(source, partial / "data", found, tokenizer)
        write_card(partial / "README.md", found, title=title or source.name)
        if target.is_dir():
            target.rmdir()
        partial.rename(target)
    except BaseException:
        shutil.rmtree(partial, ignore_errors=True)
        raise
    return found


def _partial(target: Path) -> Path:
    """Returns the folder that a dataset is written into until it is whole."""
    return target.with_name(f"{target.name}.partial")


def _check_target(target: Path) -> None:
    """Checks that a dataset can be written to a place, before its lines are read."""
    if os.path.lexists(target) and (target.is_symlink() or not target.is_dir() or any(target.iterdir())):
        raise ValueError(f"{target}: expected a new or an empty folder, got one that holds something")
    if set(str(target)) & _PATTERNS:
        raise ValueError(
            f"{target}: expected a path without *, ? and [, with which load_dataset would search: "
            "take another folder"
        )
    if os.path.lexists(_partial(target)):
        raise ValueError(
            f"{_partial(target)}: expected nothing there, got what a killed export left, or one that still "
            "runs: remove it"
        )
    above = next(filter(os.path.lexists, target.parents), None)  # None: a drive that is not there
    if above is not None and not above.is_dir():
        raise ValueError(f"{target}: expected a place in a folder, got one below the file {above}")


def _records(path: Path) -> Iterator[tuple[int, dict[str, Any]]]:
    """Yields number and object of each line that is not empty."""
    for number, line in read_lines(path):
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
    if len(rules.keys() - others) > MOST_RULES:
        raise ValueError(
            f"{path}: expected at most {MOST_RULES:,} different keys reward_RULE with numbers, got "
            f"{len(rules.keys() - others):,}: name the rule and not the response"
        )
    found.columns = find_columns(rules.keys() - others)
    found.omitted = Counter({key: rules[key] for key in sorted(others)})
    return found


def _write_shards(path: Path, folder: Path, found: Written, tokenizer: Tokenizer | None) -> None:
    folder.mkdir()
    size, file, rows = SHARD, None, 0
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
            rows += 1
    finally:
        if file is not None:
            file.close()
    if rows != found.rows:
        raise ValueError(
            f"{path}: expected {found.rows:,} responses as at first, got {rows:,}: it was written to "
            "meanwhile; export it when that is done"
        )
