"""The settings of learners without a critic, whose baseline is the group; read without loading torch."""

from __future__ import annotations

from dataclasses import dataclass, field

from agents.config import LearnerConfig

BASELINES = ("share", "return")
BASELINE_HELP = (
    "what the others' returns count for at a later token: the 'share' still to come, or all: 'return'"
)
SCALES = ("group", "batch", "none")


@dataclass(frozen=True)
class GroupConfig(LearnerConfig):
    """Settings of a learner whose baseline is the group: the common ones, with groups.

    Raises:
        ValueError: A setting is out of range, or two do not go together.
    """

    group_size: int = field(default=4, metadata={"help": "responses per prompt, at least 2"})
    baseline: str = field(default="share", metadata={"help": BASELINE_HELP})
    whiten_advantages: bool = field(
        default=False, metadata={"help": "centre and scale advantages over the batch; no longer unbiased"}
    )

    def __post_init__(self) -> None:
        """Checks the settings of groups as well."""
        super().__post_init__()
        self._check("group_size", self.group_size >= 2, "a whole number >= 2")
        self._check_choice("baseline", BASELINES)


@dataclass(frozen=True)
class RLOOConfig(GroupConfig):
    """Settings of `RLOO`: the common ones, with groups.

    Raises:
        ValueError: A setting is out of range, or two do not go together.
    """


@dataclass(frozen=True)
class GRPOConfig(GroupConfig):
    """Settings of `GRPO`: the common ones, with groups.

    Raises:
        ValueError: A setting is out of range, or two do not go together.
    """

    scale: str = field(
        default="group",
        metadata={"help": "advantages are scaled by those of a 'group', a 'batch', or 'none'"},
    )
    whiten_advantages: bool = field(
        default=False, metadata={"help": "centre and scale advantages over the batch, after `scale`"}
    )

    def __post_init__(self) -> None:
        """Checks the scale as well."""
        super().__post_init__()
        self._check_choice("scale", SCALES)
