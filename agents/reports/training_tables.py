"""The tables of a study that trains, made of its numbers alone."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from agents.reports.effects import DIFFERENCES, RATIOS, effect_text, note_of, speed_up_text
from agents.reports.factors import show_value
from agents.reports.run_measures import (
    AREA,
    SCORE,
    TIME,
    Measures,
    all_measures,
    at_level,
    read_at_levels,
)
from agents.reports.tables import DASH, Table, interval, number, probability, share
from agents.stats.measures import KL_LEVELS, Measure
from agents.stats.measures import Table as TableName

Numbers = Mapping[str, Any]


def goal_table(numbers: Numbers) -> Table:
    """Returns the table of goals, one row a task."""
    rows = [
        (
            task["name"] or "all arms",
            number(task["start"]),
            number(task["attainable"]),
            number(task["goal"]),
            "any" if task["max_kl"] is None else number(task["max_kl"], 2),
            number(task["horizon"] or None, 0),
            task["source"],
        )
        for task in numbers["tasks"]
    ]
    head = ("task", "start", "attainable", "goal", "largest KL", "horizon, episodes", "attainable is the")
    caption = "What has to be reached, and within which divergence; areas count up to the horizon"
    return Table("goals", caption, head, tuple(rows), words=frozenset({0, 6}))


def contrast_table(numbers: Numbers, measures: Measures | None = None) -> Table:
    """Returns all contrasts with the measure that each is about, the primary one first."""
    known = all_measures() if measures is None else measures
    contrasts = sorted(numbers["contrasts"], key=lambda one: not one["primary"])
    rows = [
        (
            one["name"],
            effect_text(one, known[one["measure"]]),
            f"{one['n']} of {one['planned']}" if one["planned"] else DASH,
            probability(one["p"]),
            _standing(one),
            known[one["measure"]].title,
            _sides(one),
            note_of(one),
        )
        for one in contrasts
    ]
    caption = (
        "Contrasts of the study file: speed-up (×) or difference with its 95% interval, paired by seed; p of "
        "a sign-flip test, Holm's over the secondary contrasts"
    )
    if any("against" in one for one in contrasts):
        caption += f"; {RATIOS}: ratio of two speed-ups, {DIFFERENCES}: difference of two, by t intervals"
    head = ("contrast", "effect", "seeds", "p", "p, Holm", "measure", "treatment : control", "note")
    words = frozenset({0, 5, 6, 7})
    return Table("contrasts", caption, head, tuple(rows), frozenset(_primary(contrasts)), words)


def difference_table(numbers: Numbers, measures: Measures) -> Table:
    """Returns the table of further results of each contrast, which are not tested."""
    others = [row for row in read_at_levels(measures) if row.key != SCORE]
    wanted = [*_columns(measures, "differences"), *(at_level(row, kl) for row in others for kl in KL_LEVELS)]
    contrasts = sorted(numbers["contrasts"], key=lambda one: not one["primary"])
    known = [row for row in wanted if any(row.key in one["differences"] for one in contrasts)]
    rows = [
        (
            one["name"],
            speed_up_text(one["speed_up"]),
            *(_difference(one["differences"].get(row.key), len(one["seeds"]), row) for row in known),
        )
        for one in contrasts
        if one["seeds"] and "against" not in one
    ]
    head = ("contrast", "speed-up", *(f"Δ {row.title}" for row in known))
    caption = "The same contrasts in other measures: treatment minus control, 95% intervals over paired seeds"
    return Table("differences", caption, head, tuple(rows), frozenset(_primary(contrasts)))


def arm_table(numbers: Numbers, measures: Measures) -> Table:
    """Returns the table of learning speed and final scores of each arm."""
    columns = _columns(measures, "learning")
    times = [row for row in measures.values() if row.is_time and row.key != TIME]
    rows = [
        (
            arm["name"],
            f"{len(arm['runs'])} of {arm['planned']}",
            _time(arm["summary"][TIME], arm["end"]),
            _reached(arm["summary"][TIME]),
            *(_other_time(arm["summary"][row.key], row.digits) for row in times),
            *(interval(arm["summary"][row.key], row.digits) for row in columns),
        )
        for arm in _ran(numbers)
    ]
    titles = [f"{row.title} (IQM)" if row.key == AREA else row.title for row in columns]
    caption = (
        "Learning: mean episodes to the goal (≥: with runs that never got there), interquartile mean of the "
        "area under the score curve, and held-out prompts after training; gap: what the judge does not "
        "confirm of the score's gain"
    )
    head = ("arm", "runs", measures[TIME].title, "reached", *(row.title for row in times), *titles)
    return Table("learning", caption, head, tuple(rows))


def matched_table(numbers: Numbers, measures: Measures) -> Table:
    """Returns the score, and what is compared with it, at equal divergence."""
    read = read_at_levels(measures)
    names = [row.label for row in read]
    said = f"{', '.join(names[:-1])} and {names[-1]}" if len(names) > 1 else "".join(names)
    caption = (
        f"{said[:1].upper()}{said[1:]} at equal divergence from the reference, where at least half of the "
        "runs got there"
    )
    return _summaries(numbers, "matched", caption, [at_level(row, kl) for row in read for kl in KL_LEVELS])


def quality_table(numbers: Numbers, measures: Measures) -> Table:
    """Returns the table of the responses' statistics after training."""
    caption = "Responses to held-out prompts after training; perplexity is that under the reference"
    return _summaries(numbers, "quality", caption, _columns(measures, "responses"))


def _summaries(numbers: Numbers, name: str, caption: str, wanted: Sequence[Measure]) -> Table:
    """Returns a table of the means of each arm, a column for each measure that an arm has."""
    arms = _ran(numbers)
    known = [row for row in wanted if any(arm["summary"].get(row.key) for arm in arms)]
    rows = [(arm["name"], *(interval(arm["summary"][row.key], row.digits) for row in known)) for arm in arms]
    return Table(name, caption, ("arm", *(row.title for row in known)), tuple(rows) if known else ())


def reliability_table(numbers: Numbers, measures: Measures) -> Table:
    """Returns the table of the spread of each arm's runs, and of its failures."""
    columns = _columns(measures, "reliability")
    better = {one["arm"]: one for one in numbers["improvement"]}
    rows = [
        (
            arm["name"],
            interval(arm["spread"][AREA]),
            interval(arm["spread"][SCORE]),
            interval(better.get(arm["name"]), 2),
            share(arm["failures"]["failed"], arm["failures"]["runs"]),
            share(arm["failures"]["never"], arm["failures"]["runs"] - arm["failures"]["failed"]["count"]),
            *(interval(arm["summary"][row.key], row.digits) for row in columns),
        )
        for arm in _ran(numbers)
    ]
    head = (
        *("arm", "SD of area", "SD of final score", "P(better than control)", "failed", "never there"),
        *(row.title for row in columns),
    )
    caption = (
        "Reliability over seeds: standard deviations, probability that a run has a larger area than one "
        "of the control beside it, runs that failed, others that never reached the goal, and the critic"
    )
    return Table("reliability", caption, head, tuple(rows))


def critic_table(numbers: Numbers) -> Table:
    """Returns the speed-up under each critic."""
    rows = [
        (
            one["panel"],
            number(one["lam"], 2),
            interval(one["explained"], 2),
            speed_up_text(one["speed_up"]),
            interval(one["area"]),
        )
        for one in numbers["critics"]
    ]
    treatment, control = critic_arms(numbers)
    head = ("critic", "λ", f"variance that {control}'s critic explains", "speed-up", "Δ area")
    return Table("critics", f"{treatment} against {control}, critic by critic", head, tuple(rows))


def critic_arms(numbers: Numbers) -> tuple[str, str]:
    """Returns the labels of the two arms that are compared critic by critic."""
    labels = {arm["name"]: arm["label"] for arm in numbers["arms"]}
    first = next(iter(numbers["critics"]), None)
    return ("", "") if first is None else (labels[first["treatment"]], labels[first["control"]])


def tuning_table(numbers: Numbers) -> Table:
    """Returns the table of the settings that tuning chose."""
    tuning = numbers["tuning"]
    if tuning is None:
        return Table("tuning", "", ("for",), ())
    rows = [
        (
            one["where"] or "all arms",
            *(DASH if value is None else show_value(value) for value in one["chosen"]),
        )
        for one in tuning["chosen"]
        if any(value is not None for value in one["chosen"])
    ]
    caption = (
        f"Chosen by tuning: the best of {tuning['candidates']} settings by {tuning['criterion']}, "
        f"{len(tuning['seeds'])} seeds that are not evaluated"
    )
    return Table("tuning", caption, ("for", *(key.rpartition(".")[2] for key in tuning["keys"])), tuple(rows))


def tries_table(numbers: Numbers) -> Table:
    """Returns the table of tuning's candidates, with their criterion for each seed."""
    tuning: Numbers = numbers["tuning"] or {"tried": []}
    tried: list[Numbers] = tuning["tried"]
    if not tried:
        return Table("tries", "", ("for",), ())
    rows = [
        (
            one["where"] or "all arms",
            *map(show_value, one["settings"]),
            "; ".join(number(value) for value in one["criterion"]),
            "; ".join("never" if time is None else number(time, 0) for time in one["episodes_to_goal"])
            or DASH,
        )
        for one in tried
    ]
    chosen = {(one["where"], str(one["chosen"])) for one in tuning["chosen"]}
    strong = [i for i, one in enumerate(tried) if (one["where"], str(one["settings"])) in chosen]
    names = [key.rpartition(".")[2] for key in tuning["keys"]]
    head = ("for", *names, tuning["criterion"], "episodes to the goal")
    caption = "All that tuning tried, seed by seed; what was chosen stands out"
    return Table("tries", caption, head, tuple(rows), strong=frozenset(strong))


def _columns(measures: Measures, table: TableName) -> list[Measure]:
    return [row for row in measures.values() if table in row.tables]


def _standing(one: Numbers) -> str:
    """Returns the adjusted p value of a secondary contrast, or what else a contrast is."""
    if one["primary"]:
        return "primary"
    return "post hoc" if one["post_hoc"] else probability(one["p_adjusted"])


def _difference(found: Numbers | None, seeds: int, measure: Measure) -> str:
    text = interval(found, measure.digits)
    return text if found is None or found["n"] == seeds else f"{text} ({found['n']} seeds)"


def _time(found: Numbers | None, end: float) -> str:
    if found is None:
        return DASH
    if found["reached"] == 0:
        return f"> {number(end, 0)}"
    sign = "" if found["reached"] == found["n"] else "≥ "
    return sign + interval(found, 0)


def _other_time(found: Numbers | None, digits: int) -> str:
    """Returns what an arm took to the goal, counted in another way than by episodes."""
    if found is None or found["reached"] == 0:
        return DASH if found is None else "never"
    return ("" if found["reached"] == found["n"] else "≥ ") + interval(found, digits)


def _sides(one: Numbers) -> str:
    """Returns the arms of a contrast, treatment : control, both places of an interaction."""
    places = [one, one["against"]] if "against" in one else [one]
    told = [f"{' / '.join(place['treatment'])} : {' / '.join(place['control'])}" for place in places]
    return told[0] if len(told) == 1 else " against ".join(f"({text})" for text in told)


def _reached(found: Numbers | None) -> str:
    return DASH if found is None else f"{found['reached']} of {found['n']}"


def _ran(numbers: Numbers) -> list[Numbers]:
    return [arm for arm in numbers["arms"] if arm["runs"]]


def _primary(contrasts: Sequence[Numbers]) -> list[int]:
    return [i for i, one in enumerate(contrasts) if one["primary"]]
