"""docs/_ext/rlsf_site/repository_links.py: what is no page is shown where the repository is hosted."""

import pytest
from rlsf_site.repository_links import repository_path


@pytest.fixture
def docs(tmp_path):
    for path in ("docs/how_to/page.md", "docs/results/NAME.toml", "examples/quickstart/ppo.py", "README.md"):
        (tmp_path / path).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / path).touch()
    return tmp_path / "docs"


@pytest.mark.parametrize(
    ("target", "expected"),
    [
        ("../../examples/quickstart/ppo.py", "blob/BRANCH/examples/quickstart/ppo.py"),
        ("../../examples/quickstart", "tree/BRANCH/examples/quickstart"),
        ("../../examples/quickstart/", "tree/BRANCH/examples/quickstart"),
        ("../results/NAME.toml", "blob/BRANCH/docs/results/NAME.toml"),
        ("/results/NAME.toml", "blob/BRANCH/docs/results/NAME.toml"),
        ("../../README", "blob/BRANCH/README.md"),
        ("../../examples/gone.py", None),
        ("../../..", None),
    ],
)
def test_a_link_leads_to_the_file_or_folder(docs, target, expected):
    assert repository_path(target, docs / "how_to" / "page.md", docs) == expected


def test_links_that_are_resolved_already_are_found(docs):
    target = str(docs.parent / "README")
    assert repository_path(target, docs / "how_to" / "page.md", docs) == "blob/BRANCH/README.md"
