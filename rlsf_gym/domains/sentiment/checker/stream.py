"""Proves the valences and records of a text at each of its words, as it grows."""

from collections.abc import Sequence

from rlsf_gym.domains.sentiment.checker.but_rule import DOUBTFUL, ButRule
from rlsf_gym.domains.sentiment.checker.knowledge import Knowledge, find_premise
from rlsf_gym.domains.sentiment.checker.lifetimes import Entry, Line
from rlsf_gym.domains.sentiment.checker.rules import LOOKS_BEHIND, Claim, list_claims
from rlsf_gym.domains.sentiment.checker.words import Premise, Token, load_tables


class Valuation:
    """Growing text, with the valences that the rules give to its words.

    A word that arrives can change the claims of the two words before it, and in a graph of domain knowledge
    those of some more; of all words where it is the first "but" or the first that mixes capitals with others.
    Only these are looked at again.

    Args:
        knowledge: the graph that values words by their context; None for the lexicon alone.
        quirk: the "but" rule is the library's loop, not its documentation.

    Attributes:
        tokens: the words of the text so far.
    """

    def __init__(self, knowledge: Knowledge | None, quirk: bool) -> None:
        self.tokens: list[Token] = []
        self._knowledge = knowledge
        self._quirk = quirk
        self._window = knowledge.window if knowledge else 0  # how far a word can set the valences of others
        self._rule = ButRule(quirk)
        self._but: int | None = None
        self._mixed = False
        self._capitals = 0
        self._premises: list[Premise | None] = []
        self._claims: list[Sequence[Claim]] = []
        self._raw: list[float] = []  # valences before the "but" rule
        self._expectant = -3  # no word behind this one has a valence and looks behind

    def pass_by(self, tokens: Sequence[Token], first: int = 0) -> int:
        """Add words from one on while they have no valence and change none, and return how many.

        Most words are: there is no graph, the word is outside the lexicon and is not the first "but", the
        words before rest on none behind them, and it leaves capitals as rare as they were.

        Args:
            tokens: words that arrive.
            first: the first of these to add.
        """
        size, capitals = len(self.tokens), self._capitals
        if self._window or size - self._expectant <= 2 or len(self._rule.values) != size:
            return 0
        lexicon, mixed, has_but = load_tables()[0], self._mixed, self._but is not None
        last, end = first, len(tokens)
        while last < end:
            token = tokens[last]
            capitals += token.text.isupper()
            low = token.low
            if (
                low in lexicon
                or (low == "but" and not has_but)
                or (0 < capitals <= size + last - first) != mixed
            ):
                break
            self._capitals = capitals
            last += 1
        count = last - first
        self.tokens += tokens[first:last]
        self._premises += [None] * count
        self._claims += [()] * count
        self._raw += [0.0] * count
        self._rule.pass_by(count)
        return count

    def add(self, tokens: Sequence[Token]) -> set[int]:
        """Add words at once, and return the positions whose valence may have changed."""
        if len(tokens) == 1 and self.pass_by(tokens):
            return set()
        size = len(self.tokens)
        for token in tokens:
            self._append(token)
        return self._revise(max(0, size - self._window))

    def replace(self, token: Token) -> None:
        """Replace the last word by another one."""
        self.remove()
        self.add([token])

    def remove(self) -> None:
        """Take the last word away; another one has to arrive before anything is asked."""
        self._capitals -= self.tokens.pop().text.isupper()
        self._premises.pop()
        self._claims.pop()
        self._raw.pop()
        if self._but == len(self.tokens):
            self._but = None

    @property
    def valences(self) -> Sequence[float]:
        """The valences of the words after all rules."""
        return self._rule.values

    def total(self) -> float:
        """Sum of the valences, added up as the library adds them."""
        return float(sum(self._rule.values))

    def sure_total(self) -> float:
        """`total` where rounding might change its sign, else `running_total`."""
        total = self._rule.total
        return self.total() if abs(total) < DOUBTFUL else total

    def running_total(self) -> float:
        """Sum of the valences up to rounding, in constant time."""
        return self._rule.total

    def _copy_to(self, twin: "Valuation") -> None:
        """Give another text the same words and valences."""
        twin.tokens = self.tokens.copy()
        twin._rule = self._rule.copy()
        twin._but, twin._mixed, twin._capitals = self._but, self._mixed, self._capitals
        twin._premises, twin._claims, twin._raw = self._premises.copy(), self._claims.copy(), self._raw.copy()
        twin._expectant = self._expectant

    def _append(self, token: Token) -> None:
        if self._but is None and token.low == "but":
            self._but = len(self.tokens)
        self.tokens.append(token)
        self._capitals += token.text.isupper()
        self._premises.append(None)
        self._claims.append(())
        self._raw.append(0.0)

    def _revise(self, first: int) -> set[int]:
        """Recompute what may have changed, where words from the first one on have other valences."""
        tokens, size = self.tokens, len(self.tokens)
        for at in range(first, size):
            premise = self._premises[at] = find_premise(tokens, at, self._knowledge)
            if premise is not None and tokens[at].low in LOOKS_BEHIND:
                self._expectant = max(self._expectant, at)
        places = [at for at in range(max(0, first - 2), first) if tokens[at].low in LOOKS_BEHIND]
        places += range(first, size)
        mixed = 0 < self._capitals < size
        if mixed != self._mixed:
            places, self._mixed = list(range(size)), mixed
        changed: set[int] = set()
        premises = self._premises
        for at in places:
            claims = () if premises[at] is None else list_claims(tokens, premises, at, mixed)
            if claims != self._claims[at]:
                self._claims[at] = claims
                self._raw[at] = claims[-1].value if claims else 0.0
                changed.add(at)
        return changed | self._rule.replay(self._raw, places[0] if places else size, self._but)


class Growth(Valuation):
    """Growing text, with all records that the rules have justified so far.

    Args:
        knowledge: the graph that values words by their context; None for the lexicon alone.
        quirk: the "but" rule is the library's loop, not its documentation.

    Attributes:
        lines: for each word that was ever part of the text, the records proved of it.
    """

    def __init__(self, knowledge: Knowledge | None, quirk: bool) -> None:
        super().__init__(knowledge, quirk)
        self.lines: list[Line] = []
        self._places: list[Line] = []  # of the words that are there
        self._gone: list[Line] = []  # of words that are gone since the last prove()
        self._stale: set[int] = set()  # positions of words to look at in the next prove()

    def add(self, tokens: Sequence[Token]) -> set[int]:
        """Add words at once, and return the positions whose valence may have changed."""
        changed = super().add(tokens)
        fresh = [Line() for _ in self.tokens[len(self._places) :]]
        self._places += fresh
        self.lines += fresh
        self._stale |= changed
        return changed

    def pass_by(self, tokens: Sequence[Token], first: int = 0) -> int:
        """Add words that have no valence and change none; 0 of them where something is left to prove."""
        if self._stale or self._gone:
            return 0
        count = super().pass_by(tokens, first)
        lines = [Line() for _ in range(count)]
        self._places += lines
        self.lines += lines
        return count

    def copy(self) -> "Growth":
        """Copy of the text and its records; nothing may be left to prove."""
        twin = Growth(self._knowledge, self._quirk)
        self._copy_to(twin)
        twins = {line: line.copy() for line in self.lines}
        twin.lines = [*twins.values()]
        twin._places = [twins[line] for line in self._places]
        return twin

    def remove(self) -> None:
        """Take the last word away; another one has to arrive before anything is proved."""
        super().remove()
        self._gone.append(self._places.pop())
        self._stale.update(range(len(self.tokens)))  # the word may have been a trigger anywhere

    def prove(self, end: int) -> None:
        """Prove what holds from the word on that ends at `end`."""
        if not self._stale and not self._gone:
            return
        for line in self._gone:
            line.become((), end)
        for at in self._stale:
            if at < len(self.tokens):
                self._places[at].become(self._entries(at), end)
        self._gone, self._stale = [], set()

    def _entries(self, at: int) -> list[Entry]:
        """The claims of a word that change its valence, or name a path."""
        but = self._but
        closing = [] if but is None else [Claim("but", but, but, self._rule.values[at])]
        entries: list[Entry] = []
        value = 0.0
        for claim in (*self._claims[at], *closing):
            if claim.value != value or claim.path:
                word, first, last = (self.tokens[k] for k in (at, claim.first, claim.last))
                place = word.start, word.end, claim.rule, first.start, last.end
                entries.append(Entry(*place, claim.value - value, path=claim.path))
            value = claim.value
        return entries
