"""docs/_ext/rlsf_site/api_links.py: a type links to what alone bears its name."""

from types import SimpleNamespace

import pytest
from docutils import nodes
from docutils.utils import new_document
from rlsf_site import api_links
from rlsf_site.api_names import Name
from sphinx import addnodes


@pytest.fixture
def some_names(monkeypatch):
    told = [
        Name("rlsf_gym", "Design", "rlsf_gym.Design", None, "class"),
        Name("rlsf_gym.designs", "Design", "rlsf_gym.Design", None, "class"),
        Name("rlsf_gym.render", "Cell", "rlsf_gym.render.Cell", None, "class"),
        Name("agents.studies", "Cell", "agents.studies.Cell", None, "class"),
        Name("rlsf_gym.text", "bytes", "rlsf_gym.text.bytes", None, "function"),
    ]
    monkeypatch.setattr(api_links, "names", lambda: told)
    api_links.homes.cache_clear()
    yield
    api_links.homes.cache_clear()


def test_one_object_alone_has_a_home(some_names):
    assert api_links.homes() == {"Design": ("reference/api/rlsf_gym", "rlsf_gym.Design")}


def test_a_type_becomes_a_link(some_names):
    builder = SimpleNamespace(get_relative_uri=lambda here, there: f"{there}.html")
    env = SimpleNamespace(found_docs={"reference/api/rlsf_gym"})
    app = SimpleNamespace(builder=builder)
    asked = {
        name: addnodes.pending_xref(refdomain="py", reftarget=name, refdoc="x") for name in ("Design", "Cell")
    }
    link = api_links.resolve(app, env, asked["Design"], nodes.Text("Design"))
    assert link["refuri"] == "reference/api/rlsf_gym.html#rlsf_gym.Design"
    assert api_links.resolve(app, env, asked["Cell"], nodes.Text("Cell")) is None


def test_names_are_looked_for_as_they_are_written():
    page = new_document("page")
    page += addnodes.pending_xref(refdomain="py", reftarget="Cell", refspecific=True)
    api_links.be_exact(None, page)
    assert [node.hasattr("refspecific") for node in page.findall(addnodes.pending_xref)] == [False]
