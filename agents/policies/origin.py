"""Origin of a policy: the model that it was made from, with its licence, as far as that is known."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any, NamedTuple

CARD_FILE = "README.md"
ORIGIN_FILE = "policy.json"
UNKNOWN = "unknown"
"""Licence of a model that states none: a name that the hub knows, and never a guess."""
_LICENCE = re.compile(r"^license:[ \t]*['\"]?([A-Za-z0-9.+-]+)['\"]?\s*$", re.MULTILINE)
_LICENCE_NAME = re.compile(r"^license_name:[ \t]*['\"]?([^'\"\s][^'\"\r\n]{0,99}?)['\"]?\s*$", re.MULTILINE)
_LICENCE_LINK = re.compile(r"^license_link:[ \t]*['\"]?(https://[^'\"\s]{1,300})['\"]?\s*$", re.MULTILINE)
_NO_VALUE = ("null", "Null", "NULL")  # as YAML writes it
_ALWAYS = ("base", "licence")


class Origin(NamedTuple):
    """The model that a policy was made from."""

    base: str
    """The base model: a bundled name, a name on the hub, or the name of a folder; empty: made in memory."""
    licence: str = UNKNOWN
    """Licence of the base model, as the hub writes it."""
    licence_name: str = ""
    """Name of a licence that the hub calls `other`; empty: there is none."""
    licence_link: str = ""
    """Where its text is; a file of the base model's own folder is not said."""

    def save(self, folder: Path) -> None:
        """Writes it down, so that a policy that is read again still knows."""
        known = {key: value for key, value in self._asdict().items() if value or key in _ALWAYS}
        text = json.dumps(known, indent=1, sort_keys=True)
        (folder / ORIGIN_FILE).write_text(text + "\n", encoding="utf-8")


def read_origin(name: str, folder: Path) -> Origin:
    """Returns the origin of a model, from the card in its folder; a model from elsewhere is its own base.

    Args:
        name: By which the model was asked for.
        folder: Where it is; need not exist, of a model from the hub for instance.
    """
    stored = _read_stored(folder)
    if stored is not None:
        return stored
    card = folder / CARD_FILE
    text = card.read_text(encoding="utf-8", errors="replace") if card.is_file() else ""
    head = text.split("\n---", 1)[0] if text.startswith("---") else ""
    licence, *more = (_find_value(one, head) for one in (_LICENCE, _LICENCE_NAME, _LICENCE_LINK))
    shown = Path(name).absolute().name if Path(name).is_dir() else name  # no path of somebody's machine
    licence = licence.lower() or UNKNOWN
    return Origin(shown, licence, *(more if licence == "other" else ()))


def _find_value(line: re.Pattern[str], head: str) -> str:
    """Returns the value of a key of a card's metadata, empty where there is none."""
    found = line.search(head)
    return "" if found is None or found.group(1) in _NO_VALUE else found.group(1)


def _read_stored(folder: Path) -> Origin | None:
    file = folder / ORIGIN_FILE
    if not file.is_file():
        return None
    try:
        stored: Any = json.loads(file.read_text(encoding="utf-8"))
        more = (str(stored.get(key, "")) for key in ("licence_name", "licence_link"))
        return Origin(str(stored["base"]), str(stored["licence"]), *more)
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        raise ValueError(
            f"policy {str(folder)!r}: expected base and licence in {ORIGIN_FILE}, got {error}; "
            "restore or remove it"
        ) from error
