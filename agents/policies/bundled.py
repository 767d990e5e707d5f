"""Names of the language models that come with the package, and their folders."""

from __future__ import annotations

import importlib.resources
from pathlib import Path

__all__ = ["BUNDLED", "bundled_folder", "bundled_names", "is_bundled"]

BUNDLED = "bundled"
"""Name of the one that is taken where nothing else is said."""
DEFAULT = "gpt2-imdb-4m"
"""Its folder; the others are called as their folders are."""
ASSETS = Path(str(importlib.resources.files("agents"))) / "assets"


def bundled_names() -> list[str]:
    """Returns the names of the bundled models, "bundled" first."""
    folders = (folder for folder in sorted(ASSETS.iterdir()) if (folder / "config.json").is_file())
    return [BUNDLED, *(folder.name for folder in folders if folder.name != DEFAULT)]


def is_bundled(name: str) -> bool:
    """Returns whether a text is the name of a bundled model."""
    return name in bundled_names()


def bundled_folder(name: str = BUNDLED) -> Path:
    """Returns the folder of a bundled model.

    Args:
        name: One of `bundled_names`.
    """
    return ASSETS / (DEFAULT if name == BUNDLED else name)
