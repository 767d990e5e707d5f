"""Scorers by name, and what a name, a function or an object stands for."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from typing import Any, cast

from rlsf_gym.registry import Table
from rlsf_gym.scorers.function import FunctionScorer, takes_texts
from rlsf_gym.scorers.protocol import Scorer

__all__ = ["SCORERS", "load_scorer", "register_scorer"]

SCORERS = Table(
    "scorer",
    {
        "vader": "rlsf_gym.domains.sentiment.vader.scorer:VaderScorer",
        "knowledge": "rlsf_gym.domains.sentiment.knowledge.scorer:KnowledgeScorer",
        "transformer": "rlsf_gym.scorers.transformer.scorer:TransformerScorer",
    },
)
"""Name to factory, or to the factory's `"module:attribute"`, imported when it is asked for."""

_OF_TEXTS = ("score", "prefix_scores", "certify")


def load_scorer(spec: str | Scorer | Callable[..., Any], **kwargs: Any) -> Scorer:
    """Returns the scorer that a name, `"module:attribute"`, a function, a factory or an object stands for.

    Args:
        spec: A name in `SCORERS`, the place of a part, or the part: a scorer, a class or function that makes
            one, or a function from a list of texts to their scores in [-1, 1]. A function that needs one
            argument beside `kwargs` is taken for the last.
        **kwargs: Arguments of the class or the function.

    Raises:
        ValueError: If there is no such scorer, it does not take the arguments, or it lacks a method.
    """
    return load_from(SCORERS, spec, kwargs)


def load_from(table: Table, spec: str | Scorer | Callable[..., Any], kwargs: Mapping[str, Any]) -> Scorer:
    """Returns the scorer that a name in another table, a place or an object stands for."""
    part = table.load(spec)
    if not _is_scorer(part) and takes_texts(part, kwargs):
        return FunctionScorer(partial(part, **kwargs) if kwargs else part)
    if isinstance(part, type) or not _is_scorer(part):
        part = table.bind(spec, part, kwargs)
        if not _is_scorer(part) and takes_texts(part, {}):
            return FunctionScorer(part)  # an object of a class with `__call__`
    elif kwargs:
        raise ValueError(
            f"scorer {spec!r} is made already and takes no arguments, got {', '.join(sorted(kwargs))}"
        )
    return _check_scorer(part)


def register_scorer(name: str, factory: str | Callable[..., Any] | Scorer) -> None:
    """Registers a scorer under a name.

    Args:
        name: The name, without a colon.
        factory: A class or function that makes the scorer, a function of texts that is one, its
            `"module:attribute"`, or a scorer.

    Raises:
        ValueError: If the name belongs to another scorer.
    """
    SCORERS.register(name, factory)


def _is_scorer(part: Any) -> bool:
    return hasattr(part, "score") or hasattr(part, "assess")


def _check_scorer(scorer: Any) -> Scorer:
    needed = ("name", "bounded", "verifiable", *(() if hasattr(scorer, "assess") else _OF_TEXTS))
    missing = [name for name in needed if not hasattr(scorer, name)]
    if missing:
        raise ValueError(
            f"scorer must be a function of a list of texts or have {', '.join(needed)}; "
            f"{type(scorer).__name__} lacks {', '.join(missing)}"
        )
    return cast(Scorer, scorer)
