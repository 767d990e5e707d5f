"""Turns the cells of a study into tables, figures and a page.

Works on a study that is still running, and says so. A report is report.html (one file that needs nothing
else), the figures as PNG, tables.md, tables.tex (booktabs), methods.md, and numbers.json with every number
that a table or figure shows. The same cells give the same bytes, with the same versions of matplotlib and
pillow.

A study of a stranger's may be read: what its files name is not imported, opened or fetched, and what they say
is shown as text.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from agents.flags.parser import typed
from agents.reports.additions import Additions, combine, with_measures
from agents.reports.arms import read_arms
from agents.reports.escapes import prose_to_markdown, to_json, to_markdown
from agents.reports.look import LOOKS, SUFFIX, Look
from agents.reports.methods import methods, methods_markdown, state
from agents.reports.numbers import analyse, asked_measures, in_order, rounded, studies_of
from agents.reports.page import Head, page
from agents.reports.plan import CHANGED, plan_sentence
from agents.reports.run_measures import Measures, measures_of
from agents.reports.samples import TokenTexts
from agents.reports.seconds import read_seconds
from agents.reports.section import Section
from agents.reports.sections import other_sections
from agents.reports.tables import table_to_latex, table_to_markdown
from agents.reports.training_sections import answer, training_sections
from agents.runs.plain_files import check_file_name, make_folder, write_whole
from agents.runs.strict_json import show
from agents.studies.checks import check_before_runs
from agents.studies.files import PACKED, CellResult, read_results
from agents.studies.plan import Study
from agents.studies.read import read_study
from agents.studies.records import SHAPES, Shape

RUNS = Path("runs/studies")
"""Folder that holds the folders of studies, by name."""
PLACES = (RUNS, Path("docs/results"))
"""Places where a study is looked up by its name: as a folder, or packed."""


@dataclass(frozen=True)
class Report:
    """Contents of a report, before its files are written."""

    numbers: dict[str, Any]
    """All numbers of the report, as numbers.json has them."""
    sections: list[Section]
    """Sections in the order of the page."""
    measures: Measures
    """Measures that the study's runs have."""


def write_report(
    study: str | os.PathLike[str],
    out: str | os.PathLike[str] | None = None,
    *,
    additions: Sequence[Additions] = (),
    token_texts: TokenTexts | None = None,
    places: Sequence[Path] = PLACES,
) -> Path:
    """Writes the report of a study, finished or not; returns the path of its page.

    Args:
        study: A folder, a packed study *.jsonl.xz, or the name of one.
        out: Folder of the report; None: report/ in the study's own, runs/studies/NAME/report of a packed one.
        additions: What the study adds to the general report.
        token_texts: From a tokenizer as settings name it and ids to the text of each token; None: responses
            are shown without their tokens.
        places: Folders in which a study is looked for by its name.

    Raises:
        ValueError: If there is no such study, or one of its files is not part of one; in one line.
        OSError: If a file can't be read or written.
        ImportError: If a package of the extra "report" is not installed.
    """
    report, folder = open_report(study, out, additions=additions, token_texts=token_texts, places=places)
    write(report, folder)
    return folder / "report.html"


def open_report(
    study: str | os.PathLike[str],
    out: str | os.PathLike[str] | None = None,
    *,
    additions: Sequence[Additions] = (),
    token_texts: TokenTexts | None = None,
    places: Sequence[Path] = PLACES,
) -> tuple[Report, Path]:
    """Returns all that `write_report` writes, and the folder that it goes to; takes and raises the same."""
    added = combine(additions)
    place = find(os.fspath(study), places)
    plan, results = read(place, added.shapes)
    default = RUNS / plan.name / "report" if place.is_file() else place / "report"
    report = make(results, plan, added, token_texts, seconds=read_seconds(place))
    return report, default if out is None else Path(out)


def find(name: str, places: Iterable[Path] = PLACES) -> Path:
    """Returns the folder or the packed file of a study.

    Raises:
        ValueError: If there is no such study.
    """
    if name.endswith(".toml"):
        name = Path(name).stem
    named = [path for folder in places for path in (folder / name, folder / f"{name}{PACKED}")]
    looked = [Path(name), *named]
    for place in looked:
        if place.is_file() or (place / "study.toml").is_file():
            return place
    show_run = f"; of a run: {typed('python -m agents show')} {name}"
    is_run = show_run if (Path(name) / "config.json").is_file() else ""
    raise ValueError(
        f"expected the folder, file or name of a study, found none of {', '.join(map(str, looked))}{is_run}"
    )


def read(place: Path, shapes: Mapping[str, Shape] | None = None) -> tuple[Study, list[CellResult]]:
    """Returns the study and its finished cells, whichever study they were run for.

    The study's name is that which its cells keep; where they have none, or several, that of its folder or
    file. What the cells of another study are to this one is decided by their settings alone.

    Args:
        place: Of `find`.
        shapes: Kind of record to what its fields are, beside those that every study has.

    Raises:
        ValueError: If a file is damaged or no part of a study; in one line.
        OSError: If a file can't be read.
    """
    known = {**SHAPES, **(shapes or {})}
    if place.is_file():
        name = place.name.removesuffix(PACKED)
        plan = place.with_name(f"{name}.toml")
        if not plan.exists():
            raise ValueError(f"{place}: expected its study file {plan.name} beside it, found none")
        study, results = read_study(plan), read_results(place, known)
    else:
        study, results = read_study(place / "study.toml"), read_results(place, known)
    names = studies_of(results)
    if len(names) != 1:
        return replace(study, name=place.resolve().name.removesuffix(PACKED)), results
    return replace(study, name=check_file_name(names[0], what=f"{place}: line 1: cell: study")), results


def make(
    results: Sequence[CellResult],
    study: Study,
    additions: Additions | None = None,
    token_texts: TokenTexts | None = None,
    *,
    seconds: Mapping[str, float] | None = None,
) -> Report:
    """Returns numbers and sections; pure but for the function that samples are decoded with.

    Args:
        results: All finished cells.
        study: What was planned.
        additions: What the study adds.
        token_texts: As in `write_report`.
        seconds: Arm to the seconds of an episode; None: they were not measured.
    """
    added = Additions() if additions is None else additions
    table = with_measures(added)
    numbers = analyse(results, study, table, seconds=seconds)
    measures = measures_of(results, asked_measures(study, seconds), table)
    sections = training_sections(
        numbers,
        in_order(study, read_arms(study, results)),
        measures,
        token_texts=token_texts,
        rule_colours=added.rule_colours,
    )
    sections += other_sections(results, study, added.sections)
    own = {section.title: rounded(section.numbers) for section in sections if section.numbers}
    return Report({**numbers, "sections": own} if own else numbers, sections, measures)


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
        "report.html": page(make_head(report), sections, methods(numbers), images),
    }
    for name, text in texts.items():
        write_whole(folder / name, text.encode("utf-8"))


def tables_markdown(report: Report) -> str:
    """Returns all tables of a report, in Markdown, under what is to be known of a plan that was changed."""
    tables = [table for section in report.sections for table in section.tables]
    title, plan = to_markdown(report.numbers["title"]), report.numbers["plan"]
    said = f"{prose_to_markdown(plan_sentence(plan))}\n\n" if plan["standing"] == CHANGED else ""
    return f"# {title}\n\n{said}" + "\n".join(map(table_to_markdown, tables))


def make_head(report: Report) -> Head:
    """Returns the head of the page."""
    numbers = report.numbers
    main = numbers["progress"]["main"]
    facts = [
        (f"{main['done']:,}", "cells" if numbers["progress"]["complete"] else f"of {main['planned']:,} cells")
    ]
    if numbers["arms"]:
        facts += [(str(len(numbers["arms"])), "arms"), (str(len(numbers["seeds"])), "seeds")]
        facts.append((str(main["failed"]), "failed"))
    said = answer(numbers, report.measures)
    return Head(numbers["title"], numbers["question"], said, state(numbers), facts)


def check_answers(study: Study, additions: Sequence[Additions] = ()) -> None:
    """Refuses a study that could not answer, such as with contrasts whose sides fit several arms.

    Args:
        study: As it is to be run.
        additions: What it adds to its report, for measures of its own.

    Raises:
        ValueError: If it could not answer; one line says why.
    """
    table = with_measures(combine(additions))
    check_before_runs(study, list(measures_of([], table, table)))
    for one in analyse([], study, table)["contrasts"] if study.contrasts else ():
        if one["status"] == "ambiguous":
            arms = " and ".join(f"{side} {' / '.join(one[side])}" for side in ("treatment", "control"))
            raise ValueError(
                f"contrast {show(one['name'])}: expected one arm on each side, got {arms}; say in `at` what "
                "both have in common"
            )
