"""Reads the folder of a run, finished or not, and summarises it as text.

The folder is that of `agents.runs.logs.JsonlLog`. Whatever else a training command wrote beside the two files
is read where it is there: `config.json` (`settings`, and their `defaults`), `before.json` (its `summary`),
`summary.json` (`before`, `after`). The folder may be a stranger's: files are read as plain data, each damage
is one line, and no character of what they say acts on the terminal that it is shown on.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple, cast

from agents.flags.parser import typed
from agents.runs.jsonl_log import LARGEST as LARGEST_LOG
from agents.runs.jsonl_log import NAMES, read_jsonl
from agents.runs.plain_files import read_plain
from agents.runs.printable import shown
from agents.runs.sealed_json import unseal
from agents.runs.strict_json import is_count, is_number, parse_object, show
from agents.stats.measures import MEASURES, evaluated

HEADLINE_KEYS = ("policy", "scorer", "objective", "reward_design", "seed")
COUNTS = ("iteration", "episodes")
LARGEST = 1 << 24
"""Largest JSON file that is read, in bytes."""
TOTAL = "seconds"
RATE, PEAK = "_per_second", "peak_"

Row = Mapping[str, Any]


class Run(NamedTuple):
    """Contents of a run folder so far: settings, metrics, timings and evaluations."""

    path: Path
    settings: dict[str, Any]
    """Settings of the run; empty where no `config.json` was written."""
    defaults: dict[str, Any]
    """Defaults of the settings; empty where no defaults were recorded."""
    metrics: list[dict[str, Any]]
    """Rows of `metrics.jsonl`, one per iteration."""
    timings: list[dict[str, Any]]
    """Rows of `timings.jsonl`, one per iteration."""
    before: dict[str, Any] | None
    """Evaluation before training, where there was one."""
    after: dict[str, Any] | None
    """Evaluation after training: there once the run is finished."""


def read_run(folder: str | os.PathLike[str]) -> Run:
    """Returns the contents of a run folder.

    Raises:
        ValueError: If the folder is not a run folder, or a file in it is damaged.
    """
    path = Path(folder)
    if not any((path / name).is_file() for name in ("config.json", "metrics.jsonl")):
        raise ValueError(
            f"{path} is no run folder (it has neither config.json nor metrics.jsonl): give the --out of a "
            f"run{_guess_run(path)}"
        )
    config, summary = read_object(path / "config.json"), read_object(path / "summary.json")
    if summary.get("before") is None:
        before = read_numbers(path / "before.json", read_object(path / "before.json"), "summary")
    else:
        before = read_numbers(path / "summary.json", summary, "before")
    run = Run(
        path=path,
        settings=_read_table(path / "config.json", config, "settings"),
        defaults=_read_table(path / "config.json", config, "defaults"),
        metrics=_read_rows(path / "metrics.jsonl", COUNTS),
        timings=_read_rows(path / "timings.jsonl", (*COUNTS, TOTAL)),
        before=before,
        after=read_numbers(path / "summary.json", summary, "after"),
    )
    _check_logs(path, summary)
    return run


def _guess_run(path: Path) -> str:
    """Returns what may have been meant: the last run inside of a folder, or the report of a study."""
    if (path / "study.toml").is_file():
        return f"; of a study: {typed('python -m agents report')} {path}"
    runs = [file.parent for file in path.glob("*/config.json") if not file.is_symlink()]
    return f", such as {max(runs, key=lambda run: run.name)}" if runs else ""


def hash_logs(folder: Path) -> dict[str, str]:
    """Returns the SHA-256 of `metrics.jsonl` and `timings.jsonl` by name, for the summary of a run."""
    return {name: _hash_log(folder / name) for name in NAMES}


def describe_run(run: Run) -> str:
    """Returns the summary of a run as lines of text, without the parts that are not there yet."""
    sections = [
        [headline(shown(run.path.name), run.settings), _progress(run)],
        _settings_lines(run),
        format_table(run.before, run.after).splitlines() if run.before else [],
        _last_lines(run.metrics),
        _speed_lines(run.timings),
    ]
    return "\n\n".join("\n".join(lines) for lines in sections if lines)


def headline(name: str, settings: Row) -> str:
    """Returns one line with the name and the main settings of a run.

    Args:
        name: Name of the run.
        settings: Settings from its `config.json`; a policy in a folder is called by the folder's name.
    """
    facts = [
        f"{key.replace('_', ' ')} "
        + shown(Path(str(settings[key])).name if key == "policy" else settings[key])
        for key in HEADLINE_KEYS
        if key in settings
    ]
    return f"{shown(name)}: {', '.join(facts)}" if facts else shown(name)


def format_table(before: Row, after: Row | None) -> str:
    """Returns the table of both evaluations as lines of text, with a dash for what was not measured."""
    lines = [f"{'':<12}{'before':>12}{'after':>12}"]
    for measure in evaluated():
        key = measure.key
        if key in before or not (measure.optional or measure.is_costly):
            lines.append(f"{key:<12}{_number(before.get(key)):>12}{_number((after or {}).get(key)):>12}")
    return "\n".join(lines)


def seconds_by_phase(timings: Sequence[Row]) -> dict[str, float]:
    """Returns the seconds of each phase of a run, longest first, and of everything else as `rest`.

    Args:
        timings: Rows of `timings.jsonl`.
    """
    phases = {key: None for row in timings for key in row if _is_phase(key)}
    sums = {phase: sum(float(row.get(phase) or 0.0) for row in timings) for phase in phases}
    longest_first = dict(sorted(sums.items(), key=lambda item: -item[1]))
    return {**longest_first, "rest": sum(float(row[TOTAL]) for row in timings) - sum(sums.values())}


def _progress(run: Run) -> str:
    episodes = int(run.metrics[-1]["episodes"]) if run.metrics else 0
    state = "finished" if run.after is not None else "not finished"
    return f"{state}: {episodes} episodes in {len(run.metrics)} iterations"


def _settings_lines(run: Run) -> list[str]:
    changed = {
        key: value
        for key, value in run.settings.items()
        if key not in run.defaults or value != run.defaults[key]
    }
    if not changed:
        return ["settings: the defaults"] if run.settings else []
    title = "settings that differ from the defaults:" if run.defaults else "settings:"
    width = max(20, *(len(shown(key)) + 2 for key in changed))
    return [title, *(_setting_line(run, key, value, width) for key, value in sorted(changed.items()))]


def _setting_line(run: Run, key: str, value: Any, width: int) -> str:
    usual = f"  (default: {shown(run.defaults[key])})" if key in run.defaults else ""
    return f"  {shown(key):<{width}}{shown(value)}{usual}"


def _last_lines(metrics: Sequence[Row]) -> list[str]:
    if not metrics:
        return []
    last = metrics[-1]
    keys = [measure.log_key for measure in MEASURES.values() if measure.last]
    shown = [f"  {key:<24}{_number(last[key], '.3g'):>10}" for key in keys if key in last]
    return [f"iteration {int(last['iteration'])}, the last one so far:", *shown]


def _speed_lines(timings: Sequence[Row]) -> list[str]:
    total = sum(float(row[TOTAL]) for row in timings)
    if not total > 0.0:
        return []
    phases = seconds_by_phase(timings)
    return [
        ", ".join(_speeds(timings, total)),
        *(f"  {shown(phase):<20}{spent:>10.1f} s{spent / total:>8.1%}" for phase, spent in phases.items()),
    ]


def _speeds(timings: Sequence[Row], total: float) -> Iterator[str]:
    yield f"{total:.1f} s of training"
    yield f"{timings[-1]['episodes'] / total:.1f} episodes/s"
    key = f"tokens{RATE}"
    if all(row.get(key) is not None for row in timings):
        yield f"{sum(row[key] * row[TOTAL] for row in timings) / total:.0f} tokens/s"
    for peak in sorted({key for row in timings for key in row if key.startswith(PEAK)}):
        most = max(row.get(peak) or 0.0 for row in timings)
        yield f"{shown(peak.removesuffix('_mb').replace('_', ' '))} {most:.0f} MB"


def _is_phase(key: str) -> bool:
    return key not in (*COUNTS, TOTAL) and not key.endswith(RATE) and not key.startswith(PEAK)


def _number(value: Any, form: str = ".3f") -> str:
    return "-" if value is None else format(value, form)


def read_object(path: Path) -> dict[str, Any]:
    """Returns the JSON object in a file of a run, empty where the file does not exist.

    Raises:
        ValueError: If it is not a regular file, does not hold an object of plain data, or was changed since
            it was written; in one line.
        OSError: If it can't be read.
    """
    if not os.path.lexists(path):
        return {}
    try:
        found = parse_object(read_plain(path, largest=LARGEST, through_links=False))
    except ValueError as error:
        raise ValueError(f"{path} can't be read as JSON: {error}; restore it from a copy") from error
    try:
        return unseal(found)
    except ValueError as error:
        raise ValueError(f"{path} is damaged: {error}; restore it from a copy") from error


def read_numbers(path: Path, content: Row, key: str) -> dict[str, Any] | None:
    """Returns the numbers under a key of a file, None where there is no such key.

    Raises:
        ValueError: If the value is not a table of numbers.
    """
    if content.get(key) is None:
        return None
    found = _read_table(path, content, key)
    for name, value in found.items():
        if value is not None and not is_number(value):
            raise ValueError(f"{path}: {key}: {show(name)}: expected a number or null, got {show(value)}")
    return found


def _check_logs(folder: Path, summary: Row) -> None:
    """Checks the logs of a finished run against the hashes in its summary, where it has them."""
    recorded = summary.get("logs", {})
    if not isinstance(recorded, dict):
        raise ValueError(f"{folder / 'summary.json'}: logs: expected a table, got {show(recorded)}")
    for name in NAMES:
        if name in recorded and recorded[name] != _hash_log(folder / name):
            raise ValueError(
                f"{folder / name} is damaged: it was changed after the run had ended, as summary.json says; "
                "restore it from a copy"
            )


def _hash_log(path: Path) -> str:
    data = read_plain(path, largest=LARGEST_LOG, through_links=False) if os.path.lexists(path) else b""
    return hashlib.sha256(data).hexdigest()


def _read_table(path: Path, content: Row, key: str) -> dict[str, Any]:
    found = content.get(key, {})
    if not isinstance(found, dict):
        raise ValueError(f"{path}: {key}: expected a table of settings or numbers, got {show(found)}")
    return cast("dict[str, Any]", found)


def _read_rows(path: Path, needed: Sequence[str]) -> list[dict[str, Any]]:
    if not os.path.lexists(path):
        return []
    try:
        rows = read_jsonl(path)
    except ValueError as error:
        raise ValueError(f"{path} can't be read as JSON lines: {error}; restore it from a copy") from error
    for number, row in enumerate(rows, start=1):
        if not set(needed) <= set(row):
            raise ValueError(
                f"{path}, line {number}: expected {', '.join(needed)} in it, got {show(sorted(row))}"
            )
        _check_row(f"{path}, line {number}", number, row, needed)
    return rows


def _check_row(where: str, number: int, row: Row, needed: Sequence[str]) -> None:
    """Checks that a row holds numbers, counts where counts belong, and stands at its iteration."""
    for key, value in row.items():
        if not (is_number(value) or (value is None and key not in needed)):
            raise ValueError(f"{where}: {show(key)}: expected a number, got {show(value)}")
    for key in COUNTS:
        if not is_count(row[key]):
            raise ValueError(f"{where}: {key}: expected a whole number >= 0, got {show(row[key])}")
    if row["iteration"] != number:
        raise ValueError(f"{where}: expected iteration {number}, got {row['iteration']}; restore the file")
    if (row.get(TOTAL) or 0.0) < 0.0:
        raise ValueError(f"{where}: {TOTAL}: expected a number >= 0, got {show(row[TOTAL])}")
