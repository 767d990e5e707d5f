"""What docs/integrations.md says that a trainer's estimators do with a row of token rewards."""

import re
from pathlib import Path

PAGE = Path(__file__).parents[2] / "docs" / "integrations.md"


def estimators_of_the_page(trainer):
    """Returns names of those that keep the tokens apart, and of those that add the row up."""
    (row,) = re.findall(rf"^\| {re.escape(trainer)} \| (.*) \| (.*) \|$", PAGE.read_text(), re.MULTILINE)
    return tuple(set(re.findall("`(.*?)`", cell)) for cell in row)
