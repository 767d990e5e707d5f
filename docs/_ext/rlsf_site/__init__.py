"""Sphinx extension of this project's site: what of its pages is made, and what is done to all of them."""

from __future__ import annotations

from typing import Any

from sphinx.application import Sphinx

from rlsf_site import (
    accessible,
    api_links,
    comments,
    docstring_markup,
    empty_folders,
    light_trees,
    llms,
    made_pages,
    mathml,
    page_copies,
    repository_links,
    signatures,
)

PARTS = (
    accessible,
    api_links,
    comments,
    docstring_markup,
    empty_folders,
    light_trees,
    made_pages,
    mathml,
    repository_links,
    page_copies,
    llms,
    signatures,
)


def setup(app: Sphinx) -> dict[str, Any]:
    """Registers the parts of the site with Sphinx."""
    for part in PARTS:
        part.setup(app)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
