"""Renders samples as one HTML page: no script, nothing from the network, every text escaped.

Written out here, as is the explorer's page: both come from the install without extras, which has no
templates.
"""

from __future__ import annotations

import math
from base64 import b64encode
from collections import defaultdict
from collections.abc import Iterator, Sequence
from hashlib import sha256
from importlib import resources

from rlsf_gym.render.colours import css_variables
from rlsf_gym.render.html import safe, side_of, signed
from rlsf_gym.render.numbers import least_of
from rlsf_gym.render.panels import is_gone, panels
from rlsf_gym.render.sample import RecordView, Sample, TokenView
from rlsf_gym.render.standing import EVEN, Choice, Standing
from rlsf_gym.render.summary import summary
from rlsf_gym.render.verdict import show_value

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
_BOARDS = (
    '<span><i class="clash">given</i> contradicts it</span>'
    '<span><small class="right">right</small> what would be right there</span>'
)
_SOLVED = ('<b class="loss">\u2717 not solved</b>', '<b class="gain">\u2713 solved</b>')
_LEVELS = 10  # shades on each side of zero


def html_page(samples: Sequence[Sample], *, title: str, total: int | None = None) -> str:
    """Returns an HTML page of samples, those of one prompt side by side under their groups.

    The colours mean the same reward everywhere on the page.

    Args:
        samples: Samples to show. Their groups, such as `"before"` and `"after"`, become columns in the order
            in which they appear.
        title: The page's title.
        total: Number of responses of which these are the first, which the page says; None: they are all.

    Raises:
        ValueError: If a reward, or a running total of rewards, is not finite.
    """
    rewards = [token.reward for sample in samples for token in sample.tokens]
    totals = (token.total for sample in samples for token in sample.tokens)
    if not all(map(math.isfinite, [*rewards, *totals])):
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
            f"<title>{safe(title)}</title><style>{style}</style></head><body>",
            f'<header><h1>{safe(title)}</h1><p class="lead">{_lead(samples, total)}</p></header>',
            f"<main>{_key(scale, samples)}",
            summary(samples, least_of(scale)),
            *_rows(_by_prompt(samples), scale, with_place=len(_places(samples)) > 1),
            "</main></body></html>\n",
        ]
    )


def _lead(samples: Sequence[Sample], total: int | None) -> str:
    knows_others = any(token.standing is not None for sample in samples for token in sample.tokens)
    is_part = total is not None and total > len(samples)
    part = f" The page has the first {len(samples):,} of {total:,} responses." if is_part else ""
    return f"{_LEAD}{_LEAD_ON if knows_others else ''}.{part}"


def _by_prompt(samples: Sequence[Sample]) -> list[list[Sample]]:
    """Returns rows of samples of the same prompt, one of each group, in the order of appearance."""
    rows: dict[tuple[str, str, int], list[Sample]] = {}
    seen: defaultdict[tuple[str, str, str], int] = defaultdict(int)
    for sample in samples:
        prompt = sample.environment, sample.prompt
        place = seen[*prompt, sample.group]
        seen[*prompt, sample.group] += 1
        rows.setdefault((*prompt, place), []).append(sample)
    return list(rows.values())


def _places(samples: Sequence[Sample]) -> set[str]:
    """Returns the environments that the samples come from; an empty text: unknown."""
    return {sample.environment for sample in samples}


def _key(scale: float, samples: Sequence[Sample]) -> str:
    verdicts = [sample.verdict is not None for sample in samples]
    speaks = '<span><i class="for">word</i> / <i class="against">word</i> that speaks for / against</span>'
    return (
        '<section class="key" aria-label="Legend"><span class="scale">'
        f'<span class="number loss">{signed(-scale, 2, least=0.0)}</span><span class="bar"></span>'
        f'<span class="number gain">{signed(scale, 2, least=0.0)}</span></span>'
        "<span>reward of a token, one scale for the whole page</span>"
        f"{'' if verdicts and all(verdicts) else speaks}{_VERDICTS if any(verdicts) else ''}"
        f"{_BOARDS if any(sample.board is not None for sample in samples) else ''}"
        "<span>\u21b5 new line</span><span>\u220e end of the response</span>"
        "<span>\u2039e2 98\u203a part of a character</span></section>"
    )


def _rows(rows: Sequence[Sequence[Sample]], scale: float, *, with_place: bool) -> Iterator[str]:
    """Yields the rows, each with a link over its tokens, which the keyboard alone would go through."""
    for number, row in enumerate(rows, start=1):
        following = number + 1
        link = f'<a class="skip" href="#prompt-{following}">skip to prompt {following}</a>'
        place = f", {safe(row[0].environment)}" if with_place and row[0].environment else ""
        yield _row(f"prompt {number}{place}", number, row, scale, "" if number == len(rows) else link)


def _row(name: str, number: int, samples: Sequence[Sample], scale: float, skip: str) -> str:
    columns = "".join(_column(sample, scale) for sample in samples)
    return (
        f'<section class="row">{skip}'
        f'<h2 id="prompt-{number}"><small>{name}</small>{safe(samples[0].prompt)}</h2>'
        f'<div class="columns">{columns}</div></section>'
    )


def _column(sample: Sample, scale: float) -> str:
    least = least_of(scale)
    heading = f"<b>{safe(sample.group)}</b>" if sample.group else ""
    facts = "".join(
        _SOLVED[bool(value)]
        if name == "solved"
        else f'<span>{name} <span class="number {side_of(value, least=least)}">'
        f"{signed(value, least=least)}</span></span>"
        for name, value in sample.facts.items()
    )
    tokens = "".join(_token(token, sample, scale) for token in sample.tokens)
    return (
        f'<article class="sample"><h3>{heading}{facts}</h3>'
        f'<div class="text"><span class="prompt">{safe(sample.prompt)}</span>{tokens}</div>'
        f"{panels(sample, least=least)}</article>"
    )


def _token(token: TokenView, sample: Sample, scale: float) -> str:
    least = least_of(scale)
    label = signed(token.reward, 2, least=least) if abs(token.reward) >= least else ""
    level = math.ceil(_LEVELS * min(1.0, abs(token.reward) / scale)) if label else 0
    kind = f"token {'plus' if token.reward > 0 else 'minus'} s{level}" if level else "token"
    kind += f" {'for' if token.evidence > 0 else 'against'}" if token.evidence else ""
    kind += f" {token.mark or 'gone'}" if token.mark or is_gone(token) else ""
    others = [] if token.standing is None else _standing(token.standing)
    lines = [*_alive(token, sample), *others, *map(_reason, token.records)]
    reasons = "".join(f"\n{line}" for line in lines)
    value = "" if token.value is None else f", value <b>{show_value(token.value)}</b>"
    tip = (
        f"<b>\u201c{safe(token.text)}\u201d</b> reward <b>{signed(token.reward, least=least)}</b>, "
        f"running total <b>{signed(token.total, least=least)}</b>{value}{reasons}"
    )
    return (
        f'<span class="{kind}" data-reward="{label}" tabindex="0"><i>{safe(token.text)}</i>'
        f'<span class="tip" role="tooltip">{tip}</span></span>'
    )


def _alive(token: TokenView, sample: Sample) -> list[str]:
    """Returns lines that say whether a right answer is still possible, and the part of the token in it."""
    if sample.verdict is None:
        return []
    if token.completion:
        first = f"still possible: goes on with <b>{safe(token.completion)}</b>"
    else:
        first = "no right answer begins so" if token.completion is None else "a right answer as it stands"
    told = sample.verdict
    because = safe(told.because)
    instead = f"{told.remedy} <b>{safe(told.rest)}</b>" if told.rest else ""
    shares = f"shares the blame: {because}" if because else "shares the blame"
    lines = {"fatal": [because, instead], "end": [because], "core": [shares]}.get(token.mark, [])
    return [first, *filter(None, lines)]


def _standing(standing: Standing) -> list[str]:
    """Returns the lines that say what other tokens would have earned, and the rank among them."""
    if standing.is_even:
        return [EVEN]
    lowest = [_choices("worst", standing.worst), standing.place]
    return list(filter(None, [_choices("best here", standing.best), "; ".join(filter(None, lowest))]))


def _choices(name: str, choices: Sequence[Choice]) -> str:
    told = [
        f'<span class="choice">\u201c{safe(one.text)}\u201d <b>{signed(one.reward)}</b></span>'
        for one in choices
    ]
    return f"{name} {', '.join(told)}" if told else ""


def _reason(record: RecordView) -> str:
    cause = f" by \u201c{safe(record.trigger)}\u201d" if record.trigger != record.word else ""
    return f"{safe(record.word)}: {safe(record.rule)} {signed(record.amount)}{cause}, {safe(record.status)}"
