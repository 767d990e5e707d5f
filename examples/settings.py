"""The flags of a training run, and how they become arguments of the two packages."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Mapping
from typing import Any, NoReturn

import learner_flags
from flag import Flag, add, add_flags, checked, count, positive, signed, switch, whole

ENV_ID = "rlsf_gym:rlsf_gym/Sentiment-v0"


def length_range(text: str) -> tuple[int, int]:
    """Returns the shortest and the longest response of `16` or `4-16`."""
    first, _, last = text.partition("-")
    shortest, longest = int(first), int(last or first)
    if not 1 <= shortest <= longest:
        raise ValueError(text)
    return shortest, longest


def layer_names(text: str) -> str:
    """Returns names of layers, as given."""
    if not all(text.split(",")):
        raise ValueError(text)
    return text


def _length(text: str) -> str:
    length_range(text)
    return text


agent = checked(
    str, learner_flags.CONFIGS.__contains__, "one of " + ", ".join(map(repr, learner_flags.CONFIGS))
)
layers = checked(layer_names, bool, "names of layers such as q_proj,v_proj, or all-linear")
dtype = checked(str, {"float32", "bfloat16"}.__contains__, "float32 or bfloat16")
response_length = checked(_length, bool, "a number of tokens such as 16, or a range such as 4-16")


TASK = (
    Flag("policy", "bundled", str, "language model: 'bundled', a folder with safetensors, or a hub name"),
    Flag("tokenizer", None, str, "'bundled', 'bytes', a file, folder or hub name; by default the policy's"),
    Flag("prompts", "bundled", str, "'bundled', a .txt, .csv, .jsonl or .parquet file, or a hub name"),
    Flag("scorer", "vader", str, "'vader', 'transformer', a registered name or module:attribute"),
    Flag("scorer-model", None, str, "classifier of --scorer transformer: a folder or a hub name"),
    Flag("judge", "bundled", str, "held-out judge, only reported: 'bundled', 'bundled-b', a path, 'none'"),
    Flag("objective", "positive", str, "'positive', 'negative', 'strong', 'target', or module:attribute"),
    Flag("target", 0.0, signed, "the score to come close to, in [-1, 1], under --objective target"),
    Flag("reward-design", "potential", str, "how utility is laid onto tokens: 'potential', 'terminal', ..."),
    Flag("boundary", "closed", str, "a word pays once it is 'closed', or 'open': with each piece"),
    Flag("max-prompt-tokens", 16, count, "longest prompt"),
    Flag("response-length", "16", response_length, "tokens of a response: 16, or a range such as 4-16"),
)
LEARNING = (
    Flag("agent", "ppo", agent, "'ppo', with a critic; 'rloo' or 'grpo', with groups of responses instead"),
    Flag("episodes", 2_560, count, "responses to learn from, rounded up to whole iterations"),
    Flag("epochs", None, positive, "passes over the prompts; instead of --episodes"),
    Flag("lora-rank", None, count, "train an adapter of this rank, 8 to 64, in place of the whole model"),
    Flag("lora-alpha", 32.0, positive, "what an adapter adds is scaled by alpha / rank"),
    Flag("lora-targets", "all-linear", layers, "layers with an adapter: q_proj,v_proj, or 'all-linear'"),
    Flag("dtype", "float32", dtype, "of the model's matrix products: 'float32' or, to save time, 'bfloat16'"),
    Flag("gradient-checkpointing", False, switch, "compute activations twice, to save memory; same result"),
    Flag("eval-samples", 512, count, "held-out responses in each evaluation"),
    Flag("device", "cpu", str, "'cpu', 'cuda', 'cuda:1', ..."),
    Flag("threads", 0, whole, "threads of torch (they move the last bits); 0 lets torch choose"),
)
COMMON = {flag.name.replace("-", "_"): flag.default for flag in TASK + LEARNING}
"""Defaults of the settings that every run has, whatever its learner."""


class Parser(argparse.ArgumentParser):
    """Reports wrong arguments in one line, with exit status 2."""

    def error(self, message: str) -> NoReturn:
        """Writes `error: message`."""
        print("error: " + " ".join(message.split()), file=sys.stderr)
        raise SystemExit(2)


def make_parser(description: str) -> Parser:
    """Returns the parser of a training run; flags that are not given leave no trace in its result."""
    parser = Parser(
        usage="%(prog)s [flags]",
        description=description,
        argument_default=argparse.SUPPRESS,
        allow_abbrev=False,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    add_flags(parser.add_argument_group("task"), TASK)
    add_flags(parser.add_argument_group("learning"), LEARNING)
    add_flags(parser.add_argument_group("settings of the learner"), learner_flags.learner_flags())
    group = parser.add_argument_group("run")
    add(group, "out", type=str, help="new folder for everything the run writes (default: runs/<date>-<time>)")
    add(group, "resume", metavar="RUN_FOLDER", help="continue a run exactly, with its own settings")
    add(group, "checkpoint-every", type=count, help="iterations between two checkpoints (default: 10)")
    add(group, "step-timeout", type=positive, help="seconds for scoring a batch, after which the run ends")
    add(group, "process-timeout", type=positive, help="seconds that one process waits for the others (1800)")
    add(group, "tensorboard", action="store_true", help="also write TensorBoard curves into the run folder")
    add(group, "wandb", nargs="?", const="rlsf-gym", metavar="PROJECT", help="also log to Weights & Biases")
    add(group, "wandb-mode", choices=("online", "offline"), help="offline needs no account")
    add(group, "traceback", action="store_true", help="show the traceback of an error as well")
    return parser


def complete(given: Mapping[str, Any]) -> dict[str, Any]:
    """Returns all recorded settings: the given ones, defaults elsewhere."""
    if "epochs" in given and "episodes" in given:
        raise ValueError("--epochs and --episodes exclude each other: give one of them")
    defaults = defaults_of(given.get("agent", COMMON["agent"]))
    settings = {**defaults, **{key: value for key, value in given.items() if key in defaults}}
    learner_flags.check_given(given, settings["agent"])
    if settings["epochs"] is not None:
        settings["episodes"] = None
    if settings["lora_rank"] is None and ("lora_alpha" in given or "lora_targets" in given):
        raise ValueError("--lora-alpha and --lora-targets are for an adapter: add --lora-rank")
    if settings["scorer_model"] is not None and settings["scorer"] == "vader":
        raise ValueError("--scorer-model is for a neural scorer: add --scorer transformer")
    if settings["scorer_model"] is None and settings["scorer"] == "transformer":
        raise ValueError("--scorer transformer needs --scorer-model: a folder or a hub name")
    return settings


def defaults_of(agent: str) -> dict[str, Any]:
    """Returns the default of each setting of a run with this learner."""
    return {**COMMON, **learner_flags.defaults_of(agent)}


def read_stored(stored: Mapping[str, Any]) -> dict[str, Any]:
    """Returns the settings of a `config.json`; what an earlier version did not write is the default."""
    kept = {key: value for key, value in stored.items() if (key, value) != ("group_size", None)}
    return {**defaults_of(stored.get("agent", COMMON["agent"])), **kept}


def differences(given: Mapping[str, Any], stored: Mapping[str, Any]) -> list[str]:
    """Returns one phrase for each given setting that differs from those that `read_stored` returned."""
    return [
        f"--{key.replace('_', '-')} is {given[key]} but the run was started with {stored[key]}"
        for key in given
        if key in stored and given[key] != stored[key]
    ]


def make_config(settings: Mapping[str, Any]) -> Any:
    """Returns the config of the learner; a ValueError names a setting that is out of range."""
    return learner_flags.make_config(settings, length_range(settings["response_length"]))


def policy_kwargs(settings: Mapping[str, Any]) -> dict[str, Any]:
    """Returns the arguments of the policy: adapter, precision and memory."""
    lora = None
    if settings["lora_rank"] is not None:
        targets = settings["lora_targets"]
        names = targets if targets == "all-linear" else tuple(targets.split(","))
        lora = {"rank": settings["lora_rank"], "alpha": settings["lora_alpha"], "targets": names}
    return {
        "lora": lora,
        "dtype": settings["dtype"],
        "gradient_checkpointing": settings["gradient_checkpointing"],
    }


def scorer_kwargs(settings: Mapping[str, Any]) -> dict[str, Any]:
    """Returns the arguments of the scorer: a neural one shares the device of the policy."""
    if settings["scorer_model"] is None:
        return {}
    return {"model": settings["scorer_model"], "device": settings["device"]}


def objective_kwargs(settings: Mapping[str, Any]) -> dict[str, Any]:
    """Returns the arguments of the objective."""
    return {"target": settings["target"]} if settings["objective"] == "target" else {}


def env_kwargs(settings: Mapping[str, Any]) -> dict[str, Any]:
    """Returns the keyword arguments of the environment; the tokenizer is that of the policy."""
    return {
        "tokenizer": settings["tokenizer"] or settings["policy"],
        "prompts": settings["prompts"],
        "scorer": settings["scorer"],
        "scorer_kwargs": scorer_kwargs(settings),
        "judge": None if settings["judge"] == "none" else settings["judge"],
        "objective": settings["objective"],
        "objective_kwargs": objective_kwargs(settings),
        "reward_design": settings["reward_design"],
        "boundary": settings["boundary"],
        "max_prompt_tokens": settings["max_prompt_tokens"],
        "max_new_tokens": length_range(settings["response_length"])[1],
    }
