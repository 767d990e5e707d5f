"""Trains a language model on an environment's rewards, token by token, and shows what it learned.

    python -m agents train                            the default preset: model, prompts, scorer and judge
    python -m agents train --preset NAME              another one; --preset NAME --help lists its flags
    python -m agents train --seed 1 --out runs/mine   every setting is a flag
    python -m agents train --resume runs/mine         continue a run that was stopped or killed
    python -m agents train --env package:Name-v0      any environment whose episodes are tokens
    accelerate launch -m agents train --out runs/two  in several processes

Exit status: 0 done, 1 a failure that is explained in one line, 2 wrong arguments, 130 stopped by Ctrl-C and
143 by SIGTERM with everything saved.
"""

from __future__ import annotations

import sys
import traceback
from collections.abc import Mapping, Sequence
from contextlib import suppress
from typing import Any

from agents.extras import import_extra
from agents.flags.parser import Parser, print_error, repeated
from agents.training import settings as flags
from agents.training.any_env import AnyEnv
from agents.training.interruption import Interruption
from agents.training.preset import DEFAULT, Preset, find_preset
from agents.training.run_folder import RunFolder


def main(argv: Sequence[str] | None = None, preset: Preset | None = None) -> int:
    """Trains as the arguments say; returns the exit status.

    Args:
        argv: The arguments; by default those of the process.
        preset: Preset of the task; by default the one named in the arguments, or the installed default.
    """
    words = sys.argv[1:] if argv is None else list(argv)
    try:
        preset = preset or choose_preset(words)
    except (ValueError, OSError) as error:
        Parser().error(str(error))
    parser = flags.make_parser(preset, __doc__ or "", prog=_program())
    given: dict[str, Any] = vars(parser.parse_args(words))
    check_task(preset, given, parser)
    try:
        for package in ("torch", "transformers", "safetensors"):
            import_extra(package, "training needs", package=package, extra="agents")
    except ImportError as error:
        print_error(error)
        return 1
    return conduct(preset, given, words, parser)


def choose_preset(words: Sequence[str]) -> Preset:
    """Returns the preset that the arguments name, or that of the run which they resume.

    Raises:
        ValueError: If no preset has this name.
    """
    parser = Parser(add_help=False)
    for name in ("preset", "env", "resume"):
        parser.add_argument(f"--{name}", nargs="?")
    found, _ = parser.parse_known_args(words)
    name = found.preset
    if found.resume:
        with suppress(ValueError, OSError):  # told when the run is opened
            name = RunFolder(found.resume).config().get("preset", name)
    if name == AnyEnv.name or (name is None and found.env and not found.resume):
        return AnyEnv()
    return find_preset(name) or AnyEnv()


def check_task(preset: Preset, given: Mapping[str, Any], parser: Parser) -> None:
    """Refuses flags that name another preset than the one that is used."""
    name = given.get("preset", preset.name)
    if name not in (preset.name, DEFAULT):
        parser.error(f"--preset is {name} but the run was started with {preset.name}: leave it out")
    if "env" in given and not isinstance(preset, AnyEnv):
        parser.error(
            f"--env is for a run without a preset, got --preset {preset.name}: leave one of them out"
        )


def conduct(preset: Preset, given: dict[str, Any], words: Sequence[str], parser: Parser) -> int:
    """Starts or resumes the requested run; returns the exit status."""
    import transformers

    from agents.training import build
    from agents.training import run as runs

    transformers.utils.logging.set_verbosity_error()
    transformers.utils.logging.disable_progress_bar()
    interruption = Interruption()
    try:
        processes = build.join(preset, given)
        if processes.is_main:
            for flag in repeated(words):
                if flag.replace("_", "-") not in flags.collecting(preset.flags):
                    runs.say(f"note: {flag} is given more than once: the last one counts")
        begin = runs.resume if "resume" in given else runs.start
        folder, settings = begin(preset, given, processes)
        with interruption:
            status = runs.train(runs.Run(preset, folder, settings, given, interruption, processes))
        processes.close()
        return status
    except runs.UsageError as error:
        parser.error(str(error))
    except KeyboardInterrupt:
        runs.say("stopped before there was anything to save" if "resume" not in given else "stopped")
        return interruption.status
    except Exception as error:
        if not runs.is_explained(error):
            raise
        if given.get("traceback"):
            traceback.print_exc()
        runs.say(runs.explain(preset, error))
        return 1


def _program() -> str | None:
    return "python -m agents train" if sys.argv[0].endswith("__main__.py") else None
