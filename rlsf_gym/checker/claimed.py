"""What the checker reads of a certificate, whoever wrote it."""

from collections.abc import Mapping, Sequence
from typing import Protocol


class ClaimedRecord(Protocol):
    """What the checker reads of a record."""

    @property
    def char_start(self) -> int:
        """Start of the word."""
        ...

    @property
    def char_end(self) -> int:
        """End of the word."""
        ...

    @property
    def rule(self) -> str:
        """Name of the rule."""
        ...

    @property
    def trigger_start(self) -> int:
        """Start of the trigger."""
        ...

    @property
    def trigger_end(self) -> int:
        """End of the trigger."""
        ...

    @property
    def amount(self) -> float:
        """What the rule adds to the sum of valences."""
        ...

    @property
    def status(self) -> str:
        """Where it holds: kept, added, withdrawn or passing."""
        ...

    @property
    def path(self) -> Sequence[str]:
        """Of the graph, that justifies the amount."""
        ...

    @property
    def since(self) -> int:
        """End of the word with whose arrival it begins to hold."""
        ...

    @property
    def until(self) -> int:
        """End of the word with whose arrival it ceases to hold; -1 for none."""
        ...


class Claimed(Protocol):
    """What the checker reads of a certificate."""

    @property
    def scorer(self) -> str:
        """Name of the scorer."""
        ...

    @property
    def version(self) -> str:
        """Version of its lexicon."""
        ...

    @property
    def verifiable(self) -> bool:
        """Whether there is anything to prove."""
        ...

    @property
    def options(self) -> Mapping[str, str]:
        """Options of the scorer; `but`, `graph` and `graph_sha256` are read."""
        ...

    @property
    def prompt_score(self) -> float:
        """Score of the prompt."""
        ...

    @property
    def score(self) -> float:
        """Score of prompt + response."""
        ...

    @property
    def records(self) -> Sequence[ClaimedRecord]:
        """All records, in order."""
        ...
