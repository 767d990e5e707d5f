"""agents/runs/plain_files.py: names that stay inside, links that are not followed, bytes that end."""

import os
import stat
import tracemalloc

import pytest

from agents.runs.plain_files import (
    check_file_name,
    make_folder,
    open_append,
    open_fresh,
    read_plain,
    write_whole,
)


@pytest.mark.parametrize(
    "name", ["a", "tuning-dense-0.1-seed8-7e9bea16", "_x", ".hidden", "a" * 200, "console"]
)
def test_plain_names_are_names(name):
    assert check_file_name(name) == name


@pytest.mark.parametrize(
    "name",
    [
        *(
            "",
            ".",
            "..",
            "...",
            "../a",
            "a/b",
            "/a",
            "a\\b",
            "C:a",
            "a\x00b",
            "a\nb",
            "a b",
            "a*",
            "-rf",
            "a.",
        ),
        *(
            "con",
            "NUL",
            "aux.txt",
            "Com1",
            "lpt9.jsonl",
            "\u202ea",
            "é",
            "a" * 201,
            "~",
            "$HOME",
            None,
            3,
            ["a"],
        ),
    ],
)
def test_what_may_lead_elsewhere_is_no_name(name):
    with pytest.raises(ValueError, match="cell: id: expected a file's name of letters") as caught:
        check_file_name(name, what="cell: id")
    assert len(str(caught.value)) < 300 and "\n" not in str(caught.value)


def test_a_link_in_the_place_of_a_file_is_replaced(tmp_path):
    precious = tmp_path / "precious"
    precious.write_bytes(b"mine")
    for name in ("file", f"file.{os.getpid()}.new"):  # the second is what is written first
        (tmp_path / name).symlink_to(precious)
    write_whole(tmp_path / "file", b"new")
    assert precious.read_bytes() == b"mine"
    assert (tmp_path / "file").read_bytes() == b"new" and not (tmp_path / "file").is_symlink()
    assert sorted(path.name for path in tmp_path.iterdir()) == ["file", "precious"]


@pytest.mark.parametrize("opened", [open_append, open_fresh])
def test_links_are_not_written_through(tmp_path, opened):
    precious = tmp_path / "precious"
    precious.write_bytes(b"mine")
    for target in (precious, tmp_path / "absent"):
        (tmp_path / "link").symlink_to(target)
        with pytest.raises(ValueError, match="expected a file, got a link, which is not written through"):
            opened(tmp_path / "link")
        (tmp_path / "link").unlink()
    assert precious.read_bytes() == b"mine" and not (tmp_path / "absent").exists()


def test_files_are_added_to_or_begun_anew(tmp_path):
    path = tmp_path / "file"
    for opened, data in ((open_append, b"a"), (open_append, b"b"), (open_fresh, b"c")):
        with opened(path) as file:
            file.write(data)
        assert path.read_bytes() == {b"a": b"a", b"b": b"ab", b"c": b"c"}[data]


@pytest.mark.parametrize(
    ("name", "told"),
    [("folder", "got a folder"), ("pipe", "got a pipe or"), ("link", "got a pipe or a device")],
)
def test_what_is_no_file_is_not_replaced(tmp_path, name, told):
    """Renamed over a device, a file would take its place for every process of the machine."""
    (tmp_path / "folder").mkdir()
    os.mkfifo(tmp_path / "pipe")
    (tmp_path / "link").symlink_to(tmp_path / "pipe")
    before = {path.name: path.lstat().st_ino for path in tmp_path.iterdir()}
    with pytest.raises(ValueError, match=f"{name}: expected the name of a file, {told}"):
        write_whole(tmp_path / name, b"new")
    assert {path.name: path.lstat().st_ino for path in tmp_path.iterdir()} == before


def test_a_folder_that_is_a_link_is_refused(tmp_path):
    make_folder(tmp_path / "a" / "b")
    make_folder(tmp_path / "a" / "b")
    (tmp_path / "link").symlink_to(tmp_path / "a")
    with pytest.raises(ValueError, match="expected a folder, got a link"):
        make_folder(tmp_path / "link")


def test_no_more_is_read_than_a_bound_allows(tmp_path):
    (tmp_path / "file").write_bytes(b"12345")
    assert read_plain(tmp_path / "file", largest=5) == b"12345"
    with pytest.raises(ValueError, match="expected at most 4 bytes, got more"):
        read_plain(tmp_path / "file", largest=4)


def test_a_file_of_nothing_but_size_fills_no_memory(tmp_path):
    with (tmp_path / "file").open("wb") as file:
        file.truncate(1 << 36)
    tracemalloc.start()
    try:
        with pytest.raises(ValueError, match="expected at most 268,435,456 bytes, got more"):
            read_plain(tmp_path / "file", largest=1 << 28)
        assert tracemalloc.get_traced_memory()[1] < 1 << 20
    finally:
        tracemalloc.stop()


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="needs pipes in folders")
def test_pipes_devices_and_folders_are_not_read(tmp_path):
    os.mkfifo(tmp_path / "pipe")
    (tmp_path / "link").symlink_to("/dev/zero")
    for path in (tmp_path / "pipe", tmp_path / "link", tmp_path):
        with pytest.raises(ValueError, match="expected a regular file"):
            read_plain(path, largest=10)
    assert stat.S_ISFIFO((tmp_path / "pipe").stat().st_mode)
