"""The README as an index of packages shows it: with the address of the repository, once there is one.

pyproject.toml names this file as a hook of hatchling, which runs it for each sdist and wheel.
"""

import re
from pathlib import Path
from typing import Any

from hatchling.metadata.plugin.interface import MetadataHookInterface

RELATIVE = re.compile(r"(!?\[(?:[^\[\]]|\[[^\]]*\])*\])\((?!https?:|#)([^)\s]+)\)")
FENCE = re.compile(r"(^```.*?^```)", flags=re.M | re.S)


def with_addresses(text: str, repository: str, tag: str) -> str:
    """Returns Markdown whose relative links lead to files of a tag of the repository.

    Args:
        text: The Markdown.
        repository: Address of the repository on its host.
        tag: The tag of the release.
    """

    def lead(link: re.Match[str]) -> str:
        kind = "raw" if "![" in link[1][:2] else "blob"
        return f"{link[1]}({repository}/{kind}/{tag}/{link[2]})"

    parts = FENCE.split(text)
    return "".join(part if part.startswith("```") else RELATIVE.sub(lead, part) for part in parts)


class LongDescription(MetadataHookInterface):
    """Gives hatchling the README, with addresses where `[project.urls]` has the repository's."""

    def update(self, metadata: dict[str, Any]) -> None:
        """Sets `readme`, which pyproject.toml declares as dynamic."""
        text = Path(self.root, "README.md").read_text(encoding="utf-8")
        repository = metadata.get("urls", {}).get("Repository")
        if repository:
            text = with_addresses(text, repository.rstrip("/"), f"v{metadata['version']}")
        metadata["readme"] = {"content-type": "text/markdown", "text": text}
