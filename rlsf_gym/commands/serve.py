"""Serves an environment to clients of OpenEnv, a session of its own for each.

    python -m rlsf_gym serve rlsf_gym:rlsf_gym/CountdownText-v0 --port 8000
    python -m rlsf_gym serve rlsf_gym:rlsf_gym/Countdown-v0 --kwargs max_new_tokens=24

A step is one response: text under the ids with `Text`, token ids under those without. Needs the package
openenv (pip install openenv==0.10.0). Exit status: 0 stopped, 1 the environment can't be made, 2 wrong
arguments.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence

from rlsf_gym.commands.part_kwargs import add_kwargs
from rlsf_gym.flags.parser import Parser, print_error, typed


def main(argv: Sequence[str] | None = None) -> int:
    """Serves until it is stopped; returns the exit status."""
    parser = Parser(prog=typed("python -m rlsf_gym serve"), description=__doc__)
    parser.add_argument("env", metavar="ID", help="id of an environment whose step is one response")
    add_kwargs(parser)
    parser.add_argument(
        "--host", default="127.0.0.1", help="address to listen on; 0.0.0.0 for other machines"
    )
    parser.add_argument("--port", type=int, default=8000)
    parser.add_argument("--max-sessions", type=int, default=64, help="clients at once")
    options = parser.parse_args(argv)
    from gymnasium.error import Error

    from rlsf_gym.integrations.bases import import_package
    from rlsf_gym.integrations.openenv import make_app
    from rlsf_gym.integrations.openenv_messages import OPENENV

    try:
        app = make_app(options.env, max_sessions=options.max_sessions, **options.kwargs)
        uvicorn = import_package("uvicorn", "serve", OPENENV)
    except (Error, ValueError, TypeError, OSError, ImportError) as error:
        print_error(error)
        return 1
    sys.stdout.write(f"http://{options.host}:{options.port} serves {options.env}; Ctrl-C ends it\n")
    sys.stdout.flush()
    uvicorn.run(app, host=options.host, port=options.port, log_level="warning")
    return 0
