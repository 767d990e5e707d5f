"""Spells out emoji as words, with a map back to the raw text."""

from typing import NamedTuple

from rlsf_gym.domains.sentiment.vader.words import load_lexicon

Span = tuple[int, int]


class SpelledText(NamedTuple):
    """Text whose emoji are spelled out, with the map to the raw text.

    Attributes:
        text: the spelled text.
        ends: for each raw offset, the length of the spelled text of the prefix; None if nothing changed.
        origins: for each spelled character, the raw offset it comes from; None if nothing changed.
    """

    text: str
    ends: list[int] | None = None
    origins: list[int] | None = None

    def stops(self, start: int, offsets: list[int]) -> list[int]:
        """Lengths of the spelled text of the first `start + offset` raw characters, for each offset."""
        if self.ends is None:
            return [start + offset for offset in offsets]
        return [self.ends[start + offset] for offset in offsets]

    def raw_span(self, start: int, stop: int) -> Span:
        """Raw characters that the spelled characters `[start, stop)` come from."""
        if self.origins is None:
            return start, stop
        return self.origins[start], self.origins[stop - 1] + 1


def spell(text: str) -> SpelledText:
    """Replace each emoji by its description, spaced as the library spaces it.

    A space goes before the description unless one (a plain one) or the start of the text is there already;
    none goes after it, so that what follows is glued to its last word.
    """
    if text.isascii():
        return SpelledText(text)
    descriptions = load_lexicon()[1]
    if descriptions.keys().isdisjoint(text):
        return SpelledText(text)
    pieces: list[str] = []
    ends = [0]
    origins: list[int] = []
    for offset, character in enumerate(text):
        piece = descriptions.get(character, character)
        if character in descriptions and offset and text[offset - 1] != " ":
            piece = " " + piece
        pieces.append(piece)
        origins.extend([offset] * len(piece))
        ends.append(len(origins))
    return SpelledText("".join(pieces), ends, origins)
