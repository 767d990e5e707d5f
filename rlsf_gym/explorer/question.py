"""Questions to the explorer, which opens with the first example of the domain."""

from __future__ import annotations

import math
from collections.abc import Collection
from dataclasses import asdict, dataclass, fields
from typing import Any, cast

from rlsf_gym.arguments import did_you_mean
from rlsf_gym.domains import load_domain

_DOMAIN = load_domain()


@dataclass(frozen=True)
class Question:
    """Question of the page: a prompt, a response, and the parts of the environment to use.

    Raises:
        ValueError: If a field is of another type.
    """

    prompt: str = _DOMAIN.samples.examples[0].prompt
    response: str = _DOMAIN.samples.examples[0].response
    scorer: str = _DOMAIN.scorer
    objective: str = "positive"
    target: float = 0.5
    """Target score of the objective `target`."""
    boundary: str = "closed"
    designs: tuple[str, ...] = ("terminal", "potential", "rule_certificate", "shapley")

    def plain(self) -> dict[str, Any]:
        """Returns the question as plain data."""
        return asdict(self)

    def __post_init__(self) -> None:
        for name in ("prompt", "response", "scorer", "objective", "boundary"):
            check(name, getattr(self, name), isinstance(getattr(self, name), str), "a string")
        target: Any = self.target
        number = isinstance(target, int | float) and not isinstance(target, bool)
        check("target", target, number and math.isfinite(target), "a number")
        designs: Any = self.designs
        listed = list(cast("list[Any]", designs)) if isinstance(designs, list | tuple) else [None]
        named = all(isinstance(name, str) for name in listed)
        check("designs", designs, named, "a list of strings")
        object.__setattr__(self, "designs", tuple(dict.fromkeys(listed)))

    @classmethod
    def from_plain(cls, plain: Any) -> Question:
        """Returns the question of decoded JSON; missing fields have their defaults.

        Raises:
            ValueError: If it is not an object of these fields.
        """
        check("the question", plain, isinstance(plain, dict), "an object")
        known = [item.name for item in fields(cls)]
        unknown = [name for name in plain if name not in known]
        if unknown:
            raise ValueError(
                f"the question must have fields among {', '.join(known)}, got {unknown[0]!r:.60}"
            )
        return cls(**plain)


def check(name: str, value: Any, holds: bool, expected: str) -> None:
    """Raises ValueError, with the expected and the given value, unless `holds`."""
    if not holds:
        raise ValueError(f"{name} must be {expected}, got {value!r:.60}")


def check_among(name: str, value: str, known: Collection[str]) -> None:
    """Raises ValueError unless the value is one of the known names."""
    check(name, value, value in known, f"one of {', '.join(known)}{did_you_mean(value, known)}")
