"""Signature of a reward: how it is called, found by looking at its parameters."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any, Final

from rlsf_gym.arguments import describe_mismatch, signature_of
from rlsf_gym.audit.outcome import describe_value
from rlsf_gym.designs import Design
from rlsf_gym.domains import Domain

__all__ = ["KINDS", "TRUTH_NAMES", "Signature", "find_signature"]

KINDS: Final = ("trl", "verl", "scorer", "environment")
"""Signatures that a reward can have."""
TRUTH_NAMES: Final = (
    *("answer", "answers", "solution", "solutions", "ground_truth", "ground_truths", "gt", "target"),
    *("targets", "label", "labels", "reference", "references", "expected", "gold", "gold_answer"),
    *("correct_answer", "final_answer"),
)
"""Names under which data sets hold the right answer."""
_SCALARS: Final = (int, float, bool, str, "int", "float", "bool", "str")
"""Annotations of what is no list of texts, as types and as they are written."""
_GIVEN: Final = {
    "trl": ("prompts", "completions", "completion_ids", "trainer_state", "log_extra", "log_metric"),
    "verl": ("data_source", "solution_str", "ground_truth", "extra_info"),
}
"""Names that a trainer gives beside the columns of the data set."""


@dataclass(frozen=True)
class Signature:
    """How a reward is called."""

    kind: str
    """One of `KINDS`."""
    function: Callable[..., Any]
    """What is called; for a scorer and an environment, what makes one."""
    takes: tuple[str, ...] = ()
    """Names of its parameters that are passed by keyword."""
    takes_all: bool = False
    """Whether it takes any keyword."""
    needs: tuple[str, ...] = ()
    """Columns without which it can't be called."""

    @property
    def refuses(self) -> tuple[str, ...]:
        """Names that its trainer passes by keyword and that it does not take."""
        given = _GIVEN.get(self.kind, ())
        return () if self.takes_all else tuple(name for name in given if name not in self.takes)

    def keep(self, values: Mapping[str, Any]) -> dict[str, Any]:
        """Returns the values that it takes."""
        return {name: value for name, value in values.items() if self.takes_all or name in self.takes}


def find_signature(part: Any, kwargs: Mapping[str, Any], forced: str | None = None) -> Signature:
    """Returns the signature of a reward, by the names of its parameters.

    TRL's takes `completions` or `completion_ids`, and columns of the data set; verl's takes `solution_str`;
    what has `score` or `assess`, or is a function of a list of texts, is a scorer. A class is made with
    `kwargs`, and a function that has neither signature is called with them, for what it makes.

    Args:
        part: A function, an object with `__call__`, a scorer, or a class or function that makes one.
        kwargs: Its keyword arguments.
        forced: A signature to take it for.

    Raises:
        ValueError: If it has none of these signatures.
    """
    _refuse_parts(part)
    made, left = _make(part, kwargs, forced)
    if hasattr(made, "score") or hasattr(made, "assess"):
        return _of_scorer(made, left, forced)
    names = _parameters(made)
    if names is None:
        told = describe_value(made)
        raise ValueError(f"a reward must be a function with a signature or a scorer, got {told}")
    kind = forced or _kind_of(names)
    if kind in ("trl", "verl"):
        return _of_function(made, left, names, kind)
    if kind == "scorer" or _takes_texts(names, left):
        return Signature("scorer", partial(made, **left) if left else made)
    told = ", ".join(name for name in names) or "none"
    needed = " ".join(f"{name}=VALUE" for name in _required(names, left))
    made_by = f"; if it makes a reward, give --kwargs {needed}" if needed else ""
    raise ValueError(
        "reward must take completions (TRL), solution_str (verl) or a list of texts (a scorer), "
        f"its parameters are {told}: rename them, or force one with --signature{made_by}"
    )


def _make(part: Any, kwargs: Mapping[str, Any], forced: str | None) -> tuple[Any, dict[str, Any]]:
    """Returns what is to be called, and the keyword arguments that it has not used up."""
    if isinstance(part, type):
        mismatch = describe_mismatch(part, kwargs)
        if mismatch is not None:
            raise ValueError(f"reward must be made with its arguments, as --kwargs KEY=VALUE: {mismatch}")
        return part(**kwargs), {}
    names = _parameters(part) or {}
    is_open = any(one.kind is one.VAR_KEYWORD for one in names.values())
    if is_open and (forced or names.keys() <= {"args", "kwargs"}):  # wrapped: its parameters can't be seen
        return part, dict(kwargs)
    is_maker = callable(part) and _kind_of(names) is None and not _takes_texts(names, kwargs)
    if is_maker and not hasattr(part, "score") and not _required(names, kwargs):
        return part(**kwargs), {}
    return part, dict(kwargs)


def _refuse_parts(part: Any) -> None:
    """Refuses a domain and a reward design, which are no rewards, and says how they are audited.

    Raises:
        ValueError: If it is one of them.
    """
    for kind, argument, what in (("domain", "domain", Domain), ("reward design", "reward_design", Design)):
        if isinstance(part, what):
            raise ValueError(
                f"a reward must be a function with a signature or a scorer, got the {kind} {part.name!r}: "
                f"audit an environment, rlsf_gym:rlsf_gym/Sentiment-v0 --kwargs {argument}=MODULE:NAME, or "
                "use rlsf-check"
            )


def _parameters(part: Any) -> Mapping[str, inspect.Parameter] | None:
    try:
        return signature_of(part).parameters
    except (TypeError, ValueError):
        return None


def _kind_of(names: Mapping[str, Any]) -> str | None:
    if "completions" in names or "completion_ids" in names:
        return "trl"
    return "verl" if "solution_str" in names else None


def _required(names: Mapping[str, inspect.Parameter], kwargs: Mapping[str, Any]) -> list[str]:
    return [
        name
        for name, one in names.items()
        if one.default is one.empty
        and one.kind not in (one.VAR_KEYWORD, one.VAR_POSITIONAL)
        and name not in kwargs
    ]


def _takes_texts(names: Mapping[str, inspect.Parameter], kwargs: Mapping[str, Any]) -> bool:
    required = _required(names, kwargs)
    if len(required) != 1:
        return False
    one = names[required[0]]
    return one.kind is not one.KEYWORD_ONLY and one.annotation not in _SCALARS


def _of_scorer(made: Any, left: Mapping[str, Any], forced: str | None) -> Signature:
    if forced not in (None, "scorer"):
        raise ValueError(f"a scorer has no {forced} signature: leave --signature out")
    if left:
        raise ValueError(f"a scorer that is made already takes no arguments, got {', '.join(left)}")
    needs = ("instance",) if hasattr(made, "assess") and not hasattr(made, "score") else ()
    return Signature("scorer", lambda: made, needs=needs)


def _of_function(
    made: Any, left: Mapping[str, Any], names: Mapping[str, inspect.Parameter], kind: str
) -> Signature:
    positional = [name for name, one in names.items() if one.kind is one.POSITIONAL_ONLY]
    if positional:
        raise ValueError(
            f"trainers give arguments by name, {positional[0]} is positional only: take out the /"
        )
    takes_all = any(one.kind is one.VAR_KEYWORD for one in names.values())
    if _kind_of(names) != kind and not takes_all:
        wanted = {"trl": "completions", "verl": "solution_str"}[kind]
        raise ValueError(f"reward must take {wanted} to have this signature, it takes {', '.join(names)}")
    known = {*_GIVEN[kind], "data_source", "extra_info"} - {"ground_truth"}
    return Signature(
        kind,
        partial(made, **left) if left else made,
        takes=tuple(name for name in names if name not in left),
        takes_all=takes_all,
        needs=tuple(name for name in _required(names, left) if name not in known),
    )
