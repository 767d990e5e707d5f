"""Mends in the pages what readers with a screen reader or a keyboard would stumble over."""

from __future__ import annotations

from typing import Any

from docutils import nodes
from sphinx.application import Sphinx

CAPTION = 'class="caption" role="heading"'


def with_levels(html: str) -> str:
    """Returns HTML whose captions of tables of contents, which are headings, say of which level.

    Example:
        >>> with_levels('<p class="caption" role="heading">Start</p>')
        '<p class="caption" role="heading" aria-level="2">Start</p>'
    """
    return html.replace(f"{CAPTION}>", f'{CAPTION} aria-level="2">')


def mend(
    app: Sphinx, name: str, template: str, context: dict[str, Any], doctree: nodes.document | None
) -> None:
    """Mends the text and the navigation of a page."""
    for part in ("body", "furo_navigation_tree"):
        if part in context:
            context[part] = with_levels(context[part])


def setup(app: Sphinx) -> None:
    """Has Sphinx run it when the theme has made the navigation."""
    app.connect("html-page-context", mend, priority=900)
