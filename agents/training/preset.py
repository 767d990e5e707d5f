"""Presets: the task of a training run (environments, prompts, flags), found by entry points.

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
    """Protocol of a preset's flag, as `agents.flags.flag.Flag` implements it."""

    @property
    def name(self) -> str:
        """Name of the flag, without the leading dashes."""
        ...

    @property
    def default(self) -> Any:
        """Value of the setting if the flag is not given."""
        ...

    @property
    def parse(self) -> Callable[[str], Any]:
        """Parser of the flag's text; raises `argparse.ArgumentTypeError` if the text is wrong."""
        ...

    @property
    def help(self) -> str:
        """Description of the flag in `--help`."""
        ...

    @property
    def collect(self) -> type[argparse.Action] | None:
        """Action that collects several words into one value; None: the flag takes one word."""
        ...

    @property
    def metavar(self) -> str | None:
        """Placeholder of the value in `--help`; None: the last word of the name."""
        ...


class Prompts(Protocol):
    """Protocol of a run's prompts: their source, hash and number."""

    @property
    def source(self) -> str:
        """Source of the prompts, for messages."""
        ...

    @property
    def sha256(self) -> str:
        """SHA-256 of all prompts, training and evaluation, in their order."""
        ...

    @property
    def number(self) -> int:
        """Number of training prompts."""
        ...

    @property
    def notes(self) -> Sequence[str]:
        """Notes to the user about the prompts, such as that none are held out."""
        ...


class Preset(Protocol):
    """Protocol of a training run's task: its flags, checks, environments, prompts and pages.

    `settings` are all settings of a run by the keys of their flags, the preset's own among them.
    """

    @property
    def name(self) -> str:
        """Name of the preset, which `config.json` records so that the run can be resumed."""
        ...

    @property
    def flags(self) -> Sequence[PresetFlag]:
        """Flags of the preset, beside those that every run has."""
        ...

    @property
    def defaults(self) -> Settings:
        """Defaults that replace those of the common flags and of the learners', such as `response_length`."""
        ...

    @property
    def packages(self) -> Sequence[str]:
        """Distributions whose versions are recorded with the run."""
        ...

    def complete(self, settings: Settings, given: Settings) -> dict[str, Any]:
        """Returns the settings, completed with those that follow from others.

        Raises:
            ValueError: If some do not go together; the message names the flags.
        """
        ...

    def find_modules(self, settings: Settings) -> None:
        """Makes modules that settings name importable, such as one in the working folder."""
        ...

    def check_names(self, settings: Settings) -> None:
        """Checks that the names in settings exist, before anything is loaded.

        Raises:
            ValueError: If a name is unknown; the message begins with the flag.
        """
        ...

    def env(self, settings: Settings, part: str) -> tuple[str, dict[str, Any]]:
        """Returns id and keyword arguments of an environment; `part` is "train" or "eval"."""
        ...

    def prompts(self, settings: Settings) -> Prompts | None:
        """Returns the prompts of a run, or None where the environment alone knows them.

        Raises:
            ValueError: If the prompts can't be read.
        """
        ...

    def tokenizer(self, settings: Settings) -> str | None:
        """Returns the name of the environment's tokenizer, None where it has none by name."""
        ...

    def notes(self, settings: Settings, given: Settings) -> Sequence[str]:
        """Returns notes to the user about settings that were not given."""
        ...

    def explain(self, error: BaseException) -> str:
        """Returns an error's message, with flags in place of the environment's arguments."""
        ...

    def token_texts(self, tokenizer: str, ids: Sequence[int]) -> list[Any]:
        """Returns each token of a response as `samples.jsonl` has it: its text, its bytes or its id.

        Raises:
            ValueError: If an id is not one of the tokenizer's.
        """
        ...

    def show_tokens(
        self, tokenizer: Any, ids: Sequence[int], *, allowed: Collection[str]
    ) -> list[str] | None:
        """Returns the texts of tokens for display on a page, None where the tokenizer may not be loaded.

        Args:
            tokenizer: Name in the settings of a study, which is untrusted; None: the default tokenizer.
            ids: Token ids.
            allowed: Tokenizers that may be loaded beside those that come with the packages.

        Raises:
            ValueError: If the tokenizer does not know an id.
        """
        ...

    def write_page(self, samples: Path, page: Path, *, title: str) -> bool:
        """Writes `samples.html` from `samples.jsonl`; returns whether a page was written.

        Raises:
            ValueError: If a line can't be shown.
        """
        ...


def preset_names() -> list[str]:
    """Returns the names of the presets that are installed, in alphabetical order."""
    return sorted({one.name for one in entry_points(group=GROUP)} - {DEFAULT})


def find_preset(name: str | None = None) -> Preset | None:
    """Returns the preset of a name; without a name the default, or None where no preset is declared.

    Raises:
        ValueError: If no preset has this name, or two distributions declare it.
    """
    declared = entry_points(group=GROUP)
    found = {(one.name, one.value): one for one in declared}  # a distribution may be on the path twice
    rows = [one for one in found.values() if one.name == (name or DEFAULT)]
    if not rows and name is None:
        return None
    if not rows:
        known = preset_names()
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
