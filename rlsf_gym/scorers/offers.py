"""Offers of scorers to reward designs beyond scores."""

from __future__ import annotations

from typing import Any

from rlsf_gym.arguments import Argument, ArgumentError, did_you_mean
from rlsf_gym.registry import Table
from rlsf_gym.scorers.protocol import has_verdict
from rlsf_gym.scorers.table import SCORERS

__all__ = ["check_offer", "has_offer", "list_offers"]

_METHODS = {"lexicon": "lexicon_scores", "partial_credits": "partial_credits", "core": "find_core"}
"""Offers by the methods that serve them."""


def list_offers(scorer: Any, table: Table | None = None) -> tuple[str, ...]:
    """Returns the offers of a scorer, or of the class of one, to reward designs.

    "rules": certificates whose amounts add up to the gain by `rules` that it declares; "lexicon":
    `lexicon_scores(text)`; "verdict": whole responses that are right or wrong; "partial_credits" and "core":
    the methods `partial_credits` and `find_core`; the names in `attribution_methods`, which
    `attributions_batch(prompts, responses, method)` takes; and whatever else it lists in `offers`.

    Example:
        >>> list_offers("vader")
        ('rules', 'lexicon')
    """
    part = (SCORERS if table is None else table).load(scorer)
    offers = ["rules"] if getattr(part, "rules", ()) else []
    offers += ["verdict"] if has_verdict(part) else []
    offers += [name for name, method in _METHODS.items() if hasattr(part, method)]
    return (*offers, *getattr(part, "attribution_methods", ()), *_declared_offers(part))


def has_offer(scorer: Any, need: str, table: Table | None = None) -> bool:
    """Returns whether a scorer, or the class of one, offers what a reward design needs, "" being nothing."""
    return not need or need in list_offers(scorer, table)


def check_offer(design: str, need: str, scorer: Any, table: Table | None = None) -> None:
    """Checks that a scorer offers what a reward design needs.

    Args:
        design: The name of the design.
        need: What it needs, "" for nothing beyond scores.
        scorer: The scorer.
        table: The scorers that could be taken instead; `SCORERS` by default.

    Raises:
        ValueError: If it does not; the message names the registered scorers that do.
    """
    if has_offer(scorer, need):
        return
    table = SCORERS if table is None else table
    lacking = f"reward design {design!r} needs a scorer that offers {need!r}, and {scorer.name!r} does not: "
    serving = [name for name in table if has_offer(name, need, table)]
    if serving:
        raise ArgumentError(f"{lacking}use ", Argument("scorer"), f"={' or '.join(map(repr, serving))}")
    known = sorted({offer for name in table for offer in list_offers(name, table)})
    raise ArgumentError(
        f"{lacking}use a ", Argument("scorer"),
        f" of your own whose offers hold {need!r}{did_you_mean(need, known)}; no registered one does",
    )  # fmt: skip


def _declared_offers(scorer: Any) -> tuple[str, ...]:
    declared = getattr(scorer, "offers", ())
    if isinstance(declared, str) or not all(isinstance(offer, str) for offer in declared):
        raise ValueError(f"offers of a scorer must be several str, such as ('proof',), got {declared!r}")
    return tuple(declared)
