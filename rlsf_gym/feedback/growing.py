"""Rewards the tokens of a response as they are written, in constant time per token."""

from __future__ import annotations

import codecs
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial
from typing import Any, cast

import numpy as np

from rlsf_gym.designs import Step, Transition
from rlsf_gym.evidence import BoolArray, FloatArray
from rlsf_gym.scorers.protocol import ScoreStream

__all__ = ["GrowingResponse"]

_Decoder = codecs.getincrementaldecoder("utf-8")
_GOES_ON = np.array(False), np.array(np.nan)


@dataclass(eq=False, kw_only=True)
class GrowingResponse:
    """Unfinished response, with its utility so far.

    What a token costs does not depend on how many there are before it, as long as units close.
    """

    stream: ScoreStream
    """Stream of the scorer, which scores the characters that count."""
    utility: float
    """Utility so far: of the prompt and of the characters of the response that count."""
    measure: Callable[[float], float]
    """Objective: score to utility."""
    count_closed: Callable[[str], int]
    """Number of further characters that count, of those that have not counted before."""
    step: Step
    """What the design pays a token for what is known around it; it draws nothing."""
    _decoder: codecs.IncrementalDecoder = field(default_factory=lambda: _Decoder("replace"), init=False)
    _waiting: str = field(default="", init=False)
    """Characters that are certain and do not count yet."""
    _around: Transition = field(init=False)
    """What is known around the last token."""
    _known: list[Any] = field(init=False)
    """The utilities before and after it."""

    def __post_init__(self) -> None:
        """Begins with the utility of the prompt."""
        start: Any = self.utility
        self._known = [start, start]
        self._around = Transition(prompt=start, known=partial(cast(Any, tuple), self._known), ending=_go_on)

    def add(self, piece: bytes) -> float:
        """Appends the bytes of a token and returns its reward, given that the response goes on.

        Raises:
            ValueError: If the scorer or the objective returns what it must not.
        """
        before = self.utility
        self._waiting += self._decoder.decode(piece)
        counted = self.count_closed(self._waiting)
        if counted:
            self.utility = self.measure(self.stream.extend(self._waiting[:counted]))
            self._waiting = self._waiting[counted:]
        self._known[:] = before, self.utility
        paid = self.step.of.function(self._around, **self.step.kwargs)
        return float(np.float32(paid))


def _go_on() -> tuple[BoolArray, FloatArray]:
    """Returns that the response is not over with the token."""
    return _GOES_ON
