"""Proves what the rules make of a text at each word of it, as it grows."""

from collections.abc import Sequence

from rlsf_gym.checker.but_rule import ButRule
from rlsf_gym.checker.claims import Claim, list_claims
from rlsf_gym.checker.knowledge import Knowledge, find_premise
from rlsf_gym.checker.lines import Entry, Line
from rlsf_gym.checker.reading import Premise, Token


class Growth:
    """A text that words are added to, and all that the rules have ever claimed of its words.

    A word that arrives can change the claims of the two words before it, and in a graph of domain knowledge
    those of some more; of all words where it is the first "but" or the first that mixes capitals with others.
    Only these are looked at again.

    Args:
        knowledge: the graph that values words by their context; None for the lexicon alone.
        quirk: the "but" rule is the library's loop, not its documentation.

    Attributes:
        tokens: the words that are there.
        lines: of each word that was ever there, what was proved of it.
    """

    def __init__(self, knowledge: Knowledge | None, quirk: bool) -> None:
        self.tokens: list[Token] = []
        self.lines: list[Line] = []
        self._knowledge = knowledge
        self._window = knowledge.window if knowledge else 0  # how far a word can set the valences of others
        self._rule = ButRule(quirk)
        self._but: int | None = None
        self._mixed = False
        self._capitals = 0
        self._premises: list[Premise | None] = []
        self._claims: list[list[Claim]] = []
        self._raw: list[float] = []  # valences before the "but" rule
        self._places: list[Line] = []  # of the words that are there
        self._gone: list[Line] = []  # of words that are gone since the last prove()
        self._stale: set[int] = set()  # positions of words to look at in the next prove()

    def add(self, tokens: Sequence[Token]) -> None:
        """Let the words arrive all at once."""
        size = len(self.tokens)
        for token in tokens:
            if self._but is None and token.low == "but":
                self._but = len(self.tokens)
            self.tokens.append(token)
            self._capitals += token.text.isupper()
            self._premises.append(None)
            self._claims.append([])
            self._places.append(Line())
        self.lines += self._places[size:]
        self._revise(max(0, size - self._window))

    def remove(self) -> None:
        """Take the last word away; another one has to arrive before anything is proved."""
        self._capitals -= self.tokens.pop().text.isupper()
        self._premises.pop()
        self._claims.pop()
        self._gone.append(self._places.pop())
        self._stale.update(range(len(self.tokens)))  # the word may have been a trigger anywhere
        if self._but == len(self.tokens):
            self._but = None

    def total(self) -> float:
        """Sum of the valences, added up as the library adds them."""
        return float(sum(self._rule.values))

    def prove(self, end: int) -> None:
        """Prove what holds from the word on that ends at `end`."""
        for line in self._gone:
            line.become((), end)
        for at in self._stale:
            if at < len(self.tokens):
                self._places[at].become(self._entries(at), end)
        self._gone, self._stale = [], set()

    def _revise(self, first: int) -> None:
        """Look again at what may have changed, where words from the first one on have other valences."""
        tokens, size = self.tokens, len(self.tokens)
        for at in range(first, size):
            self._premises[at] = find_premise(tokens, at, self._knowledge)
        first = max(0, first - 2)  # these look at the words behind them
        mixed = 0 < self._capitals < size
        if mixed != self._mixed:
            first, self._mixed = 0, mixed
        for at in range(first, size):
            claims = list_claims(tokens, self._premises, at, mixed)
            if claims != self._claims[at]:
                self._claims[at] = claims
                self._stale.add(at)
        self._raw[first:] = [claims[-1].value if claims else 0.0 for claims in self._claims[first:]]
        self._stale |= self._rule.replay(self._raw, first, self._but)

    def _entries(self, at: int) -> list[Entry]:
        """The claims of a word that change its valence, or name a path."""
        but = self._but
        closing = [] if but is None else [Claim("but", but, but, self._rule.values[at])]
        entries: list[Entry] = []
        value = 0.0
        for claim in self._claims[at] + closing:
            if claim.value != value or claim.path:
                word, first, last = (self.tokens[k] for k in (at, claim.first, claim.last))
                place = word.start, word.end, first.start, last.end
                entries.append(Entry(claim.rule, place, claim.value - value, claim.path))
            value = claim.value
        return entries
