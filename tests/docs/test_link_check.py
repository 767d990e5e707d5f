"""docs/_ext/rlsf_site/link_check.py: a link that leads to nothing is found, wherever it stands."""

import subprocess
import sys
from pathlib import Path

import pytest
from rlsf_site.link_check import find_dead_links, main

SCRIPT = Path(__file__).parents[2] / "docs" / "_ext" / "rlsf_site" / "link_check.py"
SOUND = """<html><head><link rel="stylesheet" href="_static/site.css?v=1"></head>
<body id="top"><a href="deep/other.html#there">other</a> <a href="#top">up</a> <a href="deep/">folder</a>
<a href="https://example.org/#gone">elsewhere</a> <img src="data:image/png;base64,AA=="></body></html>"""


@pytest.fixture
def site(tmp_path):
    files = {
        "index.html": SOUND,
        "deep/index.html": "<h1 id='a b'>deep</h1>",
        "deep/other.html": '<p id="there"><a href="../index.html#top">b</a><a href="index.html#a%20b">c</a>',
        "index.md": "[other](deep/other.md) [page](deep/index.html#a)\n```\n[no](link.md)\n```\n",
        "deep/other.md": "text",
        "_static/site.css": "",
    }
    for name, text in files.items():
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(text)
    return tmp_path


def test_a_sound_site_has_no_dead_links(site):
    (site / "index.md").write_text("[other](deep/other.md)\n```\n[no](link.md)\n```\n")
    assert list(find_dead_links(site)) == []


@pytest.mark.parametrize(
    ("file", "text", "expected"),
    [
        ("a.html", '<a href="gone.html">x</a>', "a.html: gone.html: there is no file gone.html"),
        ("a.html", '<a href="#gone">x</a>', "a.html: #gone: a.html has no anchor 'gone'"),
        (
            "deep/a.html",
            '<a href="other.html#gone">x</a>',
            "deep/a.html: other.html#gone: other.html has no anchor 'gone'",
        ),
        ("a.html", '<img src="_images/gone.png">', "a.html: _images/gone.png: there is no file gone.png"),
        ("a.md", "See [x](gone.md).", "a.md: gone.md: there is no file gone.md"),
        ("llms.txt", "- [x](deep/gone.md): y", "llms.txt: deep/gone.md: there is no file gone.md"),
        (
            "a.html",
            '<script src="https://cdn.example.org/x.js"></script>',
            "a.html: https://cdn.example.org/x.js: loaded from another host, "
            "keep a copy of it in docs/_static",
        ),
        (
            "a.html",
            '<link rel="dns-prefetch preconnect" href="//fonts.example.org">',
            "a.html: //fonts.example.org: loaded from another host, keep a copy of it in docs/_static",
        ),
        (
            "_static/site.css",
            "@import 'https://fonts.example.org/a.css'; p { background: url(data:image/png;base64,AA==) }",
            "_static/site.css: https://fonts.example.org/a.css: loaded from another host, "
            "keep a copy of it in docs/_static",
        ),
        (
            "_static/site.css",
            'p { background: url( "gone.svg" ); }',
            "_static/site.css: gone.svg: there is no file gone.svg",
        ),
    ],
)
def test_a_dead_link_is_found(site, file, text, expected):
    (site / "index.md").unlink()
    (site / file).write_text(text)
    assert list(find_dead_links(site)) == [expected]


def test_the_exit_status_tells(site, capsys):
    (site / "index.md").unlink()
    assert main([str(site)]) == 0
    (site / "a.html").write_text('<a href="gone.html">x</a>')
    assert main([str(site)]) == 1
    assert "there is no file gone.html" in capsys.readouterr().out
    assert main([str(site / "deep" / "nothing")]) == 2
    assert main([]) == 2


def test_it_runs_as_the_makefile_has_it(site):
    (site / "a.html").write_text('<a href="gone.html">x</a>')
    done = subprocess.run([sys.executable, SCRIPT, site], capture_output=True, text=True)
    assert done.returncode == 1
    assert "a.html: gone.html: there is no file gone.html" in done.stdout
