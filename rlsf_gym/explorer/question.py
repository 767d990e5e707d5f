"""Questions to the explorer, and the one that its page opens with: the first example of the domain."""

from __future__ import annotations

import json
import math
from collections.abc import Collection, Mapping, Sequence
from dataclasses import asdict, dataclass, fields, replace
from typing import Any, cast

from rlsf_gym.arguments import did_you_mean
from rlsf_gym.domains import Domain, Example, load_domain

_DOMAIN = load_domain()
DESIGNS_OF_TEXTS = ("terminal", "potential", "rule_certificate", "shapley")
DESIGNS_OF_INSTANCES = ("terminal", "potential", "first_error", "unsat_core")
"""Designs that a page shows at first, of those that its scorer can serve."""
LARGEST_SEED = 2**32 - 1


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
    designs: tuple[str, ...] = DESIGNS_OF_TEXTS
    instance: str = ""
    """Data of the instance, as JSON, in a domain of instances; "" for the one that the seed draws."""
    seed: int = 0
    """Seed of the instance where none is given."""

    def plain(self) -> dict[str, Any]:
        """Returns the question as plain data."""
        return asdict(self)

    def __post_init__(self) -> None:
        for name in ("prompt", "response", "scorer", "objective", "boundary", "instance"):
            check(name, getattr(self, name), isinstance(getattr(self, name), str), "a string")
        target: Any = self.target
        number = isinstance(target, int | float) and not isinstance(target, bool)
        check("target", target, number and math.isfinite(target), "a number")
        is_seed = type(self.seed) is int and 0 <= self.seed <= LARGEST_SEED
        check("seed", self.seed, is_seed, f"a whole number from 0 to {LARGEST_SEED}")
        designs: Any = self.designs
        listed = list(cast("list[Any]", designs)) if isinstance(designs, list | tuple) else [None]
        named = all(isinstance(name, str) for name in listed)
        check("designs", designs, named, "a list of strings")
        object.__setattr__(self, "designs", tuple(dict.fromkeys(listed)))

    @classmethod
    def opening(cls, domain: Domain, examples: Sequence[Example]) -> Question:
        """Returns the question that the page of a domain opens with: its first example, or seed 0."""
        first = examples[0] if examples else Example("", domain.samples.prompts[0], "")
        return cls(
            prompt="" if domain.instances is not None else first.prompt,
            response=first.response,
            scorer=domain.scorer,
            objective=domain.defaults.get("objective", cls.objective),
            boundary=domain.defaults.get("boundary", cls.boundary),
            designs=DESIGNS_OF_TEXTS if domain.instances is None else DESIGNS_OF_INSTANCES,
            instance="" if first.instance is None else write_data(first.instance),
        )

    @classmethod
    def from_plain(cls, plain: Any, opening: Question) -> Question:
        """Returns the question of decoded JSON; missing fields are those of the one that the page opens with.

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
        return replace(opening, **plain)


def write_data(data: Mapping[str, Any]) -> str:
    """Returns the data of an instance as a page shows and takes it.

    >>> write_data({"numbers": [3, 5], "target": 8})
    '{"numbers": [3, 5], "target": 8}'
    """
    return json.dumps(data, allow_nan=False)


def read_data(text: str) -> dict[str, Any]:
    """Returns the data of an instance that somebody typed.

    Raises:
        ValueError: If it is not an object in JSON.
    """
    try:
        found = json.loads(text)
    except RecursionError:
        raise ValueError("instance must be an object in JSON: it is nested too deeply") from None
    except ValueError as error:
        raise ValueError(f"instance must be an object in JSON, got {text!r:.60}: {error}") from None
    check("instance", found, isinstance(found, dict), "an object in JSON")
    return found


def check(name: str, value: Any, holds: bool, expected: str) -> None:
    """Raises ValueError, with the expected and the given value, unless `holds`."""
    if not holds:
        raise ValueError(f"{name} must be {expected}, got {value!r:.60}")


def check_among(name: str, value: str, known: Collection[str]) -> None:
    """Raises ValueError unless the value is one of the known names."""
    check(name, value, value in known, f"one of {', '.join(known)}{did_you_mean(value, known)}")
