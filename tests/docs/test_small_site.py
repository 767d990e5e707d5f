"""docs/_ext/rlsf_site: a small site is built, with Markdown copies, llms.txt, links to the repository."""

import re
import subprocess
import sys
from pathlib import Path

import pytest
from rlsf_site.link_check import find_dead_links

ROOT = Path(__file__).parents[2]
PIXEL = bytes.fromhex(
    "89504e470d0a1a0a0000000d49484452000000010000000108000000003a7e9b55"
    "0000000a49444154789c63600000000200015e0af0370000000049454e44ae426082"
)
CONF = f"""import sys
sys.path[:0] = [{str(ROOT / "docs" / "_ext")!r}, {str(ROOT)!r}]
project = "small"
extensions = ["myst_nb", "sphinx.ext.autodoc", "sphinx.ext.napoleon", "rlsf_site.docstring_markup",
    "rlsf_site.comments", "rlsf_site.empty_folders", "rlsf_site.repository_links", "rlsf_site.page_copies",
    "rlsf_site.llms"]
rlsf_repository = "https://host.example/repo"
exclude_patterns = ["_build"]
nb_execution_mode = "force"
html_theme = "basic"
html_copy_source = False
"""
FILES = {
    "docs/conf.py": CONF,
    "README.md": "# Front\n\nNot here.\n\n## Part\n\nSee [a page](docs/deep/page.md).\n\n"
    "![One](docs/pixel.png)\n\n```python\nx = [0](1)\n```\n\n## End\n",
    "docs/index.md": "# Small site\n\nFirst sentence here. Second.\n\n"
    '```{include} ../README.md\n:start-after: "## Part"\n:end-before: "## End"\n'
    ":relative-docs: docs/\n:relative-images:\n```\n\n"
    "```{toctree}\n:hidden:\n:glob:\n:caption: Start\n\ndeep/*\nnothing/*\nbook\napi\n```\n",
    "docs/deep/page.md": "# A page\n\n8.6<!-- marker :: 1 --> times, [a file](../../examples/run.py), "
    "[a folder](../../examples), [home](../index.md).\n\n![A pixel](../pixel.png)\n\n"
    "```html\n<!-- kept in code --> [x](y.md)\n```\n",
    "docs/book.md": "---\njupytext:\n  text_representation:\n    format_name: myst\nkernelspec:\n"
    "  name: python3\n  display_name: p\n---\n# A notebook\n\nIt adds.\n\n"
    "```{code-cell} ipython3\n:tags: [x]\nprint(17 * 3)\n```\n\n```{code-cell} ipython3\ny = 1\n```\n\n"
    "```{code-cell} ipython3\n---\nmystnb:\n  image:\n    alt: One pixel.\n---\n"
    "from IPython.display import HTML, Image, display\ndisplay(Image('pixel.png'))\n"
    "HTML('<p title=\"Two &amp; three\">x</p>')\n```\n",
    "docs/api.md": "# API\n\nSee {py:func}`load_design <rlsf_gym.load_design>`.\n\n"
    "```{eval-rst}\n.. autofunction:: rlsf_gym.load_design\n```\n",
    "examples/run.py": "",
}


def build(folder):
    command = [sys.executable, "-m", "sphinx", "-q", "-W", "--keep-going", folder / "docs", folder / "html"]
    return subprocess.run(command, capture_output=True, text=True, cwd=folder)


@pytest.fixture(scope="module")
def repository(tmp_path_factory):
    folder = tmp_path_factory.mktemp("repository")
    for name, text in FILES.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text)
    (folder / "docs" / "pixel.png").write_bytes(PIXEL)
    return folder


@pytest.fixture(scope="module")
def site(repository):
    done = build(repository)
    assert done.returncode == 0, done.stderr
    return repository / "html"


pytestmark = pytest.mark.whole


def test_files_and_folders_are_shown_where_the_repository_is(site):
    html = (site / "deep" / "page.html").read_text()
    assert 'href="https://host.example/repo/blob/main/examples/run.py"' in html
    assert 'href="https://host.example/repo/tree/main/examples"' in html
    assert not (site / "_downloads").exists()


def test_comments_stay_out(site):
    assert "marker" not in (site / "deep" / "page.html").read_text()


def test_each_page_has_a_copy_and_says_so(site):
    assert '<link rel="alternate" type="text/markdown"' in (site / "deep" / "page.html").read_text()
    assert 'href="page.md"' in (site / "deep" / "page.html").read_text()
    assert (site / "deep" / "page.md").read_text() == (
        "# A page\n\n8.6 times, [a file](https://host.example/repo/blob/main/examples/run.py), "
        "[a folder](https://host.example/repo/tree/main/examples), [home](../index.md).\n\n"
        "![A pixel](../_images/pixel.png)\n\n```html\n<!-- kept in code --> [x](y.md)\n```\n"
    )


def test_the_copy_of_a_notebook_has_what_it_printed(site):
    (picture,) = (path.name for path in (site / "_images").iterdir() if path.name != "pixel.png")
    assert (site / "book.md").read_text() == (
        "# A notebook\n\nIt adds.\n\n```python\nprint(17 * 3)\n```\n\n"
        "```text\n51\n```\n\n```python\ny = 1\n```\n\n"
        "```python\nfrom IPython.display import HTML, Image, display\ndisplay(Image('pixel.png'))\n"
        "HTML('<p title=\"Two &amp; three\">x</p>')\n```\n\n"
        f"![One pixel.](_images/{picture})\n\n(Two & three: on the HTML page.)\n"
    )


def test_pictures_of_a_notebook_have_their_alt_text(site):
    assert re.search(r'<img alt="One pixel." src="_images/\w{64}.png"', (site / "book.html").read_text())


def test_the_copy_of_the_api_has_docstrings(site):
    text = (site / "api.md").read_text()
    assert "See `load_design`." in text
    assert "### `rlsf_gym.load_design`" in text
    assert "load_design(spec: Any, **kwargs: Any) -> Design" in text
    assert "Returns the reward design that `spec` stands for" in text


def test_a_table_of_contents_becomes_links(site):
    text = (site / "index.md").read_text()
    assert "## Start\n\n- [A page](deep/page.md)\n- [A notebook](book.md)\n- [API](api.md)\n" in text


def test_what_a_page_includes_stands_in_it_and_in_its_copy(site):
    html, copy = (site / "index.html").read_text(), (site / "index.md").read_text()
    assert 'href="deep/page.html"' in html and 'src="_images/pixel.png"' in html
    assert "See [a page](deep/page.md).\n\n![One](_images/pixel.png)\n\n```python\nx = [0](1)\n" in copy
    assert "Not here" not in html + copy and "## End" not in copy


def test_llms_txt_lists_the_pages_with_their_first_sentences(site):
    assert (site / "llms.txt").read_text() == (
        "# small\n\n> First sentence here.\n\n## Start\n\n"
        "- [A page](deep/page.md): 8.6 times, a file, a folder, home.\n"
        "- [A notebook](book.md): It adds.\n"
        "- [API](api.md): See `load_design`.\n"
    )
    full = (site / "llms-full.txt").read_text()
    assert "<!-- deep/page.md -->\n\n# A page" in full
    assert "[home](index.md).\n\n![A pixel](_images/pixel.png)" in full
    assert "print(17 * 3)" in full


def test_no_link_is_dead(site):
    assert list(find_dead_links(site)) == []


def test_a_link_to_nothing_fails_the_build(repository, site):
    page = repository / "docs" / "deep" / "page.md"
    page.write_text(page.read_text() + "\n[gone](../gone.md)\n")
    done = build(repository)
    page.write_text(FILES["docs/deep/page.md"])
    assert done.returncode == 1
    assert "gone.md" in done.stderr
