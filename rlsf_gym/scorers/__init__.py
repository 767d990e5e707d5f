"""Scorers: text to a score in [-1, 1], the symbolic tool that the rewards come from."""

from typing import TYPE_CHECKING, Any

from rlsf_gym.registry import import_attribute
from rlsf_gym.scorers.protocol import Assessment, Scorer, find_assess_batch, prefix_scores_batch
from rlsf_gym.scorers.table import SCORERS, load_scorer, register_scorer

if TYPE_CHECKING:
    KnowledgeScorer: Any
    TransformerScorer: Any
    VaderScorer: Any

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


def __getattr__(name: str) -> Any:
    """Returns a scorer class of ours, imported when it is asked for."""
    if name in ("KnowledgeScorer", "TransformerScorer", "VaderScorer"):
        return import_attribute("scorer", SCORERS[name.removesuffix("Scorer").lower()])
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
