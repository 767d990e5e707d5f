"""Scorers: text to a score in [-1, 1], the symbolic tool that the rewards come from."""

from typing import TYPE_CHECKING, Any

from rlsf_gym.registry import import_attribute
from rlsf_gym.scorers.protocol import Assessment, Scorer, find_assess_batch, prefix_scores_batch
from rlsf_gym.scorers.table import SCORERS, load_scorer, register_scorer

if TYPE_CHECKING:  # types alone: a domain's scorer is imported when it is asked for
    from rlsf_gym.domains.sentiment.knowledge.scorer import KnowledgeScorer
    from rlsf_gym.domains.sentiment.vader.scorer import VaderScorer
    from rlsf_gym.scorers.transformer.scorer import TransformerScorer

__all__ = [
    "SCORERS",
    "Assessment",
    "KnowledgeScorer",
    "Scorer",
    "TransformerScorer",
    "VaderScorer",
    "find_assess_batch",
    "load_scorer",
    "prefix_scores_batch",
    "register_scorer",
]


if not TYPE_CHECKING:  # which would take any name for one of ours

    def __getattr__(name: str) -> Any:
        """Returns a scorer class of ours, imported when it is asked for."""
        if name in ("KnowledgeScorer", "TransformerScorer", "VaderScorer"):
            return import_attribute("scorer", SCORERS[name.removesuffix("Scorer").lower()])
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
