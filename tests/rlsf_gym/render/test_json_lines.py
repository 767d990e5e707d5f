"""Lines of JSON from anybody: one at a time, and a reason for each that is none."""

import bz2
import gzip
import lzma
import os

import pytest

from rlsf_gym.render import json_lines
from rlsf_gym.render.json_lines import at_line, parse_object, read_lines


def test_empty_lines_count_and_are_passed_over(tmp_path):
    (tmp_path / "a.jsonl").write_bytes(b'\n{"a": 1}\r\n  \n{"a": 2}')
    assert list(read_lines(tmp_path / "a.jsonl")) == [(2, b'{"a": 1}\r\n'), (4, b'{"a": 2}')]


@pytest.mark.parametrize(
    ("data", "told"),
    [
        (gzip.compress(b"{}\n"), "got one that gzip compressed: decompress it first"),
        (lzma.compress(b"{}\n"), "got one that xz compressed: decompress it first"),
        (bz2.compress(b"{}\n"), "got one that bzip2 compressed: decompress it first"),
        (b"\x28\xb5\x2f\xfd\x04", "got one that zstd compressed: decompress it first"),
        (b"PK\x03\x04\n", "got a zip archive: unpack it first"),
        (b"PAR1\x15", "got a parquet file: write its rows as lines of JSON"),
        ("{}\n".encode("utf-16"), "got one in UTF-16: save it as UTF-8"),
    ],
    ids=["gzip", "xz", "bzip2", "zstd", "zip", "parquet", "utf-16"],
)
def test_files_of_another_kind_are_told_by_their_first_bytes(tmp_path, data, told):
    (tmp_path / "a.jsonl").write_bytes(data)
    with pytest.raises(ValueError, match=f"a.jsonl: expected lines of JSON in UTF-8, {told}"):
        next(read_lines(tmp_path / "a.jsonl"))


def test_a_line_has_a_greatest_length(tmp_path, monkeypatch):
    monkeypatch.setattr(json_lines, "LONGEST", 10)
    (tmp_path / "a.jsonl").write_bytes(b"123456789\n1234567890\n")
    lines = read_lines(tmp_path / "a.jsonl")
    assert next(lines) == (1, b"123456789\n")
    with pytest.raises(ValueError, match=r"a\.jsonl, line 2: expected at most 10 bytes in a line, got more"):
        next(lines)


@pytest.mark.parametrize(
    ("line", "told"),
    [
        (b'{"a": [1, 2', "got text that is cut at the end of the file, as when a process"),
        (b'{"a": "\xc3', "got text that is cut at the end of the file"),
        (b'{"a": "\xc3\n', "got the byte 0xc3 at 7, which is no UTF-8"),
        (b'{"a": }\n', "got text that is none: Expecting value at character 6"),
        (b"a\n", "got text that is none: Expecting value at character 0"),
        (b"[" * 100_000 + b"\n", "got one that is nested too deeply to be read"),
    ],
)
def test_what_is_no_object_has_its_reason(line, told):
    with pytest.raises(ValueError, match="expected a JSON object, ") as caught:
        parse_object(line)
    assert told in str(caught.value)


@pytest.mark.parametrize(
    ("line", "told"),
    [
        (b'{"a": NaN}', "expected finite numbers, got NaN"),
        (b'{"a": -Infinity}', "expected finite numbers, got -Infinity"),
        (b'{"a": 1' + b"0" * 5000 + b"}", "expected finite numbers, got one of thousands of digits"),
        (b"[1, 2]", r"expected an object, got \[1, 2\]"),
        (b"null", "expected an object, got null: leave the key out where it is unknown"),
    ],
)
def test_what_json_has_not(line, told):
    with pytest.raises(ValueError, match=told):
        parse_object(line)


def test_a_mark_at_the_beginning_and_halves_of_characters_are_taken():
    assert parse_object(b'\xef\xbb\xbf{"a": "\\ud83d"}') == {"a": "\ud83d"}
    assert parse_object('{"a": "\ud83d"}'.encode("utf-8", "surrogatepass")) == {"a": "\ud83d"}


def test_a_reason_stands_in_one_line_behind_file_and_number(tmp_path):
    with pytest.raises(ValueError, match=r"^a\.jsonl, line 7: two lines x{290}$"), at_line("a.jsonl", 7):
        raise ValueError("two\nlines " + "x" * 1000)


def test_what_is_no_file(tmp_path):
    os.mkfifo(tmp_path / "pipe")
    for name, told in (("pipe", "a pipe, a device or a link"), ("none", "none"), (".", "a folder")):
        with pytest.raises(
            ValueError, match=f"expected a file with a JSON object in each line, found {told}$"
        ):
            next(read_lines(tmp_path / name))
