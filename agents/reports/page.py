"""The page of a report: one HTML document without scripts, which holds its figures and fetches nothing.

What it looks like is in assets/*.html, templates of jinja2, and assets/page.css; this file gives them their
data. The templates escape whatever is put into them; the filter `shown` also shows what would act, and cuts
what is too long.
"""

from __future__ import annotations

import re
import struct
from base64 import b64encode
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from hashlib import sha256
from pathlib import Path
from typing import Any

from agents.extras import import_extra
from agents.reports.colours import css_variables
from agents.reports.escapes import LONGEST_NAME, LONGEST_TEXT, to_html
from agents.reports.look import Look, Picture
from agents.reports.section import Section

_ASSETS = Path(__file__).parent / "assets"
NARROW = 700
"""Width of the window, in CSS pixels, up to which the narrow figures are shown."""
Images = Mapping[tuple[str, Look], bytes]
"""Name and look to PNG file."""


@dataclass(frozen=True)
class Head:
    """Head of the page: title, question, answer and facts."""

    title: str
    question: str
    answer: Sequence[str]
    state: str
    """Progress of an unfinished study; empty for a finished one."""
    facts: Sequence[tuple[str, str]]
    """Number and what it counts."""


def page(head: Head, sections: Sequence[Section], methods: Sequence[tuple[str, str]], images: Images) -> str:
    """Returns the document.

    Args:
        head: What stands above.
        sections: In order.
        methods: Headings and paragraphs, the last section.
        images: Each figure of the sections in each look.

    Raises:
        ImportError: If jinja2 is not installed; the message says what to install.
    """
    style = css_variables() + (_ASSETS / "page.css").read_text(encoding="utf-8")
    digest = b64encode(sha256(style.encode()).digest()).decode()
    return render(
        "page.html",
        head=head,
        sections=[_section(section, images) for section in sections],
        methods=methods,
        style=style,
        policy=f"default-src 'none'; style-src 'sha256-{digest}'; img-src data:; base-uri 'none'; "
        "form-action 'none'",
    )


def render(template: str, **data: Any) -> str:
    """Returns a template of assets/ rendered with data; all text that is not marked as safe is escaped.

    Raises:
        ImportError: If jinja2 is not installed; the message says what to install.
    """
    return _environment().get_template(template).render(longest=LONGEST_TEXT, **data)


def anchor(title: str) -> str:
    """Returns the id of a section.

    Example:
        >>> anchor("Divergence and the held-out judge")
        'divergence-and-the-held-out-judge'
    """
    return re.sub(r"[^a-z0-9]+", "-", title.lower()).strip("-") or "section"


class _Html(str):
    """HTML: templates put it in as it is."""

    def __html__(self) -> str:
        return self


@cache
def _environment() -> Any:
    jinja2 = import_extra("jinja2", "the page of a report needs", package="jinja2", extra="report")
    found = jinja2.Environment(
        loader=jinja2.FileSystemLoader(_ASSETS, encoding="utf-8"),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        keep_trailing_newline=True,
    )
    found.filters |= {
        "anchor": anchor,
        "shown": _shown,
        "marked": _code,
        "small_brackets": _small_brackets,
        "small_interval": _small_interval,
    }
    return found


def _section(section: Section, images: Images) -> dict[str, Any]:
    return {
        "title": section.title,
        "html": section.html,
        "tables": section.tables,
        "figures": [_figure(picture, images) for picture in section.figures],
    }


def _figure(picture: Picture, images: Images) -> dict[str, Any]:
    """Returns a figure whose image follows the width of the window and, on screens, the colour scheme."""
    narrow, dark = f"(max-width: {NARROW}px)", "screen and (prefers-color-scheme: dark)"
    variants = (
        (f"{dark} and {narrow}", Look(dark=True, narrow=True)),
        (narrow, Look(narrow=True)),
        (dark, Look(dark=True)),
    )
    return {
        "caption": picture.caption,
        "plain": _image(images[picture.name, Look()]),
        "variants": [{"media": media, **_image(images[picture.name, look])} for media, look in variants],
    }


def _image(png: bytes) -> dict[str, Any]:
    width, height = struct.unpack(">II", png[16:24])
    data = f"data:image/png;base64,{b64encode(png).decode()}"
    return {"data": data, "width": width, "height": height}


def _shown(text: object, most: int = LONGEST_NAME) -> _Html:
    return _Html(to_html(text, most))


def _small_brackets(text: str) -> _Html:
    """Returns a sentence whose interval and p value stand back."""
    brackets = r"(\[[^\]]*\](?: \([^)]*\))?\.?)"
    return _Html(re.sub(brackets, r"<small>\1</small>", to_html(text, LONGEST_TEXT)))


def _small_interval(cell: str) -> _Html:
    """Returns a cell whose interval is smaller than its number."""
    value, bracket, rest = to_html(cell).partition(" [")
    return _Html(f"{value} <small>[{rest}</small>" if bracket else value)


def _code(text: str) -> _Html:
    return _Html(re.sub(r"`([^`]*)`", r"<code>\1</code>", to_html(text, LONGEST_TEXT)))
