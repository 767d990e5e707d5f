"""Table on top of a page: means of what is known of the responses, by environment and group."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence

from rlsf_gym.render.html import number_cell, safe, wide_table
from rlsf_gym.render.sample import FACTS, Sample

__all__ = ["summary"]


def summary(samples: Sequence[Sample], least: float) -> str:
    """Returns the table as HTML: a row for each group, of each environment where there are several.

    Scores of different environments are of different things, and their mean is of none.

    Args:
        samples: Of the page.
        least: Smaller means are shown as 0.
    """
    known = [name for name in FACTS if any(name in sample.facts for sample in samples)]
    parts: defaultdict[tuple[str, str], list[Sample]] = defaultdict(list)
    for sample in samples:
        parts[sample.environment, sample.group].append(sample)
    has_places = len({place for place, _ in parts}) > 1
    names = ("responses", *(name if name == "solved" else f"mean {name}" for name in known))
    heads = [f'<th scope="col" class="number">{name}</th>' for name in names]
    places = ['<th scope="col">environment</th>'] if has_places else []
    heads = ["<td></td>", *places, *heads, '<th scope="col">reward design</th>']
    rows = (
        f'<tr><th scope="row">{safe(group) or "all"}</th>'
        f"{f'<td>{safe(place) or chr(0x2013)}</td>' if has_places else ''}"
        f"{_numbers(members, known, least)}</tr>"
        for (place, group), members in parts.items()
    )
    return wide_table("means by group", heads, rows, "summary")


def _numbers(members: Sequence[Sample], known: Sequence[str], least: float) -> str:
    means = (_mean(name, [one.facts[name] for one in members if name in one.facts], least) for name in known)
    designs = safe(", ".join(dict.fromkeys(sample.design for sample in members)))
    return f'<td class="number">{len(members)}</td>{"".join(means)}<td>{designs}</td>'


def _mean(name: str, values: Sequence[float], least: float) -> str:
    if not values:
        return '<td class="number">\u2013</td>'
    mean = sum(value / len(values) for value in values)  # the sum may be more than a float can hold
    return f'<td class="number">{mean:.1%}</td>' if name == "solved" else number_cell(mean, least=least)
