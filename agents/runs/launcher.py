"""Refuses settings of `accelerate launch` that a learner does not follow and would silently ignore.

`accelerate launch` passes its settings on in variables `ACCELERATE_...`, which take effect in a script that
makes an `accelerate.Accelerator`. A learner makes none: it divides rows between processes itself, and what a
launcher has settings for is a setting of its own, or is not done.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

PREFIX = "ACCELERATE_"
OFF = ("", "0", "false", "no", "none")
"""Values by which launchers switch something off, in lower case."""


class Unfollowed(NamedTuple):
    """A setting of a launcher that a learner does not follow."""

    variable: str
    """Environment variable that passes the setting on, without the prefix `ACCELERATE_`."""
    flag: str
    """Flag or option of the launcher that sets it."""
    instead: str
    """What the user should do instead, for the message."""
    unset: tuple[str, ...] = OFF
    """Values under which the setting is off."""


WHOLE = (
    "the learner keeps whole weights in each process; launch it with "
    "examples/speed/accelerate/multi_gpu.yaml (docs/scaling.md says how far FSDP goes)"
)
UNFOLLOWED = (
    Unfollowed("USE_FSDP", "FSDP", WHOLE),
    Unfollowed("USE_DEEPSPEED", "--use_deepspeed", WHOLE),
    Unfollowed("USE_MEGATRON_LM", "--use_megatron_lm", WHOLE),
    Unfollowed("USE_PARALLELISM_CONFIG", "--use_parallelism_config", WHOLE),
    Unfollowed(
        "MIXED_PRECISION",
        "--mixed_precision",
        "launch with --mixed_precision no, and for bfloat16 give the training --dtype bfloat16 (in code: "
        'CausalLMPolicy.from_pretrained(..., dtype="bfloat16"))',
    ),
    Unfollowed(
        "DYNAMO_BACKEND", "--dynamo_backend", "models are not compiled: launch with --dynamo_backend no"
    ),
    Unfollowed(
        "GRADIENT_ACCUMULATION_STEPS",
        "--gradient_accumulation_steps",
        "leave it out, and give the training --accumulation-steps (in code: the config's accumulation_steps)",
        unset=(*OFF, "1"),
    ),
    Unfollowed(
        "GRADIENT_CLIPPING",
        "--gradient_clipping",
        "leave it out, and give the training --max-grad-norm (in code: the config's max_grad_norm)",
    ),
)


def check_launcher(variables: Mapping[str, str], device: str) -> None:
    """Checks that the launcher's settings are ones that a learner follows.

    Args:
        variables: Environment variables of the process.
        device: Where the learner's policy goes, "cpu" or "cuda".

    Raises:
        ValueError: If a setting would be ignored; the message says what to use instead.
    """
    for setting in UNFOLLOWED:
        value = variables.get(PREFIX + setting.variable, "")
        if value.lower() not in setting.unset:
            raise ValueError(
                f"launcher: {setting.flag} {value} has no effect on a learner: {setting.instead}"
            )
    if variables.get(f"{PREFIX}USE_CPU", "").lower() not in OFF and device != "cpu":
        raise ValueError(
            f"launcher: --cpu has no effect on --device {device}: leave one of them out, or take --device cpu"
        )
