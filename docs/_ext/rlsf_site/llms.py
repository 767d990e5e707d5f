"""llms.txt: the site for language models, as a list of its pages and as one text."""

from __future__ import annotations

import re
from pathlib import Path
from posixpath import dirname, join, normpath

from sphinx.application import Sphinx

from rlsf_site.page_copies import CAPTION, FENCE, entries, outside_fences, title_of

GROUP = re.compile(r"^```\{toctree\}\n(.*?)^```", flags=re.M | re.S)
LINK = re.compile(r"\]\(([^)\s]+)\)")
LEFT = ("#", "|", "-", "!", "<", ":", "*")
"""How a paragraph begins that is no sentence: headings, tables, lists, pictures, HTML, captions."""
LEFT_OUT = ("reference/api/", "results/")
"""Folders of pages that llms-full.txt leaves to their own copies: it would be several times as long."""


def groups(app: Sphinx) -> list[tuple[str, list[str]]]:
    """Returns the captions of the first page's tables of contents, with the pages under each, in order."""
    text = Path(app.env.doc2path("index")).read_text(encoding="utf-8")
    found = []
    for body in GROUP.findall(text):
        caption = CAPTION.search(body)
        pages = [page for entry in entries(app, "index", body) for page in (entry, *below(app, entry))]
        found.append((caption[1] if caption else "Pages", pages))
    return found


def below(app: Sphinx, page: str) -> list[str]:
    """Returns the pages under a page."""
    return [deeper for one in app.env.toctree_includes.get(page, []) for deeper in (one, *below(app, one))]


def lead(markdown: str) -> str:
    r"""Returns the first sentence of a page that is no heading, table, list or code, "" if there is none.

    Example:
        >>> lead("# Title\n\n```\ncode\n```\n\n| a |\n\n`x` is on a [page](x.md).\nAnd more.")
        '`x` is on a page.'
    """
    for paragraph in map(str.strip, FENCE.sub("\n", markdown).split("\n\n")):
        if paragraph and not paragraph.startswith(LEFT):
            line = re.sub(r"\[([^\]]*)\]\([^)]*\)", r"\1", " ".join(paragraph.split()))
            return re.split(r"(?<=[.!?])\s", line, maxsplit=1)[0]
    return ""


def from_root(markdown: str, page: str) -> str:
    r"""Returns the copy of a page with its links as they lead from the root of the site.

    Example:
        >>> from_root("[up](../a.md#b), [out](https://a.org), [here](#c)\n```\nrow[0](x)\n```", "deep/page")
        '[up](a.md#b), [out](https://a.org), [here](deep/page.md#c)\n```\nrow[0](x)\n```'
    """

    def move(link: re.Match[str]) -> str:
        path, mark, fragment = link[1].partition("#")
        if ":" in path:
            return link[0]
        place = normpath(join(dirname(page), path)) if path else f"{page}.md"
        return f"]({place}{mark}{fragment})"

    return outside_fences(lambda prose: LINK.sub(move, prose), markdown)


def write_texts(app: Sphinx, failed: Exception | None) -> None:
    """Writes llms.txt and llms-full.txt from the copies of the pages."""
    if failed is not None or app.builder.format != "html":
        return
    out = Path(app.outdir)
    copies = {page: (out / f"{page}.md").read_text(encoding="utf-8") for page in app.env.found_docs}
    lines = [f"# {app.config.project}", "", f"> {lead(copies['index'])}", ""]
    full = [copies["index"]]
    for caption, pages in groups(app):
        lines += [f"## {caption}", ""]
        for page in pages:
            told = lead(copies[page])
            lines.append(f"- [{title_of(app, page)}]({page}.md)" + (f": {told}" if told else ""))
            if not page.startswith(LEFT_OUT):
                full.append(f"<!-- {page}.md -->\n\n{from_root(copies[page], page)}")
        lines.append("")
    (out / "llms.txt").write_text("\n".join(lines), encoding="utf-8")
    (out / "llms-full.txt").write_text("\n\n".join(full), encoding="utf-8")


def setup(app: Sphinx) -> None:
    """Has Sphinx write them behind the copies."""
    app.connect("build-finished", write_texts, priority=600)
