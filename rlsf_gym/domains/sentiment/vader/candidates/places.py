"""Places in texts: the states of the stream there, and the open words."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

from rlsf_gym.domains.sentiment.vader.candidates.classes import Words
from rlsf_gym.domains.sentiment.vader.candidates.contexts import Contexts
from rlsf_gym.domains.sentiment.vader.candidates.tokens import Marks, count_marks
from rlsf_gym.domains.sentiment.vader.long import LONGEST, GrowingToken
from rlsf_gym.domains.sentiment.vader.reading import find_ends
from rlsf_gym.domains.sentiment.vader.stream import Outlook, Stream
from rlsf_gym.domains.sentiment.vader.words import Vocabulary, Word

__all__ = ["Place", "Places", "Reading", "State"]


class State(NamedTuple):
    """State of a stream before the next word.

    Attributes:
        outlook: what the word meets.
        context: number of the context that it gets its valence in.
        marks: numbers of ! and ? in the text.
        words: the words that are there, as the vocabulary has them.
    """

    outlook: Outlook
    context: int
    marks: Marks
    words: Words


# Place in a text, behind which a token may come: number of the state with all words, for a token that begins
# another one; number of the state without the open word; the open word, "" for none. A plain tuple, as there
# is one for every token.
Place = tuple[int, int, str]


# What a next word meets beside the words: the outlook, the text's marks, and the number of the two.
View = tuple[Outlook, Marks, int]


@dataclass(eq=False)
class Places:
    """Places of many texts, and the different states there.

    Attributes:
        contexts: what the valence of a next word hangs on.
        places: the places, text by text.
        states: the states.
        calm: states by number of a view that is the same behind words that say nothing, and the traces of the
            last three words.
    """

    contexts: Contexts
    places: list[Place] = field(default_factory=list[Place])
    states: list[State] = field(default_factory=list[State])
    calm: dict[tuple[int, int, int, int], int] = field(default_factory=dict[tuple[int, int, int, int], int])
    _numbers: dict[tuple[int, int], int] = field(default_factory=dict[tuple[int, int], int])
    _views: dict[tuple[Outlook, Marks], int] = field(default_factory=dict[tuple[Outlook, Marks], int])

    def read(self, reading: Reading, stops: Sequence[int]) -> None:
        """Add the places at stops of a text, which are not before those that the reading has come to."""
        reading.begin(self)
        step, find_place = reading.step, reading.find_place
        last = -1
        for stop in stops:
            if stop == last:
                self.places.append(self.places[-1])
            else:
                self.places.append(step(stop) or find_place(stop))
                last = stop

    def view(self, outlook: Outlook, marks: Marks) -> View:
        """View of an outlook and some marks."""
        return outlook, marks, self._views.setdefault((outlook, marks), len(self._views))

    def add(self, view: View, stream: Stream) -> int:
        """Number of the state of a stream."""
        outlook, marks, number = view
        context = self.contexts.number(stream.words, outlook.case)
        key = number, context
        state = self._numbers.get(key)
        if state is None or outlook.is_loud or (outlook.halving is not None and outlook.waits):
            # What a next word does behind the latter is found out for the very text.
            state = self._numbers[key] = len(self.states)
            self.states.append(State(outlook, context, marks, stream.list_words()))
        return state


class Reading:
    """Reads a text up to one stop behind the other.

    Mostly the outlook is calm and the open word stirs nothing: then it gets on the stream only once it is
    closed, as that is the same as before.

    Args:
        text: the text, spelled out.
        stream: an empty stream.
        vocabulary: where words come from.

    Attributes:
        stop: the last stop.
    """

    def __init__(self, text: str, stream: Stream, vocabulary: Vocabulary) -> None:
        self.stop = 0
        self._text = text
        self._stream = stream
        self._vocabulary = vocabulary
        self._tokens = text.split()
        self._words = list(map(vocabulary.__getitem__, self._tokens))
        self._ends = find_ends(text, self._tokens)
        self._is_marked = "!" in text or "?" in text
        self._growing = GrowingToken(text, 0)
        self._marks: Marks = 0, 0
        self._closed = 0  # number of words that are closed
        self._open: Word | None = None  # the word that is open
        self._is_pushed = False  # on top of the closed ones
        self._view = self._open_view = (stream.outlook(), self._marks, -1)  # without it, and with it
        self._before = self._state = -1  # the states without it, and with it; -1 if not known
        # The number of the next word, where the open one is whole and the outlook calm with it, else that of
        # the end; and the ends of words without marks.
        self._next = len(self._words)
        self._quiet_ends = [*self._ends, -1]
        if self._is_marked:
            self._quiet_ends = [*map(_find_quiet_end, self._tokens, self._ends), -1]

    def begin(self, found: Places) -> None:
        """Begin with places that are still empty, or go on with others."""
        self._found = found
        self._view = found.view(self._view[0], self._marks)
        self._open_view = found.view(self._open_view[0], self._marks)
        self._before = self._state = -1
        self._next = len(self._words)

    def step(self, stop: int) -> Place | None:
        """The place at the end of a next word that stirs nothing; None if it is not that quiet."""
        at = self._next
        if stop != self._quiet_ends[at] or self._words[at].stirs:
            return None
        if not self._is_pushed:
            self._stream.push(self._words[at - 1])
        word = self._words[at]
        before, self._before = self._state, self._state
        self._view = self._open_view
        self._state = self._find_quiet(word)
        self._open, self._is_pushed, self._closed, self._next = word, False, at, at + 1
        self.stop = stop
        return self._state, before, self._tokens[at]

    def find_place(self, stop: int) -> Place:
        """The place at a stop that is behind the last one."""
        self.stop = stop
        closed = bisect_left(self._ends, stop)
        self._close(closed)
        if self._is_marked:
            marks = count_marks(self._text[:stop])
            if marks != self._marks:
                self._marks = marks
                self._view = self._found.view(self._view[0], marks)
                self._before = -1
        if self._before < 0:
            self._before = self._found.add(self._view, self._stream)
        return self._put_open(closed, stop)

    def _put_open(self, closed: int, stop: int) -> Place:
        """The place at a stop behind some closed words."""
        end = self._ends[closed] if closed < len(self._ends) else -1
        start = end - len(self._tokens[closed]) if end >= 0 else stop
        self._next = len(self._words)
        if start >= stop:
            self._open = None
            return self._before, self._before, ""
        word = self._words[closed] if stop == end else self._cut(start, stop)
        self._open = word
        self._open_view = self._view
        if not word.stirs and self._view[0].is_calm and closed > 1:
            self._state = self._find_quiet(word)
        else:
            self._stream.push(word)
            self._is_pushed = True
            self._open_view = self._found.view(self._stream.outlook(), self._marks)
            self._state = self._found.add(self._open_view, self._stream)
        if stop == end and closed > 1 and self._open_view[0].is_calm:
            self._next = closed + 1
        return self._state, self._before, self._text[start:stop]

    def _find_quiet(self, word: Word) -> int:
        """Number of the state with a word that stirs nothing, where the outlook is calm."""
        first, second = self._stream.words[-2:]
        key = self._view[2], first.trace, second.trace, word.trace
        state = self._found.calm.get(key)
        if state is None:
            self._stream.push(word)
            state = self._found.calm[key] = self._found.add(self._view, self._stream)
            self._stream.pop()
        return state

    def _close(self, closed: int) -> None:
        """Bring the stream to a number of words that are closed, without an open one."""
        count = self._closed
        if closed > count and self._open is not None and self._open is self._words[count]:
            if not self._is_pushed:
                self._stream.push(self._open)
            count += 1
            self._view, self._before = self._open_view, self._state
        elif self._is_pushed:
            self._stream.pop()
        self._open, self._is_pushed, self._closed = None, False, closed
        if closed > count:
            self._stream.extend(self._words[count:closed])
            self._view = self._found.view(self._stream.outlook(), self._marks)
            self._before = -1

    def _cut(self, start: int, stop: int) -> Word:
        """The word so far that a stop cuts."""
        if stop - start <= LONGEST:
            return self._vocabulary[self._text[start:stop]]
        if self._growing.start != start:
            self._growing = GrowingToken(self._text, start)
        return self._vocabulary[self._growing.grow(stop)]


def _find_quiet_end(token: str, end: int) -> int:
    """End of a token without marks, -1 of another one."""
    return -1 if "!" in token or "?" in token else end
