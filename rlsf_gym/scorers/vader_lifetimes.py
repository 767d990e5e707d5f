"""Follows the records of one word while the text grows: which begin, which go on, which end."""

from collections.abc import Sequence

from rlsf_gym.certificate import Record, Status

# The records of a word, and the end of the word that brought them about.
Version = tuple[int, list[Record]]

# Amounts that differ by less come from another order of the same additions.
_SAME_AMOUNT = 1e-12


def follow(line: list[Record], versions: Sequence[Version], start: int = 0) -> list[Record]:
    """All records that a word has had, in an order that is that of the rules at any time.

    Args:
        line: those that it has had before.
        versions: what it has then, the last version to the end.
        start: when that begins: earlier versions are left out, and the one that holds then begins there.
    """
    lasts = [*(end for end, _ in versions[1:]), None]
    for (end, records), last in zip(versions, lasts, strict=True):
        if last is None or last > start:
            end = max(end, start)
            fresh = [
                record if record.since >= end else record._replace(since=end) for record in records
            ]
            line = change_line(line, fresh, end)
    return line


def change_line(line: list[Record], records: list[Record], end: int) -> list[Record]:
    """The line with the records that hold from now on.

    Args:
        line: records that have held.
        records: those that hold now. One that has held goes on; any other begins right before the next one
            that goes on.
        end: of the word with whose arrival those cease to hold that are not among the records.
    """
    changed: list[Record] = []
    for record in line:
        if record.until == -1:
            at = next((k for k, other in enumerate(records) if _is_same(record, other)), None)
            if at is None:
                record = record._replace(until=end, status="withdrawn")
            else:
                changed += records[:at]
                records = records[at + 1 :]
        changed.append(record)
    return changed + records


def give_statuses(line: list[Record], prompt_end: int) -> list[Record]:
    """The records of a line that hold in the prompt or behind it, with their statuses.

    Args:
        line: all records of a word.
        prompt_end: where the prompt ends.
    """
    return [
        record._replace(status=_status(record, prompt_end))
        for record in line
        if record.until == -1 or record.until > prompt_end
    ]


def _status(record: Record, prompt_end: int) -> Status:
    if record.since > prompt_end:
        return "added" if record.until == -1 else "passing"
    return "kept" if record.until == -1 else "withdrawn"


def _is_same(one: Record, other: Record) -> bool:
    return one[:5] == other[:5] and one.path == other.path and abs(one.amount - other.amount) < _SAME_AMOUNT
