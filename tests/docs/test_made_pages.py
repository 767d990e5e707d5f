"""docs/_ext/rlsf_site/made_pages.py: pages are written where they changed, or fail the build."""

from types import SimpleNamespace

import pytest
from rlsf_site import made_pages
from sphinx.errors import ExtensionError


def test_only_what_changed_is_written(tmp_path):
    made_pages.write(tmp_path, iter([("a", "1"), ("deep/b", "2")]))
    before = (tmp_path / "a.md").stat().st_mtime_ns
    files = made_pages.write(tmp_path, iter([("a", "1"), ("c", "3")]))
    assert files == [tmp_path / "a.md", tmp_path / "c.md"]
    assert (tmp_path / "a.md").stat().st_mtime_ns == before
    assert not (tmp_path / "deep" / "b.md").exists()
    assert (tmp_path / "c.md").read_text() == "3"


def test_a_page_that_cannot_be_made_says_why(tmp_path, monkeypatch):
    def broken(docs):
        raise ValueError("designs.md must have a section")
        yield

    monkeypatch.setattr(made_pages, "MAKERS", (broken,))
    with pytest.raises(ExtensionError, match=r"docs/reference can't be made: designs\.md must have"):
        made_pages.make_all(SimpleNamespace(srcdir=tmp_path))
