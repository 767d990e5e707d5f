"""agents/runs/xz_files.py: what unpacks to more than bounds allow is refused before it is in memory."""

import lzma
import tracemalloc

import pytest

from agents.runs import xz_files
from agents.runs.xz_files import unpack_xz


@pytest.mark.parametrize("check", [lzma.CHECK_CRC32, lzma.CHECK_CRC64, lzma.CHECK_SHA256])
def test_data_come_back(check):
    data = bytes(range(256)) * 10_000
    assert unpack_xz(lzma.compress(data, check=check)) == data


def test_several_streams_and_padding_come_back():
    assert unpack_xz(lzma.compress(b"a") + b"\0" * 8 + lzma.compress(b"b")) == b"ab"


@pytest.mark.whole
def test_a_bomb_is_refused_with_little_memory():
    bomb = lzma.compress(b"\0" * (1 << 28))  # 256 MiB in 40 KB
    assert len(bomb) < 1 << 17
    tracemalloc.start()
    with pytest.raises(ValueError, match=r"expected at most [0-9,]+ bytes when unpacked .* got more from"):
        unpack_xz(bomb)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 1 << 26


def test_many_small_streams_count_together(monkeypatch):
    monkeypatch.setattr(xz_files, "FREE", 1_000)
    monkeypatch.setattr(xz_files, "GREATEST_RATIO", 2)
    one = lzma.compress(b"\0" * 900)
    assert unpack_xz(one) == b"\0" * 900
    with pytest.raises(ValueError, match="expected at most"):
        unpack_xz(one * 20)


def test_the_bound_is_exact(monkeypatch):
    monkeypatch.setattr(xz_files, "LARGEST", 1_000)
    assert len(unpack_xz(lzma.compress(b"a" * 1_000))) == 1_000
    with pytest.raises(ValueError, match="expected at most 1,000 bytes"):
        unpack_xz(lzma.compress(b"a" * 1_001))


def test_a_dictionary_beyond_the_memory_is_refused():
    filters = [{"id": lzma.FILTER_LZMA2, "preset": 0, "dict_size": 1 << 28}]
    with pytest.raises(ValueError, match=r"at most 134,217,728 bytes of memory \(Memory usage limit"):
        unpack_xz(lzma.compress(b"a" * 100, filters=filters))


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (b"", "an empty file"),
        (b"no xz data at all", "Input format not supported"),
        (lzma.compress(b"a" * 1000)[:-5], "cut off"),
        (lzma.compress(b"a" * 1000)[:6], "cut off"),
        (lzma.compress(b"a" * 1000) + b"what lies behind it", "Input format not supported"),
        (lzma.compress(b"a", check=lzma.CHECK_NONE), "expected xz data with a checksum"),
        (lzma.compress(b"a", lzma.FORMAT_ALONE), "Input format not supported"),
    ],
)
def test_what_is_no_whole_xz_data_is_refused(data, message):
    with pytest.raises(ValueError, match=message):
        unpack_xz(data)


def test_every_changed_byte_is_noticed():
    packed = lzma.compress(b"some lines of a study\n" * 20)
    for place in range(len(packed)):
        damaged = bytearray(packed)
        damaged[place] ^= 0x10
        with pytest.raises(ValueError):
            unpack_xz(bytes(damaged))
