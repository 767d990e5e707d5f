"""The figures of a report that compare arms: speed-ups, profiles, and speed-up against the critic."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

from agents.reports.curve_figures import colours_of
from agents.reports.escapes import in_prose, shown
from agents.reports.look import LEADER, LONGEST_LABEL, Look, Picture, dress, make_panels, spread_out
from agents.reports.run_measures import TIME
from agents.reports.training_tables import critic_arms

Numbers = Mapping[str, Any]

FOREST = (
    "How many times fewer episodes the treatment takes to the goal than the control, with 95% intervals over "
    "paired seeds; the primary contrast is filled. An arrow marks a bound: of one arm alone, runs never got "
    "there."
)
PROFILES = (
    "Performance profiles: the share of runs above each value, with pointwise 95% bands where "
    "there are few arms. The line further to "
    "the right is the better arm; a steep one hardly depends on the seed."
)
CRITIC = (
    "The speed-up of `{}` over `{}`, against the variance that the critic of `{}` "
    "explains of its own targets (mean over training), and against lambda. The targets hold the critic's own "
    "values, the more of them the lower lambda is: what is explained compares at one lambda alone, and is "
    "not the share of what can be known."
)
LONGEST_NAME = 72
"""Characters of a contrast's name."""
MANY = 4
"""Profiles of more arms than this are drawn without their bands, and named beside the panel."""
AREAS = {"area": "area under the score curve", "score": "final score"}


def comparison_pictures(numbers: Numbers) -> list[Picture]:
    """Returns the figures that there are numbers for."""
    pictures: list[Picture] = []
    if speed_ups_of(numbers):
        pictures.append(Picture("speed_ups", FOREST, lambda look: draw_forest(numbers, look)))
    if numbers["profiles"]:
        pictures.append(Picture("profiles", PROFILES, lambda look: draw_profiles(numbers, look)))
    if any(is_known(one["speed_up"]) and one["explained"] for one in numbers["critics"]):
        treatment, control = map(in_prose, critic_arms(numbers))
        caption = CRITIC.format(treatment, control, control)
        pictures.append(Picture("critics", caption, lambda look: draw_critics(numbers, look)))
    return pictures


def speed_ups_of(numbers: Numbers) -> list[Numbers]:
    """Returns the contrasts about episodes to the goal that have a speed-up."""
    return [one for one in numbers["contrasts"] if one["measure"] == TIME and is_known(one["speed_up"])]


def is_known(speed_up: Numbers | None) -> bool:
    """Returns whether a speed-up says anything: at least one run got to the goal."""
    return speed_up is not None and not speed_up["none_reached"]


def draw_forest(numbers: Numbers, look: Look) -> Any:
    """Returns the speed-ups of all contrasts under each other, the primary one first."""
    known = speed_ups_of(numbers)
    rows = [*(one for one in known if one["primary"]), *(one for one in known if not one["primary"])]
    figure, (panel,) = make_panels(look, 1, height=1.0)
    figure.set_size_inches(look.width if look.narrow else 8.5, 0.9 + 0.55 * len(rows))
    dress(panel, look, x="times fewer episodes to the goal (log scale)")
    panel.set_xscale("log")
    panel.grid(visible=False, axis="y")
    panel.axvline(1.0, color=look.soft, linewidth=1.2)
    ends = [row["speed_up"][end] for row in rows for end in ("low", "high")]
    left, right = min(0.8, 0.92 * min(ends)), max(1.6, 1.1 * max(ends))
    room = (right / left) ** (0.75 if look.narrow else 0.25)  # for the numbers
    panel.set_xlim(left, right * room)
    panel.set_ylim(-0.75, len(rows) - 0.25)
    mark_ratios(panel, left, right)
    panel.set_yticks([])
    for height, row in zip(range(len(rows) - 1, -1, -1), rows, strict=True):
        _draw_row(panel, look, height, row)
    return figure


def _draw_row(panel: Any, look: Look, height: int, row: Numbers) -> None:
    speed = row["speed_up"]
    colour = look.series(0)[0] if row["primary"] else look.ink
    y = height - 0.22
    panel.plot([speed["low"], speed["high"]], [y, y], color=colour, linewidth=3 if row["primary"] else 1.6)
    marker = {"lower": ">", "upper": "<"}.get(speed["bound"] or "", "o")
    panel.plot(
        speed["value"], y, marker=marker, markersize=9 if row["primary"] else 7.5, color=colour,
        markerfacecolor=colour if row["primary"] else look.ground, markeredgewidth=1.6,
    )  # fmt: skip
    note = "" if row["status"] == "complete" else f" ({speed['n']} of {row['planned']} seeds)"
    note += " (post hoc)" if row["post_hoc"] else ""
    sign = {"lower": "≥ ", "upper": "≤ "}.get(speed["bound"] or "", "")
    text = f"{sign}{speed['value']:.2f}"
    text += f" [{speed['low']:.2f}, {speed['high']:.2f}]" if speed["n"] > 1 else " (one seed)"
    size = 8.5 if look.narrow else 9.5
    plate = {"facecolor": look.ground, "edgecolor": "none", "pad": 1.5}
    panel.annotate(
        f"{shown(row['name'], LONGEST_NAME)}{note}", (0, height + 0.1),
        xycoords=("axes fraction", "data"), fontsize=size,
        color=look.ink, fontweight="bold" if row["primary"] else "normal", bbox=plate, zorder=4,
    )  # fmt: skip
    panel.annotate(
        text,
        (1, y),
        xycoords=("axes fraction", "data"),
        ha="right",
        va="center",
        fontsize=size,
        color=look.soft,
        bbox=plate,
        zorder=4,
    )


def draw_profiles(numbers: Numbers, look: Look) -> Any:
    """Returns the profiles of areas and final scores, a panel for each task and group of arms."""
    series = colours_of(numbers)
    found: list[tuple[Numbers, str, list[Numbers]]] = []
    for profile in numbers["profiles"]:
        arms = [
            arm
            for arm in numbers["arms"]
            if arm["name"] in profile["arms"] and arm["task"] == profile["task"]
        ]
        for title in dict.fromkeys(arm["panel"] for arm in arms):
            found.append((profile, title, [arm for arm in arms if arm["panel"] == title]))
    order = list(dict.fromkeys((arm["task"], arm["panel"]) for arm in numbers["arms"]))
    found.sort(key=lambda one: order.index((one[0]["task"], one[1])))  # area beside score, panel by panel
    figure, panels = make_panels(look, len(found), columns=2, height=2.6)
    for panel, (profile, title, arms) in zip(panels, found, strict=True):
        dress(panel, look, title=title, x=AREAS[profile["measure"]], y="share of runs above")
        for arm in arms:
            colour, dashes = look.series(series[arm["label"]])
            told, limits = profile["arms"][arm["name"]], profile["thresholds"]
            if len(arms) <= MANY:
                panel.fill_between(
                    limits, told["low"], told["high"], color=colour, alpha=0.14, linewidth=0, step="mid"
                )
            panel.step(
                limits,
                told["share"],
                where="mid",
                color=colour,
                linewidth=2,
                linestyle=dashes,
                label=shown(arm["label"], LONGEST_LABEL),
            )
        panel.set_ylim(-0.02, 1.02)
        beside = (
            {"bbox_to_anchor": (1.0, 1.03), "loc": "upper left"}
            if len(arms) > MANY
            else {"loc": "lower left"}
        )
        panel.legend(frameon=False, fontsize=8, labelcolor="linecolor", handlelength=1.2, **beside)
    return figure


def draw_critics(numbers: Numbers, look: Look) -> Any:
    """Returns the speed-up against explained variance, and against lambda where it varies."""
    treatment, control = (shown(label, LONGEST_LABEL) for label in critic_arms(numbers))
    known = [one for one in numbers["critics"] if is_known(one["speed_up"]) and one["explained"]]
    lambdas = {one["lam"] for one in known if one["lam"] is not None}
    figure, panels = make_panels(look, 2 if len(lambdas) > 1 else 1, columns=2, height=3.6)
    for panel, against in zip(panels, ("explained", "lam"), strict=False):
        x = f"variance that {control}'s critic explains" if against == "explained" else "λ"
        dress(panel, look, x=x, y=f"speed-up of {treatment} over {control}")
        panel.axhline(1.0, color=look.soft, linewidth=1.2)
        panel.set_yscale("log")
        for one in known:
            _draw_critic(panel, look, one, against)
        ends = [one["speed_up"][end] for one in known for end in ("low", "high")]
        low, high = min(0.85, 0.95 * min(ends)), max(1.5, 1.08 * max(ends))
        panel.set_ylim(low, high)
        mark_ratios(panel, low, high, axis="y")
        if against == "explained":
            panel.set_xlim(min(0.0, *(one["explained"]["low"] for one in known)) - 0.03, 1.05)
        else:
            panel.margins(x=0.12)
        _name_critics(panel, look, known, against)
    return figure


def _draw_critic(panel: Any, look: Look, one: Numbers, against: str) -> None:
    speed, colour = one["speed_up"], look.series(0)[0]
    x = _place(one, against)
    if x is None:
        return
    panel.plot([x, x], [speed["low"], speed["high"]], color=colour, linewidth=1.4, alpha=0.7)
    if against == "explained":
        wide = [one["explained"]["low"], one["explained"]["high"]]
        panel.plot(wide, [speed["value"]] * 2, color=colour, linewidth=1.4, alpha=0.7)
    marker = {"lower": "^", "upper": "v"}.get(speed["bound"] or "", "o")
    panel.plot(x, speed["value"], marker=marker, markersize=7, color=colour)


def _name_critics(panel: Any, look: Look, critics: Sequence[Numbers], against: str) -> None:
    """Writes the names of critics beside their points, at heights that keep them apart."""
    placed = [(_place(one, against), one) for one in critics]
    known = [(x, one) for x, one in placed if x is not None]
    low, high = (math.log(limit) for limit in panel.get_ylim())
    wanted = [(math.log(one["speed_up"]["value"]) - low) / (high - low) for _, one in known]
    beside = 0.03 * (panel.get_xlim()[1] - panel.get_xlim()[0])
    for (x, one), height in zip(known, spread_out(wanted, 0.065), strict=True):
        panel.annotate(
            shown(one["panel"], LONGEST_LABEL), (x, one["speed_up"]["value"]),
            xytext=(x + beside, math.exp(low + height * (high - low))),
            va="center", fontsize=8, color=look.soft,
            arrowprops={"arrowstyle": "-", "color": look.soft, "relpos": (0, 0.5), **LEADER},
        )  # fmt: skip


def _place(one: Numbers, against: str) -> float | None:
    return one["explained"]["value"] if against == "explained" else one["lam"]


def mark_ratios(panel: Any, low: float, high: float, axis: str = "x") -> None:
    """Puts plain numbers on a logarithmic axis."""
    from matplotlib.ticker import NullFormatter, NullLocator

    steps = [0.0625, 0.125, 0.25, 0.5, 0.75, 1, 1.25, 1.5, 2, 2.5, 3, 4, 6, 8, 12, 16, 24, 32]
    inside = [step for step in steps if low <= step <= high]
    if len(inside) > 8:
        inside = [step for step in inside if step in (0.0625, 0.125, 0.25, 0.5, 1, 1.5, 2, 3, 4, 8, 16, 32)]
    which = panel.xaxis if axis == "x" else panel.yaxis
    which.set_major_locator(_fixed(inside))
    which.set_minor_locator(NullLocator())
    which.set_minor_formatter(NullFormatter())
    which.set_major_formatter(_times)


def _times(value: float, position: int | None) -> str:
    del position
    return f"{value:g}×"


def _fixed(places: Sequence[float]) -> Any:
    from matplotlib.ticker import FixedLocator

    return FixedLocator(list(places))
