"""Certificates forged from true ones, which no checker may accept."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from itertools import pairwise

from rlsf_gym.certificates import Certificate, Record

__all__ = ["forge"]

_RECORDS = 16  # of one certificate, about: a long text has many alike


def forge(certificate: Certificate) -> Iterator[tuple[Certificate, str]]:
    """Yields certificates that claim what is not so, or what nothing proves, with what is forged.

    Args:
        certificate: A certificate that holds.
    """
    for name in ("score", "prompt_score", "slope"):
        yield replace(certificate, **{name: getattr(certificate, name) + 0.25}), f"another {name}"
    both = {name: getattr(certificate, name) + 0.25 for name in ("score", "prompt_score")}
    yield replace(certificate, **both), "both scores moved"
    for name, claims in (
        ("version", f"{certificate.version} "),
        ("options", {**certificate.options, "forged": "1"}),
        ("labels", {**certificate.labels, "forged": 0.5}),
        ("rules", (*certificate.rules, "forged")),
    ):
        yield replace(certificate, **{name: claims}), f"other {name}"
    yield from _forged_payloads(certificate)
    step = max(1, len(certificate.records) // _RECORDS)
    for position, record in list(enumerate(certificate.records))[::step]:
        for records, what in _forged_records(record):
            others = list(certificate.records)
            others[position : position + 1] = records
            yield replace(certificate, records=tuple(others)), f"{what} {position}"
    yield from _forged_sums(certificate)


def _forged_payloads(certificate: Certificate) -> Iterator[tuple[Certificate, str]]:
    """Yields certificates with a payload that says less, or more."""
    payload = dict(certificate.payload or {})
    yield replace(certificate, payload={**payload, "forged": 1}), "more payload"
    for key, value in payload.items():
        other = {**payload, key: [value, "forged"]}
        yield replace(certificate, payload=other), f"another {key!r} in its payload"
        less = {name: value for name, value in payload.items() if name != key}
        yield replace(certificate, payload=less), f"no {key!r} in its payload"


def _forged_sums(certificate: Certificate) -> Iterator[tuple[Certificate, str]]:
    """Yields certificates of which two amounts are wrong, while all of them add up as before."""
    records = certificate.records
    for position, (record, other) in enumerate(pairwise(records)):
        sign = 1.0 if record.status == other.status else -1.0
        moved = record._replace(amount=record.amount + 0.5), other._replace(amount=other.amount - 0.5 * sign)
        forged = (*records[:position], *moved, *records[position + 2 :])
        yield (
            replace(certificate, records=forged),
            f"amounts moved between records {position} and {position + 1}",
        )


def _forged_records(record: Record) -> Iterator[tuple[tuple[Record, ...], str]]:
    """Yields what may stand in a record's place, and what that would be."""
    yield (), "no record"
    yield (record._replace(amount=record.amount + 0.5),), "another amount in record"
    yield (record._replace(since=record.since + 1, until=-1),), "another beginning of record"
    until = record.since + 1 if record.until != record.since + 1 else -1
    yield (record._replace(until=until),), "another end of record"
    yield (record, record._replace(status="passing", until=until)), "a passing record behind record"
    for name in ("char_start", "char_end", "trigger_start", "trigger_end"):
        yield (_move(record, name),), f"another {name} in record"
    status = {"kept": "passing", "passing": "kept", "added": "kept", "withdrawn": "passing"}[record.status]
    yield (record._replace(status=status),), "another status in record"
    yield (record._replace(path=(*record.path, "forged")),), "another path in record"


def _move(record: Record, name: str) -> Record:
    """Returns the record with one end of a span moved outwards, or inwards where there is no room."""
    offset = getattr(record, name)
    if name.endswith("end"):
        return record._replace(**{name: offset + 1})
    return record._replace(**{name: offset - 1 if offset else getattr(record, name.replace("start", "end"))})
