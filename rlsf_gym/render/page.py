"""Renders samples as one HTML page: no script, nothing from the network, every text escaped.

Written out here, as is the explorer's page: both come from the install without extras, which has no
templates.
"""

from __future__ import annotations

import math
from base64 import b64encode
from collections import defaultdict
from collections.abc import Sequence
from hashlib import sha256
from html import escape
from importlib import resources

from rlsf_gym.render.colours import css_variables
from rlsf_gym.render.course import step_line
from rlsf_gym.render.sample import FACTS, RecordView, Sample, TokenView
from rlsf_gym.render.standing import EVEN, Choice, Standing
from rlsf_gym.render.verdict import show_value
from rlsf_gym.render.visible import show_controls

__all__ = ["html_page"]

_LEAD = (
    "Each token carries the reward it was paid: blue with a plus for gains, orange with a minus for losses, "
    "the prompt in grey. Point at a token, or reach it with the Tab key, to see why"
)
_LEAD_ON = ", and what other tokens would have earned in its place"
_VERDICTS = (
    '<span><i class="fatal">lost</i> token that lost the answer</span>'
    '<span><i class="core">shared</i> shares the blame</span>'
    '<span><i class="gone">gone</i> nothing right begins so any more</span>'
)
_SHARES = "shares the blame"
_SOLVED = ('<b class="loss">\u2717 not solved</b>', '<b class="gain">\u2713 solved</b>')
_LEVELS = 10  # shades on each side of zero
_ROUNDING = 1e-5  # of rewards in single precision, added up
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
            _key(scale, samples),
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


def _key(scale: float, samples: Sequence[Sample]) -> str:
    verdicts = [sample.verdict is not None for sample in samples]
    speaks = '<span><i class="for">word</i> / <i class="against">word</i> that speaks for / against</span>'
    return (
        '<section class="key" aria-label="Legend"><span class="scale">'
        f'<span class="number loss">\u2212{scale:.2f}</span><span class="bar"></span>'
        f'<span class="number gain">+{scale:.2f}</span></span>'
        "<span>reward of a token, one scale for the whole page</span>"
        f"{'' if verdicts and all(verdicts) else speaks}{_VERDICTS if any(verdicts) else ''}"
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
        + "".join(
            _mean(name, [sample.facts[name] for sample in members if name in sample.facts]) for name in known
        )
        + f"<td>{_safe(', '.join(dict.fromkeys(sample.design for sample in members)))}</td></tr>"
        for group, members in groups.items()
    ]
    heads = ("", "responses", *(name if name == "solved" else f"mean {name}" for name in known))
    head = "".join(f'<th scope="col" class="number">{name}</th>' for name in heads)
    return (
        f'<table class="summary"><thead><tr>{head}<th scope="col">reward design</th></tr></thead>'
        f"<tbody>{''.join(lines)}</tbody></table>"
    )


def _mean(name: str, values: Sequence[float]) -> str:
    if not values:
        return '<td class="number">\u2013</td>'
    mean = sum(values) / len(values)
    return f'<td class="number">{mean:.1%}</td>' if name == "solved" else _cell(mean)


def _row(number: int, samples: Sequence[Sample], scale: float) -> str:
    columns = "".join(_column(sample, scale) for sample in samples)
    return (
        f'<section class="row"><h2><small>prompt {number}</small>{_safe(samples[0].prompt)}</h2>'
        f'<div class="columns">{columns}</div></section>'
    )


def _column(sample: Sample, scale: float) -> str:
    heading = f"<b>{_safe(sample.group)}</b>" if sample.group else ""
    facts = "".join(
        _SOLVED[bool(value)]
        if name == "solved"
        else f'<span>{name} <span class="number {_side(value)}">{_signed(value)}</span></span>'
        for name, value in sample.facts.items()
    )
    tokens = "".join(_token(token, sample, scale) for token in sample.tokens)
    return (
        f'<article class="sample"><h3>{heading}{facts}</h3>'
        f'<div class="text"><span class="prompt">{_safe(sample.prompt)}</span>{tokens}</div>'
        f"{_proof(sample)}{_values(sample)}{_course(sample)}{_evidence(sample)}</article>"
    )


def _token(token: TokenView, sample: Sample, scale: float) -> str:
    label = _signed(token.reward, 2) if abs(token.reward) >= _VISIBLE else ""
    level = math.ceil(_LEVELS * min(1.0, abs(token.reward) / scale)) if label else 0
    kind = f"token {'plus' if token.reward > 0 else 'minus'} s{level}" if level else "token"
    kind += f" {'for' if token.evidence > 0 else 'against'}" if token.evidence else ""
    kind += f" {token.mark or 'gone'}" if token.mark or _is_gone(token) else ""
    others = [] if token.standing is None else _standing(token.standing)
    lines = [*_alive(token, sample), *others, *map(_reason, token.records)]
    reasons = "".join(f"\n{line}" for line in lines)
    value = "" if token.value is None else f", value <b>{show_value(token.value)}</b>"
    tip = (
        f"<b>\u201c{_safe(token.text)}\u201d</b> reward <b>{_signed(token.reward)}</b>, "
        f"running total <b>{_signed(token.total)}</b>{value}{reasons}"
    )
    return (
        f'<span class="{kind}" data-reward="{label}" tabindex="0"><i>{_safe(token.text)}</i>'
        f'<span class="tip" role="tooltip">{tip}</span></span>'
    )


def _is_gone(token: TokenView) -> bool:
    """Returns whether it is known that no right answer begins with what is written up to a token."""
    return token.value is not None and token.completion is None


def _alive(token: TokenView, sample: Sample) -> list[str]:
    """Returns lines that say whether a right answer is still possible, and the part of the token in it."""
    if sample.verdict is None:
        return []
    if token.completion:
        first = f"still possible: goes on with <b>{_safe(token.completion)}</b>"
    else:
        first = "no right answer begins so" if token.completion is None else "a right answer as it stands"
    because = _safe(sample.verdict.because)
    return [first, *filter(None, [{"fatal": because, "end": because, "core": _SHARES}.get(token.mark)])]


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


def _proof(sample: Sample) -> str:
    """Returns why an answer is not right, and what would be."""
    told = sample.verdict
    if told is None:
        return ""
    why = f'<b class="loss">{_safe(told.heading)}:</b> {_safe(told.because)}' if told.because else ""
    rest = f'{told.remedy} <span class="witness">{_safe(told.kept)}<b>{_safe(told.rest)}</b></span>'
    return "".join(f'<p class="proof">{line}</p>' for line in (why, rest if told.rest else "") if line)


def _values(sample: Sample) -> str:
    """Returns the value after each token as an SVG step line, what is lost shaded."""
    if sample.prompt_value is None:
        return ""
    values = [sample.prompt_value, *(token.value or 0.0 for token in sample.tokens)]
    alive = sum(not _is_gone(token) for token in sample.tokens)
    lost = len(sample.tokens) - alive
    shade = f'<rect class="lost" x="{alive}" y="0" width="{lost}" height="1"/>' if lost else ""
    label = f"value, from {show_value(values[0])} to {show_value(values[-1])}"
    return (
        step_line("value", label, values, (0.0, 1.0), shade) + f"<span>{show_value(values[-1])}</span></div>"
    )


def _course(sample: Sample) -> str:
    """Returns the running total of the rewards as an SVG step line, unless the values' is the same."""
    totals = [0.0, *(token.total for token in sample.tokens)]
    if _are_changes(totals[1:], sample):
        return ""
    low, high = min(totals), max(totals)
    label = f"running total of the rewards, from 0 to {_signed(sample.total)}"
    return (
        step_line("running total", label, totals, (low, (high - low) or 1.0), "")
        + f'<span class="number {_side(sample.total)}">{_signed(sample.total)}</span></div>'
    )


def _are_changes(totals: Sequence[float], sample: Sample) -> bool:
    """Returns whether the running totals are the changes of the value since the prompt."""
    before = sample.prompt_value
    values = [token.value for token in sample.tokens if token.value is not None]
    if before is None or len(values) < len(totals):
        return False
    rows = zip(totals, values, strict=True)
    return all(math.isclose(total, value - before, abs_tol=_ROUNDING) for total, value in rows)


def _evidence(sample: Sample) -> str:
    rows = "".join(
        f'<tr class="{_safe(record.status)}"><td>{_safe(record.word)}</td><td>{_safe(record.rule)}</td>'
        f"{_cell(record.amount)}<td>{_safe(record.trigger)}</td><td>{_safe(record.status)}</td></tr>"
        for record in sample.records
    )
    if not rows:
        return ""
    unit = "word" if sample.verdict is None else "text"
    heads = "".join(f'<th scope="col">{name}</th>' for name in (unit, "rule", "amount", "trigger", "status"))
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
