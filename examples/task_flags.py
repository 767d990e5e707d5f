"""The flags that say what is played: prompts, scorer, objective, design, judge, and whatever else there is.

The environment has arguments that no flag of its own stands for: `--env-kwargs` passes them. Errors of the
environment name its arguments; `tell` puts the flags in their places.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from flag import Flag, checked, count, named, signed
from key_values import Collect, CollectLabels, key_value, label_value, merge, paths

SENTIMENT = ("vader", "knowledge")
"""Scorers of sentiment, with the graph of films that comes with the package."""
FILMS = ("bundled", "imdb", "stanfordnlp/imdb")
"""Sources of prompts about films, which the bundled judges were trained on."""


def length_range(text: str) -> tuple[int, int]:
    """Returns the shortest and the longest response of `16` or `4-16`."""
    first, separator, last = text.partition("-")
    shortest, longest = int(first), int(last if separator else first)
    if not 1 <= shortest <= longest:
        raise ValueError(text)
    return shortest, longest


def _length(text: str) -> str:
    length_range(text)
    return text


response_length = checked(_length, bool, "a number of tokens such as 16, or a range such as 4-16")

TASK = (
    Flag("tokenizer", None, named, "'bundled', 'bytes', a file, folder or hub name; by default the policy's"),
    Flag("prompts", "bundled", named, "'bundled', a .txt, .csv, .jsonl or .parquet file, or a hub name"),
    Flag("prompts-column", None, named, "column of the prompts; by default prompt, text or review"),
    Flag("eval-prompts", None, named, "held-out prompts of your own; by default a tenth of --prompts"),
    Flag("scorer", "vader", named, "'vader', 'knowledge', 'transformer', or module:attribute"),
    Flag("scorer-model", None, named, "classifier of --scorer transformer: a folder or a hub name"),
    Flag(
        "label-values", None, label_value,
        "what each label of the classifier counts: negative=-1 neutral=0 positive=1", CollectLabels,
    ),
    Flag(
        "scorer-kwargs", {}, key_value,
        "further arguments of the scorer: but=documented, or max_length=128 raw=true", Collect,
    ),
    Flag(
        "judge", "bundled", named,
        "held-out judge, only reported: 'bundled', 'bundled-b', a path, 'none'; the bundled ones know films: "
        "'none' is the default with other prompts than --prompts bundled, and other scorers than VADER's",
    ),
    Flag("objective", "positive", named, "'positive', 'negative', 'strong', 'target', or module:attribute"),
    Flag("target", 0.0, signed, "the score to come close to, in [-1, 1], under --objective target"),
    Flag("reward-design", "potential", named, "how utility is laid onto tokens: 'potential', 'terminal'..."),
    Flag("boundary", "closed", named, "a word pays once it is 'closed', or 'open': with each piece"),
    Flag("max-prompt-tokens", 16, count, "longest prompt"),
    Flag("response-length", "16", response_length, "tokens of a response: 16, or a range such as 4-16"),
    Flag(
        "env-kwargs", {}, key_value,
        "further arguments of the environment: verify=true reward_design_kwargs.beta=0.5", Collect,
    ),
)  # fmt: skip
COLLECTING = tuple(f"--{flag.name}" for flag in TASK if flag.collect is not None)
"""Flags that take more each time they are given."""
FLAG_OF = {
    "num_envs": "--batch-size",
    "max_new_tokens": "--response-length",
    "prompts_kwargs.column": "--prompts-column",
    "scorer_kwargs.model": "--scorer-model",
    "scorer_kwargs.label_values": "--label-values",
    "objective_kwargs.target": "--target",
    **{
        flag.name.replace("-", "_"): f"--{flag.name}"
        for flag in TASK
        if flag.name not in ("label-values", "response-length", "target", "prompts-column", "env-kwargs")
    },
}
"""Path of an environment's argument to the flag of its own."""
BY_THE_RUN = {
    "split": "training and evaluation take theirs: give --eval-prompts",
    "render_mode": "a run renders nothing: samples.html shows the responses",
    "autoreset_mode": "the learner needs the one that is the default",
}
"""What a run sets by itself, and why."""


def call(path: str) -> str:
    """Returns how an argument of the environment is given on the command line.

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


def check_task(settings: Mapping[str, Any]) -> None:
    """Refuses settings of a task that do not go together.

    Raises:
        ValueError: The message names the flags.
    """
    scorer, model, labels = (settings[key] for key in ("scorer", "scorer_model", "label_values"))
    if scorer in SENTIMENT:
        for key, given in (("scorer-model", model), ("label-values", labels)):
            if given is not None:
                raise ValueError(f"--{key} is for a neural scorer: add --scorer transformer")
    if model is None and scorer == "transformer":
        raise ValueError("--scorer transformer needs --scorer-model: a folder or a hub name")
    for key in settings["scorer_kwargs"]:
        if f"scorer_kwargs.{key}" in FLAG_OF:
            raise ValueError(f"--scorer-kwargs {key}: give it as {call(f'scorer_kwargs.{key}')}")
    check_env_kwargs(settings["env_kwargs"])


def check_env_kwargs(given: Mapping[str, Any]) -> None:
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


def default_judge(settings: Mapping[str, Any]) -> str:
    """Returns the judge of a run that names none: the bundled one knows films, and nothing else."""
    places = (settings["prompts"], settings["eval_prompts"] or settings["prompts"])
    known = settings["scorer"] in SENTIMENT and "graph" not in settings["scorer_kwargs"]
    return "bundled" if known and all(place in FILMS for place in places) else "none"


def env_kwargs(settings: Mapping[str, Any]) -> dict[str, Any]:
    """Returns the keyword arguments of the environment; the tokenizer is that of the policy."""
    column = settings["prompts_column"]
    known = {
        "tokenizer": settings.get("tokenizer_here") or settings["tokenizer"] or settings["policy"],
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
        "max_new_tokens": length_range(settings["response_length"])[1],
    }
    return merge(known, settings["env_kwargs"])


def scorer_kwargs(settings: Mapping[str, Any]) -> dict[str, Any]:
    """Returns the arguments of the scorer: a neural one shares the device of the policy."""
    model, labels = settings["scorer_model"], settings["label_values"]
    known = {} if model is None else {"model": model, "device": settings["device"]}
    return {**known, **({} if labels is None else {"label_values": labels}), **settings["scorer_kwargs"]}


def objective_kwargs(settings: Mapping[str, Any]) -> dict[str, Any]:
    """Returns the arguments of the objective."""
    return {"target": settings["target"]} if settings["objective"] == "target" else {}
