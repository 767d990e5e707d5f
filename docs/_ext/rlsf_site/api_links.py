"""Types in signatures link to the public class or alias of that name, where there is one alone."""

from __future__ import annotations

import builtins
from collections import Counter
from functools import cache

from docutils import nodes
from sphinx import addnodes
from sphinx.application import Sphinx
from sphinx.environment import BuildEnvironment
from sphinx.util.nodes import make_refnode

from rlsf_site.api_names import names, room_of


@cache
def homes() -> dict[str, tuple[str, str]]:
    """Returns the page and the dotted name of each public name that one object alone has."""
    own = [name for name in names() if name.home == name.dotted]
    counts = Counter(name.name for name in own)
    return {
        name.name: (f"reference/api/{room_of(name.module)}", name.home)
        for name in own
        if counts[name.name] == 1 and not hasattr(builtins, name.name)
    }


def be_exact(app: Sphinx, doctree: nodes.document) -> None:
    """Has Sphinx look for names as they are written, and not for whatever ends like them."""
    for node in doctree.findall(addnodes.pending_xref):
        if node.get("refdomain") == "py":
            node.attributes.pop("refspecific", None)  # Sphinx asks whether it is there, not what it is


def resolve(
    app: Sphinx, env: BuildEnvironment, node: addnodes.pending_xref, content: nodes.TextElement
) -> nodes.reference | None:
    """Returns the link of a name that Sphinx has not found as it is written."""
    if node.get("refdomain") != "py" or node["reftarget"] not in homes():
        return None
    page, anchor = homes()[node["reftarget"]]
    if page not in env.found_docs:
        return None
    return make_refnode(app.builder, node["refdoc"], page, anchor, content, anchor)


def setup(app: Sphinx) -> None:
    """Has Sphinx ask."""
    app.connect("doctree-read", be_exact)
    app.connect("missing-reference", resolve)
