"""The preset of each domain, by its name; entry points name them `rlsf_gym.presets.table:NAME`."""

from __future__ import annotations

from functools import cache, partial
from typing import Any

from rlsf_gym.domains import DOMAINS, load_domain
from rlsf_gym.presets.preset import TaskPreset
from rlsf_gym.presets.run_instances import defaults_of


@cache
def load_preset(domain: str) -> TaskPreset:
    """Returns the task that a domain describes as its `training`.

    Raises:
        ValueError: If there is no such domain, or it describes no training task.
    """
    return _make_preset(domain)


def _make_preset(name: str, **kwargs: Any) -> TaskPreset:
    """Returns the task of a domain that is made with arguments."""
    domain = load_domain(name, **kwargs)
    if not domain.training:
        raise ValueError(f"domain {name!r} must say what a training run on it is, in `training`, got none")
    described: dict[str, Any] = {**domain.training, "remake": partial(_make_preset, name)}
    if domain.instances is None:
        return TaskPreset(**described)
    defaults = {**defaults_of(domain), **domain.training.get("defaults", {})}
    usual: dict[str, Any] = {"scorers": tuple(domain.scorers), "judge": _no_judge, "no_judge": ""}
    usual |= described
    usual |= {"defaults": defaults, "domain": domain}
    return TaskPreset(**usual)


def _no_judge(settings: Any) -> str:
    return "none"


def __getattr__(name: str) -> Any:
    """Returns the preset of a domain as an attribute."""
    if name not in DOMAINS:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return load_preset(name)
