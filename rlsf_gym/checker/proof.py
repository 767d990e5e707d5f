"""Matches the records of one text with what the rules entitle it to."""

import math
from collections.abc import Sequence
from typing import Protocol

from rlsf_gym.checker.claims import Claim, list_claims
from rlsf_gym.checker.errors import CertificateError
from rlsf_gym.checker.knowledge import Knowledge, read_premises
from rlsf_gym.checker.reading import Token, read_cells, read_tokens

# Largest error of an amount.
_TOLERANCE = 1e-9

Place = tuple[int, int, int, int]


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
        """Which of the two texts the record speaks of: kept, added or withdrawn."""
        ...

    @property
    def path(self) -> Sequence[str]:
        """Of the graph, that justifies the amount."""
        ...


def describe(k: int, record: ClaimedRecord) -> str:
    """A record in a few words."""
    return f"record {k} ({record.rule} at {record.char_start}:{record.char_end})"


class Proof:
    """The records of one text, proved from the first to the last.

    Args:
        text: the raw text.
        records: all records of the certificate.
        absent: the status of records that do not speak of this text.
        knowledge: the graph that values words by their context; None for the lexicon alone.

    Attributes:
        owners: for each record proved, the position of its word; -1 for punctuation.
    """

    def __init__(
        self, text: str, records: Sequence[ClaimedRecord], absent: str, knowledge: Knowledge | None = None
    ) -> None:
        self.owners: dict[int, int] = {}
        self._records = [(k, record) for k, record in enumerate(records) if record.status != absent]
        self._cells = read_cells(text)
        self._tokens = read_tokens(self._cells)
        self._premises = read_premises(self._tokens, knowledge)

    def run(self, quirk: bool) -> float:
        """Prove everything and return the score.

        Args:
            quirk: the "but" rule is the library's loop, not its documentation.
        """
        total = self._prove_words(quirk)
        total = self._prove_marks(total)
        if len(self.owners) < len(self._records):
            raise CertificateError(
                f"{describe(*self._records[len(self.owners)])} follows from nothing in the text"
            )
        return total / math.sqrt(total * total + 15)

    def _prove_words(self, quirk: bool) -> float:
        tokens = self._tokens
        capitals = sum(token.text.isupper() for token in tokens)
        mixed = 0 < capitals < len(tokens)
        claims = [list_claims(tokens, self._premises, at, mixed) for at in range(len(tokens))]
        but = next((at for at, token in enumerate(tokens) if token.low == "but"), None)
        values = [mine[-1].value if mine else 0.0 for mine in claims]
        if but is not None:
            _replay_but(values, but, quirk)
        for at, mine in enumerate(claims):
            value = 0.0
            closing = [] if but is None else [Claim("but", but, but, values[at])]
            for claim in mine + closing:
                if claim.value != value or claim.path:
                    place = _place(tokens, at, claim)
                    self._expect(at, claim.rule, place, claim.value - value, claim.path)
                value = claim.value
        return float(sum(values))

    def _prove_marks(self, total: float) -> float:
        """Prove the records of ! and ?, and return the sum with them."""
        sign = (total > 0) - (total < 0)
        bangs = [cell.raw for cell in self._cells if cell.character == "!"][:4]
        queries = [cell.raw for cell in self._cells if cell.character == "?"]
        each = 0.0 if len(queries) < 2 else 0.18 if len(queries) < 4 else 0.24
        for raw, amount in [(raw, 0.292) for raw in bangs] + [(raw, each) for raw in queries[:4]]:
            if sign * amount:
                self._expect(-1, "punctuation", (raw, raw + 1, raw, raw + 1), sign * amount)
                total += sign * amount
        return total

    def _expect(self, at: int, rule: str, place: Place, amount: float, path: Sequence[str] = ()) -> None:
        """The next record must be this one."""
        proved = f"{rule} at {place[0]}:{place[1]}, {_details(place[2:], amount, path)}"
        if len(self.owners) >= len(self._records):
            raise CertificateError(f"a record is missing at the end: {proved}")
        k, record = self._records[len(self.owners)]
        claimed = (record.char_start, record.char_end, record.trigger_start, record.trigger_end)
        is_same = record.rule == rule and claimed == place and tuple(record.path) == tuple(path)
        if not is_same or not abs(record.amount - amount) <= _TOLERANCE:
            raise CertificateError(
                f"{describe(k, record)}, {_details(claimed[2:], record.amount, record.path)}, "
                f"does not hold: the text proves {proved}"
            )
        self.owners[k] = at


def _details(trigger: Sequence[int], amount: float, path: Sequence[str]) -> str:
    by = f", path {' > '.join(path)}" if path else ""
    return f"trigger {trigger[0]}:{trigger[1]}, amount {amount:.12g}{by}"


def _place(tokens: Sequence[Token], at: int, claim: Claim) -> Place:
    return tokens[at].start, tokens[at].end, tokens[claim.first].start, tokens[claim.last].end


def _replay_but(values: list[float], but: int, quirk: bool) -> None:
    """Scale the valences in place; with the quirk, by the library's loop, step by step."""
    for at in range(len(values)):
        target = values.index(values[at]) if quirk else at
        if target != but:
            values[target] *= 0.5 if target < but else 1.5
