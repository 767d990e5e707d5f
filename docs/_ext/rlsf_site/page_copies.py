"""Each page as Markdown beside its HTML, for readers that are programs."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from functools import cached_property
from html import unescape
from pathlib import Path
from posixpath import dirname, join, normpath, relpath
from typing import Any

from docutils import nodes
from sphinx.application import Sphinx
from sphinx.util.matching import patfilter

from rlsf_site.api_text import tell
from rlsf_site.comments import without_comments
from rlsf_site.markdown import fence
from rlsf_site.repository_links import repository_path

FENCE = re.compile(
    r"^(?P<ticks>`{3,}|:{3,})(?P<info>[^\n`]*)\n(?P<body>.*?)^(?P=ticks)[ ]*$\n?", flags=re.M | re.S
)
CELL_OPTIONS = re.compile(r"\A(?:(?::[\w-]+:[^\n]*\n)+|---\n.*?\n---\n)", flags=re.S)
TITLE = re.compile(r'\btitle="([^"]*)"')
CAPTION = re.compile(r"^:caption: (.+)$", flags=re.M)
INCLUDE = re.compile(r"^```\{include\} (?P<file>\S+)\n(?P<options>(?::.*\n)*)```$", flags=re.M)
OPTION = re.compile(r'^:([\w-]+): *"?(.*?)"?$', flags=re.M)
FRONT_MATTER = re.compile(r"\A---\n.*?\n---\n", flags=re.S)
ROLE = re.compile(r"\{py:\w+\}(`[^`<]+?)(?: <[^>]+>)?`")
LINK = re.compile(r"(!?)\[((?:[^\[\]]|\[[^\]]*\])*)\]\(([^)\s]+)\)")


class Copy:
    """The Markdown of a page, without what Sphinx alone understands.

    Args:
        app: The build, which has read all pages.
        name: Name of the page.
    """

    def __init__(self, app: Sphinx, name: str) -> None:
        self.app, self.name = app, name
        self.source = Path(app.env.doc2path(name))

    @cached_property
    def outputs(self) -> Iterator[list[nodes.Element]]:
        """What the code cells show: parsed pages are large, and only those of notebooks are asked."""
        return iter(read_outputs(self.app.env.get_doctree(self.name)))

    def __str__(self) -> str:
        """Returns the text."""
        text = FRONT_MATTER.sub("", self.source.read_text(encoding="utf-8")).lstrip()
        text = INCLUDE.sub(lambda match: included(match, self.source.parent), text)
        parts, end = [], 0
        for match in FENCE.finditer(text):
            parts += [self._prose(text[end : match.start()]), self._fence(match)]
            end = match.end()
        joined = "".join([*parts, self._prose(text[end:])])
        return re.sub(r"\n{3,}", "\n\n", joined).strip() + "\n"

    def _prose(self, text: str) -> str:
        return LINK.sub(self._link, ROLE.sub(r"\1`", without_comments(text)))

    def _fence(self, match: re.Match[str]) -> str:
        """Returns what stands for a fence: directives as text, code as it is."""
        info, body = match["info"].strip(), match["body"]
        if info == "{toctree}":
            return self._toctree(body)
        if info == "{eval-rst}":
            return tell(body) + "\n"
        if info.startswith("{code-cell}"):
            shown = map(self._output, next(self.outputs, []))
            return "\n\n".join([fence(CELL_OPTIONS.sub("", body), "python"), *shown]) + "\n"
        return match[0]

    def _output(self, node: nodes.Element) -> str:
        """Returns what a cell shows: text, a picture with its alt text, or where HTML can be looked at."""
        if isinstance(node, nodes.image):
            picture = f"_images/{self.app.env.images[node['uri']][1]}"
            return f"![{node.get('alt', '')}]({self._to(picture)})"
        if isinstance(node, nodes.raw):
            title = TITLE.search(node.astext())
            return f"({unescape(title[1]) if title else 'Output'}: on the HTML page.)"
        return fence(node.astext())

    def _toctree(self, body: str) -> str:
        """Returns the pages of a table of contents as a list of links.

        One that is hidden stands in the navigation: it comes with its caption, and without one not at all.
        """
        caption = CAPTION.search(body)
        hidden = ":hidden:" in body
        if hidden and not caption:
            return ""
        return (f"## {caption[1]}\n\n" if hidden and caption else "") + "".join(
            f"- [{title_of(self.app, page)}]({self._to(page)}.md)\n"
            for page in entries(self.app, self.name, body)
        )

    def _to(self, place: str) -> str:
        return relpath(place, dirname(self.name) or ".")

    def _link(self, match: re.Match[str]) -> str:
        """Returns a link as the copy has it: pictures have moved, files are in the repository."""
        mark, text, target = match.groups()
        path, hash, fragment = target.partition("#")
        if not path or re.match(r"[a-z]+:", path):
            return match[0]
        place = normpath(join(dirname(self.name), path))
        picture = self.app.env.images.get(place)
        if mark and picture:
            return f"![{text}]({self._to(f'_images/{picture[1]}')})"
        if place.removesuffix(".md") in self.app.env.found_docs:
            return match[0]
        inside = repository_path(path, self.source, Path(self.app.srcdir))
        if inside is None:
            return match[0]
        address = inside.replace("BRANCH", self.app.config.rlsf_branch, 1)
        return f"{mark}[{text}]({self.app.config.rlsf_repository}/{address}{hash}{fragment})"


def included(match: re.Match[str], folder: Path) -> str:
    """Returns what an `include` stands for, with its links as they lead from the folder of the page.

    Raises:
        ValueError: If the file lacks the text that the part begins behind or ends before.
    """
    file, options = folder / match["file"], dict(OPTION.findall(match["options"]))
    text = file.read_text(encoding="utf-8")
    for option, part in (("start-after", 2), ("end-before", 0)):
        if option in options:
            if options[option] not in text:
                raise ValueError(f"{match['file']}: expected {options[option]!r}, {option} of an include")
            text = text.partition(options[option])[part]

    def move(link: re.Match[str]) -> str:
        mark, shown, target = link.groups()
        if re.match(r"[a-z]+:|#", target):
            return link[0]
        return f"{mark}[{shown}]({relpath(file.parent / target, folder)})"

    return outside_fences(lambda prose: LINK.sub(move, prose), text).strip()


def outside_fences(change: Callable[[str], str], text: str) -> str:
    r"""Returns a text changed wherever it is no fence.

    Example:
        >>> outside_fences(str.upper, "a\n```\nb\n```\nc\n")
        'A\n```\nb\n```\nC\n'
    """
    parts, end = [], 0
    for match in FENCE.finditer(text):
        parts += [change(text[end : match.start()]), match[0]]
        end = match.end()
    return "".join([*parts, change(text[end:])])


def entries(app: Sphinx, name: str, body: str) -> list[str]:
    """Returns the pages that a table of contents lists, those of patterns in the order of their names."""
    listed: list[str] = []
    for line in body.splitlines():
        if line.strip() and not line.startswith(":"):
            pattern = normpath(join(dirname(name), line.strip()))
            listed += [page for page in patfilter(sorted(app.env.found_docs), pattern) if page not in listed]
    return [page for page in listed if page != name]


def title_of(app: Sphinx, name: str) -> str:
    """Returns the title of a page."""
    return app.env.titles[name].astext()


def read_outputs(doctree: nodes.document) -> list[list[nodes.Element]]:
    """Returns what each code cell of a notebook shows, in order: blocks of text, pictures, raw HTML."""
    cells = [node for node in doctree.findall(nodes.container) if "cell" in node["classes"]]
    return [[_best(part) for output in _outputs(cell) for part in output.children] for cell in cells]


def _outputs(cell: nodes.container) -> list[nodes.container]:
    return [node for node in cell.findall(nodes.container) if "cell_output" in node["classes"]]


def _best(part: nodes.Node) -> nodes.Element:
    """Returns the form of an output that says most: it may stand there as a picture, HTML and text."""
    for kind in (nodes.image, nodes.raw, nodes.literal_block):
        found = next(iter(part.findall(kind)), None)
        if found is not None:
            return found
    raise ValueError(f"expected text, a picture or HTML among the outputs of a cell, got {part!r:.60}")


def write_copies(app: Sphinx, failed: Exception | None) -> None:
    """Writes the copies beside the pages."""
    if failed is None and app.builder.format == "html":
        for name in sorted(app.env.found_docs):
            path = Path(app.outdir, f"{name}.md")
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(str(Copy(app, name)), encoding="utf-8")


def link_copy(
    app: Sphinx, name: str, template: str, context: dict[str, Any], doctree: nodes.document | None
) -> None:
    """Tells of the copy in the head of a page."""
    if name in app.env.found_docs:
        file = f"{name.rpartition('/')[2]}.md"
        context["metatags"] = (
            context.get("metatags", "")
            + f'<link rel="alternate" type="text/markdown" title="This page as Markdown" href="{file}">'
        )


def setup(app: Sphinx) -> None:
    """Has Sphinx write them when all pages are built."""
    app.connect("html-page-context", link_copy)
    app.connect("build-finished", write_copies)
