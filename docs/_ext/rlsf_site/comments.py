"""Comments of the sources, which mark numbers for the tests, stay out of the built pages."""

from __future__ import annotations

import re

from docutils import nodes
from sphinx.application import Sphinx
from sphinx.transforms import SphinxTransform

COMMENT = re.compile(r"<!--.*?-->", flags=re.S)


def without_comments(text: str) -> str:
    """Returns HTML or Markdown without its comments.

    Example:
        >>> without_comments("8.6<!-- effect :: 1 --> times")
        '8.6 times'
    """
    return COMMENT.sub("", text)


class DropComments(SphinxTransform):
    """Takes the comments out of the raw HTML that Markdown lets through."""

    default_priority = 400

    def apply(self, **kwargs: object) -> None:
        """Rewrites the raw nodes of a document, and removes those that held nothing else."""
        for node in list(self.document.findall(nodes.raw)):
            kept = without_comments(node.astext())
            if kept.strip():
                node.children[:] = [nodes.Text(kept)]
            else:
                node.parent.remove(node)


def setup(app: Sphinx) -> None:
    """Has Sphinx run it over each document."""
    app.add_transform(DropComments)
