"""Scores a growing text, reading each word once."""

from rlsf_gym.domains.sentiment.vader.emoji import spell
from rlsf_gym.domains.sentiment.vader.stream import Stream, emphasize, measure_emphasis, normalize
from rlsf_gym.domains.sentiment.vader.words import Vocabulary

__all__ = ["GrowingText"]


class GrowingText:
    """Score of a growing text, at a cost per piece that does not depend on the text before it.

    Args:
        stream: an empty stream.
        vocabulary: where the words come from.

    Attributes:
        score: of the text so far; a word that may go on counts as the word it is so far.
    """

    def __init__(self, stream: Stream, vocabulary: Vocabulary) -> None:
        self.score = 0.0
        self._stream = stream
        self._vocabulary = vocabulary
        self._before = ""  # the last raw character, which decides on the space before an emoji
        self._open = ""  # the token at the end, which the next piece may go on with
        self._total = 0.0
        self._exclamations = self._questions = 0

    def extend(self, text: str) -> float:
        """Add a piece of text and return the score of all."""
        if not text:
            return self.score
        spelled = spell(self._before + text).text.removeprefix(spell(self._before).text)
        tokens = spelled.split()
        if self._open and not spelled[0].isspace():
            self._stream.pop()
            tokens[0] = self._open + tokens[0]
        for token in tokens:
            self._total = self._stream.push(self._vocabulary[token])
        self._before = text[-1]
        self._open = "" if spelled[-1].isspace() else tokens[-1]
        self._exclamations += spelled.count("!")
        self._questions += spelled.count("?")
        emphasis = measure_emphasis(self._exclamations, self._questions)
        self.score = normalize(emphasize(self._total, emphasis))
        return self.score
