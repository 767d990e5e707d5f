"""JSON objects that hold their own SHA-256, by which a file that was changed later is detected.

The hash tells damage and edits, not a forgery: who can write a file can hash it anew.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from typing import Any

SEAL = "sha256"
"""Key under which an object holds its hash."""


def seal(content: Mapping[str, Any]) -> dict[str, Any]:
    """Returns plain data with its own hash added under `sha256`.

    Args:
        content: Data that JSON can hold, all numbers finite.

    Example:
        >>> whole = seal({"episodes": 16})
        >>> unseal(whole)
        {'episodes': 16}
    """
    body: dict[str, Any] = json.loads(json.dumps(content, allow_nan=False))
    return {**body, SEAL: hash_of(body)}


def unseal(content: Mapping[str, Any]) -> dict[str, Any]:
    """Returns sealed data without the hash, after checking it; data that has no hash is returned unchanged.

    Raises:
        ValueError: If the content does not match the hash; the message says why, but not where.
    """
    body = {key: value for key, value in content.items() if key != SEAL}
    if SEAL in content and content[SEAL] != hash_of(body):
        raise ValueError("it was changed after it was written, as its sha256 says")
    return body


def hash_of(value: Any) -> str:
    """Returns the SHA-256 of plain data, whatever the order of its keys, in hexadecimal digits.

    Raises:
        ValueError: If a number is not finite.
    """
    text = json.dumps(value, sort_keys=True, ensure_ascii=True, allow_nan=False)
    return hashlib.sha256(text.encode("ascii")).hexdigest()
