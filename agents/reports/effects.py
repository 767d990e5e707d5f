"""The effect of a contrast: the number that it is about, in text, and whether it shows a difference."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from agents.reports.run_measures import TIME
from agents.reports.tables import DASH, interval, number
from agents.stats.measures import TIMES, Measure

Numbers = Mapping[str, Any]
SIGNS = {"lower": "≥ ", "upper": "≤ "}
"""What a bound is to the sign before it."""
RATIOS, DIFFERENCES = "×/×", "ΔΔ"
"""Marks of an interaction: a ratio of two speed-ups, a difference of two differences."""
UNDECIDED = "no difference shown"


def effect_of(one: Numbers) -> Numbers | None:
    """Returns the result of a contrast in its own measure; None where there is none."""
    if "against" in one:
        return one["interaction"]
    if one["measure"] == TIME:
        return one["speed_up"]
    if one["measure"] in TIMES:
        return one.get("ratios", {}).get(one["measure"])
    return one["differences"].get(one["measure"])


def is_ratio(one: Numbers) -> bool:
    """Returns whether a contrast's effect is a ratio, which says nothing at 1; others say nothing at 0."""
    return one["measure"] in TIMES


def shows_difference(one: Numbers) -> bool:
    """Returns whether a contrast shows a difference: neither its interval nor a bound leaves none open.

    No difference is a ratio of 1, or a difference of 0. A lower bound shows that a ratio is above 1, never
    that it is below; an upper bound the reverse. One pair of runs shows nothing.
    """
    found = effect_of(one)
    if found is None or found["n"] < 2 or found.get("none_reached"):
        return False
    none = 1.0 if is_ratio(one) else 0.0
    above = found["low"] > none and found.get("bound") != "upper"
    below = found["high"] < none and found.get("bound") != "lower"
    return above or below


def effect_text(one: Numbers, measure: Measure) -> str:
    """Returns a contrast's effect with its interval, as its table has it.

    Args:
        one: The contrast, from `agents.reports.numbers.analyse`.
        measure: The measure that it is about.
    """
    found = effect_of(one)
    if found is None:
        return DASH
    if "against" in one:
        return interaction_text(found, measure)
    return speed_up_text(found) if measure.is_time else interval(found, measure.digits)


def speed_up_text(found: Numbers | None) -> str:
    """Returns a speed-up with its interval, and whether it is a bound.

    Example:
        >>> found = {"value": 2.0, "low": 1.5, "high": 2.5, "n": 4, "none_reached": False}
        >>> speed_up_text({**found, "bound": "lower"})
        '≥ 2.00× [1.50, 2.50]'
    """
    if found is None:
        return DASH
    if found["none_reached"]:
        return "no run of either got there"
    ends = f" [{number(found['low'], 2)}, {number(found['high'], 2)}]" if found["n"] > 1 else ""
    return f"{SIGNS.get(found['bound'] or '', '')}{number(found['value'], 2)}×{ends}"


def interaction_text(found: Numbers, measure: Measure) -> str:
    """Returns an interaction with its mark and interval, and whether it is a bound."""
    digits = 2 if found["is_ratio"] else measure.digits
    mark = RATIOS if found["is_ratio"] else DIFFERENCES
    return f"{mark} {SIGNS.get(found['bound'] or '', '')}{interval(found, digits)}"


def note_of(one: Numbers) -> str:
    """Returns the caveats of a contrast: what is missing, runs that never got there, what is not shown."""
    notes = [] if one["status"] == "complete" else [one["status"]]
    found = effect_of(one)
    if found is None:
        return "; ".join([*notes, "not measured"] if one["seeds"] else notes)
    if "against" in one:
        notes += [f"{found['never']} runs never there"] if found["never"] else []
    elif is_ratio(one) and found["treatment_censored"] + found["control_censored"]:
        counts = f"{found['treatment_censored']} and {found['control_censored']} of {found['n']}"
        notes.append(f"{counts} never there")
    if not found.get("none_reached") and not shows_difference(one):
        notes.append(UNDECIDED)
    return "; ".join(notes)
