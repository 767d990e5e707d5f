"""Evidence: all that a reward design may know about one response."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol, cast

import numpy as np
import numpy.typing as npt

if TYPE_CHECKING:
    from rlsf_gym.certificates.certificate import Certificate

FloatArray = npt.NDArray[np.float64]
IntArray = npt.NDArray[np.int64]
BoolArray = npt.NDArray[np.bool_]


class Hindsight(Protocol):
    """Answers about a whole response, worked out when they are asked for.

    Environments supply them, so that a design needs no scorer and no text. K is the number of units, what the
    domain's `Segmentation` makes of the response.
    """

    def units(self) -> IntArray:
        """Returns the response's units as spans of prompt + response, int64 (K, 2), in order."""
        ...

    def unit_ends(self) -> IntArray:
        """Returns where each unit is complete, int64 (K,): the token that completed it is paid."""
        ...

    def groups(self) -> IntArray:
        """Returns the number of the group (such as the clause) that each unit is in, int64 (K,), in order."""
        ...

    def utilities_without(self, absences: Sequence[Sequence[int]]) -> FloatArray:
        """Returns the utilities of prompt + response without some units, float64 (N,).

        Without all of them that is the utility of the prompt.

        Args:
            absences: N choices of units, by their numbers.
        """
        ...

    def alive(self) -> BoolArray:
        """Returns whether a right answer is still possible after each token, bool (T,).

        Of a scorer with a verdict; behind the last token, whether the response is right. The values of
        prefixes are what it is told by: a design that asks declares `uses_prefixes`.
        """
        ...

    def partial_credits(self) -> dict[str, float]:
        """Returns the scorer's partial credits of the response, by name, each in [0, 1]."""
        ...

    def core(self) -> IntArray:
        """Returns the spans of prompt + response that share the blame, int64 (K, 2), in order; K may be 0."""
        ...

    def attributions(self, method: str) -> FloatArray:
        """Returns the scorer's own attribution to each token, float64 (T,).

        Args:
            method: What the scorer offers: "lexicon" (what the units that are known with the token are worth
                one by one, in utility), or one of its `attribution_methods` (in its scores).
        """
        ...


class _NoHindsight:
    """Refuses whatever is asked, where an environment gave no text to look back at."""

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):  # what copying and pickling look for
            raise AttributeError(name)
        raise ValueError(
            f"this evidence holds no hindsight, asked for {name}: pass hindsight=... to Evidence"
        )


_NO_HINDSIGHT = cast(Hindsight, _NoHindsight())


@dataclass(frozen=True, eq=False, kw_only=True)
class Evidence:
    """Scores, spans and certificate of one response; its arrays are read-only.

    A response of `length` tokens is padded to T positions; True in the mask is a real token.
    """

    prompt_score: float
    """Score of the prompt alone."""
    prompt_utility: float
    """Utility of the prompt alone."""
    score: float
    """Score of prompt + response."""
    utility: float
    """Utility of prompt + response."""
    mask: BoolArray
    """bool (T,), True on the real tokens, which come first."""
    char_spans: IntArray
    """int64 (T, 2), the characters of prompt + response that each token completed; empty at padding."""
    slope: float = 0.0
    """Slope of the objective at `score`, 0 where it has none."""
    certificate: Certificate | None = None
    """The records behind the two scores."""
    prefixes: FloatArray | None = None
    """float64 (T,), what `prefix_utilities` returns; None where the design did not ask for it."""
    hindsight: Hindsight = _NO_HINDSIGHT
    """Answers about the whole response: its units, its worth without some, what the scorer attributes."""

    def __post_init__(self) -> None:
        """Checks shapes, values and the mask, and locks the arrays."""
        scalars = (self.prompt_score, self.prompt_utility, self.score, self.utility)
        if not all(map(math.isfinite, scalars)):
            raise ValueError(f"scores and utilities must be finite, got {scalars}")
        size = self.mask.shape
        if len(size) != 1 or self.mask.dtype != np.bool_:
            raise ValueError(f"mask must be bool (T,), got {self.mask.dtype} of shape {size}")
        if b"\0\1" in self.mask.tobytes():  # a False before a True
            raise ValueError(f"mask must be True on the first tokens only, got {self.mask.tolist()}")
        if self.char_spans.shape != (*size, 2):
            raise ValueError(f"char_spans must have shape {(*size, 2)}, got {self.char_spans.shape}")
        if self.prefixes is not None and self.prefixes.shape != size:
            raise ValueError(f"prefixes must have shape {size}, got {self.prefixes.shape}")
        self.mask.setflags(write=False)
        self.char_spans.setflags(write=False)
        if self.prefixes is not None:
            self.prefixes.setflags(write=False)

    @classmethod
    def unchecked(cls, **fields: Any) -> Evidence:
        """Returns evidence from all of its fields, which are sound already, their arrays read-only.

        For a batch, whose arrays are checked and locked as a whole: looking at each row takes much longer.
        """
        made = object.__new__(cls)
        vars(made).update(fields)
        return made

    @property
    def length(self) -> int:
        """Number of real tokens, the end token included."""
        return self.mask.tobytes().count(1)

    @property
    def gain(self) -> float:
        """Utility of prompt + response minus that of the prompt: what a conserving design shares out."""
        return self.utility - self.prompt_utility

    def utility_without(self, units: Sequence[int]) -> float:
        """Returns the utility of prompt + response without the units of these numbers."""
        return float(self.hindsight.utilities_without([units])[0])

    @property
    def prefix_utilities(self) -> FloatArray:
        """float64 (T,): the utility that is known after each token; `utility` at and after the last real one.

        Raises:
            ValueError: If the design did not declare `uses_prefixes`, so that no prefix was scored.
        """
        if self.prefixes is None:
            raise ValueError(
                "prefix_utilities were not computed: declare uses_prefixes=True in the Design that reads them"
            )
        return self.prefixes
