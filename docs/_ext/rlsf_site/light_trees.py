"""Parsed pages let go of what their parts were parsed with, which would be stored with each of them."""

from __future__ import annotations

from docutils import nodes
from sphinx.application import Sphinx


def let_go(app: Sphinx, doctree: nodes.document) -> None:
    """Has all nodes belong to the page: those of `eval-rst` hold a document with the state of the build."""
    for node in doctree.findall():
        node.document = doctree


def setup(app: Sphinx) -> None:
    """Has Sphinx run it when a page is read."""
    app.connect("doctree-read", let_go, priority=900)
