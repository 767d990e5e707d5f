"""docs/_ext/rlsf_site/light_trees.py: a stored page holds nothing but itself."""

from docutils import nodes
from docutils.utils import new_document
from rlsf_site.light_trees import let_go


def test_nodes_of_other_documents_belong_to_the_page():
    page, other = new_document("page"), new_document("other")
    part = nodes.paragraph("", "", nodes.Text("text"))
    other += part
    page += part
    part.document = other
    let_go(None, page)
    assert {node.document for node in page.findall()} == {page}
