"""The preset of a run that names its environment itself: `--env ID --env-kwargs KEY=VALUE`."""

from __future__ import annotations

import os
import sys
from collections.abc import Collection, Mapping, Sequence
from pathlib import Path
from types import MappingProxyType
from typing import Any

from agents.flags.flag import Flag, named
from agents.flags.key_values import Collect, key_value
from agents.training.preset import PresetFlag, Prompts

Settings = Mapping[str, Any]


class AnyEnv:
    """A task of which nothing is known but the environment's id and its arguments."""

    name = "env"
    packages: Sequence[str] = ()
    defaults: Settings = MappingProxyType({"response_length": None})
    flags: Sequence[PresetFlag] = (
        Flag(
            "env",
            None,
            named,
            "id of an environment, package:Name-v0, whose episodes are tokens",
            metavar="ID",
        ),
        Flag("env-kwargs", {}, key_value, "its arguments: size=3 rules.strict=true", Collect, "KEY=VALUE"),
        Flag(
            "eval-env-kwargs",
            {},
            key_value,
            "those that differ in evaluations: split=test",
            Collect,
            "KEY=VALUE",
        ),
    )

    def complete(self, settings: Settings, given: Settings) -> dict[str, Any]:
        """Returns the settings as they are.

        Raises:
            ValueError: No environment is named, or passes over prompts are asked for.
        """
        if settings["env"] is None:
            raise ValueError("--env: expected the id of an environment, such as package:Name-v0, got none")
        if settings["epochs"] is not None:
            raise ValueError(
                "--epochs: an environment of --env does not say how many prompts it has: give --episodes"
            )
        return dict(settings)

    def check_names(self, settings: Settings) -> None:
        """Accepts any id: Gymnasium says what is wrong with it."""

    def find_modules(self, settings: Settings) -> None:
        """Lets the id name a module of the working folder, as `python -m` does."""
        if ":" in settings["env"] and os.getcwd() not in sys.path:
            sys.path.append(os.getcwd())  # last: a file there takes the place of no module that is installed

    def env(self, settings: Settings, part: str) -> tuple[str, dict[str, Any]]:
        """Returns the id and the arguments of a part."""
        more: Settings = settings["eval_env_kwargs"] if part == "eval" else {}
        return settings["env"], {**settings["env_kwargs"], **more}

    def prompts(self, settings: Settings) -> Prompts | None:
        """Returns None: they are the environment's own business."""
        return None

    def tokenizer(self, settings: Settings) -> str | None:
        """Returns None: the policy's own goes with the environment, or the learner says so."""
        return None

    def notes(self, settings: Settings, given: Settings) -> Sequence[str]:
        """Returns nothing: all there is was given."""
        return ()

    def explain(self, error: BaseException) -> str:
        """Returns the message as it is."""
        return str(error)

    def token_texts(self, tokenizer: str, ids: Sequence[int]) -> list[Any]:
        """Returns the ids."""
        return list(ids)

    def show_tokens(
        self, tokenizer: Any, ids: Sequence[int], *, allowed: Collection[str]
    ) -> list[str] | None:
        """Returns None: ids say nothing to a reader."""
        return None

    def write_page(self, samples: Path, page: Path, *, title: str) -> bool:
        """Returns False: ids say nothing to a reader."""
        return False
