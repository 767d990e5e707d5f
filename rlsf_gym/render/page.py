"""Renders samples as one HTML page: no script, nothing from the network, every text escaped.

Written out here, as is the explorer's page: both come from the install without extras, which has no
templates.
"""

from __future__ import annotations

import math
from base64 import b64encode
from collections import defaultdict
from collections.abc import Iterable, Sequence
from hashlib import sha256
from html import escape
from importlib import resources

from rlsf_gym.render.colours import css_variables
from rlsf_gym.render.sample import FACTS, RecordView, Sample, TokenView
from rlsf_gym.render.standing import EVEN, Choice, Standing
from rlsf_gym.render.visible import show_controls

__all__ = ["html_page"]

_LEAD = (
    "Each token carries the reward it was paid: blue with a plus for gains, orange with a minus for losses, "
    "the prompt in grey. Point at a token, or reach it with the Tab key, to see why"
)
_LEAD_ON = ", and what other tokens would have earned in its place"
_LEVELS = 10  # shades on each side of zero
_VISIBLE = 5e-4  # smaller rewards show as 0


def html_page(samples: Sequence[Sample], *, title: str) -> str:
    """Returns an HTML page of samples, those of one prompt side by side under their groups.

    The colours mean the same reward everywhere on the page.

    Args:
        samples: Samples to show. Their groups, such as `"before"` and `"after"`, become columns in the order
            in which they appear.
        title: The page's title.

    Raises:
        ValueError: If a reward is not finite.
    """
    rewards = [token.reward for sample in samples for token in sample.tokens]
    if not all(map(math.isfinite, rewards)):
        raise ValueError(
            "samples must have finite rewards, got a NaN or infinite one: check the reward design"
        )
    scale = max(map(abs, rewards), default=0.0) or 1.0
    style = css_variables()
    style += (resources.files("rlsf_gym.render") / "page.css").read_text(encoding="utf-8")
    policy = f"default-src 'none'; style-src 'sha256-{b64encode(sha256(style.encode()).digest()).decode()}'"
    policy += "; base-uri 'none'; form-action 'none'"
    return "\n".join(
        [
            '<!doctype html><html lang="en"><head><meta charset="utf-8">',
            f'<meta http-equiv="Content-Security-Policy" content="{policy}">',
            '<meta name="viewport" content="width=device-width, initial-scale=1">',
            f"<title>{_safe(title)}</title><style>{style}</style></head><body>",
            f'<header><h1>{_safe(title)}</h1><p class="lead">{_lead(samples)}</p></header>',
            _key(scale),
            _summary(samples),
            *(_row(number, row, scale) for number, row in enumerate(_by_prompt(samples), start=1)),
            "</body></html>\n",
        ]
    )


def _lead(samples: Sequence[Sample]) -> str:
    knows_others = any(token.standing is not None for sample in samples for token in sample.tokens)
    return f"{_LEAD}{_LEAD_ON if knows_others else ''}."


def _by_prompt(samples: Sequence[Sample]) -> list[list[Sample]]:
    """Returns rows of samples of the same prompt, one of each group, in the order of appearance."""
    rows: dict[tuple[str, int], list[Sample]] = {}
    seen: defaultdict[tuple[str, str], int] = defaultdict(int)
    for sample in samples:
        place = seen[sample.prompt, sample.group]
        seen[sample.prompt, sample.group] += 1
        rows.setdefault((sample.prompt, place), []).append(sample)
    return list(rows.values())


def _key(scale: float) -> str:
    return (
        '<section class="key" aria-label="Legend"><span class="scale">'
        f'<span class="number loss">\u2212{scale:.2f}</span><span class="bar"></span>'
        f'<span class="number gain">+{scale:.2f}</span></span>'
        "<span>reward of a token, one scale for the whole page</span>"
        '<span><i class="for">word</i> / <i class="against">word</i> that speaks for / against</span>'
        "<span>\u21b5 new line</span><span>\u220e end of the response</span>"
        "<span>\u2039e2 98\u203a part of a character</span></section>"
    )


def _summary(samples: Sequence[Sample]) -> str:
    known = [name for name in FACTS if any(name in sample.facts for sample in samples)]
    groups: defaultdict[str, list[Sample]] = defaultdict(list)
    for sample in samples:
        groups[sample.group].append(sample)
    lines = [
        f'<tr><th scope="row">{_safe(group) or "all"}</th><td class="number">{len(members)}</td>'
        + "".join(_mean([sample.facts[name] for sample in members if name in sample.facts]) for name in known)
        + f"<td>{_safe(', '.join(dict.fromkeys(sample.design for sample in members)))}</td></tr>"
        for group, members in groups.items()
    ]
    heads = ("", "responses", *(f"mean {name}" for name in known))
    head = "".join(f'<th scope="col" class="number">{name}</th>' for name in heads)
    return (
        f'<table class="summary"><thead><tr>{head}<th scope="col">reward design</th></tr></thead>'
        f"<tbody>{''.join(lines)}</tbody></table>"
    )


def _mean(values: Sequence[float]) -> str:
    return _cell(sum(values) / len(values)) if values else '<td class="number">\u2013</td>'


def _row(number: int, samples: Sequence[Sample], scale: float) -> str:
    columns = "".join(_column(sample, scale) for sample in samples)
    return (
        f'<section class="row"><h2><small>prompt {number}</small>{_safe(samples[0].prompt)}</h2>'
        f'<div class="columns">{columns}</div></section>'
    )


def _column(sample: Sample, scale: float) -> str:
    heading = f"<b>{_safe(sample.group)}</b>" if sample.group else ""
    facts = "".join(
        f'<span>{name} <span class="number {_side(value)}">{_signed(value)}</span></span>'
        for name, value in sample.facts.items()
    )
    tokens = "".join(_token(token, scale) for token in sample.tokens)
    return (
        f'<article class="sample"><h3>{heading}{facts}</h3>'
        f'<div class="text"><span class="prompt">{_safe(sample.prompt)}</span>{tokens}</div>'
        f"{_course(sample)}{_evidence(sample.records)}</article>"
    )


def _token(token: TokenView, scale: float) -> str:
    label = _signed(token.reward, 2) if abs(token.reward) >= _VISIBLE else ""
    level = math.ceil(_LEVELS * min(1.0, abs(token.reward) / scale)) if label else 0
    kind = f"token {'plus' if token.reward > 0 else 'minus'} s{level}" if level else "token"
    kind += f" {'for' if token.evidence > 0 else 'against'}" if token.evidence else ""
    others = [] if token.standing is None else _standing(token.standing)
    reasons = "".join(f"\n{line}" for line in [*others, *map(_reason, token.records)])
    tip = (
        f"<b>\u201c{_safe(token.text)}\u201d</b> reward <b>{_signed(token.reward)}</b>, "
        f"running total <b>{_signed(token.total)}</b>{reasons}"
    )
    return (
        f'<span class="{kind}" data-reward="{label}" tabindex="0"><i>{_safe(token.text)}</i>'
        f'<span class="tip" role="tooltip">{tip}</span></span>'
    )


def _standing(standing: Standing) -> list[str]:
    """Returns the lines that say what other tokens would have earned, and the rank among them."""
    if standing.is_even:
        return [EVEN]
    lowest = [_choices("worst", standing.worst), standing.place]
    return list(filter(None, [_choices("best here", standing.best), "; ".join(filter(None, lowest))]))


def _choices(name: str, choices: Sequence[Choice]) -> str:
    told = [
        f'<span class="choice">\u201c{_safe(one.text)}\u201d <b>{_signed(one.reward)}</b></span>'
        for one in choices
    ]
    return f"{name} {', '.join(told)}" if told else ""


def _reason(record: RecordView) -> str:
    cause = f" by \u201c{_safe(record.trigger)}\u201d" if record.trigger != record.word else ""
    return (
        f"{_safe(record.word)}: {_safe(record.rule)} {_signed(record.amount)}{cause}, {_safe(record.status)}"
    )


def _course(sample: Sample) -> str:
    """Returns the running total of the rewards as an SVG step line."""
    totals = [0.0, *(token.total for token in sample.tokens)]
    low, high = min(totals), max(totals)
    height = (high - low) or 1.0
    steps: list[str] = [f"M0 {_level(totals[0], low, height)}"]
    for place, total in enumerate(totals[1:]):
        steps.append(f"V{_level(total, low, height)}H{place + 1}")
    zero = _level(0.0, low, height)
    return (
        '<div class="course"><span>running total</span>'
        f'<svg viewBox="0 0 {max(1, len(sample.tokens))} 1" preserveAspectRatio="none" role="img" '
        f'aria-label="running total of the rewards, from 0 to {_signed(sample.total)}">'
        f'<path class="zero" d="M0 {zero}H{max(1, len(sample.tokens))}" vector-effect="non-scaling-stroke"/>'
        f'<path class="path" d="{"".join(steps)}" vector-effect="non-scaling-stroke"/></svg>'
        f'<span class="number {_side(sample.total)}">{_signed(sample.total)}</span></div>'
    )


def _level(value: float, low: float, height: float) -> str:
    return f"{1 - (value - low) / height:.4f}"


def _evidence(records: Iterable[RecordView]) -> str:
    rows = "".join(
        f'<tr class="{_safe(record.status)}"><td>{_safe(record.word)}</td><td>{_safe(record.rule)}</td>'
        f"{_cell(record.amount)}<td>{_safe(record.trigger)}</td><td>{_safe(record.status)}</td></tr>"
        for record in records
    )
    if not rows:
        return ""
    heads = "".join(
        f'<th scope="col">{name}</th>' for name in ("word", "rule", "amount", "trigger", "status")
    )
    return (
        f"<details><summary>certificate</summary><table><thead><tr>{heads}</tr></thead>"
        f"<tbody>{rows}</tbody></table></details>"
    )


def _cell(value: float) -> str:
    return f'<td class="number {_side(value)}">{_signed(value)}</td>'


def _side(value: float) -> str:
    if abs(value) < _VISIBLE:
        return "none"
    return "gain" if value > 0 else "loss"


def _signed(value: float, digits: int = 3) -> str:
    """Returns a number with its sign: a true minus sign, and no sign for zero."""
    text = f"{abs(value):.{digits}f}"
    if not float(text):
        return f"{value:+.1e}".replace("-", "\u2212", 1) if abs(value) >= _VISIBLE else text
    return ("+" if value > 0 else "\u2212") + text


def _safe(text: str) -> str:
    """Returns text escaped for HTML, with control characters made visible."""
    return escape(show_controls(text), quote=True)
