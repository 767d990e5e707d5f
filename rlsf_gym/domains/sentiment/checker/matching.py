"""Holds the records of a certificate against those that the texts prove."""

from collections.abc import Sequence

from rlsf_gym.certificates.claimed import CertificateError, ClaimedRecord, tell
from rlsf_gym.domains.sentiment.checker.lifetimes import Entry

# Largest error of an amount.
_TOLERANCE = 1e-9


def match(records: Sequence[ClaimedRecord], entries: Sequence[Entry]) -> None:
    """Checks that the records of a certificate are those that were proved.

    Raises:
        CertificateError: If a record differs; the message names it.
    """
    if tuple(records) == tuple(entries):  # mostly so: plain data, in the same order of fields
        return
    for k, (record, entry) in enumerate(zip(records, entries, strict=False)):
        place = record.char_start, record.char_end, record.trigger_start, record.trigger_end
        claimed = record.rule, place, tuple(record.path)
        is_same = claimed == (entry.rule, entry.place, entry.path)
        if not is_same or not abs(record.amount - entry.amount) <= _TOLERANCE:
            raise CertificateError(
                f"{_name(k, record)}, {_details(place, record.amount, record.path)}, "
                f"does not hold: the text proves {_tell(entry)}"
            )
        life = record.status, record.since, record.until
        if life != (entry.status, entry.since, entry.until):
            raise CertificateError(
                f"{_name(k, record)} must be {_live(entry.status, entry.since, entry.until)}, "
                f"but is {_live(*life)}"
            )
    if len(records) > len(entries):
        k = len(entries)
        raise CertificateError(f"{_name(k, records[k])} follows from nothing in the text")
    if len(records) < len(entries):
        raise CertificateError(f"a record is missing at the end: {_tell(entries[len(records)])}")


def _name(k: int, record: ClaimedRecord) -> str:
    return f"record {k} ({_say(record.rule)} at {tell(record.char_start)}:{tell(record.char_end)})"


def _tell(entry: Entry) -> str:
    details = _details(entry.place, entry.amount, entry.path)
    return f"{entry.rule} at {entry.char_start}:{entry.char_end}, {details}"


def _details(place: Sequence[int], amount: float, path: Sequence[str]) -> str:
    by = f", path {_say(' > '.join(path))}" if path else ""
    return f"trigger {tell(place[2])}:{tell(place[3])}, amount {amount:.12g}{by}"


def _live(status: str, since: int, until: int) -> str:
    return f"{_say(status)} since {tell(since)}" + ("" if until == -1 else f" until {tell(until)}")


def _say(text: str) -> str:
    """A text of a certificate without quotes, as far as a line can hold it."""
    return tell(text)[1:-1]
