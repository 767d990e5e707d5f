"""The learners by name, with the settings of each beside the common ones; read without loading torch."""

from __future__ import annotations

import math
from dataclasses import dataclass
from importlib import import_module
from typing import TYPE_CHECKING, Any, NamedTuple, cast

from agents.config import LearnerConfig, setting
from agents.runs.strict_json import did_you_mean

if TYPE_CHECKING:
    from agents.learners.learner import Learner

BASELINES = ("share", "return")
SCALES = ("group", "batch", "none")


@dataclass(frozen=True)
class TokenPPOConfig(LearnerConfig):
    """Settings of `TokenPPO`: the common ones and those of its critic.

    Raises:
        ValueError: If a setting is out of range, or two do not go together.
    """

    critic_learning_rate: float | None = setting(
        None, "of Adam for the value head, at its peak; None: learning_rate"
    )
    critic_warmup_iterations: int = setting(0, "first iterations that train the value head alone")
    lam: float = setting(0.95, "lambda of generalised advantage estimation")
    lam_critic: float | None = setting(None, "lambda of the critic's targets; None: lam")
    cliprange_value: float | None = setting(
        0.2, "values are clipped to within this of the old ones; None: not"
    )
    vf_coef: float = setting(0.1, "weight of the critic's loss")
    critic_offset: float = setting(
        0.0,
        "share of the environment's prefix_values that the critic begins with and learns the rest to; "
        "1 makes of rewards at the end rewards per token",
    )

    def __post_init__(self) -> None:
        """Checks the settings of the critic as well."""
        super().__post_init__()
        self._check_count("critic_warmup_iterations", 0)
        for name in ("critic_learning_rate", "cliprange_value"):
            self._check_rate_or_none(name)
        self._check("lam", 0.0 <= self._number("lam") <= 1.0, "a number in [0, 1]")
        holds = self.lam_critic is None or 0.0 <= self._number("lam_critic") <= 1.0
        self._check("lam_critic", holds, "a number in [0, 1], or None")
        self._check("vf_coef", 0.0 <= self._number("vf_coef") < math.inf, "a number >= 0")
        self._check("critic_offset", 0.0 <= self._number("critic_offset") <= 1.0, "a number in [0, 1]")
        holds = self.critic_offset == 0.0 or not self.whiten_rewards
        self._check("critic_offset", holds, "0 with whiten_rewards, which changes the unit of rewards")

    @property
    def needs_prefix_values(self) -> bool:
        """Whether infos have to hold the values of prefixes: the critic has an offset."""
        return self.critic_offset > 0.0


@dataclass(frozen=True)
class GroupConfig(LearnerConfig):
    """Settings of a learner without a critic, whose baseline is the group: the common ones, with groups.

    Raises:
        ValueError: If a setting is out of range, or two do not go together.
    """

    group_size: int = setting(4, "responses per prompt, at least 2")
    baseline: str = setting(
        "share",
        "what the others' returns count for at a later token: the 'share' still to come, or all: 'return'",
    )
    whiten_advantages: bool = setting(False, "centre and scale advantages over the batch; no longer unbiased")

    def __post_init__(self) -> None:
        """Checks the settings of groups as well."""
        super().__post_init__()
        self._check("group_size", self.group_size >= 2, "a whole number >= 2")
        self._check_choice("baseline", BASELINES)


@dataclass(frozen=True)
class RLOOConfig(GroupConfig):
    """Settings of `RLOO`: the common ones, with groups.

    Raises:
        ValueError: If a setting is out of range, or two do not go together.
    """


@dataclass(frozen=True)
class GRPOConfig(GroupConfig):
    """Settings of `GRPO`: the common ones, with groups.

    Raises:
        ValueError: If a setting is out of range, or two do not go together.
    """

    scale: str = setting("group", "advantages are scaled by those of a 'group', a 'batch', or 'none'")
    whiten_advantages: bool = setting(False, "centre and scale advantages over the batch, after `scale`")

    def __post_init__(self) -> None:
        """Checks the scale as well."""
        super().__post_init__()
        self._check_choice("scale", SCALES)


class LearnerRow(NamedTuple):
    """A learner, in the table of them."""

    config: type[LearnerConfig]
    """Class of the learner's settings."""
    place: str
    """Place of the learner's class, as "module:attribute"."""


LEARNERS = {
    "ppo": LearnerRow(TokenPPOConfig, "agents.learners.ppo:TokenPPO"),
    "rloo": LearnerRow(RLOOConfig, "agents.learners.rloo:RLOO"),
    "grpo": LearnerRow(GRPOConfig, "agents.learners.grpo:GRPO"),
}
"""The learners of this package, by the name that commands, studies and checkpoints know them by."""


def check_learner(name: str) -> None:
    """Checks that a name is that of a learner of this package, or says where one of one's own lies.

    Raises:
        ValueError: If it is neither; the message suggests the closest.
    """
    module, _, attribute = name.partition(":")
    if name not in LEARNERS and not (module and attribute):
        known, guess = ", ".join(LEARNERS), did_you_mean(name, LEARNERS)
        raise ValueError(f"agent: expected one of {known} or 'module:attribute', got {name!r}{guess}")


def find_learner(name: str) -> type[Learner[Any]]:
    """Returns the class of a learner, imported now.

    Args:
        name: A name of `LEARNERS`, or "module:attribute" of a class of one's own.

    Raises:
        ValueError: If it is neither, or the module has no such class.
        ImportError: If the module can't be imported.
    """
    check_learner(name)
    module, _, attribute = (LEARNERS[name].place if name in LEARNERS else name).partition(":")
    found = getattr(import_module(module), attribute, None)
    if not hasattr(found, "config_class"):
        given = "nothing of this name" if found is None else f"{found!r:.60}, which has no config_class"
        raise ValueError(
            f"agent: expected {name} to be a class with the interface of agents.learners.learner.Learner, "
            f"got {given}"
        )
    return cast("type[Learner[Any]]", found)
