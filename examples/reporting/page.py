"""The page of a report: one HTML document without scripts, which holds its figures and fetches nothing."""

from __future__ import annotations

import re
import struct
from base64 import b64encode
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path

from reporting.escapes import LONGEST_TEXT, to_html
from reporting.look import Look, Picture
from reporting.section import Section
from reporting.tables import table_to_html
from rlsf_gym.render.colours import css_variables

_ASSETS = Path(__file__).parent / "assets"
NARROW = 700
"""Width of the window, in CSS pixels, up to which the narrow figures are shown."""
Images = Mapping[tuple[str, Look], bytes]
"""Name and look to PNG file."""


@dataclass(frozen=True)
class Head:
    """What stands above the sections."""

    title: str
    question: str
    answer: Sequence[str]
    state: str
    """How far an unfinished study is; empty for a finished one."""
    facts: Sequence[tuple[str, str]]
    """Number and what it counts."""


def page(head: Head, sections: Sequence[Section], methods: Sequence[tuple[str, str]], images: Images) -> str:
    """Returns the document.

    Args:
        head: What stands above.
        sections: In order.
        methods: Headings and paragraphs, the last section.
        images: Each figure of the sections in each look.
    """
    style = css_variables() + (_ASSETS / "page.css").read_text(encoding="utf-8")
    digest = b64encode(sha256(style.encode()).digest()).decode()
    policy = (
        f"default-src 'none'; style-src 'sha256-{digest}'; img-src data:; base-uri 'none'; form-action 'none'"
    )
    titles = [*(section.title for section in sections), "Methods"]
    return "\n".join(
        [
            '<!doctype html><html lang="en"><head><meta charset="utf-8">',
            f'<meta http-equiv="Content-Security-Policy" content="{policy}">',
            '<meta name="viewport" content="width=device-width, initial-scale=1">',
            '<meta name="referrer" content="no-referrer"><link rel="icon" href="data:,">',
            f"<title>{to_html(head.title)}</title><style>{style}</style></head><body>",
            _header(head),
            _contents(titles),
            "<main>",
            *(_section(section, images) for section in sections),
            _methods(methods),
            "</main></body></html>\n",
        ]
    )


def anchor(title: str) -> str:
    """Returns the id of a section.

    Example:
        >>> anchor("Divergence and the held-out judge")
        'divergence-and-the-held-out-judge'
    """
    return re.sub(r"[^a-z0-9]+", "-", title.lower()).strip("-") or "section"


def _header(head: Head) -> str:
    state = f'<p class="state" role="status">{to_html(head.state, LONGEST_TEXT)}</p>' if head.state else ""
    answers = "".join(f"<p>{_with_interval(text)}</p>" for text in head.answer)
    facts = "".join(
        f"<div><dd>{to_html(value)}</dd><dt>{to_html(name)}</dt></div>" for value, name in head.facts
    )
    question = to_html(head.question, LONGEST_TEXT)
    return (
        f'<header><h1>{to_html(head.title)}</h1><p class="question">{question}</p>{state}'
        + (f'<section class="answer" aria-label="The answer">{answers}</section>' if answers else "")
        + f'<dl class="facts">{facts}</dl></header>'
    )


def _contents(titles: Sequence[str]) -> str:
    links = "".join(f'<a href="#{anchor(title)}">{to_html(title)}</a>' for title in titles)
    return f'<nav aria-label="Contents">{links}</nav>'


def _section(section: Section, images: Images) -> str:
    figures = "".join(_figure(picture, images) for picture in section.figures)
    tables = "".join(map(table_to_html, section.tables))
    heading = f"<h2>{to_html(section.title)}</h2>"
    return f'<section id="{anchor(section.title)}">{heading}{section.html}{figures}{tables}</section>'


def _figure(picture: Picture, images: Images) -> str:
    """Returns a figure whose image follows the reader's colour scheme and the width of the window."""
    narrow, dark = f"(max-width: {NARROW}px)", "(prefers-color-scheme: dark)"
    variants = (
        (f"{narrow} and {dark}", Look(dark=True, narrow=True)),
        (narrow, Look(narrow=True)),
        (dark, Look(dark=True)),
    )
    pngs = [(media, images[picture.name, look]) for media, look in variants]
    sources = "".join(f'<source media="{media}" srcset="{_data(png)}"{_size(png)}>' for media, png in pngs)
    plain = images[picture.name, Look()]
    caption = _code(picture.caption)
    return (
        f'<figure class="picture"><picture>{sources}<img src="{_data(plain)}"{_size(plain)} '
        f'alt="{to_html(picture.caption.replace("`", ""), LONGEST_TEXT)}"></picture>'
        f"<figcaption>{caption}</figcaption></figure>"
    )


def _methods(paragraphs: Sequence[tuple[str, str]]) -> str:
    text = "".join(f"<p><b>{to_html(title)}.</b> {_code(body)}</p>" for title, body in paragraphs)
    return f'<section id="methods" class="methods"><h2>Methods</h2>{text}</section>'


def _with_interval(text: str) -> str:
    """Returns a sentence whose interval and p value stand back."""
    return re.sub(r"(\[[^\]]*\](?: \([^)]*\))?\.?)", r"<small>\1</small>", to_html(text, LONGEST_TEXT))


def _code(text: str) -> str:
    return re.sub(r"`([^`]*)`", r"<code>\1</code>", to_html(text, LONGEST_TEXT))


def _data(png: bytes) -> str:
    return f"data:image/png;base64,{b64encode(png).decode()}"


def _size(png: bytes) -> str:
    width, height = struct.unpack(">II", png[16:24])
    return f' width="{width}" height="{height}"'
