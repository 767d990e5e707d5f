"""Judges: held-out scorers that are reported and never trained against, by name."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, Protocol, cast, overload

import numpy as np
import numpy.typing as npt

from rlsf_gym.arguments import Argument, ArgumentError
from rlsf_gym.registry import Table

__all__ = ["JUDGES", "Judge", "is_judge", "load_judge", "load_judges", "register_judge"]


class Judge(Protocol):
    """A held-out scorer: how likely it is that a text is positive."""

    def predict(self, texts: Sequence[str]) -> npt.NDArray[np.float64]:
        """Returns the probability that each of N texts is positive, (N,) float64 in [0, 1]."""
        ...


JUDGES = Table(
    "judge",
    {
        "bundled": "rlsf_gym.domains.sentiment.judge:load_bundled",
        "bundled-b": "rlsf_gym.domains.sentiment.judge:load_bundled_b",
        "order": "rlsf_gym.domains.sentiment.order_judge:load_order",
    },
)
"""Name to judge, to a function that makes one, or to the `"module:attribute"` of either."""


@overload
def load_judge(spec: None, read: Callable[[str], Any] | None = None) -> None: ...


@overload
def load_judge(
    spec: str | Judge | Callable[[], Judge], read: Callable[[str], Any] | None = None
) -> Judge: ...


def load_judge(
    spec: str | Judge | Callable[[], Judge] | None, read: Callable[[str], Any] | None = None
) -> Judge | None:
    """Returns the judge that a name, a place or an object stands for: it has `predict(texts)`.

    Args:
        spec: None for no judge, a name in `JUDGES`, the folder of a sequence classifier or
            `"transformer:NAME"`, `"module:attribute"`, an object with `predict`, or a text that `read` takes.
        read: From a text that is nothing of this to a judge, as a domain has it.

    Raises:
        ValueError: If there is no such judge, it has no `predict`, or it is a class.
    """
    return None if spec is None else _load(spec, read)


def load_judges(spec: Any, read: Callable[[str], Any] | None = None) -> dict[str, Judge]:
    """Returns judges by the key of the info that each is reported as.

    Args:
        spec: Anything that `load_judge` takes, reported as `judge`; or a list or tuple of such: the first is
            reported as `judge`, every further one as `judge_NAME`. The name is that of the table, the last
            part of a place or a path, or an object's `name`, or else that of its class; what is no letter
            or digit becomes "_".
        read: From a text that is nothing of this to a judge, as a domain has it.

    Raises:
        ValueError: If one is no judge, there is none in the list, one has a name without letters and digits,
            or two have one name, the first included.

    Example:
        >>> list(load_judges(["bundled", "bundled-b"]))
        ['judge', 'judge_bundled_b']
    """
    if not isinstance(spec, list | tuple):
        return {} if spec is None else {"judge": _load(spec, read)}
    specs = cast(Sequence[Any], spec)
    if not specs:
        raise ArgumentError(
            Argument("judge"), f" must hold at least one judge, got {specs!r}: use None for no judge"
        )
    found: dict[str, Judge] = {}
    names: set[str] = set()
    for one in specs:
        if one is None or isinstance(one, list | tuple):
            raise ArgumentError(Argument("judge"), f" must hold names or judges, got {one!r} among them")
        judge = _load(one, read)
        name = _name_of(one, judge)
        if name in names:
            raise ArgumentError(
                Argument("judge"),
                f" must hold judges of different names, got {name!r} again ({one!r:.80}): leave it out, or "
                "give an object another `name`",
            )
        found[f"judge_{name}" if found else "judge"] = judge
        names.add(name)
    return found


def register_judge(name: str, judge: Any) -> None:
    """Registers a judge under a name.

    Args:
        name: The name, without a colon.
        judge: An object with `predict(texts) -> float64 (N,)` in [0, 1], a function that makes one, or the
            `"module:attribute"` of either.

    Raises:
        ValueError: If the name belongs to another judge.
    """
    JUDGES.register(name, judge)


def is_judge(part: Any) -> bool:
    """Returns whether something is a judge, its class, or a method of one: `held_out` says so."""
    return getattr(getattr(part, "__self__", part), "held_out", False) is True


def _load(spec: Any, read: Callable[[str], Any] | None) -> Judge:
    """Returns the judge that something other than None stands for, as `load_judge` says."""
    if isinstance(spec, str):
        classifier = _classifier_of(spec)
        if classifier is not None:
            return _load_classifier(spec, classifier)
        spec = JUDGES.load(spec) if spec in JUDGES or ":" in spec or read is None else read(spec)
    if callable(spec) and not hasattr(spec, "predict"):
        spec = spec()
    if isinstance(spec, type):
        raise ArgumentError(
            Argument("judge"), f" must be an object, got its class {spec.__name__}: pass {spec.__name__}(...)"
        )
    if not hasattr(spec, "predict"):
        raise ValueError(f"judge must have predict(texts), got {cast(object, spec)!r}")
    return cast(Judge, spec)


def _name_of(spec: Any, judge: Any) -> str:
    """Returns the name of a judge as a part of a key."""
    if isinstance(spec, str):
        name = spec if spec in JUDGES else Path(spec.rpartition(":")[2]).stem
    else:
        given = getattr(judge, "name", None)
        name = given if isinstance(given, str) else type(judge).__name__
    if not any(map(str.isalnum, name)):
        raise ArgumentError(
            Argument("judge"),
            f" must hold judges whose name has letters or digits, got {name!r} of {judge!r:.80}",
        )
    return re.sub(r"\W", "_", name)


def _load_classifier(spec: str, classifier: str) -> Judge:
    from rlsf_gym.scorers.transformer.judge import ClassifierJudge  # which needs an extra

    try:
        return ClassifierJudge(classifier)
    except ArgumentError as error:  # it names arguments of a scorer, which a judge's name leaves out
        raise ArgumentError(
            Argument("judge"),
            f" must be a classifier of two labels that say which is positive, got {spec!r}: pass a "
            f"ClassifierJudge, or its 'module:attribute', made with what this asks for: {error}",
        ) from error


def _classifier_of(spec: str) -> str | None:
    """Returns the classifier that a judge is written as: its folder, or a name behind "transformer:"."""
    kind, colon, name = spec.partition(":")
    if colon and kind == "transformer":
        return name
    return spec if Path(spec).is_dir() else None
