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
from agents.policies.bundled import BUNDLED
from agents.training.preset import PresetFlag, Prompts

Settings = Mapping[str, Any]


def find_policy(env_id: str, arguments: Settings) -> str | None:
    """Returns the bundled policy whose tokenizer an environment has, None where none is."""
    import gymnasium

    from agents.policies.tokenizer_match import find_bundled
    from agents.rollouts.env_answers import split_infos
    from agents.rollouts.player import read_shapes

    try:
        env = gymnasium.make_vec(env_id, num_envs=1, **arguments)
        openings = split_infos(env.reset(seed=0)[1], 1)
        return find_bundled(openings, read_shapes(env).vocab_size)
    except Exception:  # the run makes it again, and says what is wrong with it
        return None


class AnyEnv:
    """Preset of any environment: only its id and its arguments are known."""

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
        """Returns the settings, with the bundled policy that fits the environment if none is given.

        Raises:
            ValueError: If no environment is named, or passes over prompts are asked for.
        """
        if settings["env"] is None:
            raise ValueError("--env: expected the id of an environment, such as package:Name-v0, got none")
        if settings["epochs"] is not None:
            raise ValueError(
                "--epochs: an environment of --env does not say how many prompts it has: give --episodes"
            )
        if "policy" in given:
            return dict(settings)
        self.find_modules(settings)
        return {**settings, "policy": find_policy(*self.env(settings, "train")) or settings["policy"]}

    def check_names(self, settings: Settings) -> None:
        """Accepts any id: Gymnasium says what is wrong with it."""

    def find_modules(self, settings: Settings) -> None:
        """Makes modules of the working folder importable for the id, as `python -m` does."""
        if ":" in settings["env"] and os.getcwd() not in sys.path:
            sys.path.append(os.getcwd())  # last: a file there takes the place of no module that is installed

    def env(self, settings: Settings, part: str) -> tuple[str, dict[str, Any]]:
        """Returns id and keyword arguments of the training or evaluation environment."""
        more: Settings = settings["eval_env_kwargs"] if part == "eval" else {}
        return settings["env"], {**settings["env_kwargs"], **more}

    def prompts(self, settings: Settings) -> Prompts | None:
        """Returns None: the prompts are known to the environment alone."""
        return None

    def tokenizer(self, settings: Settings) -> str | None:
        """Returns None: the policy's own tokenizer is used; the learner checks that it fits."""
        return None

    def notes(self, settings: Settings, given: Settings) -> Sequence[str]:
        """Returns which policy is trained, where none was given and another than the default fits."""
        if "policy" in given or settings["policy"] == BUNDLED:
            return ()
        return [f"--policy {settings['policy']}: the bundled policy with the environment's tokenizer"]

    def explain(self, error: BaseException) -> str:
        """Returns the error's message unchanged."""
        return str(error)

    def token_texts(self, tokenizer: str, ids: Sequence[int]) -> list[Any]:
        """Returns the token ids unchanged."""
        return list(ids)

    def show_tokens(
        self, tokenizer: Any, ids: Sequence[int], *, allowed: Collection[str]
    ) -> list[str] | None:
        """Returns None: there is no tokenizer to turn ids into text."""
        return None

    def write_page(self, samples: Path, page: Path, *, title: str) -> bool:
        """Returns False: without a tokenizer no page is written."""
        return False
