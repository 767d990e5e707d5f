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

__all__ = ["Place", "Places", "State"]


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
        vocabulary: where words come from.
        places: the places, text by text.
        states: the states.
        calm: states by number of a view that is the same behind words that say nothing, and the traces of the
            last three words.
    """

    contexts: Contexts
    vocabulary: Vocabulary
    places: list[Place] = field(default_factory=list[Place])
    states: list[State] = field(default_factory=list[State])
    calm: dict[tuple[int, int, int, int], int] = field(default_factory=dict[tuple[int, int, int, int], int])
    _numbers: dict[tuple[int, int], int] = field(default_factory=dict[tuple[int, int], int])
    _views: dict[tuple[Outlook, Marks], int] = field(default_factory=dict[tuple[Outlook, Marks], int])

    def read(self, text: str, stops: Sequence[int], stream: Stream) -> None:
        """Add the places at stops of a text, spelled out, given an empty stream."""
        reading = _Reading(self, text, stream)
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


class _Reading:
    """Reads a text up to one stop behind the other."""

    def __init__(self, found: Places, text: str, stream: Stream) -> None:
        self._found = found
        self._text = text
        self._stream = stream
        self._tokens = text.split()
        self._words = list(map(found.vocabulary.__getitem__, self._tokens))
        self._ends = find_ends(text, self._tokens)
        self._is_marked = "!" in text or "?" in text
        self._growing = GrowingToken(text, 0)
        self._marks: Marks = 0, 0
        self._closed: int = 0  # number of words on the stream that are closed
        self._open: Word | None = None  # the word that is open, on top of them
        self._view = self._open_view = found.view(stream.outlook(), self._marks)  # without it, and with it
        self._state = -1  # the state with it
        # Where the view stays the same with words that say nothing, the number of the next word, else that of
        # the end; and the ends of words without marks.
        self._next = len(self._words)
        self._quiet_ends = [*self._ends, -1]
        if self._is_marked:
            self._quiet_ends = [*map(_find_quiet_end, self._tokens, self._ends), -1]

    def step(self, stop: int) -> Place | None:
        """The place at the end of a next word that says nothing; None if it is not that quiet."""
        at = self._next
        if stop != self._quiet_ends[at] or self._words[at].stirs:
            return None
        word = self._words[at]
        before = self._state
        self._stream.push(word)
        first, second, _ = self._stream.words[-3:]
        key = self._open_view[2], first.trace, second.trace, word.trace
        state = self._found.calm.get(key)
        if state is None:
            state = self._found.calm[key] = self._found.add(self._open_view, self._stream)
        self._state, self._open, self._closed, self._next = state, word, at, at + 1
        return state, before, self._tokens[at]

    def find_place(self, stop: int) -> Place:
        """The place at a stop that is behind the last one."""
        closed = bisect_left(self._ends, stop)
        marks = count_marks(self._text[:stop]) if self._is_marked else self._marks
        is_known = self._close(closed) and marks == self._marks
        self._marks = marks
        if is_known:
            before = self._state
        else:
            self._view = self._found.view(self._view[0], marks)
            before = self._found.add(self._view, self._stream)
        return self._put_open(closed, stop, before)

    def _put_open(self, closed: int, stop: int, before: int) -> Place:
        """The place at a stop behind some closed words."""
        end = self._ends[closed] if closed < len(self._ends) else -1
        start = end - len(self._tokens[closed]) if end >= 0 else stop
        self._next = len(self._words)
        if start >= stop:
            self._open = None
            return before, before, ""
        is_whole = stop == end
        word = self._words[closed] if is_whole else self._cut(start, stop)
        self._open = word
        self._stream.push(word)
        self._open_view = self._view
        if word.stirs or not self._view[0].is_calm:
            self._open_view = self._found.view(self._stream.outlook(), self._marks)
        if is_whole and closed > 1 and self._open_view[0].is_calm:
            self._next = closed + 1
        self._state = self._found.add(self._open_view, self._stream)
        return self._state, before, self._text[start:stop]

    def _close(self, closed: int) -> bool:
        """Bring the stream to a number of words that are closed, and return whether they were there."""
        count = self._closed
        was_open = self._open
        self._open, self._closed = None, closed
        if was_open is not None:
            if closed > count and was_open is self._words[count]:
                count += 1
                self._view = self._open_view
                if closed == count:
                    return True
            else:
                self._stream.pop()
        if closed > count:
            self._stream.extend(self._words[count:closed])
            self._view = self._found.view(self._stream.outlook(), self._marks)
        return False

    def _cut(self, start: int, stop: int) -> Word:
        """The word so far that a stop cuts."""
        if stop - start <= LONGEST:
            return self._found.vocabulary[self._text[start:stop]]
        if self._growing.start != start:
            self._growing = GrowingToken(self._text, start)
        return self._found.vocabulary[self._growing.grow(stop)]


def _find_quiet_end(token: str, end: int) -> int:
    """End of a token without marks, -1 of another one."""
    return -1 if "!" in token or "?" in token else end
