"""Turns the cells of a study into tables, figures and a page.

    python examples/report.py credit          (runs/studies/credit, or docs/results/credit.jsonl.xz)
    python examples/report.py PATH --out FOLDER

Works on a study that is still running, and says so. Writes report.html (one file that needs nothing else),
the figures as PNG, tables.md, tables.tex (booktabs), methods.md, and numbers.json with every number that a
table or figure shows. The same cells give the same bytes, with the same versions of matplotlib and pillow.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from reporting.arms import read_arms
from reporting.look import LOOKS, SUFFIX, Look
from reporting.methods import methods, methods_markdown, state
from reporting.numbers import analyse, in_order, rounded
from reporting.page import Head, page
from reporting.section import Section
from reporting.sections import other_sections
from reporting.tables import to_latex, to_markdown
from reporting.training_sections import answer, training_sections

from agents.study import read_study
from agents.study_files import PACKED, CellResult, read_results
from agents.study_plan import Study

RUNS = Path("runs/studies")
RESULTS = Path(__file__).parents[1] / "docs" / "results"


@dataclass(frozen=True)
class Report:
    """All that is written, before it is."""

    numbers: dict[str, Any]
    sections: list[Section]


def main(argv: Sequence[str] | None = None) -> int:
    """Writes the report of a study; returns the exit status."""
    options = parse(argv)
    try:
        place = find(options.study)
        study, results = read(place)
        folder = options.out or (RUNS / study.name / "report" if place.is_file() else place / "report")
        write(make(results, study), folder)
    except (ValueError, OSError, ImportError) as error:
        print("error: " + " ".join(str(error).split()), file=sys.stderr)
        return 1
    print(f"report: {folder / 'report.html'}")
    return 0


def parse(argv: Sequence[str] | None) -> argparse.Namespace:
    """Returns the command line's options."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("study", help=f"a folder, a packed study *{PACKED}, or the name of one")
    parser.add_argument(
        "--out", type=Path, help="folder of the report (default: report/ in the study's folder)"
    )
    return parser.parse_args(argv)


def find(name: str) -> Path:
    """Returns the folder or the packed file of a study.

    Raises:
        ValueError: There is neither.
    """
    if name.endswith(".toml"):
        name = Path(name).stem
    places = [Path(name), RUNS / name, RESULTS / f"{name}{PACKED}"]
    for place in places:
        if place.is_file() or (place / "study.toml").is_file():
            return place
    looked = ", ".join(map(str, places))
    raise ValueError(f"expected the folder, file or name of a study, found none of {looked}")


def read(place: Path) -> tuple[Study, list[CellResult]]:
    """Returns the study and its finished cells; the study's name is that of its folder or file."""
    if place.is_file():
        name = place.name.removesuffix(PACKED)
        study, results = read_study(place.with_name(f"{name}.toml")), read_results(place)
    else:
        study, results = read_study(place / "study.toml"), read_results(place)
    names = {str(result.header["study"]) for result in results}
    if len(names) > 1:
        raise ValueError(f"{place}: expected the cells of one study, got those of {', '.join(sorted(names))}")
    return _named(study, names.pop() if names else place.resolve().name), results


def make(results: Sequence[CellResult], study: Study) -> Report:
    """Returns numbers and sections; pure but for the tokenizer that samples are decoded with."""
    numbers = analyse(results, study)
    sections = training_sections(numbers, in_order(study, read_arms(study, results)))
    sections += other_sections(results, study)
    own = {section.title: rounded(section.numbers) for section in sections if section.numbers}
    return Report({**numbers, "sections": own} if own else numbers, sections)


def write(report: Report, folder: Path) -> None:
    """Writes the report's files."""
    folder.mkdir(parents=True, exist_ok=True)
    numbers, sections = report.numbers, report.sections
    pictures = [picture for section in sections for picture in section.figures]
    images = {(picture.name, look): picture.png(look) for picture in pictures for look in LOOKS}
    for picture in pictures:
        (folder / f"{picture.name}{SUFFIX}").write_bytes(images[picture.name, Look()])
    tables = [table for section in sections for table in section.tables]
    told = methods_markdown(numbers)
    texts = {
        "tables.md": tables_markdown(report),
        "tables.tex": "\n".join(map(to_latex, tables)),
        "methods.md": told,
        "numbers.json": json.dumps(numbers, indent=1, ensure_ascii=False, allow_nan=False) + "\n",
        "report.html": page(make_head(numbers), sections, methods(numbers), images),
    }
    for name, text in texts.items():
        (folder / name).write_text(text, encoding="utf-8")


def tables_markdown(report: Report) -> str:
    """Returns all tables of a report, in Markdown."""
    tables = [table for section in report.sections for table in section.tables]
    return f"# {report.numbers['title']}\n\n" + "\n".join(map(to_markdown, tables))


def make_head(numbers: dict[str, Any]) -> Head:
    """Returns what stands above the sections."""
    main = numbers["progress"]["main"]
    facts = [
        (f"{main['done']:,}", "cells" if numbers["progress"]["complete"] else f"of {main['planned']:,} cells")
    ]
    if numbers["arms"]:
        facts += [(str(len(numbers["arms"])), "arms"), (str(len(numbers["seeds"])), "seeds")]
        facts.append((str(main["failed"]), "failed"))
    return Head(numbers["title"], numbers["question"], answer(numbers), state(numbers), facts)


def _named(study: Study, name: str) -> Study:
    return replace(study, name=name)


if __name__ == "__main__":
    raise SystemExit(main())
