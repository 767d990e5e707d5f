"""Proofs: certificates that hold, and what follows from the texts without the scorer."""

from bisect import bisect_left
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

from rlsf_gym.certificates.claimed import Claimed, ClaimedRecord

__all__ = ["Known", "Proof", "Worth"]

Worth = Callable[[float], float]
"""Worth of a unit, by what it counts on the scale of scores."""


@dataclass(frozen=True, kw_only=True)
class Proof:
    """A proved certificate, and functions of the texts that the checker works out without the scorer.

    A function is None where the checker does not prove such a thing. With `verify=True`, what a reward
    design is told is held against them, and rewards that follow from them are worked out again.
    """

    records: Sequence[ClaimedRecord]
    """The records that the texts prove, in order."""
    prompt_score: float
    """Proved score of the prompt."""
    score: float
    """Score of prompt + response."""
    rules: Sequence[str] = ()
    """The rules that the scorer has."""
    slope: float = 1.0
    """Score per unit of amount on the way from the prompt to the text."""
    spread: Sequence[str] = ()
    """The rules whose records in the prompt are paid by all tokens."""
    prefix_scores: Callable[[Sequence[int]], Sequence[float]] | None = None
    """Scores of the prompt and prefixes of the response, by their ascending numbers of characters."""
    text_score: Callable[[str], float] | None = None
    """Score of any text: where `prefix_scores` is None, prefixes are scored by it."""
    values: Callable[[Sequence[int]], Sequence[float]] | None = None
    """Instead of both, values of prefixes that are not scores of texts, such as the chance to be right in the
    end: after each token but the last, whose value is the score."""
    closed_ends: Callable[[Sequence[int]], Sequence[int]] | None = None
    """From how many characters of the response are certain after each token to how many are of closed units,
    all of them after the last token; None leaves it to the environment's segmentation."""
    units: Callable[[], Sequence[tuple[int, int]]] | None = None
    """Units of the response, spans of prompt + response; None leaves it to the environment's segmentation."""
    unit_sums: Callable[[Sequence[int], Worth], Sequence[float]] | None = None
    """Sums of the units' values in the prompt and prefixes of the response."""

    @property
    def proves_prefixes(self) -> bool:
        """Whether the values of prefixes are among what it tells."""
        return any(tell is not None for tell in (self.prefix_scores, self.text_score, self.values))

    @classmethod
    def of(cls, certificate: Claimed, **more: Any) -> "Proof":
        """Returns the proof of a certificate that holds as it stands.

        Args:
            certificate: what a checker has found to be right.
            more: the functions that tell more.
        """
        return cls(
            records=certificate.records,
            prompt_score=certificate.prompt_score,
            score=certificate.score,
            rules=certificate.rules,
            slope=certificate.slope,
            spread=certificate.spread,
            **more,
        )


@dataclass(frozen=True, kw_only=True)
class Known:
    """A response with its tokens and its proof.

    Attributes:
        prompt: the prompt.
        response: the response.
        char_ends: how many characters of the response are certain after each token.
        proof: what is proved of it.
        closed_ends: how many are of closed units after each token, where the checker leaves it to others.
        units: units of the response, spans of prompt + response, where the checker leaves it to others.
    """

    prompt: str
    response: str
    char_ends: Sequence[int]
    proof: Proof
    closed_ends: Callable[[], Sequence[int]] | None = None
    units: Callable[[], Sequence[tuple[int, int]]] | None = None
    _scores: dict[str, list[float]] = field(default_factory=dict[str, list[float]], init=False, repr=False)

    def counted(self, boundary: str) -> Sequence[int] | None:
        """Returns the number of the response's characters that count after each token; None if not known.

        Args:
            boundary: "open": all that are certain; "closed": those of closed units, and all of them with the
                last token.
        """
        if boundary == "open" or not self.char_ends:
            return self.char_ends
        if self.proof.closed_ends is not None:
            return self.proof.closed_ends(self.char_ends)
        return None if self.closed_ends is None else self.closed_ends()

    def scores(self, boundary: str) -> list[float] | None:
        """Returns the score that is known after each token; None where the checker does not prove it."""
        if boundary not in self._scores:
            ends = self.counted(boundary)
            found = None if ends is None else self._known_scores(ends)
            if found is None:
                return None
            self._scores[boundary] = found
        return self._scores[boundary]

    def unit_sums(self, boundary: str, worth: Worth) -> Sequence[float] | None:
        """Returns the summed worth of the units of the prompt, and of those known after each token.

        Args:
            boundary: "closed" or "open".
            worth: what one is worth.

        Returns:
            The sum for the prompt, and one after each token; None where the checker does not prove them.
        """
        ends = self.counted(boundary)
        if ends is None or self.proof.unit_sums is None:
            return None
        return self.proof.unit_sums([0, *ends], worth)

    def unit_spans(self) -> Sequence[tuple[int, int]] | None:
        """Returns the units of the response as spans of prompt + response; None where nobody tells."""
        units = self.proof.units or self.units
        return None if units is None else units()

    def token_at(self, offset: int) -> int:
        """Returns the first token that brings the text up to an offset into prompt + response."""
        return bisect_left(self.char_ends, offset - len(self.prompt))

    def _known_scores(self, ends: Sequence[int]) -> list[float] | None:
        if self.proof.values is not None and ends:
            return [*self.proof.values(ends[:-1]), self.proof.score]
        inside = sorted({end for end in ends if 0 < end < len(self.response)})
        prefixes = self._prefix_scores(inside)
        if prefixes is None:
            return None
        found = dict(zip(inside, prefixes, strict=True))
        found |= {0: self.proof.prompt_score, len(self.response): self.proof.score}
        return [found[end] for end in ends]

    def _prefix_scores(self, ends: Sequence[int]) -> Sequence[float] | None:
        if self.proof.prefix_scores is not None:
            return self.proof.prefix_scores(ends)
        if self.proof.text_score is None:
            return None
        return [self.proof.text_score(self.prompt + self.response[:end]) for end in ends]
