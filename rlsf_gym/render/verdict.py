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
from typing import Any, NamedTuple, cast

from rlsf_gym.render.spans import IntArray, tokens_of_span
from rlsf_gym.render.visible import show_controls

__all__ = [
    "Span",
    "ToldVerdict",
    "Verdict",
    "find_values",
    "mark_tokens",
    "read_verdict",
    "show_value",
    "tell_verdict",
    "tokens_of_change",
]

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


class ToldVerdict(NamedTuple):
    """Verdict in words, control characters made visible."""

    status: str
    """`"solved"`, `"dead"` or `"unfinished"`."""
    lost: str
    """The symbol that lost it; empty where nothing is lost."""
    reason: str
    """Rule of that symbol."""
    because: str
    """The proof."""
    kept: str
    """End of what stood as long as a right answer was possible."""
    rest: str
    """What would have made it right; empty where nothing is missing, or nothing could."""

    @property
    def heading(self) -> str:
        """Where, and by which rule, it was lost; or that it is unfinished.

        Example:
            >>> ToldVerdict("dead", "8", "target", "no way leads on", "", "").heading
            'lost at \u201c8\u201d (target)'
        """
        rule = f" ({self.reason})" if self.reason not in ("", self.status) else ""
        return (f"lost at \u201c{self.lost}\u201d" if self.lost else self.status) + rule

    @property
    def remedy(self) -> str:
        """Words before the right answer."""
        return "right would have been" if self.status == "dead" else "right would be"

    def lines(self) -> list[str]:
        """Returns why it is not right, and what would be; none of a right answer."""
        proof = [f"{self.heading}: {self.because}"] if self.because else []
        return [*proof, *([f"{self.remedy} {self.kept}{self.rest}"] if self.rest else [])]


def tell_verdict(verdict: Verdict, prompt: str, response: str) -> ToldVerdict:
    """Returns a verdict in words.

    Args:
        verdict: The verdict.
        prompt: The prompt.
        response: The response that it is about.
    """
    first, end = verdict.fatal or (0, 0)
    return ToldVerdict(
        status=verdict.status,
        lost=show_controls((prompt + response)[first:end]),
        reason=verdict.reason,
        because=verdict.because,
        kept=show_controls(response[: verdict.alive][-LONGEST:]),
        rest=verdict.completion(verdict.alive) or "",
    )


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


def tokens_of_change(spans: IntArray, record: Mapping[str, Any]) -> range:
    """Returns the tokens that made a change of value: those of its trigger, or the last one, the end.

    Args:
        spans: int64 (K, 2), the characters of prompt + response that each token completed.
        record: Plain record of a certificate whose payload is a verdict.
    """
    first, end = record["trigger"]
    return tokens_of_span(spans, first, end) if first < end else range(len(spans))[-1:]


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


def show_value(value: float) -> str:
    """Returns a value as it is written: a share of 1, with two digits that count.

    Example:
        >>> show_value(0.03125), show_value(1.0), show_value(0.0), show_value(1e-7)
        ('0.031', '1', '0', '1e-07')
    """
    return f"{value:.2g}"


def _is_count(value: Any) -> bool:
    return type(value) is int and 0 <= value < 1 << 53


def _is_span(value: Any) -> bool:
    pair = cast("list[Any]", value) if isinstance(value, list | tuple) else []
    return len(pair) == 2 and all(map(_is_count, pair)) and pair[0] <= pair[1]


def _span(pair: Sequence[int]) -> Span:
    return int(pair[0]), int(pair[1])
