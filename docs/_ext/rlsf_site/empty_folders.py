"""A folder of pages that holds none yet is no reason to fail the build."""

from __future__ import annotations

import logging

from sphinx.application import Sphinx

TOCTREES = "sphinx.sphinx.directives.other"
"""Logger of the directive; its warning has no type, so that `suppress_warnings` can't name it."""


def is_worth_a_warning(record: logging.LogRecord) -> bool:
    """Whether a message of toctrees is about anything but a pattern without a page."""
    return getattr(record, "subtype", None) != "empty_glob"


def setup(app: Sphinx) -> None:
    """Has toctrees say nothing of patterns without a page."""
    logging.getLogger(TOCTREES).addFilter(is_worth_a_warning)
