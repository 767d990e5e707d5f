"""Certificates that one scorer makes, one after the other."""

from __future__ import annotations

from typing import Any

from rlsf_gym.certificates.certificate import Certificate
from rlsf_gym.certificates.record import Record

__all__ = ["Series"]


class Series:
    """Certificates of one scorer, which share all that does not depend on the text.

    What they share is checked once, the rest is not: it is for the scorers of this package, whose tests hold
    them to what `Certificate` accepts. A checker reads all fields of any certificate before it proves it.

    Args:
        **shared: fields of `Certificate`, without scores, records and slope.

    Raises:
        ValueError: one of them is not what `Certificate` accepts.
    """

    def __init__(self, **shared: Any) -> None:
        self._shared = shared
        self._fields = vars(Certificate(**shared, prompt_score=0.0, score=0.0, records=()))

    def __reduce__(self) -> tuple[object, ...]:
        # Read-only mappings cannot be pickled.
        return _restore, (self._shared,)

    def make(
        self, *, prompt_score: float, score: float, records: tuple[Record, ...], slope: float
    ) -> Certificate:
        """The certificate with these scores, records and slope."""
        made = object.__new__(Certificate)
        vars(made).update(self._fields, prompt_score=prompt_score, score=score, records=records, slope=slope)
        return made


def _restore(shared: dict[str, Any]) -> Series:
    return Series(**shared)
