"""Checks that all that built pages link to is there: files, anchors, and nothing of another host to load.

    python docs/_ext/rlsf_site/link_check.py docs/_build/html

One line for each dead link; exit status 1 where there is one, 2 where there are no pages.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator
from html.parser import HTMLParser
from pathlib import Path
from typing import NamedTuple
from urllib.parse import unquote, urlsplit

LOADED = {"img": "src", "script": "src", "source": "src", "iframe": "src", "video": "src", "audio": "src"}
"""Tags with the attribute that a browser loads without being asked."""
LOADED_LINKS = {"stylesheet", "preload", "icon", "prefetch", "preconnect", "modulepreload"}
STYLE_LINK = re.compile(r"(?:@import\s*|url\(\s*)[\"']?([^\"')\s]+)")
MARKDOWN_LINK = re.compile(r"\]\(([^)\s]+)\)")
FENCE = re.compile(r"^(`{3,}).*?^\1", flags=re.M | re.S)


class Page(NamedTuple):
    """A page: the anchors that it has, and the links in it."""

    anchors: set[str]
    links: list[str]
    loaded: list[str]
    """Addresses that a browser loads with the page."""


class _Reader(HTMLParser):
    """Collects the anchors and links of a page."""

    def __init__(self) -> None:
        super().__init__()
        self.page = Page(set(), [], [])

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Takes down what a tag names and links to."""
        given = {name: value or "" for name, value in attrs}
        self.page.anchors.update(given[name] for name in ("id", "name") if given.get(name))
        if tag in LOADED and given.get(LOADED[tag]):
            self.page.loaded.append(given[LOADED[tag]])
        elif tag == "link" and LOADED_LINKS.intersection(given.get("rel", "").split()):
            self.page.loaded.append(given.get("href", ""))
        elif tag in ("a", "link", "area") and "href" in given:
            self.page.links.append(given["href"])


def read_page(path: Path) -> Page:
    """Returns what a page links to, in HTML, Markdown or CSS; anchors are those of HTML alone."""
    text = path.read_text(encoding="utf-8")
    if path.suffix == ".css":
        return Page(set(), [], STYLE_LINK.findall(text))
    if path.suffix != ".html":
        return Page(set(), MARKDOWN_LINK.findall(FENCE.sub("", text)), [])
    reader = _Reader()
    reader.feed(text)
    return reader.page


def find_dead_links(folder: Path) -> Iterator[str]:
    """Yields a line for each link of the pages in a folder that leads to nothing.

    Args:
        folder: Of the built site: its HTML, the Markdown beside it, its CSS.
    """
    paths = sorted(path for ending in ("html", "md", "txt") for path in folder.rglob(f"*.{ending}"))
    paths = [path for path in paths if not path.is_relative_to(folder / "_static")]
    pages = {path.resolve(): read_page(path) for path in [*paths, *sorted(folder.rglob("*.css"))]}
    for path, page in pages.items():
        name = path.relative_to(folder.resolve())
        for link in page.loaded:
            if urlsplit(link).netloc:
                yield f"{name}: {link}: loaded from another host, keep a copy of it in docs/_static"
        for link in [*page.links, *page.loaded]:
            reason = explain(link, path, pages)
            if reason:
                yield f"{name}: {link}: {reason}"


def explain(link: str, path: Path, pages: dict[Path, Page]) -> str:
    """Returns what is wrong with a link, "" if nothing is, or if it leads to another host."""
    parts = urlsplit(link)
    if parts.scheme or parts.netloc:
        return ""
    target = (path.parent / unquote(parts.path)).resolve() if parts.path else path
    if target.is_dir():
        target /= "index.html"
    if not target.is_file():
        return f"there is no file {target.name}"
    anchors = pages[target].anchors if target in pages and target.suffix == ".html" else None
    if parts.fragment and anchors is not None and unquote(parts.fragment) not in anchors:
        return f"{target.name} has no anchor {parts.fragment!r}"
    return ""


def main(arguments: list[str]) -> int:
    """Prints the dead links of a folder, and returns the exit status."""
    if len(arguments) != 1 or not list(Path(arguments[0]).glob("*.html")):
        print(f"a folder with built pages is needed, got {' '.join(arguments) or 'none'}: run `make docs`")
        return 2
    dead = list(find_dead_links(Path(arguments[0])))
    print("\n".join(dead) if dead else f"all links of {arguments[0]} lead to something")
    return 1 if dead else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
