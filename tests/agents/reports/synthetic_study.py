"""Studies whose truth is known: cell files as a benchmark writes them, with given learning curves."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from agents.studies.files import StudyFolder, to_line
from agents.studies.plan import Cell, Choice, Study
from agents.studies.read import read_study

Record = dict[str, Any]
Truth = Callable[[Cell], Mapping[str, Any]]
"""Returns what a cell learns: keywords of `training_records`, or `records`, as they are."""


def write_study(
    folder: Path,
    toml: str,
    truth: Truth,
    *,
    leave_out: Callable[[Cell], bool] = lambda _: False,
    choices: Sequence[Choice] = (),
) -> tuple[Study, int]:
    """Writes the folder of a study, its tuning cells as well; returns the study and the number of cells."""
    places = StudyFolder(folder)
    places.create()
    places.study.write_text(toml, encoding="utf-8")
    study = read_study(places.study)
    cells = [cell for cell in [*study.tuning_cells(), *study.main_cells(choices)] if not leave_out(cell)]
    for cell in cells:
        told = dict(truth(cell))
        write_cell(places, study, cell, told.pop("records", None) or training_records(cell, **told))
    return study, len(cells)


def write_cell(places: StudyFolder, study: Study, cell: Cell, records: Iterable[Record]) -> None:
    header = {
        "record": "cell",
        "study": study.name,
        "id": cell.id,
        "phase": cell.phase,
        "seed": cell.seed,
        "settings": cell.settings,
        "settings_sha256": cell.settings_sha256,
        "versions": {"python": "3.11.7", "torch": "2.13.0"},
        "git": {"commit": "0123456789abcdef0123456789abcdef01234567", "clean": True},
    }
    lines = [to_line(json.loads(json.dumps(record))) for record in (header, *records)]
    (places.cells / f"{cell.id}.jsonl").write_bytes(b"".join(lines))


def training_records(
    cell: Cell,
    *,
    score: Callable[[float], float],
    kl: Callable[[float], float] = lambda x: x / 1000,
    judge: Callable[[float], float] | None = None,
    explained: float | None = 0.5,
    rules: Mapping[str, Callable[[float], float]] | None = None,
    after: Mapping[str, float] | None = None,
    before: Mapping[str, float] | None = None,
    samples: Iterable[Record] = (),
    fails_after: int | None = None,
) -> Iterator[Record]:
    """Yields the records of a run whose figures are functions of the episodes learned from.

    `fails_after` is the number of iterations after which its numbers leave the finite.
    """
    batch = cell.settings["config"]["batch_size"]
    warmup = cell.settings["config"].get("critic_warmup_iterations", 0)
    count = cell.settings["episodes"] // batch
    judged = judge or (lambda x: 0.5 + score(x) / 2)
    if before is not None:
        yield {"record": "evaluation", "when": "before", "summary": dict(before)}
    for i in range(count if fails_after is None else fails_after):
        x = max(0, i - warmup) * batch
        row = {"env/score": score(x), "env/judge": judged(x), "objective/kl": kl(x)}
        row |= {} if explained is None else {"val/explained_variance": explained}
        row |= {f"env/reward_{rule}": amount(x) for rule, amount in (rules or {}).items()}
        yield {"record": "iteration", "iteration": i + 1, "episodes": (i + 1) * batch, **row}
    if fails_after is not None:
        yield {"record": "end", "status": "failed", "reason": "loss is nan"}
        return
    if after is not None:
        yield {"record": "evaluation", "when": "after", "summary": dict(after)}
    if samples:
        yield {"record": "samples", "when": "after", "samples": list(samples)}
    yield {"record": "end", "status": "done", "reason": None}


def attainable_records(start: float, best: float) -> list[Record]:
    return [
        {"record": "attainable", "start": start, "best": best, "n": 64, "prompts": 32},
        {"record": "end", "status": "done", "reason": None},
    ]


def ramp(time: float, *, top: float = 0.8, start: float = 0.0) -> Callable[[float], float]:
    """Returns a score that rises in a straight line to `top` at so many episodes, and stays there."""
    return lambda x: start + (top - start) * min(1.0, x / time)
