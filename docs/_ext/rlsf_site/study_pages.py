"""The list of the committed studies: what each asks, and the page with all its tables."""

from __future__ import annotations

import tomllib
from collections.abc import Iterator
from pathlib import Path

from rlsf_site.markdown import page, table


def make(docs: Path) -> Iterator[tuple[str, str]]:
    """Yields the page.

    Raises:
        ValueError: If a study has a report and no question.
    """
    names = sorted(report.stem for report in (docs / "results").glob("*.md"))
    yield (
        "studies/index",
        page(
            "# Reports of the studies",
            "All tables of each committed study. [Results](../../results.md) says what follows from them, "
            "[Read a report](../../tutorials/read_a_report.md) what they mean.",
            table(
                ("study", "what it asks"),
                [
                    (f"[`{name}`](../../results/{name}.md)", question(docs / "results", name))
                    for name in names
                ],
            ),
            "```{toctree}\n:hidden:\n\n" + "\n".join(f"../../results/{name}" for name in names) + "\n```",
        ),
    )


def question(results: Path, name: str) -> str:
    """Returns what the file of a study asks, in one line."""
    told = tomllib.loads((results / f"{name}.toml").read_text(encoding="utf-8")).get("question", "")
    if not told.strip():
        raise ValueError(f"docs/results/{name}.toml must have a question: add it")
    return " ".join(told.split())
