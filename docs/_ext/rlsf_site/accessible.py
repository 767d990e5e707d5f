"""Mends in the pages what readers with a screen reader or a keyboard would stumble over."""

from __future__ import annotations

import re
from typing import Any

from docutils import nodes
from sphinx.application import Sphinx

CAPTION = 'class="caption" role="heading"'
PARAMETERS = re.compile(r'<dl>\n((?:<dd><em class="sig-param">.*</dd>\n)+)</dl>')
"""Parameters of a long signature, as Sphinx writes them: definitions of no term."""


def with_levels(html: str) -> str:
    """Returns HTML whose captions of tables of contents, which are headings, say of which level.

    Example:
        >>> with_levels('<p class="caption" role="heading">Start</p>')
        '<p class="caption" role="heading" aria-level="2">Start</p>'
    """
    return html.replace(f"{CAPTION}>", f'{CAPTION} aria-level="2">')


def with_lists(html: str) -> str:
    r"""Returns HTML whose signatures of several lines are lists.

    Example:
        >>> with_lists('<dl>\n<dd><em class="sig-param">x</em>,</dd>\n</dl>')
        '<ul class="parameters">\n<li><em class="sig-param">x</em>,</li>\n</ul>'
    """

    def rewrite(found: re.Match[str]) -> str:
        items = found[1].replace("<dd>", "<li>").replace("</dd>", "</li>")
        return f'<ul class="parameters">\n{items}</ul>'

    return PARAMETERS.sub(rewrite, html)


def mend(
    app: Sphinx, name: str, template: str, context: dict[str, Any], doctree: nodes.document | None
) -> None:
    """Mends the text and the navigation of a page."""
    for part in ("body", "furo_navigation_tree"):
        if part in context:
            context[part] = with_lists(with_levels(context[part]))


def setup(app: Sphinx) -> None:
    """Has Sphinx run it when the theme has made the navigation."""
    app.connect("html-page-context", mend, priority=900)
