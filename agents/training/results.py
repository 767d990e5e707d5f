"""Writes the results of a run: summary, learning curves and samples, and describes them as text."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from typing import Any, cast

from agents.runs.jsonl_log import read_jsonl
from agents.runs.plots import draw_run
from agents.runs.printable import printable
from agents.runs.run_report import format_table, hash_logs, headline, read_numbers
from agents.runs.strict_json import is_count, is_number
from agents.training import settings as flags
from agents.training.preset import Preset
from agents.training.run_folder import RunFolder
from agents.training.samples import write_samples


def card_facts(folder: RunFolder, preset: Preset, settings: Mapping[str, Any]) -> dict[str, Any]:
    """Returns the statistics of both evaluations and what they are of, for the policy's model card.

    Args:
        folder: Folder of the run.
        preset: Preset of the task.
        settings: Settings of the run.
    """
    evaluations = {name: read_evaluation(folder, name) for name in ("before", "after")}
    env_id, arguments = _name_environment(preset, settings)
    measured = evaluations["after"]["measured"]
    return {
        "held_out": {name: one["summary"] for name, one in evaluations.items()},
        "evaluated": {
            "id": env_id,
            "kwargs": arguments,
            "seed": settings["seed"],
            **measured,
        },
    }


def _name_environment(preset: Preset, settings: Mapping[str, Any]) -> tuple[str, dict[str, Any]]:
    """Returns id, without the module that registers it, and arguments of the environment of evaluations."""
    env_id, arguments = preset.env(settings, "eval")
    return env_id.rpartition(":")[2], arguments


def finish(folder: RunFolder, preset: Preset, episodes: int) -> list[str]:
    """Writes curves.png, the samples and, last, the summary.json that marks the run as finished.

    Returns:
        Notes to the user about results that could not be written.
    """
    folder.check_there()
    before, after = (read_evaluation(folder, name) for name in ("before", "after"))
    settings = folder.follow(flags.read_stored(preset, folder.config()["settings"]))
    title = headline(folder.path.name, settings)
    notes: list[str] = []
    try:
        draw_run(
            folder.curves,
            read_jsonl(folder.metrics),
            before=before["summary"],
            after=after["summary"],
            title=title,
        )
    except ImportError as error:
        notes.append(f"note: no curves.png: {error}")
    token_texts = partial(preset.token_texts, preset.tokenizer(settings) or "")
    records = {"before": before["samples"], "after": after["samples"]}
    environment = _name_environment(preset, settings)[0]
    write_samples(folder.samples, records, token_texts, environment=environment)
    preset.write_page(folder.samples, folder.page, title=title)
    summary = {
        "before": before["summary"],
        "after": after["summary"],
        "seconds": sum(row["seconds"] for row in read_jsonl(folder.path / "timings.jsonl")),
        "episodes": episodes,
        "logs": hash_logs(folder.path),
    }
    folder.write("summary", summary)
    return notes


def episodes_of(folder: RunFolder) -> int:
    """Returns the number of episodes of a run, from its results.

    Raises:
        ValueError: If the summary lacks the number.
    """
    summary: dict[str, Any] = folder.read("summary") or {}
    if not is_count(summary.get("episodes")):
        raise ValueError(f"{folder.path / 'summary.json'}: expected episodes in it; restore it from a copy")
    return int(summary["episodes"])


def read_evaluation(folder: RunFolder, name: str) -> dict[str, Any]:
    """Returns an evaluation with `summary`, `samples` and `measured`; `write_samples` checks the samples.

    `measured` has the numbers of `responses` and of different `prompts`, where they were recorded.

    Raises:
        ValueError: If the file is missing, or its parts have other types.
    """
    path = folder.path / f"{name}.json"
    content: dict[str, Any] = folder.read(name) or {}
    summary, records = read_numbers(path, content, "summary"), content.get("samples")
    if summary is None or not isinstance(records, list):
        raise ValueError(f"{path}: expected summary and samples in it; restore it from a copy")
    measured = content.get("measured")
    counts = cast("dict[str, Any]", measured) if isinstance(measured, dict) else {}
    known = {key: counts[key] for key in ("responses", "prompts") if is_count(counts.get(key))}
    return {"summary": summary, "samples": records, "measured": known}


def describe(folder: RunFolder) -> str:
    """Returns text with the table of both evaluations and the paths of the result files."""
    path, summary = folder.path / "summary.json", folder.read("summary")
    before, after = (read_numbers(path, summary, key) for key in ("before", "after"))
    if before is None or not all(is_number(summary.get(key)) for key in ("episodes", "seconds")):
        raise ValueError(
            f"{path}: expected before, after, episodes and seconds in it; restore it from a copy"
        )
    page = f"{folder.page} (each token with its reward, before and after)"
    samples = page if folder.page.exists() else folder.samples
    lines = [
        format_table(before, after),
        f"{summary['episodes']} episodes, {summary['seconds']:.0f} s of training",
        *(
            f"  {printable(str(place))}"
            for place in (folder.curves, samples, folder.metrics, folder.checkpoint)
        ),
    ]
    return "\n".join(lines)
