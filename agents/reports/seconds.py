"""Seconds that an episode of each arm takes, from a file beside the cells, which themselves keep no times.

    {"seconds_per_episode": {"potential": 0.025, "terminal": 0.024}, "measured": "one core, 5 rounds"}

The keys are the arms' names in the report. Whoever times a study's arms writes it, as NAME.seconds.json
beside a packed study or seconds.json in a study's folder; a report that finds it tells seconds to the goal.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any, cast

from agents.runs.plain_files import read_plain
from agents.runs.strict_json import did_you_mean, is_number, parse_object, show
from agents.studies.files import PACKED

FILE = "seconds.json"
KEY = "seconds_per_episode"
KEYS = (KEY, "measured")
LARGEST = 1 << 20
"""Most bytes of the file."""


def seconds_file(place: Path) -> Path:
    """Returns the path of the file of a study, packed or a folder, whether it is there or not."""
    if place.is_dir():
        return place / FILE
    return place.with_name(f"{place.name.removesuffix(PACKED)}.{FILE}")


def read_seconds(place: Path) -> dict[str, float] | None:
    """Returns arm to the seconds of an episode; None where the study has no such file.

    Args:
        place: Of `agents.reports.report.find`.

    Raises:
        ValueError: If the file is not a table of seconds; in one line.
        OSError: If it can't be read.
    """
    file = seconds_file(place)
    if not file.exists():
        return None
    try:
        table = parse_object(read_plain(file, largest=LARGEST))
        seconds: Any = table.get(KEY)
        if not isinstance(seconds, Mapping) or not all(map(_is_seconds, cast(Any, seconds).values())):
            raise ValueError(f"{KEY}: expected a table of arms and numbers > 0, got {show(seconds)}")
        for key in table:
            if key not in KEYS:
                raise ValueError(f"expected the keys {', '.join(KEYS)}, got {show(key)}")
    except ValueError as error:
        raise ValueError(f"{file}: {error}") from error
    return {str(name): float(value) for name, value in cast(Mapping[str, float], seconds).items()}


def check_arms(seconds: Mapping[str, float], arms: Iterable[str]) -> None:
    """Checks that seconds are those of arms that a study has.

    Raises:
        ValueError: If an arm is not one of the study's.
    """
    known = list(arms)
    for name in seconds:
        if name not in known:
            listed, guess = ", ".join(known), did_you_mean(name, known)
            raise ValueError(f"{FILE}: {KEY}: expected arms of {listed}, got {show(name)}{guess}")


def _is_seconds(value: Any) -> bool:
    return is_number(value) and value > 0
