"""Flags of a training run, and how they become arguments of the learner and its policy."""

from __future__ import annotations

import argparse
from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Any

from agents.flags.flag import (
    Flag,
    add,
    add_flags,
    checked,
    count,
    duration,
    named,
    optional,
    positive,
    show,
    switch,
    threads,
)
from agents.flags.parser import Parser
from agents.training import learner_flags
from agents.training.learner_flags import check_given
from agents.training.preset import Preset, PresetFlag, preset_names

Settings = Mapping[str, Any]


def length_range(text: str | None) -> tuple[int, int] | None:
    """Returns the shortest and longest response from `16` or `4-16`; None: as long as the environment allows.

    Example:
        >>> length_range("16"), length_range("4-16"), length_range(None)
        ((16, 16), (4, 16), None)
    """
    if text is None:
        return None
    first, separator, last = text.partition("-")
    shortest, longest = int(first), int(last if separator else first)
    if not 1 <= shortest <= longest:
        raise ValueError(text)
    return shortest, longest


def _length(text: str) -> str:
    length_range(text)
    return text


def _layer_names(text: str) -> str:
    if not all(text.split(",")):
        raise ValueError(text)
    return text


agent = checked(
    str, learner_flags.CONFIGS.__contains__, "one of " + ", ".join(map(repr, learner_flags.CONFIGS))
)
layers = checked(_layer_names, bool, "names of layers such as q_proj,v_proj, or all-linear")
dtype = checked(str, {"float32", "bfloat16"}.__contains__, "float32 or bfloat16")
response_length = optional(checked(_length, bool, "a number of tokens such as 16, or a range such as 4-16"))

POLICY = Flag(
    "policy", "bundled", named, "language model: 'bundled', a folder with safetensors, or a hub name"
)
LENGTH = Flag("response-length", "16", response_length, "tokens of a response: 16, or a range such as 4-16")
LEARNING = (
    Flag("agent", "ppo", agent, "'ppo', with a critic; 'rloo' or 'grpo', with groups of responses instead"),
    Flag("episodes", 2_560, count, "responses to learn from, rounded up to whole iterations"),
    Flag("epochs", None, positive, "passes over the prompts; instead of --episodes"),
    Flag("lora-rank", None, count, "train an adapter of this rank, 8 to 64, in place of the whole model"),
    Flag("lora-alpha", 32.0, positive, "what an adapter adds is scaled by alpha / rank"),
    Flag("lora-targets", "all-linear", layers, "layers with an adapter: q_proj,v_proj, or 'all-linear'"),
    Flag("dtype", "float32", dtype, "of the model's matrix products: 'float32' or, to save time, 'bfloat16'"),
    Flag("gradient-checkpointing", False, switch, "compute activations twice, to save memory; same result"),
    Flag("temperature", 1.0, positive, "logits are divided by it, in training and in evaluation alike"),
    Flag("eval-samples", 512, count, "held-out responses in each evaluation"),
    Flag("device", "cpu", named, "'cpu', 'cuda', 'cuda:1', ..."),
    Flag("threads", 0, threads, "threads of torch (they move the last bits); 0 lets torch choose"),
)


def common_flags(preset: Preset) -> list[PresetFlag]:
    """Returns the flags that every run of a preset has, with any learner, with the preset's defaults."""
    return _with_defaults(preset, (POLICY, *preset.flags, LENGTH, *LEARNING))


def make_parser(preset: Preset, description: str, **kwargs: Any) -> Parser:
    """Returns the parser of a training run, whose result has only the flags that were given."""
    parser = Parser(
        usage="%(prog)s [flags]", description=description, argument_default=argparse.SUPPRESS, **kwargs
    )
    common = {flag.name: flag for flag in common_flags(preset)}
    task = [POLICY.name, *(flag.name for flag in preset.flags), LENGTH.name]
    add_flags(parser.add_argument_group("task"), [common[name] for name in task])
    add_flags(parser.add_argument_group("learning"), [common[flag.name] for flag in LEARNING])
    add_flags(
        parser.add_argument_group("settings of the learner"),
        _with_defaults(preset, learner_flags.learner_flags()),
    )
    group = parser.add_argument_group("run")
    known = ", ".join(preset_names()) or "none is installed"
    about = f"task that is trained on: {known} (default: {preset.name})"
    add(group, "preset", type=named, metavar="NAME", help=about)
    if "env" not in common:
        add(
            group,
            "env",
            type=named,
            metavar="ID",
            help="any environment, with its own flags: --env ID --help",
        )
    add(
        group,
        "out",
        type=named,
        help="new folder for all that the run writes (default: runs/<date>-<time>)",
    )
    add(group, "resume", type=named, metavar="RUN_FOLDER", help="continue a run, with its own settings")
    add(group, "base", type=named, metavar="FOLDER", help="where the base model of a resumed adapter is now")
    add(group, "checkpoint-every", type=count, help="iterations between two checkpoints (default: 10)")
    add(group, "step-timeout", type=duration, help="seconds for scoring a batch, after which the run ends")
    add(group, "process-timeout", type=duration, help="seconds that one process waits for the others (1800)")
    add(group, "tensorboard", action="store_true", help="also write TensorBoard curves into the run folder")
    add(group, "wandb", nargs="?", const="rlsf-gym", metavar="PROJECT", help="also log to Weights & Biases")
    add(group, "wandb-mode", choices=("online", "offline"), help="offline needs no account")
    add(group, "traceback", action="store_true", help="show the traceback of an error as well")
    return parser


def complete(preset: Preset, given: Settings) -> dict[str, Any]:
    """Returns all settings to record: those given, and defaults for the others.

    Raises:
        ValueError: If some do not go together; the message names the flags.
    """
    if "epochs" in given and "episodes" in given:
        raise ValueError("--epochs and --episodes exclude each other: give one of them")
    defaults = defaults_of(preset, given.get("agent"))
    settings = {**defaults, **{key: value for key, value in given.items() if key in defaults}}
    check_given(given, settings["agent"])
    if settings["epochs"] is not None:
        settings["episodes"] = None
    if settings["lora_rank"] is None and ("lora_alpha" in given or "lora_targets" in given):
        raise ValueError("--lora-alpha and --lora-targets are for an adapter: add --lora-rank")
    return preset.complete(settings, given)


def defaults_of(preset: Preset, agent: str | None = None) -> dict[str, Any]:
    """Returns the default of each setting of a run with a learner; None: the default learner.

    Those of the preset come first, where the learner has the setting.
    """
    common = {_key(flag): flag.default for flag in common_flags(preset)}
    own = learner_flags.defaults_of(agent or common["agent"])
    return {**common, **own, **{key: preset.defaults[key] for key in own if key in preset.defaults}}


def read_stored(preset: Preset, stored: Settings) -> dict[str, Any]:
    """Returns the settings of a `config.json`; those that an earlier version did not write get defaults.

    Raises:
        ValueError: If a setting is unknown, or not what its flag would parse: the file is untrusted.
    """
    kept = {key: value for key, value in stored.items() if (key, value) != ("group_size", None)}
    known = {_key(flag): flag for flag in (*common_flags(preset), *learner_flags.learner_flags())}
    for key, value in kept.items():
        if key not in known or not reads_back(known[key], value):
            raise ValueError(
                f"config.json: settings: {key[:40]!r}: expected a setting as its flag reads it, got "
                f"{repr(value)[:80]}; restore the file from a copy"
            )
    return {**defaults_of(preset, stored.get("agent")), **kept}


def reads_back(flag: PresetFlag, value: Any) -> bool:
    """Returns whether a flag parses the text of a value to that value."""
    if value is None and (flag.default is None or flag.name == "episodes"):
        return True
    if flag.collect is not None:
        return isinstance(value, dict | list)
    if not isinstance(value, str | int | float | None):
        return False
    try:
        read = flag.parse(show(value))
    except (argparse.ArgumentTypeError, ValueError, KeyError, OverflowError):
        return False
    return type(read) is type(value) and read == value


def differences(given: Settings, stored: Settings) -> list[str]:
    """Returns one phrase for each given setting that differs from the stored ones."""
    return [
        f"--{key.replace('_', '-')} is {given[key]} but the run was started with {stored[key]}"
        for key in given
        if key in stored and given[key] != stored[key]
    ]


def make_config(settings: Settings) -> Any:
    """Returns the config of the learner; a ValueError names a setting that is out of range."""
    return learner_flags.make_config(settings, length_range(settings["response_length"]))


def policy_kwargs(settings: Settings) -> dict[str, Any]:
    """Returns the keyword arguments of the policy: adapter, precision and memory."""
    lora = None
    if settings["lora_rank"] is not None:
        targets = settings["lora_targets"]
        names = targets if targets == "all-linear" else tuple(targets.split(","))
        lora = {"rank": settings["lora_rank"], "alpha": settings["lora_alpha"], "targets": names}
    return {
        "lora": lora,
        "temperature": settings["temperature"],
        "dtype": settings["dtype"],
        "gradient_checkpointing": settings["gradient_checkpointing"],
    }


def collecting(flags: Iterable[PresetFlag]) -> set[str]:
    """Returns the names, with dashes, of the flags that collect a value each time they are given."""
    return {f"--{flag.name}" for flag in flags if flag.collect is not None}


def _with_defaults(preset: Preset, flags: Iterable[PresetFlag]) -> list[PresetFlag]:
    """Returns flags with the defaults that the preset has in the place of the usual ones."""
    return [
        replace(flag, default=preset.defaults[flag.key])
        if isinstance(flag, Flag) and flag.key in preset.defaults
        else flag
        for flag in flags
    ]


def _key(flag: PresetFlag) -> str:
    return flag.name.replace("-", "_")
