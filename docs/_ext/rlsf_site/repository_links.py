"""Links to files and folders of the repository that are no pages lead to where the repository is hosted."""

from __future__ import annotations

from pathlib import Path

from docutils import nodes
from sphinx import addnodes
from sphinx.application import Sphinx
from sphinx.transforms import SphinxTransform

SUFFIXES = ("", ".md", ".ipynb")
"""Of files that links mean; MyST takes off those of files that could be pages."""


def repository_path(target: str, page: Path, docs: Path) -> str | None:
    """Returns the path inside the repository that a link means, as the address of a host has it.

    Args:
        target: What the link says, without its fragment: relative to its page, or from the root of the pages
            where it begins with "/".
        page: The file with the link.
        docs: Folder of the pages, which lies in the repository.

    Returns:
        "blob/BRANCH/..." of a file, "tree/BRANCH/..." of a folder, where BRANCH stands for the branch; `None`
        if it leads out of the repository, or to nothing.
    """
    root = docs.parent.resolve()
    base = docs if target.startswith("/") and not target.startswith(str(root)) else page.parent
    for suffix in SUFFIXES:
        written = target if base == page.parent else target.lstrip("/")
        found = (base / (written + suffix)).resolve()
        if found.exists() and found != root and found.is_relative_to(root):
            return f"{'tree' if found.is_dir() else 'blob'}/BRANCH/{found.relative_to(root).as_posix()}"
    return None


class LinkRepository(SphinxTransform):
    """Turns links to files, which Sphinx would copy into the site, into links to the repository."""

    default_priority = 5

    def apply(self, **kwargs: object) -> None:
        """Rewrites the links of a document that lead neither to pages nor to anchors."""
        for node in [*self.document.findall(addnodes.download_reference), *self._crossings()]:
            target, _, fragment = node["reftarget"].partition("#")
            fragment = fragment or node.get("reftargetid")
            path = repository_path(target, Path(self.env.doc2path(self.env.docname)), Path(self.app.srcdir))
            if path is None or not target:
                continue
            address = f"{self.config.rlsf_repository}/{path.replace('BRANCH', self.config.rlsf_branch, 1)}"
            link = nodes.reference("", "", refuri=f"{address}#{fragment}" if fragment else address)
            link += [child.deepcopy() for child in node.children]
            node.replace_self(link)

    def _crossings(self) -> list[addnodes.pending_xref]:
        """Returns the links of Markdown to what is no page: Sphinx looks for their targets later."""
        return [
            node
            for node in self.document.findall(addnodes.pending_xref)
            if node["reftype"] == "myst" and node["reftarget"] not in self.env.found_docs
        ]


def setup(app: Sphinx) -> None:
    """Has Sphinx run it over each document, and adds the settings that say where the repository is."""
    app.add_config_value("rlsf_repository", "", "env", str)
    app.add_config_value("rlsf_branch", "main", "env", str)
    app.add_transform(LinkRepository)
