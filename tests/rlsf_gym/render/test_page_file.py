"""A page in the place of a file: a whole one, and nothing but a file is ever replaced."""

import os

import pytest

from rlsf_gym.render.build import make_sample
from rlsf_gym.render.page_file import write_page

SAMPLES = [make_sample("2 + 2 =", [b" 4"], [1.0])]


def test_a_link_in_the_place_of_the_page_is_replaced(tmp_path):
    victim = tmp_path / "victim"
    victim.write_bytes(b"precious")
    (tmp_path / "page.html").symlink_to(victim)
    (tmp_path / "page.html.partial").symlink_to(victim)
    write_page(tmp_path / "page.html", SAMPLES, title="a run")
    assert victim.read_bytes() == b"precious"
    assert not (tmp_path / "page.html").is_symlink()


@pytest.mark.parametrize(
    ("name", "told"),
    [
        ("folder", "expected the name of a file, got a folder"),
        ("pipe", "expected the name of a file, got a pipe or a device"),
        ("link", "expected the name of a file, got a pipe or a device"),
        ("none/page.html", "expected a file in a folder that is there: make .*none first"),
    ],
)
def test_what_is_no_file_stays_as_it_is(tmp_path, name, told):
    """Renamed over a device, a page would take its place for every process of the machine."""
    (tmp_path / "folder").mkdir()
    os.mkfifo(tmp_path / "pipe")
    (tmp_path / "link").symlink_to(tmp_path / "pipe")
    before = {path.name: path.lstat().st_ino for path in tmp_path.iterdir()}
    with pytest.raises(ValueError, match=told):
        write_page(tmp_path / name, SAMPLES, title="a run")
    assert {path.name: path.lstat().st_ino for path in tmp_path.iterdir()} == before


def test_a_page_that_can_not_be_written_leaves_the_old_one(tmp_path, monkeypatch):
    (tmp_path / "page.html").write_text("the old one")

    def fail(*_):
        raise OSError("no space left")

    monkeypatch.setattr("pathlib.Path.replace", fail)
    with pytest.raises(OSError, match="no space left"):
        write_page(tmp_path / "page.html", SAMPLES, title="a run")
    assert [path.name for path in tmp_path.iterdir()] == ["page.html"]
    assert (tmp_path / "page.html").read_text() == "the old one"


def test_a_part_says_so(tmp_path):
    for total, says in ((3, True), (1, False), (None, False)):
        write_page(tmp_path / "page.html", SAMPLES, title="a run", total=total)
        page = (tmp_path / "page.html").read_text(encoding="utf-8")
        assert ("The page has the first 1 of 3 responses." in page) is says
