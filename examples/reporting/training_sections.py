"""The sections of a report on runs that train, and what its primary contrast says in a sentence."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import Any

from reporting.arms import Arm
from reporting.comparison_figures import comparison_pictures
from reporting.contrasts import AMBIGUOUS, NO_ARM, TIME
from reporting.curve_figures import curve_pictures
from reporting.escapes import LONGEST_TEXT, to_html
from reporting.plan import CHANGED, plan_sentence
from reporting.samples import samples_html
from reporting.section import Section
from reporting.tables import Table, interval, number, probability
from reporting.training_tables import (
    NAMES,
    arm_table,
    contrast_table,
    critic_table,
    difference_table,
    goal_table,
    matched_table,
    quality_table,
    reliability_table,
    tries_table,
    tuning_table,
)

Numbers = Mapping[str, Any]


def training_sections(
    numbers: Numbers, arms: Sequence[Arm], tokenizers: Collection[str] = ()
) -> list[Section]:
    """Returns the sections of a study's runs, those that there is something for.

    Args:
        numbers: Of `reporting.numbers.analyse`.
        arms: In the order of the report; for their texts.
        tokenizers: Those that may be loaded for the texts, beside those of this package.
    """
    pictures = {picture.name: picture for picture in curve_pictures(numbers)} | comparison_pictures(numbers)

    def chosen(*names: str) -> list[Any]:
        return [pictures[name] for name in names if name in pictures]

    sections = [
        Section(
            "Contrasts",
            _contrasts_html(numbers),
            chosen("speed_ups"),
            _kept(contrast_table(numbers), difference_table(numbers)),
        ),
        Section(
            "Learning",
            _learning_html(numbers),
            chosen("learning_curves"),
            _kept(arm_table(numbers), goal_table(numbers)),
        ),
        Section(
            "Divergence and the held-out judge",
            JUDGE,
            chosen("frontier", "judge_frontier", "proxy_judge"),
            _kept(matched_table(numbers)),
        ),
        Section("Which rule pays", "", chosen("rules")),
        Section("Texts", "", (), _kept(quality_table(numbers))),
        Section("Over seeds", "", chosen("profiles"), _kept(reliability_table(numbers))),
        Section("Speed-up, critic by critic", "", chosen("critics"), _kept(critic_table(numbers))),
        Section("Responses after training", _samples(arms, tokenizers)),
        Section("Tuning", "", (), _kept(tuning_table(numbers), tries_table(numbers))),
    ]
    return [one for one in sections if one.figures or one.tables or one.html not in ("", JUDGE)]


JUDGE = (
    "<p>A score that rises while the judge at the same divergence does not is bought by what the scorer "
    "alone pays for.</p>"
)


def answer(numbers: Numbers) -> list[str]:
    """Returns what the primary contrast says, in sentences; empty where a study has none that trains."""
    primary = next((one for one in numbers["contrasts"] if one["primary"]), None)
    if primary is None:
        return []
    arms = f"{' / '.join(primary['treatment'])} against {' / '.join(primary['control'])}"
    if not primary["seeds"]:
        if primary["status"] == NO_ARM:
            return [f"The primary contrast, {primary['name']}, is about no arm that trains."]
        reason = "fits several arms" if primary["status"] == AMBIGUOUS else "is not yet run"
        return [f"The primary contrast, {arms}, {reason}."]
    seeds = f"{primary['n']} paired seeds, p = {probability(primary['p'])}".replace("= <", "<")
    changed = [plan_sentence(numbers["plan"])] if numbers["plan"]["standing"] == CHANGED else []
    if primary["measure"] != TIME:
        found = interval(primary["differences"].get(primary["measure"]))
        shown = "" if shows_difference(primary) else "no difference shown, "
        return [f"{NAMES[primary['measure']]}: {shown}{found} ({arms}; {seeds}).", *changed]
    return [_speed_sentence(primary, seeds), *changed]


def shows_difference(one: Numbers) -> bool:
    """Returns whether the interval of a contrast's measure leaves out no difference.

    No difference is a ratio of 1, or a difference of 0. The interval of one pair of runs is its value, and
    shows nothing.
    """
    is_time = one["measure"] == TIME
    found = one["speed_up"] if is_time else one["differences"].get(one["measure"])
    if found is None or found["n"] < 2 or (is_time and found["none_reached"]):
        return False
    none = 1.0 if is_time else 0.0
    return not found["low"] <= none <= found["high"]


def _speed_sentence(primary: Numbers, seeds: str) -> str:
    """Returns the answer of a contrast about episodes to the goal."""
    speed = primary["speed_up"]
    treatment, control = primary["treatment"][0], primary["control"][0]
    if speed is None:
        return f"Neither {treatment} nor {control} has a time to the goal yet."
    if speed["none_reached"]:
        return f"No run of {treatment} or {control} reached the goal."
    if not shows_difference(primary):
        return _undecided_sentence(primary, seeds)
    if speed["value"] >= 1.0:
        ratio, ends, bound = speed["value"], (speed["low"], speed["high"]), {"lower": "at least "}
        text = f"{treatment} reaches the goal with {{}} times fewer episodes than {control}"
    else:
        ratio, ends, bound = 1 / speed["value"], (1 / speed["high"], 1 / speed["low"]), {"upper": "at least "}
        text = f"{treatment} needs {{}} times more episodes to the goal than {control}"
    amount = f"{bound.get(speed['bound'] or '', '')}{number(ratio, 2)}"
    return f"{text.format(amount)} [{number(ends[0], 2)}, {number(ends[1], 2)}] ({seeds})."


def _undecided_sentence(primary: Numbers, seeds: str) -> str:
    """Returns the answer of a contrast about episodes to the goal whose interval holds a ratio of 1."""
    speed = primary["speed_up"]
    arms = f"{primary['treatment'][0]} and {primary['control'][0]}"
    bound = {"lower": "at least ", "upper": "at most "}.get(speed["bound"] or "", "")
    text = f"No difference shown between {arms} in episodes to the goal: "
    if speed["n"] == 1:
        return f"{text}a ratio of {bound}{number(speed['value'], 2)} in one pair of runs."
    ends = f"[{number(speed['low'], 2)}, {number(speed['high'], 2)}]"
    return f"{text}a ratio of {bound}{number(speed['value'], 2)} {ends} ({seeds})."


def _contrasts_html(numbers: Numbers) -> str:
    if not numbers["contrasts"]:
        return ""
    return (
        f"<p>{to_html(plan_sentence(numbers['plan']), LONGEST_TEXT)} The primary contrast is tested once and "
        "not corrected; the others are read together, and what was thought of afterwards is not tested.</p>"
        + _undecided(numbers)
    )


def _undecided(numbers: Numbers) -> str:
    """Returns in words which contrasts' intervals hold no difference at all."""
    names = [one["name"] for one in numbers["contrasts"] if one["seeds"] and not shows_difference(one)]
    if not names:
        return ""
    return f"<p>No difference shown: {to_html('; '.join(names), LONGEST_TEXT)}.</p>"


def _learning_html(numbers: Numbers) -> str:
    missing = [arm["name"] for arm in numbers["arms"] if not arm["runs"]]
    if not missing:
        return ""
    return f"<p>No run yet: {to_html(', '.join(missing), LONGEST_TEXT)}.</p>"


def _samples(arms: Sequence[Arm], tokenizers: Collection[str]) -> str:
    html = samples_html(arms, tokenizers)
    if not html:
        return ""
    return (
        "<p>The first responses of one run of each arm to the same held-out prompts. Each token is coloured "
        'by what it was paid: <span class="plus s6">gain</span>, <span class="minus s6">loss</span>.</p>'
        + html
    )


def _kept(*tables: Table) -> list[Table]:
    return [table for table in tables if table.rows]
