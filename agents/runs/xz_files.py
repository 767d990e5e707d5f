"""Decompresses untrusted xz data within bounds on size, ratio and memory."""

from __future__ import annotations

import lzma

LARGEST = 1 << 27
"""Most bytes after decompression, 128 MiB: nine times the largest study so far. Records take ten times it."""
GREATEST_RATIO = 200
"""Largest compression ratio that is accepted: studies have up to 30, zeros have 7,000."""
FREE = 1 << 22
"""Bytes after decompression that are accepted at any ratio: small studies repeat themselves."""
MEMORY = 1 << 27
"""Most memory of the decompressor, in bytes: twice that of the greatest preset."""
_PIECE = 1 << 20
_CHECKED = (lzma.CHECK_CRC32, lzma.CHECK_CRC64, lzma.CHECK_SHA256)


def unpack_xz(data: bytes) -> bytes:
    """Returns decompressed xz data, after verifying their checksums.

    Raises:
        ValueError: If they are not xz data, damaged, lack a checksum, or hold more than the bounds allow.
    """
    most = min(LARGEST, max(FREE, GREATEST_RATIO * len(data)))
    pieces: list[bytes] = []
    size = 0
    rest = data
    while rest:  # an xz file is one stream, or several
        stream = lzma.LZMADecompressor(lzma.FORMAT_XZ, memlimit=MEMORY)
        pending = rest
        while not stream.eof:
            piece = _next_piece(stream, pending)
            pending = b""
            size += len(piece)
            if size > most:
                raise ValueError(
                    f"expected at most {most:,} bytes when unpacked ({GREATEST_RATIO} times its size, and no "
                    f"more than {LARGEST:,}), got more from {len(data):,}"
                )
            pieces.append(piece)
        if stream.check not in _CHECKED:
            raise ValueError("expected xz data with a checksum (CRC32, CRC64 or SHA-256), got none")
        rest = stream.unused_data.lstrip(b"\0")  # padding between streams
    if not data:
        raise ValueError("expected xz data, got an empty file")
    return b"".join(pieces)


def _next_piece(stream: lzma.LZMADecompressor, data: bytes) -> bytes:
    """Returns the next decompressed piece, which is empty only where data are cut off."""
    try:
        piece = stream.decompress(data, _PIECE)
    except lzma.LZMAError as error:
        raise ValueError(
            f"expected xz data that take at most {MEMORY:,} bytes of memory ({error})"
        ) from error
    if not piece and not stream.eof and stream.needs_input:
        raise ValueError("expected whole xz data, got some that are cut off")
    return piece
