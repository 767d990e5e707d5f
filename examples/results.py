"""Turns the files of a run into its summary, its figure and its page, and says in words what came out."""

from __future__ import annotations

import samples
import settings as flags
from run_folder import RunFolder

from agents.figures import draw_run
from agents.logs import read_jsonl
from agents.run_report import format_table, headline
from rlsf_gym.tokenizer import load_tokenizer


def finish(folder: RunFolder, episodes: int) -> list[str]:
    """Writes curves.png, samples.html and, last, the summary.json that marks the run as finished.

    Returns:
        Notes about what could not be written.
    """
    before, after = folder.read("before"), folder.read("after")
    settings = folder.config()["settings"]
    notes: list[str] = []
    try:
        draw_run(
            folder.curves,
            read_jsonl(folder.metrics),
            before=before["summary"],
            after=after["summary"],
            title=headline(folder.path.name, settings),
        )
    except ImportError as error:
        notes.append(f"note: no curves.png: {error}")
    samples.write_page(
        folder.samples,
        {"before": before["samples"], "after": after["samples"]},
        tokenizer=load_tokenizer(flags.env_kwargs(settings)["tokenizer"]),
        title=headline(folder.path.name, settings),
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


def describe(folder: RunFolder) -> str:
    """Returns the table of both evaluations and where the files are."""
    summary = folder.read("summary")
    lines = [
        format_table(summary["before"], summary["after"]),
        f"{summary['episodes']} episodes, {summary['seconds']:.0f} s of training",
        *(f"  {path}" for path in (folder.curves, folder.samples, folder.metrics, folder.checkpoint)),
    ]
    return "\n".join(lines)
