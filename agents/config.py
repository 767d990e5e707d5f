"""The settings that all learners have, validated, each with a line of help; read without loading torch."""

from __future__ import annotations

import math
from dataclasses import asdict, dataclass, field, fields
from numbers import Real
from types import NoneType, UnionType
from typing import Any, Self, cast, get_args, get_origin, get_type_hints

from agents.runs.strict_json import GREATEST, is_whole, show

CHOICES = {
    "lr_schedule": ("linear", "constant"),
    "kl_controller": ("fixed", "adaptive"),
    "kl_estimator": ("exact", "k3"),
    "reward_share": ("environment", "entropy"),
    "candidates": ("auto", "exact", "good-set", "off"),
}


def setting(default: Any, text: str) -> Any:
    """Returns a field of a frozen dataclass of settings, with its line of help."""
    return field(default=default, metadata={"help": text})


def _fits(value: Any, hint: Any) -> bool:
    """Returns whether a value out of JSON is of the type of a setting."""
    if isinstance(hint, UnionType):
        return any(_fits(value, member) for member in get_args(hint))
    if get_origin(hint) is tuple:
        members: list[Any] = cast("list[Any]", value) if isinstance(value, list) else []
        types = get_args(hint)
        return len(members) == len(types) and all(map(_fits, members, types))
    if hint is float:
        return type(value) in (int, float)
    return type(value) is (NoneType if hint is None else hint)


class SettingError(ValueError):
    """A setting is out of range, or does not go with another one.

    Args:
        setting: Its name.
        problem: What is expected, and what was got.
    """

    def __init__(self, setting: str, problem: str) -> None:
        super().__init__(setting, problem)
        self.setting, self.problem = setting, problem

    def __str__(self) -> str:
        """Returns the message, in one line."""
        return f"{self.setting}: {self.problem}"


@dataclass(frozen=True)
class LearnerConfig:
    """Settings that every learner has; `help_texts()` gives the lines of help below by name.

    Raises:
        ValueError: If a setting is out of range, or two do not go together.
    """

    seed: int = setting(0, "seed of prompts, lengths, samples and minibatches")
    batch_size: int = setting(128, "responses per iteration, a multiple of the environment's num_envs")
    group_size: int = setting(1, "responses per prompt, next to each other in a batch")
    minibatch_size: int = setting(32, "responses per optimiser step")
    accumulation_steps: int = setting(
        1, "parts that a minibatch is run in, to save memory; the same gradient"
    )
    num_ppo_epochs: int = setting(4, "passes over each iteration's responses")
    response_length: int | tuple[int, int] | None = setting(
        None,
        "largest length of a response in tokens; a pair is a range to draw from; None: the environment's T",
    )
    reward_share: str = setting(
        "environment",
        "a token's reward: the 'environment' says, or its sum is shared out by the policy's 'entropy'",
    )
    candidates: str = setting(
        "auto",
        "what every next token would have earned: learned from in 'exact' expectation, by the 'good-set' "
        "that keeps the value, or 'off'; 'auto': exact where the environment was made with candidates=True",
    )
    future: float = setting(
        1.0, "with 'exact' candidates, weight of what is still sampled: 1 is unbiased, less is less noisy"
    )
    missing_eos_penalty: float = setting(0.0, "taken off the last token of a response without the end token")

    learning_rate: float = setting(
        2.5e-4,
        "of Adam, at its peak; suits a few million parameters; GPT-2: 1e-5 to 2e-5, its LoRA: 10x that",
    )
    lr_schedule: str = setting("linear", "'linear' down to 0 over the iterations, or 'constant'")
    warmup_iterations: int = setting(0, "iterations over which the learning rate rises")
    adam_eps: float = setting(1e-5, "eps of Adam")
    max_grad_norm: float = setting(1.0, "gradients are scaled down to this norm")

    kl_coef: float = setting(0.03, "KL coefficient: reward that a nat of KL from the reference costs")
    kl_controller: str = setting("fixed", "'fixed' KL coefficient, or 'adaptive': steered towards target_kl")
    target_kl: float = setting(6.0, "nats per response that the adaptive KL coefficient aims at")
    kl_horizon: int = setting(10_000, "episodes over which the adaptive KL coefficient reacts")
    kl_estimator: str = setting(
        "exact", "objective/kl: 'exact' over the vocabulary, or 'k3', which saves memory"
    )

    gamma: float = setting(1.0, "discount per token; below 1 it prefers short responses")
    standardise_scores: bool = setting(
        False, "divide scores by the standard deviation of the reference's returns, measured at the start"
    )
    whiten_rewards: bool = setting(
        False, "divide rewards by their standard deviation (the mean is never shifted)"
    )
    whiten_advantages: bool = setting(True, "centre and scale advantages over all tokens of the batch")
    whitening_floor: float = setting(
        0.02,
        "rewards and advantages that deviate less than this are not blown up to size 1 by any scaling: "
        "a batch that earned nothing is left alone",
    )

    cliprange: float = setting(0.2, "policy ratios are clipped to within this of 1")
    cliprange_high: float | None = setting(
        None, "ratios above 1 are clipped to within this of it instead; None: cliprange"
    )
    entropy_coef: float = setting(0.0, "weight of the entropy bonus")
    max_approxkl: float | None = setting(
        None, "end an update before a step whose approximate KL exceeds this"
    )

    def __post_init__(self) -> None:
        """Checks each setting and how they go together."""
        for name in ("batch_size", "minibatch_size", "accumulation_steps", "num_ppo_epochs", "kl_horizon"):
            self._check_count(name, 1)
        self._check_count("group_size", 1)
        for name in ("seed", "warmup_iterations"):
            self._check_count(name, 0)
        self._check("seed", self.seed < 2**63, "a whole number below 2^63")
        for name in (
            *("learning_rate", "adam_eps", "max_grad_norm", "target_kl", "cliprange"),
            "whitening_floor",
        ):
            self._check(name, 0.0 < self._number(name) < math.inf, "a number > 0")
        for name in ("kl_coef", "entropy_coef"):
            self._check(name, 0.0 <= self._number(name) < math.inf, "a number >= 0")
        for name in ("cliprange_high", "max_approxkl"):
            self._check_rate_or_none(name)
        for name in ("gamma", "future"):
            self._check(name, 0.0 <= self._number(name) <= 1.0, "a number in [0, 1]")
        for name, choices in CHOICES.items():
            self._check_choice(name, choices)
        for one in fields(self):
            holds = not isinstance(one.default, bool) or isinstance(getattr(self, one.name), bool)
            self._check(one.name, holds, "True or False")
        holds = math.isfinite(self._number("missing_eos_penalty"))
        self._check("missing_eos_penalty", holds, "a finite number")
        self._check_candidates()
        self._check_lengths()
        self._check_divides("minibatch_size", "batch_size")
        self._check_divides("group_size", "batch_size")
        self._check_divides("accumulation_steps", "minibatch_size")

    @classmethod
    def help_texts(cls) -> dict[str, str]:
        """Returns the line of help of each setting."""
        return {setting.name: str(setting.metadata["help"]) for setting in fields(cls)}

    @classmethod
    def from_record(cls, record: dict[str, Any]) -> Self:
        """Returns the settings that `to_record` wrote.

        Raises:
            ValueError: If one is unknown, of another type or out of range.
        """
        hints = get_type_hints(cls)
        for key, value in record.items():
            if key not in hints:
                raise ValueError(f"settings: expected some of {', '.join(hints)}, got {show(key)}")
            if not _fits(value, hints[key]) or (isinstance(value, int | float) and abs(value) > GREATEST):
                raise ValueError(f"{key}: expected {hints[key]}, got {show(value)}")
        length: Any = record.get("response_length")
        settings: dict[str, Any] = {**record, "response_length": length}
        if isinstance(length, list):  # JSON has no tuples
            settings["response_length"] = tuple(cast("list[int]", length))
        return cls(**settings)

    def to_record(self) -> dict[str, Any]:
        """Returns the settings as JSON has them."""
        return asdict(self)

    @property
    def needs_prefix_values(self) -> bool:
        """Whether infos have to hold the values of prefixes."""
        return False

    @property
    def minibatches(self) -> int:
        """Optimiser steps per pass."""
        return self.batch_size // self.minibatch_size

    @property
    def micro_batch_size(self) -> int:
        """Responses per forward pass."""
        return self.minibatch_size // self.accumulation_steps

    @property
    def with_candidates(self) -> bool | None:
        """Whether candidates are read; None: where the environment sends them."""
        if self.candidates != "auto":
            return self.candidates != "off"
        goes = self.reward_share == "environment" and self.kl_estimator == "exact" and not self.whiten_rewards
        return None if goes else False

    def length_range(self, longest: int) -> tuple[int, int]:
        """Returns the shortest and largest length to draw for an environment with T = `longest`.

        Raises:
            ValueError: If the environment has no room for the largest.
        """
        if self.response_length is None:
            return longest, longest
        pair = self.response_length
        low, high = (pair, pair) if isinstance(pair, int) else pair
        if high > longest:
            raise ValueError(
                f"response_length: expected at most the environment's T = {longest}, got {high}; "
                f"make the environment with max_new_tokens={high}"
            )
        return low, high

    def _check_candidates(self) -> None:
        """Checks the settings that candidates do not go with."""
        if self.candidates in ("auto", "off"):
            return
        for name, needed in (("reward_share", "environment"), ("kl_estimator", "exact")):
            self._check(name, getattr(self, name) == needed, f"{needed!r} with candidates")
        self._check("whiten_rewards", not self.whiten_rewards, "False with candidates")
        holds = self.future > 0.0 or self.missing_eos_penalty == 0.0
        self._check("missing_eos_penalty", holds, "0 with a future of 0, which it is part of")

    def _check_lengths(self) -> None:
        given: Any = self.response_length
        if given is None:
            return
        pair = list(cast("list[Any]", given)) if isinstance(given, list | tuple) else [given, given]
        holds = len(pair) == 2 and all(is_whole(one, 1) for one in pair) and pair[0] <= pair[1]
        self._check("response_length", holds, "a whole number >= 1, or a pair in order")

    def _check_divides(self, part: str, whole: str) -> None:
        size, total = getattr(self, part), getattr(self, whole)
        self._check(part, total % size == 0, f"a divisor of {whole} = {total}")

    def _check_count(self, name: str, least: int) -> None:
        self._check(name, is_whole(getattr(self, name), least), f"a whole number >= {least}")

    def _check_rate_or_none(self, name: str) -> None:
        holds = getattr(self, name) is None or 0.0 < self._number(name) < math.inf
        self._check(name, holds, "a number > 0, or None")

    def _number(self, name: str) -> float:
        """Returns a setting that is to be a number; NaN, which lies in no range, where it is none."""
        value = getattr(self, name)
        return math.nan if isinstance(value, bool) or not isinstance(value, Real) else cast(float, value)

    def _check_choice(self, name: str, choices: tuple[str, ...]) -> None:
        self._check(name, getattr(self, name) in choices, f"one of {', '.join(map(repr, choices))}")

    def _check(self, name: str, holds: bool, expected: str) -> None:
        if not holds:
            raise SettingError(name, f"expected {expected}, got {show(getattr(self, name))}")
