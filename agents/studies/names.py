"""Names of cell functions, independent of where their code lies, so that moved code keeps its results.

A cell is identified by its settings, and `run` is one of them. What this package runs has a short name. Cells
of before there were any say `"module:attribute"` instead, which is the name that is hashed to this day: both
spellings are one cell. A function of somebody else is named by its `"module:attribute"`, or by a name of any
kind that the study's table `[places]` says the place of: the name is hashed, the place is not.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

PLACES: Final[Mapping[str, str]] = {
    "train": "agents.studies.training:train",
    "best_of": "agents.studies.training:best_of",
    "best_of_n": "agents.studies.baselines:best_of_n",
    "guided": "agents.studies.baselines:guided",
    "finetuned": "agents.studies.baselines:finetuned",
}
"""Short name to the `"module:attribute"` of the function."""

HASHED: Final[Mapping[str, str]] = {
    "train": "agents.study_training:train",
    "best_of": "agents.study_training:best_of",
    "best_of_n": "agents.studies.baselines:best_of_n",
    "guided": "agents.studies.baselines:guided",
    "finetuned": "agents.studies.baselines:finetuned",
}
"""Short name to the name that is hashed in its place: never to be changed, even if the function moves."""

_SHORT: Final = {hashed: name for name, hashed in HASHED.items()}


def find_place(run: str, places: Mapping[str, str] | None = None) -> str:
    """Returns the `"module:attribute"` of a cell function; a name that has no place is returned unchanged.

    Args:
        run: The cell's setting `run`.
        places: Name to `"module:attribute"`, for the names of a study's own; None: it has none.

    Example:
        >>> find_place("train"), find_place("mine:measure")
        ('agents.studies.training:train', 'mine:measure')
        >>> find_place("mine:measure", {"mine:measure": "cells.mine:measure"})
        'cells.mine:measure'
    """
    name = _SHORT.get(run, run)
    return {**(places or {}), **PLACES}.get(name, name)


def is_own(run: str) -> bool:
    """Returns whether a name, in either spelling, is that of a cell function of this package.

    Example:
        >>> is_own("train"), is_own("agents.study_training:train"), is_own("mine:measure")
        (True, True, False)
    """
    return run in PLACES or run in _SHORT


def with_short_name(settings: Mapping[str, Any]) -> dict[str, Any]:
    """Returns settings, or a part of them, with `run` replaced by its short name, if it has one.

    Example:
        >>> with_short_name({"run": "agents.study_training:train", "seed": 1})
        {'run': 'train', 'seed': 1}
    """
    return _renamed(settings, _SHORT)


def with_hashed_name(settings: Mapping[str, Any]) -> dict[str, Any]:
    """Returns settings with `run` replaced by the name that is hashed.

    Example:
        >>> with_hashed_name({"run": "train"})
        {'run': 'agents.study_training:train'}
    """
    return _renamed(settings, HASHED)


def _renamed(settings: Mapping[str, Any], names: Mapping[str, str]) -> dict[str, Any]:
    run = settings.get("run")
    return {**settings, "run": names[run]} if isinstance(run, str) and run in names else dict(settings)
