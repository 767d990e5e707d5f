"""The figures of a report that show runs: learning curves, frontiers, proxy against judge, reward by rule."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np

from agents.reports.colours import DARK_SERIES, LIGHT_SERIES
from agents.reports.escapes import shown
from agents.reports.look import LONGEST_LABEL, Look, Picture, dress, label_ends, make_panels, numbered
from agents.reports.run_measures import JUDGE, Measures, read_at_levels
from agents.stats.measures import Measure

Numbers = Mapping[str, Any]
Arms = Sequence[Numbers]
End = Callable[[Numbers], tuple[float, float]]
"""From an arm to where its line ends."""
RuleColours = Mapping[str, tuple[str, str]]
"""Rule of a scorer to its colour on light and on dark ground."""
COLOURS = tuple(zip(LIGHT_SERIES, DARK_SERIES, strict=True))
VISIBLE = 0.002
"""A rule that never moves the mean reward by more is not drawn."""


def curve_pictures(
    numbers: Numbers, measures: Measures, rule_colours: RuleColours | None = None
) -> list[Picture]:
    """Returns the figures of a study's runs, those that there are numbers for.

    Args:
        numbers: Of `agents.reports.numbers.analyse`.
        measures: Of `agents.reports.run_measures.measures_of`.
        rule_colours: Of rules that have colours; they come first, in this order.
    """
    ran = [arm for arm in numbers["arms"] if arm["curves"]["episodes"]]
    if not ran:
        return []
    score, *others = read_at_levels(measures)
    pictures = [
        Picture("learning_curves", LEARNING, lambda look: draw_learning(numbers, look)),
        Picture("frontier", FRONTIER, lambda look: draw_frontier(numbers, look, score)),
    ]
    for row in others:
        if all(row.key in arm["curves"]["runs"] for arm in ran):
            pictures.append(_other_frontier(numbers, row))
            pictures += [_proxy(numbers, row)] if row.key == JUDGE else []
    if any(arm["rules"] for arm in ran):
        colours = rule_colours or {}
        pictures.append(Picture("rules", BY_RULE, lambda look: draw_rules(numbers, look, colours)))
    return pictures


def _other_frontier(numbers: Numbers, measure: Measure) -> Picture:
    caption = f"The same for {measure.described or measure.label}."
    return Picture(f"{measure.key}_frontier", caption, lambda look: draw_frontier(numbers, look, measure))


def _proxy(numbers: Numbers, judge: Measure) -> Picture:
    return Picture("proxy_judge", PROXY, lambda look: draw_proxy(numbers, look, judge))


LEARNING = (
    "Score over the episodes learned from, smoothed. A thin line per run, the mean over seeds thick (dashed "
    "once a run has failed); the dotted line is the goal."
)
FRONTIER = (
    "Score over divergence from the reference: what an arm gets for how far it goes. A thin line per run, "
    "the means over seeds thick; the dotted line is the largest divergence at which the goal counts."
)
PROXY = (
    "The held-out judge against the score that was trained on. Lines are means over seeds in the course of "
    "training, dots single runs after it, on held-out prompts."
)
BY_RULE = (
    "Which rule of the scorer pays: mean reward of a response by rule, stacked, over divergence from the "
    "reference. A rule that grows while the judge does not is being farmed."
)


def panels_of(arms: Arms) -> dict[tuple[int, str], list[Numbers]]:
    """Returns the arms that ran by what they share: the task, and the factors that are not the main ones."""
    found: dict[tuple[int, str], list[Numbers]] = {}
    for arm in arms:
        if arm["curves"]["episodes"]:
            found.setdefault((arm["task"], arm["panel"]), []).append(arm)
    return found


def colours_of(numbers: Numbers) -> Mapping[str, int]:
    """Returns the series of each label: the primary contrast's treatment first, its control second."""
    named = {arm["name"]: arm["label"] for arm in numbers["arms"]}
    first = [
        named[name]
        for contrast in numbers["contrasts"]
        if contrast["primary"]
        for side in ("treatment", "control")
        for name in contrast[side]
    ]
    return numbered(named.values(), first)


def draw_learning(numbers: Numbers, look: Look) -> Any:
    """Returns the learning curves, a panel for what arms share."""
    found, series = panels_of(numbers["arms"]), colours_of(numbers)
    figure, panels = make_panels(look, len(found))
    for panel, ((task, title), arms) in zip(panels, found.items(), strict=True):
        goal = numbers["tasks"][task]["goal"]
        dress(panel, look, title=title, x="episodes learned from", y="score")
        if goal is not None:
            panel.axhline(goal, color=look.soft, linewidth=1.1, linestyle=":")
            panel.annotate(
                "goal", (0, goal), xytext=(2, 3), textcoords="offset points", color=look.soft, fontsize=8
            )
        for arm in arms:
            colour, dashes = look.series(series[arm["label"]])
            curves = arm["curves"]
            x = curves["episodes"]
            for run in curves["runs"]["score"]:
                panel.plot(x[: len(run)], run, color=colour, alpha=0.28, linewidth=0.8)
            _draw_mean(panel, x, curves["mean"]["score"], curves["alive"], colour, dashes)
        _label(
            panel,
            look,
            arms,
            series,
            lambda arm: (arm["curves"]["episodes"][-1], arm["curves"]["mean"]["score"][-1]),
        )
    return figure


def draw_frontier(numbers: Numbers, look: Look, measure: Measure) -> Any:
    """Returns a measure over divergence, a panel for what arms share."""
    key = measure.key
    found, series = panels_of(numbers["arms"]), colours_of(numbers)
    figure, panels = make_panels(look, len(found))
    for panel, ((task, title), arms) in zip(panels, found.items(), strict=True):
        y = measure.axis or measure.label
        dress(panel, look, title=title, x="KL to the reference, nats per response", y=y)
        for arm in arms:
            colour, dashes = look.series(series[arm["label"]])
            curves = arm["curves"]
            for kl, run in zip(curves["runs"]["kl"], curves["runs"][key], strict=True):
                panel.plot(kl, run, color=colour, alpha=0.28, linewidth=0.8)
            panel.plot(
                curves["mean"]["kl"], curves["mean"][key], color=colour, linewidth=2.4, linestyle=dashes
            )
        reached = max(max(run, default=0.0) for arm in arms for run in arm["curves"]["runs"]["kl"])
        limit = numbers["tasks"][task]["max_kl"]
        if limit is not None and limit < 1.1 * reached:
            panel.axvline(limit, color=look.soft, linewidth=1.1, linestyle=":")
        _label(
            panel,
            look,
            arms,
            series,
            lambda arm: (arm["curves"]["mean"]["kl"][-1], arm["curves"]["mean"][key][-1]),
        )
    return figure


def draw_proxy(numbers: Numbers, look: Look, judge: Measure) -> Any:
    """Returns the judge against the score, a panel for what arms share."""
    found, series = panels_of(numbers["arms"]), colours_of(numbers)
    figure, panels = make_panels(look, len(found))
    for panel, ((_, title), arms) in zip(panels, found.items(), strict=True):
        dress(panel, look, title=title, x="score, trained on", y=judge.axis or judge.label)
        for arm in arms:
            colour, dashes = look.series(series[arm["label"]])
            mean = arm["curves"]["mean"]
            panel.plot(mean["score"], mean["judge"], color=colour, linewidth=1.8, linestyle=dashes)
            ends = [
                (run["score"], run["judge"])
                for run in arm["runs"]
                if None not in (run["score"], run["judge"])
            ]
            if ends:
                panel.scatter(*zip(*ends, strict=True), s=20, color=colour, alpha=0.65, linewidth=0, zorder=3)
        _label(
            panel,
            look,
            arms,
            series,
            lambda arm: (arm["curves"]["mean"]["score"][-1], arm["curves"]["mean"]["judge"][-1]),
        )
    return figure


def draw_rules(numbers: Numbers, look: Look, colours: RuleColours) -> Any:
    """Returns the stacked rewards by rule, a panel per arm."""
    arms = [arm for arm in numbers["arms"] if arm["rules"]]
    figure, panels = make_panels(look, len(arms), columns=4, narrow_columns=2, height=2.5)
    names = dict.fromkeys([*colours, *sorted({rule for arm in arms for rule in arm["rules"]["amounts"]})])
    visible = [rule for rule in names if any(_is_visible(arm, rule) for arm in arms)]
    found = {**{rule: COLOURS[i % len(COLOURS)] for i, rule in enumerate(visible)}, **colours}
    handles: dict[str, Any] = {}
    for panel, arm in zip(panels, arms, strict=True):
        dress(
            panel, look, title=arm["name"], x="KL, nats per response", y="" if look.narrow else "mean reward"
        )
        kl = arm["rules"]["kl"]
        for sign in (1, -1):  # gains stand on zero, losses hang from it
            floor = np.zeros(len(kl))
            for rule in visible:
                amounts = np.array(arm["rules"]["amounts"].get(rule, floor))
                top = floor + np.maximum(sign * amounts, 0.0)
                colour = found[rule][look.dark]
                handles[shown(rule, LONGEST_LABEL)] = panel.fill_between(
                    kl, sign * floor, sign * top, color=colour, linewidth=0, alpha=0.9
                )
                floor = top
        panel.axhline(0, color=look.soft, linewidth=0.9)
    _share_limits(panels)
    figure.legend(
        handles.values(),
        handles.keys(),
        loc="outside lower left",
        ncols=4 if look.narrow else 10,
        frameon=False,
        fontsize=8.5,
        labelcolor=look.ink,
        handlelength=1.0,
        handleheight=1.0,
        columnspacing=1.2,
    )
    return figure


def _draw_mean(
    panel: Any, x: Sequence[float], mean: Sequence[float], alive: Sequence[int], colour: str, dashes: Any
) -> None:
    """Draws a mean, dashed from where a run has failed."""
    whole = sum(count == alive[0] for count in alive)
    panel.plot(x[:whole], mean[:whole], color=colour, linewidth=2.4, linestyle=dashes)
    if whole < len(x):
        panel.plot(x[whole - 1 :], mean[whole - 1 :], color=colour, linewidth=2.0, linestyle=(0, (2, 1.5)))


def _label(panel: Any, look: Look, arms: Arms, series: Mapping[str, int], end: End) -> None:
    ends = [(*end(arm), arm["label"], look.series(series[arm["label"]])[0]) for arm in arms]
    panel.margins(x=0.02)
    panel.set_xlim(panel.get_xlim())
    panel.set_ylim(panel.get_ylim())
    label_ends(panel, look, ends, 0.075 if look.narrow else 0.07)


def _is_visible(arm: Numbers, rule: str) -> bool:
    amounts: Sequence[float] = arm["rules"]["amounts"].get(rule, [0.0])
    return max(map(abs, amounts)) > VISIBLE


def _share_limits(panels: Sequence[Any]) -> None:
    low = min(panel.get_ylim()[0] for panel in panels)
    high = max(panel.get_ylim()[1] for panel in panels)
    for panel in panels:
        panel.set_ylim(low, high)
