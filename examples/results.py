"""Turns the files of a run into its summary, its figure and its page, and says in words what came out."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import plots
import samples
import settings as flags
from run_folder import RunFolder

from agents.logs import read_jsonl
from rlsf_gym.tokenizer import load_tokenizer

SUMMARY_KEYS = ("score", "judge", "kl", "perplexity", "distinct_1", "distinct_2", "repetition", "length")


def finish(folder: RunFolder, episodes: int) -> list[str]:
    """Writes curves.png, samples.html and, last, the summary.json that marks the run as finished.

    Returns:
        Notes about what could not be written.
    """
    before, after = folder.read("before"), folder.read("after")
    notes: list[str] = []
    try:
        plots.draw_run(
            folder.curves,
            read_jsonl(folder.metrics),
            before=before["summary"],
            after=after["summary"],
            title=headline(folder),
        )
    except ImportError as error:
        notes.append(f"note: no curves.png: {error}")
    samples.write_page(
        folder.samples,
        {"before": before["samples"], "after": after["samples"]},
        tokenizer=load_tokenizer(flags.env_kwargs(folder.config()["settings"])["tokenizer"]),
        title=headline(folder),
    )
    seconds = sum(row["seconds"] for row in read_jsonl(folder.path / "timings.jsonl"))
    summary = {
        "before": before["summary"],
        "after": after["summary"],
        "seconds": seconds,
        "episodes": episodes,
    }
    folder.write("summary", summary)
    return notes


def headline(folder: RunFolder) -> str:
    """Returns what the run was, in one line."""
    settings = dict(folder.config()["settings"])
    settings["policy"] = Path(settings["policy"]).name
    facts = ("policy", "scorer", "objective", "reward_design", "seed")
    return f"{folder.path.name}: " + ", ".join(f"{fact.replace('_', ' ')} {settings[fact]}" for fact in facts)


def describe(folder: RunFolder) -> str:
    """Returns the table of both evaluations and where the files are."""
    summary = folder.read("summary")
    lines = [
        format_table(summary["before"], summary["after"]),
        f"{summary['episodes']} episodes, {summary['seconds']:.0f} s of training",
        *(f"  {path}" for path in (folder.curves, folder.samples, folder.metrics, folder.checkpoint)),
    ]
    return "\n".join(lines)


def format_table(before: Mapping[str, Any], after: Mapping[str, Any]) -> str:
    """Returns both evaluations as lines of text."""
    lines = [f"{'':<12}{'before':>12}{'after':>12}"]
    for key in SUMMARY_KEYS:
        lines.append(f"{key:<12}{_number(before.get(key)):>12}{_number(after.get(key)):>12}")
    return "\n".join(lines)


def _number(value: Any) -> str:
    return "-" if value is None else f"{value:.3f}"
