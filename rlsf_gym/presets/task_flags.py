"""Flags of the task: prompts, scorer, objective, design, judge, and further arguments of the environment.

The environment has arguments that no flag of its own stands for: `--env-kwargs` passes them. Errors of the
environment name its arguments; `tell` puts the flags in their places.
"""

from __future__ import annotations

import argparse
import math
from collections.abc import Iterator, Mapping
from typing import Any, cast

from rlsf_gym.flags.flag import Flag, count, named, signed
from rlsf_gym.flags.key_values import Collect, key_value

Settings = Mapping[str, Any]


def label_value(text: str) -> tuple[str, float]:
    """Returns the label and the number of `LABEL=NUMBER`.

    Example:
        >>> label_value("a=b=-0.5")
        ('a=b', -0.5)
    """
    label, _, value = text.rpartition("=")
    try:
        number = float(value)
    except ValueError:
        number = math.nan
    if not label or not -1.0 <= number <= 1.0:
        raise argparse.ArgumentTypeError(
            f"expected LABEL=NUMBER with numbers from -1 to 1, such as neutral=0, got {text!r}"
        )
    return label, number


class CollectLabels(Collect):
    """Collects LABEL=NUMBER; a label may have dots."""

    nested = False


TASK = (
    Flag("tokenizer", None, named, "'bundled', 'bytes', a file, folder or hub name; by default the policy's"),
    Flag(
        "domain-kwargs", {}, key_value,
        "arguments of the domain, where it takes some: numbers=4, or blanks=8 value=solvable",
        Collect, "KEY=VALUE",
    ),
    Flag("prompts", "bundled", named, "'bundled', a .txt, .csv, .jsonl or .parquet file, or a hub name"),
    Flag("prompts-column", None, named, "column of the prompts; by default prompt, text or review"),
    Flag("eval-prompts", None, named, "held-out prompts of your own; by default a tenth of --prompts"),
    Flag("scorer", "vader", named, "'vader', 'knowledge', 'transformer', or module:attribute"),
    Flag("scorer-model", None, named, "classifier of --scorer transformer: a folder or a hub name"),
    Flag(
        "label-values", None, label_value,
        "what each label of the classifier counts: negative=-1 neutral=0 positive=1",
        CollectLabels, "LABEL=NUMBER",
    ),
    Flag(
        "scorer-kwargs", {}, key_value,
        "further arguments of the scorer: but=documented, or max_length=128 raw=true", Collect, "KEY=VALUE",
    ),
    Flag(
        "judge", "bundled", named,
        "held-out judge, only reported: 'bundled', 'bundled-b', 'order', a path, 'none'; the bundled ones "
        "know films: 'none' is the default with other prompts than --prompts bundled, and other scorers "
        "than VADER's",
    ),
    Flag("objective", "positive", named, "'positive', 'negative', 'strong', 'target', or module:attribute"),
    Flag("target", 0.0, signed, "the score to come close to, in [-1, 1], under --objective target"),
    Flag("reward-design", "potential", named, "which token is paid what: 'potential', 'terminal'..."),
    Flag("boundary", "closed", named, "a word pays once it is 'closed', or 'open': with each piece"),
    Flag("max-prompt-tokens", 16, count, "longest prompt"),
    Flag(
        "env-kwargs", {}, key_value,
        "further arguments of the environment: verify=true reward_design_kwargs.beta=0.5",
        Collect, "KEY=VALUE",
    ),
)  # fmt: skip
FLAG_OF = {
    "num_envs": "--batch-size",
    "max_new_tokens": "--response-length",
    "prompts_kwargs.column": "--prompts-column",
    "scorer_kwargs.model": "--scorer-model",
    "scorer_kwargs.label_values": "--label-values",
    "objective_kwargs.target": "--target",
    **{
        flag.key: f"--{flag.name}"
        for flag in TASK
        if flag.name not in ("label-values", "target", "prompts-column", "env-kwargs")
    },
}
"""Path of an environment's argument to the flag of its own."""
BY_THE_RUN = {
    "domain": "a preset has its own: give --preset, or for one of yours --env rlsf_gym:rlsf_gym/Sentiment-v0 "
    "--env-kwargs domain=MODULE:NAME",
    "split": "training and evaluation take theirs: give --eval-prompts",
    "render_mode": "a run renders nothing: samples.html shows the responses",
    "autoreset_mode": "the learner needs the one that is the default",
}
"""Arguments of the environment that a run sets by itself, each with the reason, or with what to give."""


def call(path: str) -> str:
    """Returns the flag that sets an argument of the environment.

    Example:
        >>> call("scorer"), call("scorer_kwargs.raw"), call("verify")
        ('--scorer', '--scorer-kwargs raw', '--env-kwargs verify')
    """
    if path in FLAG_OF:
        return FLAG_OF[path]
    holder, _, key = path.partition(".")
    return f"{FLAG_OF[holder]} {key}" if holder in FLAG_OF and key else f"--env-kwargs {path}"


def tell(error: BaseException) -> str:
    """Returns the message of an error, with flags in the place of the environment's arguments."""
    told = getattr(error, "told", None)
    return str(error) if told is None else told(call)


def check_task(settings: Settings, own: tuple[str, ...]) -> None:
    """Refuses settings of a task that do not go together.

    Args:
        settings: Of the run.
        own: Scorers of the domain, which need no model.

    Raises:
        ValueError: The message names the flags.
    """
    scorer, model, labels = (settings[key] for key in ("scorer", "scorer_model", "label_values"))
    if scorer in own:
        for key, given in (("scorer-model", model), ("label-values", labels)):
            if given is not None:
                raise ValueError(f"--{key} is for a neural scorer: add --scorer transformer")
    if model is None and scorer == "transformer":
        raise ValueError("--scorer transformer needs --scorer-model: a folder or a hub name")
    for key in settings["scorer_kwargs"]:
        if f"scorer_kwargs.{key}" in FLAG_OF:
            raise ValueError(f"--scorer-kwargs {key}: give it as {call(f'scorer_kwargs.{key}')}")
    check_env_kwargs(settings["env_kwargs"])


def check_env_kwargs(given: Settings) -> None:
    """Refuses arguments of the environment that have flags of their own, or that it does not have.

    Raises:
        ValueError: The message names the flag, or the argument that was meant.
    """
    for path in paths(given):
        if path in FLAG_OF:
            raise ValueError(f"--env-kwargs {path}: give it as {FLAG_OF[path]}")
        if path in BY_THE_RUN:
            raise ValueError(f"--env-kwargs {path}: {BY_THE_RUN[path]}")
    for key, value in given.items():
        if key.endswith("_kwargs") and not isinstance(value, Mapping):
            raise ValueError(f"--env-kwargs {key}: expected a table, such as {key}.NAME=VALUE, got {value!r}")
    if not given:
        return
    from rlsf_gym.arguments import did_you_mean
    from rlsf_gym.envs.task import TaskArguments

    known = [name for name in TaskArguments.__annotations__ if name not in {*FLAG_OF, *BY_THE_RUN}]
    for key in given:
        if key not in known:
            raise ValueError(
                f"--env-kwargs: expected some of {', '.join(known)}, got {key!r}{did_you_mean(key, known)}"
            )


def env_kwargs(settings: Settings) -> dict[str, Any]:
    """Returns the keyword arguments of the environment; the tokenizer is that of the policy."""
    column, length = settings["prompts_column"], settings.get("response_length")
    known = {
        "tokenizer": settings.get("tokenizer_here") or settings["tokenizer"] or settings["policy"],
        **({"domain_kwargs": settings["domain_kwargs"]} if settings["domain_kwargs"] else {}),
        "prompts": settings["prompts"],
        "prompts_kwargs": {} if column is None else {"column": column},
        "scorer": settings["scorer"],
        "scorer_kwargs": scorer_kwargs(settings),
        "judge": None if settings["judge"] == "none" else settings["judge"],
        "objective": settings["objective"],
        "objective_kwargs": objective_kwargs(settings),
        "reward_design": settings["reward_design"],
        "boundary": settings["boundary"],
        "max_prompt_tokens": settings["max_prompt_tokens"],
        **({} if length is None else {"max_new_tokens": int(length.rpartition("-")[2])}),
    }
    return merge(known, settings["env_kwargs"])


def scorer_kwargs(settings: Settings) -> dict[str, Any]:
    """Returns the arguments of the scorer: a neural one shares the device of the policy."""
    model, labels = settings["scorer_model"], settings["label_values"]
    known = {} if model is None else {"model": model, "device": settings["device"]}
    return {**known, **({} if labels is None else {"label_values": labels}), **settings["scorer_kwargs"]}


def objective_kwargs(settings: Settings) -> dict[str, Any]:
    """Returns the arguments of the objective."""
    return {"target": settings["target"]} if settings["objective"] == "target" else {}


def paths(table: Settings, prefix: str = "") -> Iterator[str]:
    """Yields the path of each value and each table in a dict.

    Example:
        >>> list(paths({"a": {"b": 1}, "c": 2}))
        ['a', 'a.b', 'c']
    """
    for key, value in table.items():
        yield prefix + key
        if isinstance(value, Mapping):
            yield from paths(cast("Settings", value), f"{prefix}{key}.")


def merge(below: Settings, above: Settings) -> dict[str, Any]:
    """Returns tables merged key by key; values of `above` count where both have one."""
    merged = dict(below)
    for key, value in above.items():
        both = isinstance(value, Mapping) and isinstance(merged.get(key), Mapping)
        merged[key] = merge(merged[key], cast("Settings", value)) if both else value
    return merged
