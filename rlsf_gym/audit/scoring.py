"""Payer of a scorer: from text, or from instances, to scores."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from rlsf_gym.audit.outcome import Outcome
from rlsf_gym.audit.payers import Found, Row
from rlsf_gym.audit.signatures import Signature
from rlsf_gym.instance import Instance
from rlsf_gym.scorers.protocol import needs_instance
from rlsf_gym.scorers.table import load_scorer

__all__ = ["ScorerPayer"]


class ScorerPayer:
    """Scores responses behind their prompts; what is paid is the score of prompt + response.

    Args:
        signature: The scorer's.
        file: Its file.
    """

    def __init__(self, signature: Signature, file: str | None) -> None:
        self._scorer: Any = load_scorer(signature.function)
        self._needs, self.file = signature.needs, file

    def describe(self) -> dict[str, Any]:
        """Returns kind and needed columns."""
        return {"kind": "scorer", "needs": list(self._needs), "name": self._scorer.name}

    def pay(self, rows: Sequence[Row], chat: bool) -> Found:
        """Returns the score of each response behind its prompt, from one call."""
        if not needs_instance(self._scorer):
            scores = self._scorer.score([row["prompt"] + row["response"] for row in rows])
            return [Outcome.of(score) for score in scores], {}
        instances = [Instance(row["prompt"], -1, row["columns"]["instance"]) for row in rows]
        ends = [np.zeros(0, np.int64)] * len(rows)
        found = self._scorer.assess(instances, [row["response"] for row in rows], ends)
        return [Outcome.of(one.certificate.score) for one in found], {}
