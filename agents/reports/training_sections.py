"""The sections of a report on runs that train, and what its primary contrast says in a sentence."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from agents.reports.arms import Arm
from agents.reports.comparison_figures import comparison_pictures
from agents.reports.contrasts import AMBIGUOUS, NO_ARM
from agents.reports.curve_figures import RuleColours, curve_pictures
from agents.reports.effects import UNDECIDED, effect_text, shows_difference
from agents.reports.escapes import LONGEST_TEXT, to_html
from agents.reports.look import Picture
from agents.reports.plan import CHANGED, plan_sentence
from agents.reports.run_measures import SCORE, TIME, Measures, all_measures, read_at_levels
from agents.reports.samples import TokenTexts, samples_html
from agents.reports.section import Section
from agents.reports.sensitivity import sensitivity_table
from agents.reports.tables import Table, number, probability
from agents.reports.training_tables import (
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


@dataclass(frozen=True)
class Material:
    """All that sections on runs are made of."""

    numbers: Numbers
    """Numbers of the study, from `agents.reports.numbers.analyse`."""
    arms: Sequence[Arm]
    """Arms in the order of the report, for their texts."""
    measures: Measures
    """Measures of the study, from `agents.reports.run_measures.measures_of`."""
    token_texts: TokenTexts | None
    """From a tokenizer's name and ids to texts; None: responses are shown without their tokens."""
    pictures: Mapping[str, Picture]
    """Name to figure, for those that there are numbers for."""

    def chosen(self, *names: str) -> list[Picture]:
        """Returns the figures of some names, as far as they are there."""
        return [self.pictures[name] for name in names if name in self.pictures]


def training_sections(
    numbers: Numbers,
    arms: Sequence[Arm],
    measures: Measures | None = None,
    *,
    token_texts: TokenTexts | None = None,
    rule_colours: RuleColours | None = None,
) -> list[Section]:
    """Returns the sections of a study's runs, those that there is something for, in the order of `SECTIONS`.

    Args:
        numbers: Of `agents.reports.numbers.analyse`.
        arms: In the order of the report; for their texts.
        measures: Of `agents.reports.run_measures.measures_of`; None: all.
        token_texts: From a tokenizer's name and ids to texts; None: responses are shown without their tokens.
        rule_colours: Rule to its colours, light and dark; the others get colours of their own.
    """
    known = all_measures() if measures is None else measures
    pictures = [*curve_pictures(numbers, known, rule_colours or {}), *comparison_pictures(numbers)]
    material = Material(numbers, arms, known, token_texts, {picture.name: picture for picture in pictures})
    sections = [make(material) for make in SECTIONS]
    return [one for one in sections if one.figures or one.tables or one.html not in ("", JUDGED)]


JUDGED = (
    "<p>A score that rises while the judge at the same divergence does not is bought by what the scorer "
    "alone pays for.</p>"
)


SENSITIVITY = (
    "<p>A speed-up is one of a goal, a limit and a way to count. The same runs under others, side by side: "
    "described, not tested. The study's own goal stands out.</p>"
)


def _contrasts(given: Material) -> Section:
    tables = _kept(
        contrast_table(given.numbers, given.measures), difference_table(given.numbers, given.measures)
    )
    return Section("Contrasts", _contrasts_html(given.numbers), given.chosen("speed_ups"), tables)


def _sensitivity(given: Material) -> Section:
    tables = [sensitivity_table(one) for one in given.numbers.get("sensitivity", ())]
    return Section("Under other goals", SENSITIVITY if tables else "", (), tables)


def _learning(given: Material) -> Section:
    tables = _kept(arm_table(given.numbers, given.measures), goal_table(given.numbers))
    return Section("Learning", _learning_html(given.numbers), given.chosen("learning_curves"), tables)


def _divergence(given: Material) -> Section:
    others = [f"{row.key}_frontier" for row in read_at_levels(given.measures) if row.key != SCORE]
    figures = given.chosen("frontier", *others, "proxy_judge")
    tables = _kept(matched_table(given.numbers, given.measures))
    return Section("Divergence and the held-out judge", JUDGED, figures, tables)


def _rules(given: Material) -> Section:
    return Section("Which rule pays", "", given.chosen("rules"))


def _texts(given: Material) -> Section:
    return Section("Texts", "", (), _kept(quality_table(given.numbers, given.measures)))


def _over_seeds(given: Material) -> Section:
    tables = _kept(reliability_table(given.numbers, given.measures))
    return Section("Over seeds", "", given.chosen("profiles"), tables)


def _critics(given: Material) -> Section:
    tables = _kept(critic_table(given.numbers))
    return Section("Speed-up, critic by critic", "", given.chosen("critics"), tables)


def _responses(given: Material) -> Section:
    return Section("Responses after training", samples_html(given.arms, given.token_texts))


def _tuning(given: Material) -> Section:
    return Section("Tuning", "", (), _kept(tuning_table(given.numbers), tries_table(given.numbers)))


SECTIONS: tuple[Callable[[Material], Section], ...] = (
    *(_contrasts, _sensitivity, _learning, _divergence, _rules),
    *(_texts, _over_seeds, _critics, _responses, _tuning),
)
"""The sections on runs that train, in the order of the page."""


def answer(numbers: Numbers, measures: Measures | None = None) -> list[str]:
    """Returns the result of the primary contrast in sentences; empty if no primary contrast trains."""
    primary = next((one for one in numbers["contrasts"] if one["primary"]), None)
    if primary is None:
        return []
    arms = f"{' / '.join(primary['treatment'])} against {' / '.join(primary['control'])}"
    changed = [plan_sentence(numbers["plan"])] if numbers["plan"]["standing"] == CHANGED else []
    if not primary["seeds"]:
        if primary["status"] == NO_ARM:
            return [f"The primary contrast, {primary['name']}, is about no arm that trains.", *changed]
        reason = "fits several arms" if primary["status"] == AMBIGUOUS else "is not yet run"
        return [f"The primary contrast, {arms}, {reason}.", *changed]
    noun = "seed" if primary["n"] == 1 else "seeds"
    seeds = f"{primary['n']} paired {noun}, p = {probability(primary['p'])}".replace("= <", "<")
    if primary["measure"] != TIME or "against" in primary:
        measure = (all_measures() if measures is None else measures)[primary["measure"]]
        shown = "" if shows_difference(primary) else f"{UNDECIDED}, "
        if "against" in primary:
            arms += f", where it is that of {' / '.join(primary['against']['treatment'])} against "
            arms += " / ".join(primary["against"]["control"])
        return [f"{measure.title}: {shown}{effect_text(primary, measure)} ({arms}; {seeds}).", *changed]
    return [_speed_sentence(primary, seeds), *changed]


def _speed_sentence(primary: Numbers, seeds: str) -> str:
    """Returns the answer of a contrast about episodes to the goal."""
    speed = primary["speed_up"]
    treatment, control = primary["treatment"][0], primary["control"][0]
    if speed is None:
        arms = f"Neither {treatment} nor {control} has a time to the goal"
        return f"{arms}: no score above the untrained policy's is known to be attainable."
    if speed["none_reached"]:
        return f"No run of {treatment} or {control} reached the goal."
    if not shows_difference(primary):
        return _undecided_sentence(primary, seeds)
    if speed["value"] >= 1.0:
        ratio, ends = speed["value"], (speed["low"], speed["high"])
        text = f"{treatment} reaches the goal with {{}} times fewer episodes than {control}"
    else:
        ratio, ends = 1 / speed["value"], (1 / speed["high"], 1 / speed["low"])
        text = f"{treatment} needs {{}} times more episodes to the goal than {control}"
    amount = f"{'' if speed['bound'] is None else 'at least '}{number(ratio, 2)}"
    return f"{text.format(amount)} [{number(ends[0], 2)}, {number(ends[1], 2)}] ({seeds})."


def _undecided_sentence(primary: Numbers, seeds: str) -> str:
    """Returns the answer of a contrast about episodes to the goal whose ratio may be 1."""
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
        "not corrected; the others are read together, and post hoc ones are not tested.</p>"
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


def _kept(*tables: Table) -> list[Table]:
    return [table for table in tables if table.rows]
