"""Checks before the first cell that a study can answer its contrasts.

`agents.studies.read` refuses malformed study files; what is refused here could be run, and read afterwards,
but would lack its answer: a contrast about a goal that the study does not have, a measure that is unknown,
settings under which nothing is learned.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from agents.runs.strict_json import did_you_mean, is_count, show
from agents.stats.measures import TIMES
from agents.studies.names import PLACES
from agents.studies.plan import Contrast, Study
from agents.studies.settings import leaves, look_up, merge
from agents.studies.tuning import CRITERIA, EPISODES, STOP_SCORE

GOAL = "add [goal] with share = 0.8, the part of the way to what is attainable (docs/benchmark.md)"
BUDGETS = ("episodes", "eval_episodes", "n", "prompts")
"""Settings of the cell functions of `agents` that are budgets: numbers of episodes, responses, prompts."""
OURS = tuple(PLACES)
"""Short names of the cell functions that have these budgets; they are not imported."""


def check_before_runs(study: Study, measures: Sequence[str]) -> None:
    """Checks that a study's goal, measures and budgets suffice for its contrasts.

    Args:
        study: The study, with its overrides.
        measures: Keys of the measures that contrasts can be about.

    Raises:
        ValueError: If a contrast can't be answered; one line names the contrast or setting, and what to add.
    """
    for contrast in study.contrasts:
        _check_contrast(study, contrast, measures)
    _check_tuning(study)
    for where, settings in _all_settings(study):
        _check_settings(study, where, settings)


def check_one_of(what: str, name: str, known: Sequence[str]) -> None:
    """Checks that a name is a known one.

    Raises:
        ValueError: If it is unknown; the message lists all names, and suggests the closest.
    """
    if name not in known:
        guess = did_you_mean(name, known)
        raise ValueError(f"{what}: expected one of {', '.join(known)}, got {show(name)}{guess}")


def _check_contrast(study: Study, contrast: Contrast, measures: Sequence[str]) -> None:
    where = f"contrast {contrast.name!r}"
    check_one_of(f"{where}: measure", contrast.measure, measures)
    if contrast.measure in TIMES and study.goal is None:
        raise ValueError(f"{where}: {contrast.measure} needs a goal, and the study has none; {GOAL}")
    if contrast.sensitivity and contrast.measure not in TIMES:
        raise ValueError(
            f"{where}: sensitivity: expected a measure of {', '.join(TIMES)}, got {contrast.measure}"
        )
    treatment, control, *others = contrast.sides
    if treatment == control:
        raise ValueError(f"{where}: expected two arms, got the same settings as treatment and as control")
    if others and others == [treatment, control]:
        raise ValueError(f"{where}: expected two places, got the same settings in `at` and in `against`")


def _check_tuning(study: Study) -> None:
    if study.tuning is None:
        return
    check_one_of("tuning.criterion", study.tuning.criterion, list(CRITERIA))
    needs_score = study.tuning.criterion == EPISODES and study.tuning.score is None
    if needs_score and look_up(study.defaults, STOP_SCORE) is None:
        raise ValueError(
            f"tuning: expected the key 'score', which the criterion {EPISODES!r} counts up to, or "
            f"{STOP_SCORE} among the defaults"
        )
    known = {key for _, settings in study.plain_settings() for key, _ in leaves(settings)}
    for key in study.tuning.per:
        if all(look_up(settings, key) is None for _, settings in study.plain_settings()):
            check_one_of("tuning.per", key, sorted(known))


def _all_settings(study: Study) -> list[tuple[str, Mapping[str, Any]]]:
    """Returns all settings of cells, each with its place in the study file."""
    found: list[tuple[str, Mapping[str, Any]]] = [
        (f"cells {group.name!r}", settings) for group, settings in study.plain_settings()
    ]
    if study.tuning is not None:
        found.append(("tuning.settings", merge(study.defaults, study.tuning.settings)))
    return found


def _check_settings(study: Study, where: str, settings: Mapping[str, Any]) -> None:
    if settings.get("run") not in OURS:
        return
    for key in BUDGETS:
        value = settings.get(key, 1)
        if not (isinstance(value, int) and is_count(value) and value >= 1):
            raise ValueError(f"{where}: {key}: expected a whole number >= 1, got {show(value)}")
    if study.goal is not None:
        try:
            most = study.goal.max_kl(settings)
        except ValueError as error:
            raise ValueError(f"{where}: {error}; goal.kl_per_token is over it") from error
        if most <= 0.0:
            raise ValueError(
                f"{where}: {study.goal.length_key}: expected tokens > 0, the goal's K is {most:g}"
            )
