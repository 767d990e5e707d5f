"""The parts of a sentiment task, made once from an environment's keyword arguments."""

from __future__ import annotations

import copy
import inspect
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple, TypedDict, cast, get_args

import numpy as np

from rlsf_gym.arguments import Argument, ArgumentError, did_you_mean
from rlsf_gym.designs import Design, load_design
from rlsf_gym.domains.sentiment.judge import Judge
from rlsf_gym.evidence import IntArray
from rlsf_gym.feedback.core import Boundary, Feedback
from rlsf_gym.objectives import load_objective
from rlsf_gym.prompts import load_prompts
from rlsf_gym.remembered import Remembered
from rlsf_gym.resolve import resolve
from rlsf_gym.scorers import Scorer, load_scorer
from rlsf_gym.scorers.offers import check_offer
from rlsf_gym.text.tokenizer import load_tokenizer
from rlsf_gym.text.vocabulary import hash_vocabulary


class TaskArguments(TypedDict, total=False):
    """Keyword arguments that all environments share; `SentimentEnv` says what they mean."""

    scorer: Any
    scorer_kwargs: dict[str, Any] | None
    objective: Any
    objective_kwargs: dict[str, Any] | None
    reward_design: Any
    reward_design_kwargs: dict[str, Any] | None
    tokenizer: Any
    prompts: Any
    prompts_kwargs: dict[str, Any] | None
    split: str
    judge: Any
    boundary: Boundary
    max_prompt_tokens: int
    max_new_tokens: int
    verify: bool


class Prompt(NamedTuple):
    """A prompt, as an episode begins with it."""

    text: str
    number: int
    """Its position among the prompts, -1 where it was given in `options`."""


class Task:
    """Tokenizer, prompts and feedback of an environment."""

    def __init__(
        self,
        *,
        scorer: Any = "vader",
        scorer_kwargs: dict[str, Any] | None = None,
        objective: Any = "positive",
        objective_kwargs: dict[str, Any] | None = None,
        reward_design: Any = "potential",
        reward_design_kwargs: dict[str, Any] | None = None,
        tokenizer: Any = "bundled",
        prompts: Any = "bundled",
        prompts_kwargs: dict[str, Any] | None = None,
        split: str = "train",
        judge: Any = None,
        boundary: Boundary = "closed",
        max_prompt_tokens: int = 16,
        max_new_tokens: int = 16,
        verify: bool = False,
    ) -> None:
        self.max_prompt_tokens = check_count("max_prompt_tokens", max_prompt_tokens)
        self.max_new_tokens = check_count("max_new_tokens", max_new_tokens)
        if boundary not in get_args(Boundary):
            raise ArgumentError(Argument("boundary"), f" must be 'closed' or 'open', got {boundary!r}")
        if not isinstance(cast(object, verify), bool):  # a text such as "no" would be taken for yes
            raise ArgumentError(Argument("verify"), f" must be True or False, got {verify!r}")
        self.tokenizer = load_tokenizer(tokenizer)
        check_prompts_kwargs(prompts_kwargs or {})
        self.prompts = load_prompts(
            prompts,
            tokenizer=self.tokenizer,
            split=split,
            max_prompt_tokens=self.max_prompt_tokens,
            **(prompts_kwargs or {}),
        )
        loaded_scorer = _load_scorer(scorer, scorer_kwargs or {}, verify)
        self.feedback = Feedback(
            scorer=loaded_scorer,
            objective=load_objective(objective, **(objective_kwargs or {})),
            design=_load_design(reward_design, reward_design_kwargs or {}, loaded_scorer),
            tokenizer=self.tokenizer,
            judge=_load_judge(judge),
            boundary=boundary,
            verify=verify,
        )
        self._prompt_ids = Remembered[IntArray](sys.getsizeof)
        self._vocabulary_sha256 = hash_vocabulary(self.tokenizer)

    def begin(self, rng: np.random.Generator, given: str | None) -> Prompt:
        """Returns the prompt of a new episode: the one that was given, or one that is drawn."""
        if given is not None:
            return Prompt(given, -1)
        number, text = self.prompts.sample(rng)
        return Prompt(text, int(number))

    def encode_prompt(self, text: str) -> IntArray:
        """Returns the token ids of a prompt, int64 (K,).

        Raises:
            ValueError: If they are more than P, or stand for another text.
        """
        ids = self._prompt_ids.get(text)
        return self._encode(text) if ids is None else ids

    def reset_info(self, prompt: Prompt) -> dict[str, Any]:
        """Returns the info that begins an episode."""
        return {
            "prompt": prompt.text,
            "prompt_id": prompt.number,
            "eos_token_id": int(self.tokenizer.eos_token_id),
            "vocabulary_sha256": self._vocabulary_sha256,
        }

    def with_design(self, reward_design: Any, kwargs: Mapping[str, Any]) -> Task:
        """Returns the same task under another reward design, sharing parts and what is remembered of prompts.

        Raises:
            ValueError: If there is no such design, it does not take the arguments, or the scorer can't serve
                it.
        """
        task, feedback = copy.copy(self), copy.copy(self.feedback)
        feedback.design = _load_design(reward_design, kwargs, feedback.scorer)
        task.feedback = feedback
        return task

    def _encode(self, text: str) -> IntArray:
        tokens = self.tokenizer.encode(text)
        ids = np.array(tokens, np.int64)
        if len(ids) > self.max_prompt_tokens:
            raise ValueError(
                f"prompt must be at most max_prompt_tokens={self.max_prompt_tokens} tokens long, "
                f"got {len(ids)}: {text!r:.200}"
            )
        becomes = self.tokenizer.decode(tokens)
        if becomes != text:  # the agent would read another prompt than the one that is scored
            raise ValueError(
                f"prompt must come back from the tokenizer, got {text!r:.80}, which becomes {becomes!r:.80}: "
                "write it so, or take another tokenizer"
            )
        self._prompt_ids.put(text, ids)
        return ids


def check_keywords(name: str, given: Mapping[str, Any]) -> None:
    """Checks that an environment takes these keyword arguments.

    Args:
        name: Of the environment's class.
        given: The keyword arguments that all environments share.

    Raises:
        TypeError: If there is an unknown one; the message has the one that is closest.
    """
    known = (*TaskArguments.__annotations__, "render_mode")
    for key in given:
        if key not in known:
            raise TypeError(
                f"{name} got an unexpected keyword argument {key!r}{did_you_mean(key, known)}: "
                f"expected some of {', '.join(known)}"
            )


def check_options(options: Mapping[str, Any] | None, known: tuple[str, ...]) -> Mapping[str, Any]:
    """Returns the reset options, none of them unknown.

    Raises:
        ValueError: If there is an unknown one, which would be ignored otherwise.
    """
    unknown = [key for key in options or {} if key not in known]
    if unknown:
        raise ValueError(f"options must be among {', '.join(map(repr, known))}, got {unknown[0]!r}")
    return options or {}


def check_prompt(name: str, prompt: Any) -> str | None:
    """Returns a prompt that was given in `options`, or None to draw one.

    Raises:
        ValueError: If it is no text.
    """
    if prompt is not None and not isinstance(prompt, str):
        raise ValueError(f"options[{name!r}] must be a str, got {prompt!r}")
    return prompt


def check_count(name: str, value: Any) -> int:
    """Returns the value, an int of at least 1.

    Raises:
        ValueError: If it is none.
    """
    if isinstance(value, bool) or not isinstance(value, int) or value < 1:
        raise ValueError(f"{name} must be an int of at least 1, got {value!r}")
    return value


def is_exact(scorer: Scorer) -> bool:
    """Returns whether a text gets the same score to the bit in any batch; neural scorers promise 1e-5."""
    return bool(getattr(scorer, "exact", scorer.verifiable))


def _load_scorer(spec: Any, kwargs: dict[str, Any], verify: bool) -> Scorer:
    if isinstance(spec, str) and ":" in spec:
        spec = resolve("scorer", spec, {})
    if isinstance(getattr(spec, "__self__", spec), Judge) or spec is Judge:
        raise ValueError("scorer must not be a Judge: the judge is reported, never trained against")
    scorer = load_scorer(spec, **kwargs)
    if verify and not scorer.verifiable:
        raise ArgumentError(
            Argument("verify"), "=True needs a scorer whose certificates can be checked, and ",
            f"{scorer.name!r} has none: use ", Argument("scorer"), "='vader' or ",
            Argument("verify"), "=False",
        )  # fmt: skip
    return scorer


def check_prompts_kwargs(kwargs: Mapping[str, Any]) -> None:
    """Checks that prompts take these arguments.

    Raises:
        ValueError: If there is an unknown one, or one that the environment has itself.
    """
    taken = ("spec", "tokenizer", "split", "max_prompt_tokens")
    known = [name for name in inspect.signature(load_prompts).parameters if name not in taken]
    for key in kwargs:
        if key in taken:
            raise ArgumentError(
                Argument("prompts_kwargs"), f" must leave {key!r} out: the environment takes it by itself"
            )
        if key not in known:
            raise ArgumentError(
                Argument("prompts_kwargs"),
                f" must hold some of {', '.join(known)}, got {key!r}{did_you_mean(key, known)}",
            )


def _load_design(spec: Any, kwargs: Mapping[str, Any], scorer: Scorer) -> Design:
    design = load_design(spec, **kwargs)
    check_offer(design.name, design.needs, scorer)
    return design


def _load_judge(spec: Any) -> Any:
    if spec is None:
        return None
    if isinstance(spec, str):
        classifier = _classifier_of(spec)
        if classifier is not None:
            from rlsf_gym.scorers.transformer.judge import ClassifierJudge  # which needs an extra

            try:
                return ClassifierJudge(classifier)
            except ArgumentError as error:  # it names arguments of a scorer, which a judge's name leaves out
                raise ArgumentError(
                    Argument("judge"),
                    f" must be a classifier of two labels that say which is positive, got {spec!r}: pass a "
                    f"ClassifierJudge, or its 'module:attribute', made with what this asks for: {error}",
                ) from error
        spec = resolve("judge", spec, {}) if ":" in spec else Judge.load(spec)
    if not hasattr(spec, "predict"):
        raise ValueError(f"judge must have predict(texts), got {cast(object, spec)!r}")
    return spec


def _classifier_of(spec: str) -> str | None:
    """Returns the classifier that a judge is written as: its folder, or a name behind "transformer:"."""
    kind, colon, name = spec.partition(":")
    if colon and kind == "transformer":
        return name
    return spec if Path(spec).is_dir() else None
