""".ci/long_description.py: relative links of the README lead to the repository once it has an address."""

import re
import tomllib
from pathlib import Path

import pytest

from tests.helpers.loaded import load_file

pytest.importorskip("hatchling")

ROOT = Path(__file__).parents[1]
README = (ROOT / "README.md").read_text(encoding="utf-8")


@pytest.fixture(scope="module")
def hook():
    return load_file(ROOT / ".ci" / "long_description.py")


def test_links_lead_to_files_and_pictures_to_what_they_hold(hook):
    text = (
        "| ![a](docs/a.png) | [b](docs/b.md#c) [d](https://d.org) [e](#e)\n```python\nx[0](y)\n```\n[f](F)\n"
    )
    assert hook.with_addresses(text, "https://host.example/repo", "v1.0") == (
        "| ![a](https://host.example/repo/raw/v1.0/docs/a.png) "
        "| [b](https://host.example/repo/blob/v1.0/docs/b.md#c) [d](https://d.org) [e](#e)\n"
        "```python\nx[0](y)\n```\n[f](https://host.example/repo/blob/v1.0/F)\n"
    )


def test_nothing_of_the_readme_stays_relative(hook):
    changed = hook.with_addresses(README, "https://host.example/repo", "v0.1.0")
    links = re.findall(r"\]\(([^)\s]+)\)", re.sub(r"^```.*?^```", "", changed, flags=re.M | re.S))
    assert len(links) > 30
    assert [link for link in links if not link.startswith(("https://", "#"))] == []


@pytest.mark.parametrize("urls", [{}, {"urls": {"Repository": "https://host.example/repo/"}}])
def test_hatchling_gets_the_readme(hook, urls):
    metadata = {"version": "0.1.0", **urls}
    hook.LongDescription(str(ROOT), {}).update(metadata)
    assert metadata["readme"]["content-type"] == "text/markdown"
    text = metadata["readme"]["text"]
    assert ("](https://host.example/repo/raw/v0.1.0/docs/puzzles.png)" in text) == bool(urls)
    assert (text == README) == (not urls)


def test_the_project_names_the_hook():
    told = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    assert told["project"]["dynamic"] == ["readme"]
    assert told["tool"]["hatch"]["metadata"]["hooks"]["custom"]["path"] == ".ci/long_description.py"
