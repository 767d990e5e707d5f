"""What a training run takes of its environments' side: an object that an entry point names.

A distribution declares its presets in the group `agents.presets`, one row each, and one of them as `default`:

    [project.entry-points."agents.presets"]
    default = "my_package.presets:chess"
    chess = "my_package.presets:chess"

`--preset NAME` takes one, and `--env ID` none: a run of any environment whose episodes are tokens.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable, Collection, Mapping, Sequence
from importlib.metadata import EntryPoint, entry_points
from pathlib import Path
from typing import Any, Protocol

from agents.runs.strict_json import did_you_mean

GROUP = "agents.presets"
DEFAULT = "default"

Settings = Mapping[str, Any]


class PresetFlag(Protocol):
    """One setting of a preset, as `agents.flags.flag.Flag` has it."""

    @property
    def name(self) -> str:
        """How it is given, without the dashes in front."""
        ...

    @property
    def default(self) -> Any:
        """Its value where it is not given."""
        ...

    @property
    def parse(self) -> Callable[[str], Any]:
        """Reads its text; `argparse.ArgumentTypeError` for a wrong one."""
        ...

    @property
    def help(self) -> str:
        """What `--help` says of it."""
        ...

    @property
    def collect(self) -> type[argparse.Action] | None:
        """Makes one value of several words; None: there is one word."""
        ...

    @property
    def metavar(self) -> str | None:
        """How `--help` shows the value; None: by the last word of the name."""
        ...


class Prompts(Protocol):
    """The prompts of a run, as far as a learner has to know them."""

    @property
    def source(self) -> str:
        """Where they are from, for messages."""
        ...

    @property
    def sha256(self) -> str:
        """Hash of all of them, training and evaluation, in their order."""
        ...

    @property
    def number(self) -> int:
        """How many of them are trained on."""
        ...

    @property
    def notes(self) -> Sequence[str]:
        """What there is to say of them, such as that none are held out."""
        ...


class Preset(Protocol):
    """The task of a training run: its flags, checks, environments, prompts and pages.

    `settings` are all settings of a run by the keys of their flags, the preset's own among them.
    """

    @property
    def name(self) -> str:
        """As `config.json` records it, so that the run can be resumed."""
        ...

    @property
    def flags(self) -> Sequence[PresetFlag]:
        """Settings beside those that every run has."""
        ...

    @property
    def defaults(self) -> Settings:
        """Defaults in the place of those of other flags, such as `response_length`."""
        ...

    @property
    def packages(self) -> Sequence[str]:
        """Distributions whose versions are recorded as well."""
        ...

    def complete(self, settings: Settings, given: Settings) -> dict[str, Any]:
        """Returns the settings with those that follow from others.

        Raises:
            ValueError: Some do not go together; the message names the flags.
        """
        ...

    def find_modules(self, settings: Settings) -> None:
        """Makes modules importable that settings name, such as one in the working folder."""
        ...

    def check_names(self, settings: Settings) -> None:
        """Refuses names that nothing has, before anything is loaded.

        Raises:
            ValueError: There is an unknown one; the message begins with the flag.
        """
        ...

    def env(self, settings: Settings, part: str) -> tuple[str, dict[str, Any]]:
        """Returns id and keyword arguments of the environment of a part, "train" or "eval"."""
        ...

    def prompts(self, settings: Settings) -> Prompts | None:
        """Returns what there is to know of the prompts, None where they are the environment's own business.

        Raises:
            ValueError: They can't be read.
        """
        ...

    def tokenizer(self, settings: Settings) -> str | None:
        """Returns the name of the environment's tokenizer, None where it has none by name."""
        ...

    def notes(self, settings: Settings, given: Settings) -> Sequence[str]:
        """Returns what there is to say of settings that were not given."""
        ...

    def explain(self, error: BaseException) -> str:
        """Returns the message of an error, with flags in the place of the environment's arguments."""
        ...

    def token_texts(self, tokenizer: str, ids: Sequence[int]) -> list[Any]:
        """Returns what stands for each token of a response in `samples.jsonl`: a text, its bytes or its id.

        Raises:
            ValueError: If an id is not one of the tokenizer's.
        """
        ...

    def show_tokens(
        self, tokenizer: Any, ids: Sequence[int], *, allowed: Collection[str]
    ) -> list[str] | None:
        """Returns the texts of tokens as a page shows them, None where the tokenizer may not be loaded.

        Args:
            tokenizer: As the settings of a study name it, perhaps a stranger's; None: the usual one.
            ids: Of tokens.
            allowed: Tokenizers that may be loaded beside those that come with the packages.

        Raises:
            ValueError: The tokenizer does not know an id.
        """
        ...

    def write_page(self, samples: Path, page: Path, *, title: str) -> bool:
        """Writes `samples.html` from `samples.jsonl`; returns whether there is such a page.

        Raises:
            ValueError: A line can't be shown.
        """
        ...


def find_preset(name: str | None = None) -> Preset | None:
    """Returns the preset of a name; without one the default, or None where no distribution declares any.

    Raises:
        ValueError: If no preset has this name, or two distributions declare it.
    """
    declared = entry_points(group=GROUP)
    found = {(one.name, one.value): one for one in declared}  # a distribution may be on the path twice
    rows = [one for one in found.values() if one.name == (name or DEFAULT)]
    if not rows and name is None:
        return None
    if not rows:
        known = sorted({one.name for one in declared} - {DEFAULT})
        expected = f"one of {', '.join(known)}" if known else "a preset that is installed"
        raise ValueError(f"--preset: expected {expected}, got {name!r}{did_you_mean(name or DEFAULT, known)}")
    if len(rows) > 1:
        places = " and ".join(one.value for one in rows)
        raise ValueError(f"--preset {name or DEFAULT}: expected one of this name, got {places}: name another")
    return _load(rows[0])


def _load(row: EntryPoint) -> Preset:
    try:
        return row.load()
    except (ImportError, AttributeError) as error:
        raise ValueError(
            f"--preset {row.name}: expected {row.value} to be importable, got {type(error).__name__}: {error}"
        ) from error
