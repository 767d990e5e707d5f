"""Writes a page in the place of a file: whole or not at all, and never over what is no file."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path

from rlsf_gym.render.page import html_page
from rlsf_gym.render.sample import Sample

__all__ = ["check_place", "write_html", "write_page"]


def write_page(
    path: str | os.PathLike[str], samples: Sequence[Sample], *, title: str, total: int | None = None
) -> None:
    """Writes the HTML page of samples, as `write_html` does.

    Args:
        path: The file.
        samples: As `html_page` takes them, with its `title` and `total`.
        title: The page's title.
        total: Number of responses of which these are the first; None: they are all.

    Raises:
        ValueError: If there is a folder, a pipe or a device in its place, or no folder for it.
        OSError: If the page can't be written.
    """
    place = Path(path)
    check_place(place)  # before the page is made
    write_html(place, html_page(samples, title=title, total=total))


def write_html(place: Path, page: str) -> None:
    """Writes a page in the place of a file; a link there is replaced, not followed.

    Args:
        place: The file.
        page: The page's text; half of a character in it becomes an escape.

    Raises:
        ValueError: If there is a folder, a pipe or a device in its place, or no folder for it.
        OSError: If the page can't be written.
    """
    check_place(place)
    partial = place.with_name(f"{place.name}.partial")
    partial.unlink(missing_ok=True)
    try:
        with partial.open("xb") as file:
            file.write(page.encode("utf-8", "backslashreplace"))
        partial.replace(place)
    except BaseException:
        partial.unlink(missing_ok=True)
        raise


def check_place(place: Path) -> None:
    """Checks that a file can stand in a place: renamed over it, it would take a device's, and for good.

    Raises:
        ValueError: If there is a folder, a pipe or a device, or a link to one of the latter, or no folder
            for it.
    """
    if not place.name:
        raise ValueError(f"{place}: expected the name of a file, got a folder")
    if not place.parent.is_dir():
        raise ValueError(f"{place}: expected a file in a folder that is there: make {place.parent} first")
    if place.is_dir() and not place.is_symlink():
        raise ValueError(f"{place}: expected the name of a file, got a folder")
    if place.exists() and not place.is_file() and not place.is_dir():
        raise ValueError(f"{place}: expected the name of a file, got a pipe or a device")
