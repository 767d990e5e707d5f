"""Pages that are made from the packages before Sphinx reads, in docs/reference."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from sphinx.application import Sphinx
from sphinx.errors import ExtensionError

from rlsf_site import api_pages, design_pages, environment_pages, study_pages

MAKERS = (environment_pages.make, design_pages.make, study_pages.make, api_pages.make)


def write(folder: Path, pages: Iterator[tuple[str, str]]) -> list[Path]:
    """Writes pages where they changed, and removes those that are made no more.

    Args:
        folder: Where they go; all Markdown in it is made.
        pages: Name, with "/" in it for folders, and text of each.

    Returns:
        The files that there are now.
    """
    files: list[Path] = []
    for name, text in pages:
        path = folder / f"{name}.md"
        files.append(path)
        if not path.exists() or path.read_text(encoding="utf-8") != text:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, encoding="utf-8")
    for path in set(folder.rglob("*.md")) - set(files):
        path.unlink()
    return files


def make_all(app: Sphinx) -> None:
    """Makes the pages.

    Raises:
        ExtensionError: If one can't be made, with the reason.
    """
    docs = Path(app.srcdir)
    try:
        write(docs / "reference", (page for maker in MAKERS for page in maker(docs)))
    except Exception as error:
        raise ExtensionError(f"a page of docs/reference can't be made: {error}", error) from error


def setup(app: Sphinx) -> None:
    """Has Sphinx make them first."""
    app.connect("builder-inited", make_all)
