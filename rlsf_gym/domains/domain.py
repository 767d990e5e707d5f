"""A domain: a symbolic tool, with all that is particular to it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, NamedTuple, cast

from rlsf_gym.instance import Instances
from rlsf_gym.registry import Table
from rlsf_gym.scorers.protocol import Scorer
from rlsf_gym.scorers.table import SCORERS, load_from
from rlsf_gym.text.segmentation import Segmentation

__all__ = ["Corpus", "Domain", "Example", "Samples"]


class Example(NamedTuple):
    """A prompt, or the data of an instance, and a response that show what a domain's scorers do."""

    name: str
    """What it shows, in a few words."""
    prompt: str
    """Prompt of plain text; "" in a domain of instances, whose prompts follow from their data."""
    response: str
    """Response to the prompt, or to the instance."""
    instance: Mapping[str, Any] | None = None
    """Data of the instance, as `Instances.make` takes it; None in a domain of plain text."""


class Samples(NamedTuple):
    """Texts of a domain that its scorers, reward designs and environments are tested on."""

    pieces: tuple[bytes, ...]
    """The tokens that test responses are made of: whole units, parts of units, and what is no unit."""
    prompts: tuple[str, ...] = ("",)
    """Prompts of test responses; not used in a domain of instances, which are drawn."""
    pairs: tuple[tuple[str, str], ...] = ()
    """Prompts with responses, the odd cases of the domain, on which scorers of plain text are checked."""
    examples: tuple[Example, ...] = ()
    """Examples that the explorer's page offers, the one that it opens with first."""


class Corpus(NamedTuple):
    """Long texts of a domain, openings of which become prompts."""

    noun: str = "long texts"
    """Name of such texts in messages."""
    columns: tuple[str, ...] = ()
    """Columns of tables that hold such texts, so that they are cut unless `cut=False` says otherwise."""
    clean: Callable[[str], str] = str
    """Returns a text as it is to be read, such as without its mark-up."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Domain:
    """Domain: a symbolic tool with all that environments, tests and pages need to know of it.

    Raises:
        ValueError: If it has no name, no scorer, or no pieces to test on, or a field is of another kind.
    """

    name: str
    """Name of the domain in messages."""
    scorers: Mapping[str, Any]
    """Name to a scorer, to a class or function that makes one, or to the place of either; the first one
    scores where no `scorer` is given."""
    samples: Samples
    """Sample texts on which scorers and designs are tested."""
    segmentation: Segmentation
    """Segmentation of its texts into units; a scorer may bring another."""
    checkers: Mapping[str, Any] = field(default_factory=dict[str, Any])
    """Name of a scorer to the checker of its certificates, as `register_checker` takes it."""
    instances: Callable[[str], Instances] | None = None
    """From a split, "train", "eval" or "all", to a source of instances; None in a domain of plain text, where
    `prompts` are the source."""
    judge: Callable[[str], Any] | None = None
    """From a text that names no judge of the table, such as a path, to the judge that it stands for."""
    corpus: Corpus = field(default_factory=Corpus)
    """Long texts that prompts are cut from, in a domain of plain text."""
    defaults: Mapping[str, Any] = field(default_factory=dict[str, Any])
    """Arguments of its environments where none are given, such as `{"tokenizer": "bytes"}`."""
    design_kwargs: Mapping[str, Mapping[str, Any]] = field(default_factory=dict[str, Mapping[str, Any]])
    """Name of a reward design to arguments that it has here where none are given."""
    training: Mapping[str, Any] = field(default_factory=dict[str, Any])
    """The task that a training command takes by its name: arguments of a `TaskPreset`."""
    labels: Mapping[str, str] = field(default_factory=dict[str, str])
    """Names on figures and pages for its "unit", the "amount" of a record, its "judge", and an "instance"."""

    def __post_init__(self) -> None:
        """Checks what nothing works without."""
        if not isinstance(cast(Any, self.name), str) or not self.name:
            raise ValueError(f"name of a domain must be a text, got {self.name!r}")
        self._check_kinds()
        if not self.scorers:
            raise ValueError(f"scorers of domain {self.name!r} must hold at least one, got none")
        if not self.samples.pieces:
            raise ValueError(f"samples of domain {self.name!r} must hold at least one piece, got none")
        for key in ("domain", "domain_kwargs"):
            if key in self.defaults:
                raise ValueError(f"defaults of domain {self.name!r} must leave {key!r} out")

    def _check_kinds(self) -> None:
        """Checks that each field is of its kind, before something far away stumbles over it."""
        for key in ("scorers", "checkers", "defaults", "design_kwargs", "training", "labels"):
            self._check_kind(key, "a dict", isinstance(getattr(self, key), Mapping))
        for key in ("instances", "judge"):
            given = getattr(self, key)
            self._check_kind(key, "a function, or None", given is None or callable(given))
        samples = cast(Any, self.samples)
        is_right = isinstance(samples, Samples) and {bytes}.issuperset(map(type, samples.pieces))
        self._check_kind("samples", "Samples with bytes as pieces", is_right)
        has_data = [one.instance is not None for one in self.samples.examples]
        if has_data.count(self.instances is None):
            kind = "a prompt, and no instance" if self.instances is None else "the data of an instance"
            raise ValueError(f"examples of domain {self.name!r} must each hold {kind}")
        self._check_kind("corpus", "a Corpus", isinstance(cast(Any, self.corpus), Corpus))

    def _check_kind(self, key: str, kind: str, is_right: bool) -> None:
        if not is_right:
            raise ValueError(f"{key} of domain {self.name!r} must be {kind}, got {getattr(self, key)!r:.80}")

    @property
    def scorer(self) -> str:
        """The name of the scorer that scores where none is given."""
        return next(iter(self.scorers))

    @property
    def scorer_table(self) -> Table:
        """All scorers that have a name: the domain's own, and those of `SCORERS`."""
        return Table("scorer", {**SCORERS, **self.scorers})

    def load_scorer(self, spec: Any = None, **kwargs: Any) -> Scorer:
        """Returns the scorer that `spec` stands for, as the function `load_scorer` does; its own names first.

        Args:
            spec: None for the one that scores where none is given.
            **kwargs: Arguments of its class or function.

        Raises:
            ValueError: If there is no such scorer, it does not take the arguments, or it lacks a method.
        """
        return load_from(self.scorer_table, self.scorer if spec is None else spec, kwargs)
