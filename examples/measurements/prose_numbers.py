"""Holds numbers in prose to the reports of committed studies, by a marker in the text behind each.

    needs **8.6 [8.0, 9.0]**<!-- candidates :: All candidates against ... :: effect :: 1 --> times fewer

    python examples/measurements/prose_numbers.py docs/results.md README.md            say what does not hold
    python examples/measurements/prose_numbers.py docs/results.md --write              put in what does

A marker is an HTML comment, which readers do not see: study, name, field and, if not the table's, digits.
The name is that of a contrast or of an arm as the report has it, or `numbers` for any of its numbers.

| name | field | text |
| --- | --- | --- |
| a contrast | `effect`, a measure's key | value [low, high], of its measure or of a difference in another |
| | either with `.value`, `.low`, `.high`, `.interval` | a part of it |
| | `p`, `holm`, `n` | p value, the adjusted one, number of pairs |
| | `under SHARE LIMIT MEASURE` | of its table of other goals, the limit `any` or in nats |
| an arm | a measure's key, with the same parts | mean over its runs |
| | `reached`, `runs` | "4 of 10" |
| `numbers` | `a/b/0/value` | what stands there in numbers.json |

Where a number is a bound, the text must say so before it ("at least", "at most", or the sign), and nowhere
else. Committed studies are those of docs/results.
"""

from __future__ import annotations

import argparse
import re
import sys
from collections.abc import Callable, Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple

from agents.flags.parser import Parser
from agents.reports.additions import load_additions
from agents.reports.effects import effect_of
from agents.reports.report import Report, open_report
from agents.reports.tables import MINUS, number, probability
from agents.stats.measures import MEASURES

ROOT = Path(__file__).parents[2]
RESULTS = ROOT / "docs" / "results"
SECTIONS = ROOT / "examples" / "studies" / "sections"
MARKER = re.compile(r"<!--\s+([\w-]+)\s+::\s+(.+?)\s+::\s+(.+?)(?:\s+::\s+(\d+))?\s+-->", re.DOTALL)
CODE = re.compile(r"```.*?```|`[^`\n]*`", re.DOTALL)
"""Code, in which what looks like a marker is an example of one."""
NUMBER = re.compile(r"[-−]?\d[\d,]*(?:\.\d+)?(?: \[[^\]\[]*\]| of \d+)?$|\[[^\]\[]*\]$|< 0\.001$")
"""What a marker stands behind: a number, with its interval or count, an interval, or a small p value."""
BOUNDS = {"lower": ("at least ", "≥ ", "≥"), "upper": ("at most ", "≤ ", "≤")}
PARTS = ("value", "low", "high", "interval")
Numbers = Mapping[str, Any]


class Told(NamedTuple):
    """Text of a number, and whether it is a bound."""

    text: str
    bound: str | None = None


class Marked(NamedTuple):
    """A marker of a page, with the number before it."""

    line: int
    start: int
    """Position of the marker in the page's text."""
    study: str
    name: str
    field: str
    digits: int | None


def markers_of(page: str) -> list[Marked]:
    """Returns the markers of a page, in order; those in code are none."""
    code = [found.span() for found in CODE.finditer(page)]
    return [
        Marked(
            page.count("\n", 0, found.start()) + 1,
            found.start(),
            found[1],
            " ".join(found[2].split()),
            " ".join(found[3].split()),
            None if found[4] is None else int(found[4]),
        )
        for found in MARKER.finditer(page)
        if not any(start <= found.start() < end for start, end in code)
    ]


@cache
def report_of(study: str) -> Report:
    """Returns the report of a committed study.

    Raises:
        ValueError: If there is none of that name.
    """
    packed = RESULTS / f"{study}.jsonl.xz"
    if not packed.is_file():
        known = ", ".join(sorted(path.name.partition(".")[0] for path in RESULTS.glob("*.jsonl.xz")))
        raise ValueError(f"expected a committed study of {known}, got {study!r}")
    return open_report(packed, additions=[load_additions(str(SECTIONS))])[0]


def tell(numbers: Numbers, name: str, field: str, digits: int | None = None) -> Told:
    """Returns the text that a marker asks for.

    Args:
        numbers: Of the study's report.
        name: Of a contrast or an arm, or "numbers".
        field: As in the module docstring.
        digits: Behind the point; None: as in the report's tables.

    Raises:
        ValueError: If there is no such name or field; in one line.
    """
    if name == "numbers":
        return Told(_plain(_look_up(numbers, field), digits))
    for kind, function in (("contrasts", _of_contrast), ("arms", _of_arm)):
        found = [one for one in numbers[kind] if one["name"] == name]
        if found:
            return function(found[0], field, digits, numbers)
    listed = "; ".join(one["name"] for kind in ("contrasts", "arms") for one in numbers[kind])
    raise ValueError(f"expected 'numbers', or a contrast or arm of {listed}, got {name!r}")


def check(page: str, of_study: Callable[[str], Numbers]) -> list[str]:
    """Returns what does not hold in a page, a line for each marker.

    Args:
        page: Its text.
        of_study: From a study's name to the numbers of its report.
    """
    wrong: list[str] = []
    for one in markers_of(page):
        try:
            told = tell(of_study(one.study), one.name, one.field, one.digits)
        except ValueError as error:
            wrong.append(f"line {one.line}: {error}")
            continue
        before = _plain_text(page[: one.start])
        if not _ends_with(before, told.text):
            wrong.append(f"line {one.line}: expected {told.text!r}, got {before[-len(told.text) - 12 :]!r}")
            continue
        said = before.removesuffix(told.text).lower()
        bound = next((bound for bound, words in BOUNDS.items() if said.endswith(words)), None)
        if bound != told.bound:
            expected = f"'{BOUNDS[told.bound][0]}' before it" if told.bound else "no bound before it"
            wrong.append(f"line {one.line}: {told.text}: expected {expected}, got {said[-16:]!r}")
    return wrong


def written(page: str, of_study: Callable[[str], Numbers]) -> str:
    """Returns a page with the numbers that its markers ask for; words for bounds are left to its author.

    Raises:
        ValueError: If a marker asks for what there is not, or stands behind no number.
    """
    parts: list[str] = []
    done = 0
    for one in markers_of(page):
        before, tail = re.fullmatch(r"(.*?)(\**)", page[done : one.start], re.DOTALL).groups()  # type: ignore[union-attr]
        found = NUMBER.search(before.replace("\n", " "))
        if found is None:
            raise ValueError(f"line {one.line}: expected a number before the marker, got {before[-20:]!r}")
        text = tell(of_study(one.study), one.name, one.field, one.digits).text
        parts += [before[: found.start()], text, tail]
        done = one.start
    return "".join([*parts, page[done:]])


def _of_contrast(one: Numbers, field: str, digits: int | None, numbers: Numbers) -> Told:
    """Returns a number of a contrast."""
    if field in ("p", "holm"):
        value = one["p" if field == "p" else "p_adjusted"]
        return Told(probability(value) if digits is None else number(value, digits))
    if field == "n":
        return Told(str(one["n"]))
    if field.startswith("under "):
        return _under(one, field, digits, numbers)
    key, _, part = field.partition(".")
    if key == "effect":
        measure, found = one["measure"], effect_of(one)
    else:
        measure, found = key, one["differences"].get(key)
        if key == "episodes_to_goal":
            found = one["speed_up"]
    return _with_interval(found, part, _digits(measure, digits, ratio=measure.endswith("_to_goal")), field)


def _under(one: Numbers, field: str, digits: int | None, numbers: Numbers) -> Told:
    """Returns a ratio of a contrast's table of other goals."""
    _, share, limit, measure = (*field.split(), "", "")[:4]
    tables = [table for table in numbers.get("sensitivity", ()) if table["name"] == one["name"]]
    for row in tables[0]["rows"] if tables else ():
        most = "any" if row["max_kl"] is None else f"{row['max_kl']:g}"
        if f"{row['share']:g}" == share and most == limit:
            return _with_interval(
                row["speed_ups"].get(measure), "", _digits(measure, digits, ratio=True), field
            )
    raise ValueError(f"{one['name']}: expected 'under SHARE LIMIT MEASURE' of its table, got {field!r}")


def _of_arm(one: Numbers, field: str, digits: int | None, numbers: Numbers) -> Told:
    """Returns a number of an arm."""
    del numbers
    if field == "runs":
        return Told(f"{len(one['runs'])} of {one['planned']}")
    if field == "reached":
        found = one["summary"]["episodes_to_goal"] or {"reached": 0, "n": 0}
        return Told(f"{found['reached']} of {found['n']}")
    key, _, part = field.partition(".")
    found = one["summary"].get(key)
    bound = "lower" if found and found.get("reached", found["n"]) < found["n"] else None
    return _with_interval(found and {**found, "bound": bound}, part, _digits(key, digits), field)


def _with_interval(found: Numbers | None, part: str, digits: int, field: str) -> Told:
    """Returns a number with its interval, or a part of both."""
    if found is None or part not in ("", *PARTS):
        parts = f"a measure that it has, with {', '.join(PARTS)} behind a point, or none"
        raise ValueError(f"expected {parts}, got {field!r}")
    texts = {key: _plain(found[key], digits) for key in ("value", "low", "high")}
    texts["interval"] = f"[{texts['low']}, {texts['high']}]"
    bound = found.get("bound") if part in ("", "value") else None
    return Told(texts[part] if part else f"{texts['value']} {texts['interval']}", bound)


def _digits(measure: str, digits: int | None, *, ratio: bool = False) -> int:
    """Returns the digits of a measure in tables, where a marker gives none."""
    if digits is not None:
        return digits
    known = MEASURES.get(measure)
    return 2 if ratio else 3 if known is None else known.digits


def _plain(value: Any, digits: int | None) -> str:
    """Returns a number as pages write it, with a hyphen for a minus."""
    if isinstance(value, str) or value is None or isinstance(value, bool):
        raise ValueError(f"expected a number, got {value!r}")
    text = f"{value:,}" if digits is None else number(value, digits)
    return text.replace(MINUS, "-")


def _look_up(numbers: Any, path: str) -> Any:
    """Returns what stands at a path of keys and positions."""
    found = numbers
    for key in path.split("/"):
        try:
            found = found[int(key)] if isinstance(found, list) else found[key]
        except (KeyError, IndexError, ValueError, TypeError) as error:
            raise ValueError(
                f"numbers: expected a path in numbers.json, got {path!r} (no {key!r})"
            ) from error
    return found


def _plain_text(text: str) -> str:
    """Returns the end of a text without emphasis, markers and line breaks."""
    whole = MARKER.sub("", text[-2000:]).replace(MINUS, "-")
    return re.sub(r"\s+", " ", re.sub(r"[*`]", "", whole))


def _ends_with(text: str, wanted: str) -> bool:
    """Returns whether a text ends with a number, and not with one that only ends alike."""
    return text.endswith(wanted) and not re.search(r"[\d.,-]$", text.removesuffix(wanted))


def main(argv: Sequence[str] | None = None) -> int:
    """Checks or writes the numbers of pages; returns the exit status."""
    parser = Parser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("pages", nargs="+", type=Path, help="Markdown pages")
    parser.add_argument("--write", action="store_true", help="put in the numbers that markers ask for")
    options = parser.parse_args(argv)
    status = 0
    for page in options.pages:
        text = page.read_text(encoding="utf-8")
        if options.write:
            text = written(text, lambda study: report_of(study).numbers)
            page.write_text(text, encoding="utf-8")
        for line in check(text, lambda study: report_of(study).numbers):
            print(f"{page}: {line}")
            status = 1
    return status


if __name__ == "__main__":
    sys.exit(main())
