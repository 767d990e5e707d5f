"""Turns the cells of a study into tables, figures and a page.

    python examples/report.py credit          (runs/studies/credit, or docs/results/credit.jsonl.xz)
    python examples/report.py PATH --out FOLDER

Works on a study that is still running, and says so. Writes report.html (one file that needs nothing else),
the figures as PNG, tables.md, tables.tex (booktabs), methods.md, and numbers.json with every number that a
table or figure shows. The same cells give the same bytes, with the same versions of matplotlib and pillow.

A study of a stranger's may be read: what its files name is not imported, opened or fetched, and what they say
is shown as text. Its tokens are shown where their tokenizer comes with this package, or is given as
--tokenizer; a tokenizer that is "module:attribute" is code, and is run then.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from command_line import Parser
from reporting.arms import read_arms
from reporting.escapes import shown, to_json, to_markdown
from reporting.look import LOOKS, SUFFIX, Look
from reporting.methods import methods, methods_markdown, state
from reporting.numbers import analyse, in_order, rounded
from reporting.page import Head, page
from reporting.section import Section
from reporting.sections import SHAPES, other_sections
from reporting.tables import table_to_latex, table_to_markdown
from reporting.training_sections import answer, training_sections

from agents.runs.plain_files import check_file_name, make_folder, write_whole
from agents.runs.printable import one_line
from agents.studies.files import PACKED, CellResult, read_results
from agents.studies.plan import Study
from agents.studies.read import read_study

RUNS = Path("runs/studies")
LONGEST_ERROR = 4_000
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
        write(make(results, study, options.tokenizer), folder)
    except (ValueError, OSError, ImportError) as error:
        print(shown("error: " + one_line(error), LONGEST_ERROR), file=sys.stderr)
        return 1
    print(f"report: {shown(folder / 'report.html', LONGEST_ERROR)}")
    return 0


def parse(argv: Sequence[str] | None) -> argparse.Namespace:
    """Returns the command line's options."""
    parser = Parser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("study", help=f"a folder, a packed study *{PACKED}, or the name of one")
    parser.add_argument(
        "--out", type=Path, help="folder of the report (default: report/ in the study's folder)"
    )
    parser.add_argument(
        "--tokenizer", nargs="+", default=(), metavar="NAME",
        help="tokenizers that the study names and that may be loaded to show the tokens of its responses: a "
        "path, a model, or module:attribute, which is run (default: those of this package alone)",
    )  # fmt: skip
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
        study, results = read_study(place.with_name(f"{name}.toml")), read_results(place, SHAPES)
    else:
        study, results = read_study(place / "study.toml"), read_results(place, SHAPES)
    names = sorted({str(result.header["study"]) for result in results})
    if len(names) > 1:
        raise ValueError(f"{place}: expected the cells of one study, got those of {', '.join(names[:9])}")
    if not names:
        return _named(study, place.resolve().name), results
    return _named(study, check_file_name(names[0], what=f"{place}: line 1: cell: study")), results


def make(results: Sequence[CellResult], study: Study, tokenizers: Collection[str] = ()) -> Report:
    """Returns numbers and sections; pure but for the tokenizer that samples are decoded with.

    Args:
        results: All finished cells.
        study: What was planned.
        tokenizers: Those that may be loaded, beside those of this package.
    """
    numbers = analyse(results, study)
    sections = training_sections(numbers, in_order(study, read_arms(study, results)), tokenizers)
    sections += other_sections(results, study)
    own = {section.title: rounded(section.numbers) for section in sections if section.numbers}
    return Report({**numbers, "sections": own} if own else numbers, sections)


def write(report: Report, folder: Path) -> None:
    """Writes the report's files, each in the place of what is there: no link is followed."""
    make_folder(folder)
    numbers, sections = report.numbers, report.sections
    pictures = [picture for section in sections for picture in section.figures]
    images = {(picture.name, look): picture.png(look) for picture in pictures for look in LOOKS}
    for picture in pictures:
        write_whole(folder / f"{picture.name}{SUFFIX}", images[picture.name, Look()])
    tables = [table for section in sections for table in section.tables]
    told = methods_markdown(numbers)
    texts = {
        "tables.md": tables_markdown(report),
        "tables.tex": "\n".join(map(table_to_latex, tables)),
        "methods.md": told,
        "numbers.json": to_json(numbers) + "\n",
        "report.html": page(make_head(numbers), sections, methods(numbers), images),
    }
    for name, text in texts.items():
        write_whole(folder / name, text.encode("utf-8"))


def tables_markdown(report: Report) -> str:
    """Returns all tables of a report, in Markdown."""
    tables = [table for section in report.sections for table in section.tables]
    title = to_markdown(report.numbers["title"])
    return f"# {title}\n\n" + "\n".join(map(table_to_markdown, tables))


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
