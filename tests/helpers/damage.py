"""Ways in which a file is damaged on a disk, in a transfer or by hand; the same number, the same damage."""

from __future__ import annotations

import random

REGIONS = {"head": (0.0, 0.1), "middle": (0.1, 0.9), "tail": (0.9, 1.0)}
"""Where the damage begins, as shares of the file's length."""


def flip(data: bytes, at: int, rng: random.Random) -> bytes:
    """Returns the bytes with one bit turned."""
    return data[:at] + bytes([data[at] ^ 1 << rng.randrange(8)]) + data[at + 1 :]


def cut(data: bytes, at: int, rng: random.Random) -> bytes:
    """Returns the bytes up to a place."""
    del rng
    return data[:at]


def zero(data: bytes, at: int, rng: random.Random) -> bytes:
    """Returns the bytes with up to 64 of them set to 0, as a lost block is."""
    end = min(at + rng.randrange(1, 65), len(data))
    return data[:at] + bytes(end - at) + data[end:]


def lose(data: bytes, at: int, rng: random.Random) -> bytes:
    """Returns the bytes without up to 64 of them."""
    return data[:at] + data[at + rng.randrange(1, 65) :]


def repeat(data: bytes, at: int, rng: random.Random) -> bytes:
    """Returns the bytes with up to 64 of them twice."""
    return data[: at + rng.randrange(1, 65)] + data[at:]


def overwrite(data: bytes, at: int, rng: random.Random) -> bytes:
    """Returns the bytes with up to 64 of them replaced by noise."""
    noise = rng.randbytes(min(rng.randrange(1, 65), len(data) - at))
    return data[:at] + noise + data[at + len(noise) :]


def digit(data: bytes, at: int, rng: random.Random) -> bytes:
    """Returns the bytes with the next digit, or the first, turned into another one."""
    places = [place for place, byte in enumerate(data) if 48 <= byte <= 57]
    if not places:
        return flip(data, at, rng)
    place = next((place for place in places if place >= at), places[0])
    other = (data[place] - 48 + rng.randrange(1, 10)) % 10
    return data[:place] + bytes([48 + other]) + data[place + 1 :]


WAYS = (flip, cut, zero, lose, repeat, overwrite, digit)


def damage(data: bytes, number: int, region: str) -> tuple[bytes, str]:
    """Returns the bytes changed in one region, and what was done; raises if they can't be changed."""
    rng = random.Random(number)
    first, last = (round(share * len(data)) for share in REGIONS[region])
    for _ in range(100):
        at = min(rng.randrange(first, max(last, first + 1)), len(data) - 1)
        way = rng.choice(WAYS)
        changed = way(data, at, rng)
        if changed != data:
            return changed, f"{way.__name__} at byte {at} of {len(data)}"
    raise ValueError("these bytes stay as they are")
