"""docs/_ext/rlsf_site/accessible.py and docs/_templates: headings say their level."""

from pathlib import Path

import pytest
from rlsf_site.accessible import mend


def test_captions_of_text_and_navigation_have_a_level():
    caption = '<p class="caption" role="heading"><span>Start</span></p>'
    context = {"body": caption, "furo_navigation_tree": f"<div>{caption}{caption}</div>", "title": caption}
    mend(None, "page", "page.html", context, None)
    assert context["body"] == '<p class="caption" role="heading" aria-level="2"><span>Start</span></p>'
    assert context["furo_navigation_tree"].count('aria-level="2"') == 2
    mend(None, "search", "search.html", {}, None)


def test_parameters_of_a_signature_are_a_list_and_other_definitions_stay():
    inside = '<dl>\n<dd><em class="sig-param">x</em>,</dd>\n<dd><em class="sig-param">y</em>,</dd>\n</dl>'
    context = {"body": inside + "<dl>\n<dt>a</dt><dd>b</dd>\n</dl>"}
    mend(None, "page", "page.html", context, None)
    assert context["body"] == (
        '<ul class="parameters">\n<li><em class="sig-param">x</em>,</li>\n'
        '<li><em class="sig-param">y</em>,</li>\n</ul><dl>\n<dt>a</dt><dd>b</dd>\n</dl>'
    )


def test_the_search_page_has_a_heading_of_the_first_level():
    jinja2 = pytest.importorskip("jinja2")
    docs = Path(__file__).parents[2] / "docs"
    theme = "<main>{% block content %}results{% endblock %}</main>"
    own = (docs / "_templates" / "search.html").read_text(encoding="utf-8")
    pages = jinja2.Environment(loader=jinja2.DictLoader({"!search.html": theme, "search.html": own}))
    assert pages.get_template("search.html").render().split() == [
        "<main>",
        "<h1>Search</h1>",
        "results",
        "</main>",
    ]
    assert 'templates_path = ["_templates"]' in (docs / "conf.py").read_text(encoding="utf-8")
