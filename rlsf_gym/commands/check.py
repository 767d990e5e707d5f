"""Holds a scorer, a domain, a reward design or an environment to its promises; says what it breaks.

    python -m rlsf_gym check my_module:MyScorer
    python -m rlsf_gym check my_module:MY_DOMAIN
    python -m rlsf_gym check my_module:my_design --kwargs beta=0.5
    python -m rlsf_gym check rlsf_gym:rlsf_gym/Sentiment-v0 --kwargs scorer=knowledge

A name of a table stands for its row, `module:attribute` for your own part, in the working folder too, and an
id for a registered environment. Exit status: 0 all promises are kept, 1 one is broken or nothing could be
checked, in one line, 2 wrong arguments.
"""

from __future__ import annotations

import inspect
import os
import sys
import traceback
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple, cast

from rlsf_gym.arguments import one_line, signature_of
from rlsf_gym.commands.part_kwargs import add_kwargs
from rlsf_gym.flags.parser import Parser, print_error, print_line, typed
from rlsf_gym.presets.own_modules import names_module

_TOLD = (ValueError, TypeError, OSError, ImportError)
"""Errors of this library that say in one line what was wrong with what was named."""


class Checked(NamedTuple):
    """Object that a name stands for, and the check for it."""

    kind: str
    check: Callable[[], None]


def main(argv: Sequence[str] | None = None) -> int:
    """Checks what is named; returns the exit status."""
    parser = Parser(prog=typed("python -m rlsf_gym check"), description=__doc__)
    parser.add_argument("part", metavar="PART", help="a name, module:attribute, or the id of an environment")
    add_kwargs(parser)
    options = parser.parse_args(argv)
    from rlsf_gym.contract import ContractError

    sys.path.append(os.getcwd())  # last: a file there takes the place of no module that is installed
    try:
        found = find(options.part, options.kwargs)
        found.check()
    except ContractError as error:
        print_line(f"broken: {one_line(error)}")
        return 1
    except Exception as error:
        line = _own_line(error, options.part)
        if not line and not isinstance(error, _TOLD):
            raise
        told = ": ".join(filter(None, (options.part, type(error).__name__, str(error).strip())))
        print_error(f"{told} ({line})" if line else error)
        return 1
    sys.stdout.write(f"{found.kind} {options.part}: every promise is kept\n")
    return 0


def find(part: str, kwargs: Mapping[str, Any]) -> Checked:
    """Returns the object that a name stands for, with its check.

    Raises:
        ValueError: If nothing has this name.
    """
    import gymnasium as gym

    from rlsf_gym import testing
    from rlsf_gym.designs import DESIGNS, Design
    from rlsf_gym.domains import DOMAINS, Domain
    from rlsf_gym.registry import Table
    from rlsf_gym.scorers import SCORERS

    checks: dict[str, Callable[[], None]] = {
        "domain": lambda: testing.check_domain(part, kwargs=kwargs),
        "scorer": lambda: testing.check_scorer(part, kwargs=kwargs),
        "reward design": lambda: testing.check_design(part, kwargs=kwargs),
        "environment": lambda: _check_env(part, kwargs),
    }
    tables = {"domain": DOMAINS, "scorer": SCORERS, "reward design": DESIGNS}
    named = [kind for kind, table in tables.items() if part in table]
    is_id = "/" in part or ":" in part or part in gym.registry
    if named or (is_id and not names_module(part)):
        kind = named[0] if named else "environment"
        return Checked(kind, checks[kind])
    whole = [name for name in gym.registry if name.endswith(f"/{part}")]
    if whole:
        raise ValueError(f"part: expected the whole id of an environment, {whole[0]!r}, got {part!r}")
    found = Table("part", {**DOMAINS, **SCORERS, **DESIGNS}).load(part)
    if isinstance(found, type) and issubclass(found, gym.Env):
        make = cast("Callable[..., gym.Env[Any, Any]]", found)
        return Checked("environment", lambda: testing.check_environment(make(**kwargs)))
    is_domain = isinstance(found, Domain) or _makes_domain(found)
    is_design = isinstance(found, Design) or _takes_evidence(found)
    kind = "domain" if is_domain else "reward design" if is_design else "scorer"
    return Checked(kind, checks[kind])


def _makes_domain(found: Any) -> bool:
    """Returns whether a function is annotated to return a domain."""
    if not inspect.isfunction(found):
        return False
    returned = signature_of(found).return_annotation
    return str(getattr(returned, "__name__", returned)).rpartition(".")[2] == "Domain"


def _takes_evidence(found: Any) -> bool:
    """Returns whether a function is a reward design: such are given a generator, and scorers are not."""
    if isinstance(found, type) or not callable(found):
        return False
    try:
        return "rng" in signature_of(found).parameters
    except ValueError:  # some functions written in C tell none
        return False


def _own_line(error: BaseException, part: str) -> str:
    """Returns the last line of the part's own file that an error passed, "" if it passed none."""
    module = sys.modules.get(part.partition(":")[0])
    file = getattr(module, "__file__", None)
    lines = [frame.lineno for frame in traceback.extract_tb(error.__traceback__) if frame.filename == file]
    return f"{Path(str(file)).name}:{lines[-1]}" if lines else ""


def _check_env(env_id: str, kwargs: Mapping[str, Any]) -> None:
    import gymnasium as gym

    from rlsf_gym import testing

    try:
        env = gym.make(env_id, **kwargs)
    except gym.error.Error as error:
        raise ValueError(one_line(error)) from error
    testing.check_environment(env)
