"""docs/_ext/rlsf_site/comments.py: markers of numbers do not reach the reader."""

from docutils import nodes
from docutils.utils import new_document
from rlsf_site.comments import DropComments, without_comments


def test_comments_are_taken_out_wherever_lines_end():
    assert without_comments("8.6<!-- a :: 1 --> [8.0,\n9.0]<!-- b\nc -->.") == "8.6 [8.0,\n9.0]."


def test_raw_html_keeps_what_is_no_comment():
    document = new_document("page")
    for text in ("<!-- marker -->", "<b><!-- x -->bold</b>"):
        document += nodes.paragraph("", "", nodes.raw("", text, format="html"))
    DropComments(document).apply()
    assert [node.astext() for node in document.findall(nodes.raw)] == ["<b>bold</b>"]
