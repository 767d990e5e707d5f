"""Proves what is known of a response after each of its tokens."""

import math
from collections.abc import Sequence
from typing import NamedTuple

from vaderSentiment.vaderSentiment import BOOSTER_DICT

from rlsf_gym.checker.proof import Proved, Rules, prove_marks, prove_total, squash
from rlsf_gym.checker.reading import load_tables, read_cells, read_tokens

# Sums closer to zero than this may have another sign when they are added in another order.
_DOUBTFUL = 1e-6


class Known(NamedTuple):
    """A response with its tokens, and the proof of its certificate.

    Attributes:
        prompt: the prompt.
        response: the response.
        char_ends: how many characters of the response are certain after each token.
        rules: the rules that the certificate was proved by.
        proved: what they prove.
    """

    prompt: str
    response: str
    char_ends: Sequence[int]
    rules: Rules
    proved: Proved

    def counted(self, boundary: str) -> list[int]:
        """How many characters of the response count after each token.

        Args:
            boundary: "open": all that are certain; "closed": those before the last white space among these,
                and all of them with the last token.
        """
        if boundary == "open":
            return list(self.char_ends)
        counted = [self._closed(end) for end in self.char_ends]
        return [*counted[:-1], len(self.response)] if counted else []

    def score(self, end: int) -> float:
        """The score that is known when so many characters of the response count."""
        if end == len(self.response):
            return self.proved.score
        return squash(self._total(end)) if end else self.proved.prompt_score

    def _closed(self, end: int) -> int:
        spaces = (at for at in range(end - 1, -1, -1) if self.response[at].isspace())
        return next(spaces, 0)

    def _total(self, end: int) -> float:
        text = self.prompt + self.response[:end]
        if not (self.response[end].isspace() or text[-1].isspace()):
            return prove_total(text, self.rules)  # a word is cut: no record tells of it
        alive = [entry for entry in self.proved.entries if entry.rule != "punctuation"]
        total = math.fsum(entry.amount for entry in alive if entry.holds_at(len(text)))
        if abs(total) < _DOUBTFUL:
            return prove_total(text, self.rules)
        return total + sum(mark.amount for mark in prove_marks(read_cells(text), total))


def read_values(text: str) -> list[float]:
    """What the lexicon says of each word of a text, on the scale of scores: 0 of boosters and most words."""
    lexicon = load_tables()[0]
    lows = [token.low for token in read_tokens(read_cells(text))]
    return [0.0 if low in BOOSTER_DICT else lexicon.get(low, 0.0) / 4 for low in lows]
