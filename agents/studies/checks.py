"""Checks before the first cell that a study can answer its contrasts.

`agents.studies.read` refuses malformed study files; what is refused here could be begun, but would fail cell
by cell, or lack its answer: a contrast about a goal that the study does not have, a measure that is unknown,
or that no cell leaves behind, settings that no cell can be run with, or under which nothing is learned.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from agents.runs.strict_json import did_you_mean, is_count, show
from agents.stats.measures import TIMES
from agents.studies.names import PLACES
from agents.studies.plan import Contrast, Study
from agents.studies.settings import leaves, look_up, matches
from agents.studies.training_checks import check_stop, check_training, leaves_measure
from agents.studies.tuning import CRITERIA, EPISODES, STOP_SCORE

GOAL = "add [goal] with share = 0.8, the part of the way to what is attainable (docs/benchmark.md)"
BUDGETS = ("episodes", "eval_episodes", "n", "prompts")
"""Settings of the cell functions of `agents` that are budgets: numbers of episodes, responses, prompts."""
OURS = tuple(PLACES)
"""Short names of the cell functions that have these budgets; they are not imported."""
TRAIN = "train"
"""Name of the one that trains a learner."""


def check_before_runs(study: Study, measures: Sequence[str]) -> None:
    """Checks that a study's goal, measures and settings of cells suffice for its contrasts.

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
        try:
            _check_settings(study, settings)
        except ValueError as error:
            raise ValueError(f"{where}: {error}") from error
    asked = [contrast for contrast in study.contrasts if not leaves_measure({}, contrast.measure)]
    possible = [settings for _, settings in study.possible_settings()] if asked else []
    for contrast in asked:
        _check_measured(contrast, possible)


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


def _check_measured(contrast: Contrast, possible: Sequence[Mapping[str, Any]]) -> None:
    """Checks that a measure which only some settings bring about has a cell on each side.

    What cell functions of a study's own leave behind is not known here.
    """
    for side in contrast.sides:
        found = [settings for settings in possible if matches(settings, side)]
        own = any(settings.get("run") not in OURS for settings in found)
        if own or any(_leaves(settings, contrast.measure) for settings in found):
            continue
        raise ValueError(
            f"contrast {contrast.name!r}: measure: expected cells whose pass_at or other_env_kwargs bring "
            f"about {contrast.measure}, got none for {show(side)}"
        )


def _leaves(settings: Mapping[str, Any], measure: str) -> bool:
    return settings.get("run") == TRAIN and leaves_measure(settings, measure)


def _all_settings(study: Study) -> Iterator[tuple[str, Mapping[str, Any]]]:
    """Yields all settings that cells can have, each with its place in the study file."""
    for group, settings in study.possible_settings():
        yield f"cells {group.name!r}", settings
    if study.tuning is not None:
        for where in study.tuned_places():
            for _, cell in study.candidates(where, study.tuning.seeds[0]):
                yield "tuning", cell.settings


def _check_settings(study: Study, settings: Mapping[str, Any]) -> None:
    run = settings.get("run")
    if run not in OURS:
        return
    if run == TRAIN:
        check_training(settings)
    else:
        _check_budgets(settings)
    if study.goal is None:
        return
    try:
        most = study.goal.max_kl(settings)
    except ValueError as error:
        raise ValueError(f"{error}; goal.kl_per_token is over it") from error
    if most <= 0.0:
        raise ValueError(f"{study.goal.length_key}: expected tokens > 0, the goal's K is {most:g}")
    if run == TRAIN:
        check_stop(settings, study.goal)


def _check_budgets(settings: Mapping[str, Any]) -> None:
    for key in BUDGETS:
        value = settings.get(key, 1)
        if not (isinstance(value, int) and is_count(value) and value >= 1):
            raise ValueError(f"{key}: expected a whole number >= 1, got {show(value)}")
