"""Sphinx extension of this project's site: what of its pages is made, and what is done to all of them."""

from __future__ import annotations

from typing import Any

from sphinx.application import Sphinx

from rlsf_site import comments, empty_folders, repository_links


def setup(app: Sphinx) -> dict[str, Any]:
    """Registers the parts of the site with Sphinx."""
    for part in (comments, empty_folders, repository_links):
        part.setup(app)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
