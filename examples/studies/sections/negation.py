"""The section of a report on what designs teach to say behind a negator."""

from __future__ import annotations

from collections.abc import Sequence

from agents.reports.section import Section
from agents.reports.tables import Table, interval, number
from agents.stats.intervals import Interval, mean_interval, paired_difference
from agents.stats.resampling import Method
from agents.studies.files import CellResult
from agents.studies.plan import Study
from agents.studies.records import NUMBER, Kind, Shape
from agents.studies.settings import look_up

KIND = "negation"
SHAPES = {
    KIND: Shape(
        {"when": Kind("'before' or 'after'", lambda value: value in ("before", "after"))},
        dict.fromkeys(("positive_share", "negator"), NUMBER),
    )
}
"""Kind of record to what its fields are."""
DESIGN = "env_kwargs.reward_design"
CONTROL = "terminal"
TEXT = (
    "<p>Next-token mass of single-token words of VADER's lexicon right behind a negator, where good words "
    "cost and bad words pay; means over openings, 95% bootstrap intervals over seeds. The negator ends the "
    "opening, as in “The film was not”, or is said by the policy, behind openings such as “The film "
    "does”.</p>"
)
GIVEN, OWN = "in the opening", "said by the policy"

Figures = dict[str, dict[int, float]]
"""Design to seed to a figure."""


def negation_section(results: Sequence[CellResult], study: Study) -> Section:
    """Returns the section of the cells of `negation_study`, as far as they are finished."""
    groups = {GIVEN: [one for one in results if look_up(one.settings, "openings") is None]}
    groups[OWN] = [one for one in results if look_up(one.settings, "openings") is not None]
    rows: list[tuple[str, ...]] = []
    numbers: dict[str, dict[str, Figures]] = {}
    for name, own in groups.items():
        shown, told = _group(own, name, study.interval)
        rows, numbers[name] = rows + shown, told
    head = ("design", "negator", "seeds", "positive share before", "after", "less that of terminal")
    head += ("probability of not, before", "after", "less that of terminal")
    caption = (
        "Share of positive words among those with a valence, right behind a negator; and how likely the "
        "policy is to say one"
    )
    table = Table("negation", caption, head, tuple(rows), words=frozenset({0, 1}))
    return Section("Behind a negator", TEXT, (), (table,), numbers)


def _group(
    results: Sequence[CellResult], name: str, method: Method
) -> tuple[list[tuple[str, ...]], dict[str, Figures]]:
    """Returns the rows of a group's designs, and its figures."""
    told = {
        f"{key}_{when}": read_figures(results, when, key)
        for key in ("positive_share", "negator")
        for when in ("before", "after")
    }
    shares = told["positive_share_before"], told["positive_share_after"]
    said = told["negator_before"], told["negator_after"]
    return [
        (
            design,
            name,
            str(len(shares[1][design])),
            *_row(design, *shares, method),
            *_row(design, *said, method),
        )
        for design in shares[1]
    ], told


def read_figures(results: Sequence[CellResult], when: str, key: str) -> Figures:
    """Returns a figure that was measured "before" or "after", where it was measured."""
    found: Figures = {}
    for result in results:
        for record in result.records(KIND):
            if record["when"] == when and key in record:
                design = str(look_up(result.settings, DESIGN))
                found.setdefault(design, {})[result.seed] = float(record[key])
    return found


def _row(design: str, before: Figures, after: Figures, method: Method) -> tuple[str, ...]:
    """Returns a figure before, after, and after less that of the control; dashes where none was measured."""
    if design not in after or design not in before:
        return (number(None),) * 3
    seeds = sorted(set(after[design]) & set(after.get(CONTROL, {})))
    paired = None
    if design != CONTROL and len(seeds) > 1:
        mine, theirs = ([after[one][seed] for seed in seeds] for one in (design, CONTROL))
        paired = paired_difference(mine, theirs, method=method)
    figures = [mean_interval(list(one[design].values()), method=method) for one in (before, after)]
    return (*map(_show, figures), _show(paired))


def _show(found: Interval | None) -> str:
    return interval(None if found is None else found._asdict())
