"""Verdict on an answer that a certificate proves: solved, dead or unfinished, by which symbol, and why.

Certificates of domains whose scores are verdicts hold it as their payload:

- `status`: "solved", "dead" or "unfinished";
- `alive`: characters of the response up to which a right answer was possible;
- `witness`: a right answer that begins with those characters, None where there is none;
- `fatal`: span in prompt + response of the symbol that lost it, `reason` its rule, `because` the proof in
  words, each None where there is no such thing;
- `core`: spans of symbols that share the blame, where the domain finds them.

Their records, one for each character at which the value changes, tell the value of each prefix.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import accumulate
from typing import Any, cast

from rlsf_gym.render.spans import IntArray, tokens_of_span
from rlsf_gym.render.visible import show_controls

__all__ = ["Span", "Verdict", "find_values", "mark_tokens", "read_verdict"]

Span = tuple[int, int]

STATUSES = ("solved", "dead", "unfinished")
LONGEST = 160
"""Characters of a witness that are shown behind a token."""


@dataclass(frozen=True)
class Verdict:
    """What is proved of an answer; control characters of its texts are made visible where they are shown."""

    status: str
    """`"solved"`, `"dead"` (no right answer begins so) or `"unfinished"`."""
    alive: int
    """Characters of the response up to which a right answer was possible."""
    witness: str | None = None
    """Right answer that begins with those characters."""
    fatal: Span | None = None
    """Span of the symbol that lost it, in prompt + response."""
    reason: str = ""
    """Rule of that symbol."""
    because: str = ""
    """The proof in words."""
    core: tuple[Span, ...] = ()
    """Spans of the symbols that share the blame, in prompt + response."""

    def completion(self, end: int) -> str | None:
        """Returns what makes the first `end` characters of the response right, None if nothing can.

        Example:
            >>> Verdict("dead", 3, "8-3=5").completion(2), Verdict("dead", 3, "8-3=5").completion(4)
            ('3=5', None)
        """
        if self.witness is None or end > self.alive:
            return None
        rest = show_controls(self.witness[end : end + LONGEST])
        return f"{rest}\u2026" if len(self.witness) > end + LONGEST else rest


def read_verdict(payload: Any) -> Verdict | None:
    """Returns the verdict that the payload of a certificate holds, None where it holds another thing.

    Args:
        payload: As in `info["certificate_payload"]`, or None.

    Example:
        >>> read_verdict({"status": "solved", "alive": 5, "witness": "8-3=5", "left": ["5"]}).status
        'solved'
        >>> read_verdict({"model": [1, -2]}) is None
        True
    """
    found: dict[str, Any] = dict(cast("Mapping[str, Any]", payload)) if isinstance(payload, Mapping) else {}
    texts = [found.get(key) or "" for key in ("reason", "because", "witness")]
    fatal: Any = found.get("fatal")
    core: Any = found.get("core") or []
    is_ours = (
        found.get("status") in STATUSES
        and _is_count(found.get("alive"))
        and all(isinstance(text, str) for text in texts)
        and (fatal is None or _is_span(fatal))
        and isinstance(core, list)
        and all(map(_is_span, cast("list[Any]", core)))
    )
    if not is_ours:
        return None
    shared = tuple(_span(one) for one in cast("list[Any]", core))
    return Verdict(
        found["status"], found["alive"], found.get("witness"), None if fatal is None else _span(fatal),
        *map(show_controls, texts[:2]), core=shared,
    )  # fmt: skip


def mark_tokens(verdict: Verdict, spans: IntArray, start: int) -> list[str]:
    """Returns "fatal" for the token that lost the answer, "core" for others that share the blame, else "".

    The last token of an unfinished answer, which ended it, is marked "end".

    Args:
        verdict: The verdict.
        spans: int64 (K, 2), the characters of prompt + response that each token completed.
        start: Number of characters of the prompt.
    """
    marks = [""] * len(spans)
    for span in verdict.core:
        for token in tokens_of_span(spans, *span):
            marks[token] = "core"
    if verdict.fatal is not None:
        first, end = max(verdict.fatal[0], start + verdict.alive), verdict.fatal[1]
        for token in tokens_of_span(spans, first, max(first + 1, end))[:1]:
            marks[token] = "fatal"
    elif verdict.status == "unfinished" and marks:
        marks[-1] = "end"
    return marks


def find_values(records: Iterable[Mapping[str, Any]], ends: Sequence[int], score: float) -> list[float]:
    """Returns the value after each token: the score less what later characters, and the end, change.

    Args:
        records: Plain records, as in `info["certificate"]`, of a certificate whose payload is a verdict:
            the `amount` of each is a change in value, made by the characters of `trigger`, or by the end.
        ends: Characters of prompt + response that are there after each token, non-decreasing.
        score: Score of the whole response, which the last token brings about.

    Example:
        >>> change = {"trigger": [3, 4], "amount": 0.75, "status": "added"}
        >>> find_values([change], [3, 4, 4], 1.0)
        [0.25, 1.0, 1.0]
    """
    held = [(*one["trigger"], float(one["amount"])) for one in records if one["status"] == "added"]
    changes = sorted((last, amount) for first, last, amount in held if first < last)
    places = [last for last, _ in changes]
    later = [*accumulate((amount for _, amount in reversed(changes)), initial=0.0)][::-1]
    at_the_end = sum(amount for first, last, amount in held if first == last)
    values = [score - at_the_end - later[bisect_right(places, end)] for end in ends[:-1]]
    return [*values, score][: len(ends)]


def _is_count(value: Any) -> bool:
    return type(value) is int and 0 <= value < 1 << 53


def _is_span(value: Any) -> bool:
    pair = cast("list[Any]", value) if isinstance(value, list | tuple) else []
    return len(pair) == 2 and all(map(_is_count, pair)) and pair[0] <= pair[1]


def _span(pair: Sequence[int]) -> Span:
    return int(pair[0]), int(pair[1])
