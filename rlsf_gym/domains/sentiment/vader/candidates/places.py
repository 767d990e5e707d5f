"""Places in texts: the states of the stream there, and the open words."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Hashable, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

from rlsf_gym.domains.sentiment.vader.candidates.contexts import Contexts
from rlsf_gym.domains.sentiment.vader.candidates.tokens import MOST_MARKS, Marks
from rlsf_gym.domains.sentiment.vader.emoji import SpelledText
from rlsf_gym.domains.sentiment.vader.long import LONGEST, GrowingToken
from rlsf_gym.domains.sentiment.vader.stream import Outlook, Stream
from rlsf_gym.domains.sentiment.vader.words import Vocabulary, Word

__all__ = ["Place", "Places", "State"]


class State(NamedTuple):
    """State of a stream before the next word.

    Attributes:
        outlook: what the word meets.
        context: number of the context that it gets its valence in.
        marks: numbers of ! and ? in the text.
        words: words of the text, the first `known` of which are there, and `more`.
    """

    outlook: Outlook
    context: int
    marks: Marks
    words: Sequence[Word]
    known: int
    more: Sequence[Word]

    def list_words(self) -> list[Word]:
        """The words that are there."""
        return [*self.words[: self.known], *self.more]


class Place(NamedTuple):
    """Place in a text, behind which a token may come.

    Attributes:
        state: number of the state with all words, for a token that begins another word.
        before: number of the state without the open word.
        word: the open word, "" for none.
    """

    state: int
    before: int
    word: str


@dataclass(eq=False)
class Places:
    """Places of many texts, and the different states there.

    Attributes:
        places: the places, text by text.
        states: the states.
    """

    contexts: Contexts
    vocabulary: Vocabulary
    places: list[Place] = field(default_factory=list[Place])
    states: list[State] = field(default_factory=list[State])
    _numbers: dict[Hashable, int] = field(default_factory=dict[Hashable, int])

    def read(self, spelled: SpelledText, stops: Sequence[int], stream: Stream) -> None:
        """Add the places at stops of a text, given an empty stream."""
        text = spelled.text
        tokens = text.split()
        words = [self.vocabulary[token] for token in tokens]
        end = 0
        ends = [end := text.find(token, end) + len(token) for token in tokens]
        starts = [end - len(token) for token, end in zip(tokens, ends, strict=True)]
        growing = GrowingToken(text, 0)
        there = 0
        last: tuple[int, str] | None = None
        for stop in stops:
            closed = bisect_left(ends, stop)
            is_open = closed < len(ends) and starts[closed] < stop
            word = text[starts[closed] : stop] if is_open else ""
            if last == (closed, word):
                self.places.append(self.places[-1])
                continue
            last = closed, word
            for at in range(there, closed):
                stream.push(words[at])
            there = closed
            marks = _count_marks(text, stop)
            before = self._add(stream, marks, words, closed, ())
            state = before
            if is_open:
                if len(word) > LONGEST:
                    growing = (
                        growing if growing.start == starts[closed] else GrowingToken(text, starts[closed])
                    )
                    made = self.vocabulary[growing.grow(stop)]
                else:
                    made = self.vocabulary[word]
                stream.push(made)
                state = self._add(stream, marks, words, closed, (made,))
                stream.pop()
            self.places.append(Place(state, before, word))

    def _add(
        self, stream: Stream, marks: Marks, words: Sequence[Word], count: int, more: Sequence[Word]
    ) -> int:
        """Number of the state of a stream."""
        outlook = stream.outlook()
        context = self.contexts.number(stream.words, outlook.case)
        key: Hashable = (outlook, context, marks)
        if outlook.stirs:
            key = (*key, len(self.states))
        number = self._numbers.setdefault(key, len(self.states))
        if number == len(self.states):
            self.states.append(State(outlook, context, marks, words, count, more))
        return number


def _count_marks(text: str, stop: int) -> Marks:
    exclamations = min(text.count("!", 0, stop), MOST_MARKS)
    return exclamations, min(text.count("?", 0, stop), MOST_MARKS)
