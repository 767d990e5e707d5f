"""Defaults of a training run on sentiment, as plain data: arguments of a `TaskPreset`."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

SCORERS = ("vader", "knowledge")
"""Scorers of sentiment, with the graph of films that comes with the package."""
FILMS = ("bundled", "imdb", "stanfordnlp/imdb")
"""Sources of prompts about films, which the bundled judges were trained on."""


def default_judge(settings: Mapping[str, Any]) -> str:
    """Returns the judge of a run that names none: the bundled one knows films, and nothing else."""
    places = (settings["prompts"], settings["eval_prompts"] or settings["prompts"])
    known = settings["scorer"] in SCORERS and "graph" not in settings["scorer_kwargs"]
    return "bundled" if known and all(place in FILMS for place in places) else "none"


TRAINING: dict[str, Any] = {
    "name": "sentiment",
    "env_id": "rlsf_gym:rlsf_gym/Sentiment-v0",
    "scorers": SCORERS,
    "judge": default_judge,
    "no_judge": "no judge: the bundled ones know films and sentiment alone; --judge bundled asks one all the "
    "same",
    "packages": ("vaderSentiment",),
    "with_candidates": {
        "boundary": "open",
        "episodes": 128,
        "batch_size": 8,
        "minibatch_size": 8,
        "lr": 5e-4,
        "kl_coef": 0.05,
        "cliprange_high": 1.0,
        "lam": 0.0,
    },
}
