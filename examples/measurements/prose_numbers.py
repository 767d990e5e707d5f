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
else; of a contrast of which no run got to the goal there is no number. Committed studies are those of
docs/results. With --write all pages are written, or none: what a marker asks for and is not there is a line.
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
from examples.measurements.prose_markers import INTERVAL, MARKER, malformed, markers_of

ROOT = Path(__file__).parents[2]
RESULTS = ROOT / "docs" / "results"
SECTIONS = ROOT / "examples" / "studies" / "sections"
NUMBER = re.compile(rf"(?<![\w.,])[-−]?\d[\d,]*(?:\.\d+)?(?: {INTERVAL}| of \d+)?$|{INTERVAL}$|< 0\.001$")
"""What a marker stands behind: a number, with its interval or count, an interval, or a small p value."""
BOUNDS = {"lower": ("at least ", "≥ ", "≥"), "upper": ("at most ", "≤ ", "≤")}
PARTS = ("value", "low", "high", "interval")
Numbers = Mapping[str, Any]


class Told(NamedTuple):
    """Text of a number, and whether it is a bound."""

    text: str
    bound: str | None = None


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


def numbers_of(study: str) -> Numbers:
    """Returns the numbers of the report of a committed study; raises as `report_of`."""
    return report_of(study).numbers


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
        return _look_up(numbers, field, digits)
    for kind, function in (("contrasts", _of_contrast), ("arms", _of_arm)):
        found = [one for one in numbers[kind] if one["name"] == name]
        if found:
            return function(found[0], field, digits, numbers)
    listed = "; ".join(one["name"] for kind in ("contrasts", "arms") for one in numbers[kind])
    raise ValueError(f"expected 'numbers', or a contrast or arm of {listed}, got {name!r}")


def check(page: str, of_study: Callable[[str], Numbers]) -> list[str]:
    """Returns what does not hold in a page, a line for each marker and for what is meant as one.

    Args:
        page: Its text.
        of_study: From a study's name to the numbers of its report.
    """
    wrong = malformed(page)
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


def written(page: str, of_study: Callable[[str], Numbers]) -> tuple[str, list[str]]:
    """Returns a page with the numbers that its markers ask for, and a line for each that can't be written.

    Words for bounds are left to the page's author.
    """
    parts: list[str] = []
    wrong = malformed(page)
    done = 0
    for one in markers_of(page):
        before, tail = re.fullmatch(r"(.*?)(\**)", page[done : one.start], re.DOTALL).groups()  # type: ignore[union-attr]
        found = NUMBER.search(before.replace("\n", " "))
        try:
            if found is None:
                raise ValueError(f"expected a number before the marker, got {before[-20:]!r}")
            text = tell(of_study(one.study), one.name, one.field, one.digits).text
            parts += [before[: found.start()], text, tail]
        except ValueError as error:
            wrong.append(f"line {one.line}: {error}")
        done = one.start
    return "".join([*parts, page[done:]]), wrong


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
    return _with_interval(one["summary"].get(key), part, _digits(key, digits), field)


def _with_interval(found: Numbers | None, part: str, digits: int, field: str) -> Told:
    """Returns a number with its interval, or a part of both."""
    if found is None or part not in ("", *PARTS):
        parts = f"a measure that it has, with {', '.join(PARTS)} behind a point, or none"
        raise ValueError(f"expected {parts}, got {field!r}")
    texts = {key: _plain(found[key], digits) for key in ("value", "low", "high")}
    texts["interval"] = f"[{texts['low']}, {texts['high']}]"
    bound = _bound_of(found)
    text = texts[part] if part else f"{texts['value']} {texts['interval']}"
    return Told(text, bound if part in ("", "value") else None)


def _bound_of(found: Numbers) -> str | None:
    """Returns which bound a number is; None where it is none.

    Raises:
        ValueError: If no run got to the goal, under either arm of a contrast.
    """
    if found.get("none_reached"):
        raise ValueError("expected a contrast in which some run reached the goal, got one in which none did")
    if "reached" in found:
        return "lower" if found["reached"] < found["n"] else None
    return found.get("bound")


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


def _look_up(numbers: Any, path: str, digits: int | None) -> Told:
    """Returns what stands at a path of keys and positions."""
    found, last = numbers, {}
    for key in path.split("/"):
        last = found
        try:
            found = found[int(key)] if isinstance(found, list) else found[key]
        except (KeyError, IndexError, ValueError, TypeError) as error:
            raise ValueError(
                f"numbers: expected a path in numbers.json, got {path!r} (no {key!r})"
            ) from error
    bound = _bound_of(last) if key == "value" and isinstance(last, Mapping) else None
    return Told(_plain(found, digits), bound)


def _plain_text(text: str) -> str:
    """Returns the end of a text without emphasis, markers and line breaks."""
    whole = MARKER.sub("", text[-2000:]).replace(MINUS, "-")
    return re.sub(r"\s+", " ", re.sub(r"[*`]", "", whole))


def _ends_with(text: str, wanted: str) -> bool:
    """Returns whether a text ends with a number, and not with one that only ends alike."""
    return text.endswith(wanted) and not re.search(r"[\w.,-]$", text.removesuffix(wanted))


def main(argv: Sequence[str] | None = None) -> int:
    """Checks or writes the numbers of pages; returns the exit status."""
    parser = Parser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("pages", nargs="+", type=Path, help="Markdown pages")
    parser.add_argument("--write", action="store_true", help="put in the numbers that markers ask for")
    options = parser.parse_args(argv)
    texts = {page: page.read_text(encoding="utf-8") for page in options.pages}
    if options.write:
        new = {page: written(text, numbers_of) for page, text in texts.items()}
        if wrong := [f"{page}: {line}" for page, (_, lines) in new.items() for line in lines]:
            print("\n".join([*wrong, "nothing was written"]))
            return 1
        texts = {page: text for page, (text, _) in new.items()}
        for page, text in texts.items():
            page.write_text(text, encoding="utf-8")
    wrong = [f"{page}: {line}" for page, text in texts.items() for line in check(text, numbers_of)]
    for line in wrong:
        print(line)
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
