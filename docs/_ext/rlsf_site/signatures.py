"""Signatures with defaults that are no Python, such as those of dataclasses, can be read all the same."""

from __future__ import annotations

import re

from sphinx.application import Sphinx

PLACEHOLDER = re.compile(r"= <[^<>]*>")


def with_dots(signature: str) -> str:
    """Returns a signature in which dots stand for what can't be written as Python.

    Example:
        >>> with_dots("(names: Mapping[str, Any] = <factory>, first: int = 1)")
        '(names: Mapping[str, Any] = ..., first: int = 1)'
    """
    return PLACEHOLDER.sub("= ...", signature)


def process(
    app: Sphinx, what: str, name: str, obj: object, options: object, *signature: str | None
) -> tuple[str | None, str | None]:
    """Returns the arguments and what is returned, as autodoc asks for them."""
    arguments, returned = signature
    return (with_dots(arguments) if arguments else arguments), returned


def setup(app: Sphinx) -> None:
    """Has autodoc ask."""
    app.connect("autodoc-process-signature", process)
