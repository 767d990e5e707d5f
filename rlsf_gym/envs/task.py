"""Task of an environment: tokenizer, instances and feedback, made from its keyword arguments."""

from __future__ import annotations

import copy
import inspect
import sys
from collections.abc import Mapping
from typing import Any, TypedDict, cast, get_args

import numpy as np

from rlsf_gym.arguments import Argument, ArgumentError, did_you_mean
from rlsf_gym.designs import Design, load_design
from rlsf_gym.domains import Domain, load_domain
from rlsf_gym.evidence import IntArray
from rlsf_gym.feedback.core import Boundary, Feedback
from rlsf_gym.instance import Instance, Instances, check_instance, copy_data
from rlsf_gym.judges import is_judge, load_judges
from rlsf_gym.objectives import load_objective
from rlsf_gym.prompts import Prompts, check_split, load_prompts
from rlsf_gym.registry import Table
from rlsf_gym.remembered import Remembered
from rlsf_gym.scorers import Scorer
from rlsf_gym.scorers.offers import check_offer
from rlsf_gym.text.segmentation import Segmentation, choose_segmentation
from rlsf_gym.text.tokenizer import load_tokenizer
from rlsf_gym.text.vocabulary import hash_vocabulary


class TaskArguments(TypedDict, total=False):
    """Keyword arguments that all environments share; `ResponseEnv` says what they mean."""

    domain: Any
    domain_kwargs: dict[str, Any] | None
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
    candidates: bool
    prefix_values: bool


def make_task(name: str, arguments: TaskArguments) -> Task:
    """Returns the task of an environment; arguments that are not given get the domain's defaults.

    Args:
        name: Name of the environment's class.
        arguments: The keyword arguments that all environments share.

    Raises:
        TypeError: If an argument is unknown.
        ValueError: If an argument has a wrong value.
    """
    check_keywords(name, arguments)
    _check_kwargs(arguments)
    domain = load_domain(arguments.get("domain", "sentiment"), **(arguments.get("domain_kwargs") or {}))
    check_keywords(f"domain {domain.name!r} with these defaults", domain.defaults)
    own = ("domain", "domain_kwargs", *(key for key in domain.defaults if arguments.get(key) is None))
    given = {key: value for key, value in arguments.items() if key not in own}
    return Task(domain, **cast(Any, {**domain.defaults, **given}))


class TextInstances:
    """Prompts of plain text as instances without data.

    Args:
        prompts: Prompts, as `load_prompts` returns them.
    """

    def __init__(self, prompts: Prompts) -> None:
        self.prompts = prompts

    def sample(self, rng: np.random.Generator) -> Instance:
        """Returns a prompt with its position."""
        number, text = self.prompts.sample(rng)
        return Instance(text, int(number))

    def make(self, data: Mapping[str, Any]) -> Instance:
        """Refuses data: instances of plain text have none."""
        raise ValueError(f"instances must be texts in a domain of plain text, got {dict(data)!r:.80}")


class Task:
    """Tokenizer, instances and feedback of an environment."""

    def __init__(
        self,
        domain: Domain,
        *,
        scorer: Any = None,
        scorer_kwargs: dict[str, Any] | None = None,
        objective: Any = "positive",
        objective_kwargs: dict[str, Any] | None = None,
        reward_design: Any = "potential",
        reward_design_kwargs: dict[str, Any] | None = None,
        tokenizer: Any = "bundled",
        prompts: Any = None,
        prompts_kwargs: dict[str, Any] | None = None,
        split: str = "train",
        judge: Any = None,
        boundary: Boundary = "closed",
        max_prompt_tokens: int = 16,
        max_new_tokens: int = 16,
        verify: bool = False,
        candidates: bool = False,
        prefix_values: bool = False,
    ) -> None:
        self.domain = domain
        self.max_prompt_tokens = check_count("max_prompt_tokens", max_prompt_tokens)
        self.max_new_tokens = check_count("max_new_tokens", max_new_tokens)
        if boundary not in get_args(Boundary):
            raise ArgumentError(Argument("boundary"), f" must be 'closed' or 'open', got {boundary!r}")
        flags = {"verify": verify, "candidates": candidates, "prefix_values": prefix_values}
        for name, flag in flags.items():
            if not isinstance(cast(object, flag), bool):  # a text such as "no" would be taken for yes
                raise ArgumentError(Argument(name), f" must be True or False, got {flag!r}")
        self.tokenizer = load_tokenizer(tokenizer)
        self.instances = self._load_instances(prompts, prompts_kwargs or {}, split)
        loaded_scorer = _load_scorer(domain, scorer, scorer_kwargs or {}, verify)
        self.feedback = Feedback(
            scorer=loaded_scorer,
            objective=load_objective(objective, **(objective_kwargs or {})),
            design=_load_design(domain, reward_design, reward_design_kwargs or {}, loaded_scorer),
            tokenizer=self.tokenizer,
            segmentation=domain.segmentation,
            judges=load_judges(judge, domain.judge),
            boundary=boundary,
            verify=verify,
            candidates=candidates,
            prefix_values=prefix_values,
            probe=self._draw_probe(domain),
        )
        self._prompt_ids = Remembered[IntArray](sys.getsizeof)
        self._vocabulary_sha256 = hash_vocabulary(self.tokenizer)

    def _draw_probe(self, domain: Domain) -> tuple[Instance, str]:
        """Returns an instance with a sample response of the domain, the same each time."""
        if domain.instances is None and domain.samples.pairs:
            prompt, response = domain.samples.pairs[0]
            return Instance(prompt), response
        response = b"".join(domain.samples.pieces).decode("utf-8", "replace")
        return self.begin(np.random.default_rng(0), None), response

    def begin(self, rng: np.random.Generator, given: Instance | None) -> Instance:
        """Returns the instance of a new episode, given or drawn."""
        if given is not None:
            return given
        drawn = self.instances.sample(rng)
        return drawn if self.domain.instances is None else check_instance(drawn, "sample")

    @property
    def segmentation(self) -> Segmentation:
        """What a unit of text is: the scorer's segmentation, or else the domain's."""
        return choose_segmentation(self.feedback.scorer, self.domain.segmentation)

    @property
    def option(self) -> str:
        """Option of `reset` that sets an instance: "prompt", or "instance" in a domain with data."""
        return "prompt" if self.domain.instances is None else "instance"

    def make_instance(self, given: Any, name: str) -> Instance | None:
        """Returns the instance given by an option of `reset`, None to draw one.

        Args:
            given: A text, or the data of an instance in a domain that has data; None to draw one.
            name: The name of the option, for messages.

        Raises:
            ValueError: If the value is not an instance of the domain.
        """
        if given is None:
            return None
        if self.domain.instances is not None:
            if not isinstance(given, Mapping):
                raise ValueError(f"options[{name!r}] must be a dict, got {given!r:.80}")
            return check_instance(self._make(copy_data(given), name), "make")._replace(number=-1)
        if not isinstance(given, str):
            raise ValueError(f"options[{name!r}] must be a str, got {given!r}")
        return Instance(given)

    def _make(self, data: dict[str, Any], name: str) -> Instance:
        try:
            return self.instances.make(data)
        except ValueError as error:
            raise ValueError(
                f"options[{name!r}] must be data of an instance of domain {self.domain.name!r}: {error}"
            ) from error

    def encode_prompt(self, text: str) -> IntArray:
        """Returns the token ids of a prompt, int64 (K,).

        Raises:
            ValueError: If they are more than P, or decode to another text.
        """
        ids = self._prompt_ids.get(text)
        return self._encode(text) if ids is None else ids

    def reset_info(self, instance: Instance) -> dict[str, Any]:
        """Returns the info that begins an episode."""
        info: dict[str, Any] = {
            "prompt": instance.prompt,
            "prompt_id": instance.number,
            "eos_token_id": int(self.tokenizer.eos_token_id),
            "vocabulary_sha256": self._vocabulary_sha256,
        }
        if instance.data is not None:
            info["instance"] = copy_data(instance.data)
        return info

    def with_design(self, reward_design: Any, kwargs: Mapping[str, Any]) -> Task:
        """Returns the same task under another reward design; parts and caches of prompts are shared.

        Raises:
            ValueError: If there is no such design, it does not take the arguments, the scorer can't serve it,
                or candidates are asked for and can't be served under it.
        """
        task = copy.copy(self)
        design = _load_design(self.domain, reward_design, kwargs, self.feedback.scorer)
        task.feedback = self.feedback.with_design(design)
        return task

    def _load_instances(self, prompts: Any, kwargs: Mapping[str, Any], split: str) -> Instances:
        """Returns the source of instances: the domain's own, or prompts of plain text."""
        check_prompts_kwargs(kwargs)
        if self.domain.instances is not None:
            if prompts is not None or kwargs:
                raise ArgumentError(
                    Argument("prompts"),
                    f" must be left out: domain {self.domain.name!r} makes its prompts, say which by ",
                    Argument("domain_kwargs"),
                )
            check_split(split)
            return _check_source(self.domain.name, self.domain.instances(split))
        if prompts is None:
            raise ArgumentError(
                Argument("prompts"), f" must be given: domain {self.domain.name!r} has none of its own"
            )
        return TextInstances(
            load_prompts(
                prompts,
                tokenizer=self.tokenizer,
                split=split,
                max_prompt_tokens=self.max_prompt_tokens,
                domain=self.domain,
                **kwargs,
            )
        )

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
        name: Name of the environment's class.
        given: The keyword arguments that all environments share.

    Raises:
        TypeError: If an argument is unknown; the message suggests the closest name.
    """
    known = (*TaskArguments.__annotations__, "render_mode")
    for key in given:
        if key not in known:
            raise TypeError(
                f"{name} got an unexpected keyword argument {key!r}{did_you_mean(key, known)}: "
                f"expected some of {', '.join(known)}"
            )


def _check_kwargs(given: Mapping[str, Any]) -> None:
    """Checks that arguments which hold arguments are dicts by name."""
    for key, value in given.items():
        is_dict = isinstance(value, Mapping) and all(isinstance(name, str) for name in cast(Any, value))
        if key.endswith("_kwargs") and value is not None and not is_dict:
            raise ArgumentError(Argument(key), f" must be a dict of arguments by name, got {value!r:.80}")


def _check_source(domain: str, source: Any) -> Instances:
    missing = [name for name in ("sample", "make") if not callable(getattr(source, name, None))]
    if missing or isinstance(source, type):
        raise ValueError(
            f"instances of domain {domain!r} must return an object with the methods sample and make for a "
            f"split, got {source!r:.80}"
        )
    return cast(Instances, source)


def check_count(name: str, value: Any) -> int:
    """Returns a count after checking that it is an int of at least 1.

    Raises:
        ValueError: If it is not one.
    """
    if isinstance(value, bool) or not isinstance(value, int) or value < 1:
        raise ValueError(f"{name} must be an int of at least 1, got {value!r}")
    return value


def is_exact(scorer: Scorer) -> bool:
    """Returns whether scores are equal to the bit in any batch; neural scorers promise 1e-5."""
    return bool(getattr(scorer, "exact", scorer.verifiable))


def _load_scorer(domain: Domain, spec: Any, kwargs: Mapping[str, Any], verify: bool) -> Scorer:
    """Returns the scorer of a task: the domain's own names come before those of the table."""
    if isinstance(spec, str) and ":" in spec:
        spec = domain.scorer_table.load(spec)
    if is_judge(spec):
        raise ValueError("scorer must not be a Judge: the judge is reported, never trained against")
    scorer = domain.load_scorer(spec, **kwargs)
    if verify and not scorer.verifiable:
        provable = [
            name
            for name in domain.scorers
            if getattr(domain.scorer_table.load(name), "verifiable", None) is True
        ]
        others = (Argument("scorer"), f"={provable[0]!r} or ") if provable else ()
        raise ArgumentError(
            Argument("verify"), "=True needs a scorer whose certificates can be checked, and ",
            f"{scorer.name!r} has none: use ", *others, Argument("verify"), "=False",
        )  # fmt: skip
    return scorer


def _load_design(domain: Domain, spec: Any, kwargs: Mapping[str, Any], scorer: Scorer) -> Design:
    defaults = domain.design_kwargs.get(spec) if isinstance(spec, str) else None
    design = load_design(spec, **{**(defaults or {}), **kwargs})
    check_offer(design.name, design.needs, scorer, Table("scorer", domain.scorers))
    return design


def check_prompts_kwargs(kwargs: Mapping[str, Any]) -> None:
    """Checks that `load_prompts` takes these arguments.

    Raises:
        ValueError: If one is unknown, or is an argument of the environment itself.
    """
    taken = ("spec", "tokenizer", "split", "max_prompt_tokens", "domain")
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
