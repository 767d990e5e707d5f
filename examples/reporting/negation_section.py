"""The section of a report on what designs teach to say behind a negator."""

from __future__ import annotations

from collections.abc import Sequence

from agents.statistics import Interval, bootstrap_interval, paired_difference
from agents.study_files import CellResult
from agents.study_plan import Study
from agents.study_settings import look_up
from reporting.section import Section
from reporting.tables import Table, number

KIND = "negation"
DESIGN = "env_kwargs.reward_design"
CONTROL = "terminal"
TEXT = (
    "<p>Next-token mass of single-token words of VADER's lexicon behind openings such as “The film was not”, "
    "where good words cost and bad words pay; means over openings, 95% bootstrap intervals over seeds.</p>"
)

Shares = dict[str, dict[int, float]]


def negation_section(results: Sequence[CellResult], study: Study) -> Section:
    """Returns the section of the cells of `negation_study`, as far as they are finished."""
    del study
    before, after = (read_shares(results, when) for when in ("before", "after"))
    rows = [(design, *_row(design, before, after)) for design in after]
    head = ("design", "seeds", "positive share before", "after", "after, less that of terminal")
    caption = "Share of positive words among those with a valence, right behind a negator."
    numbers = {"before": before, "after": after}
    return Section("Behind a negator", TEXT, (), (Table("negation", caption, head, tuple(rows)),), numbers)


def read_shares(results: Sequence[CellResult], when: str) -> Shares:
    """Returns design -> seed -> share of positive words."""
    found: Shares = {}
    for result in results:
        for record in result.records(KIND):
            if record["when"] == when:
                design = str(look_up(result.settings, DESIGN))
                found.setdefault(design, {})[result.seed] = float(record["positive_share"])
    return found


def _row(design: str, before: Shares, after: Shares) -> tuple[str, ...]:
    seeds = sorted(set(after[design]) & set(after.get(CONTROL, {})))
    paired = None
    if design != CONTROL and len(seeds) > 1:
        arms = ([after[one][seed] for seed in seeds] for one in (design, CONTROL))
        paired = paired_difference(*arms)
    shares = [bootstrap_interval(list(one[design].values())) for one in (before, after)]
    return str(len(after[design])), *map(_show, shares), _show(paired)


def _show(found: Interval | None) -> str:
    if found is None:
        return ""
    return f"{number(found.value)} [{number(found.low)}, {number(found.high)}]"
