"""Serves an environment to clients of OpenEnv, a session of its own for each.

    python -m rlsf_gym serve rlsf_gym:rlsf_gym/CountdownText-v0 --port 8000
    python -m rlsf_gym serve rlsf_gym:rlsf_gym/Countdown-v0 --kwargs max_new_tokens=24

A step is one response: text under the ids with `Text`, token ids under those without. Modules that the id or
its arguments name may lie in the working folder. Ctrl-C or SIGTERM ends it, clients or not. Needs the package
openenv (pip install openenv==0.10.0). Exit status: 0 stopped, 1 the environment can't be made or the address
can't be listened on, in one line, 2 wrong arguments.
"""

from __future__ import annotations

import contextlib
import os
import signal
import socket
import sys
from collections.abc import Sequence

from rlsf_gym.commands.part_kwargs import add_kwargs
from rlsf_gym.flags.flag import checked
from rlsf_gym.flags.parser import Parser, print_error, typed

_PORT = checked(int, lambda n: 0 <= n <= 65_535, "a port from 0 (any free one) to 65535")
_SESSIONS = checked(int, lambda n: 1 <= n <= 10_000, "a whole number from 1 to 10000")
_GOODBYE_S = 2  # what clients have to take their last answer once it is stopped


def main(argv: Sequence[str] | None = None) -> int:
    """Serves until it is stopped; returns the exit status."""
    parser = Parser(prog=typed("python -m rlsf_gym serve"), description=__doc__)
    parser.add_argument("env", metavar="ID", help="id of an environment whose step is one response")
    add_kwargs(parser)
    parser.add_argument(
        "--host", default="127.0.0.1", help="address to listen on; 0.0.0.0 for other machines"
    )
    parser.add_argument("--port", type=_PORT, default=8000, help="0 for one that is free")
    parser.add_argument("--max-sessions", type=_SESSIONS, default=64, help="clients at once")
    options = parser.parse_args(argv)
    from gymnasium.error import Error

    from rlsf_gym.integrations.bases import import_package
    from rlsf_gym.integrations.openenv import make_app
    from rlsf_gym.integrations.openenv_messages import OPENENV

    sys.path.append(os.getcwd())  # last: a file there takes the place of no module that is installed
    try:
        app = make_app(options.env, max_sessions=options.max_sessions, **options.kwargs)
        uvicorn = import_package("uvicorn", "serve", OPENENV)
        listening = _listen(options.host, options.port)
    except (Error, ValueError, TypeError, OSError, ImportError) as error:
        print_error(error)
        return 1
    host = f"[{options.host}]" if ":" in options.host else options.host
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        sys.stdout.write(f"http://{host}:{listening.getsockname()[1]} serves {options.env}; Ctrl-C ends it\n")
        sys.stdout.flush()
        config = uvicorn.Config(app, log_level="warning", timeout_graceful_shutdown=_GOODBYE_S)
        with contextlib.suppress(KeyboardInterrupt):
            uvicorn.Server(config).run(sockets=[listening])
    finally:
        listening.close()
    return 0


def _listen(host: str, port: int) -> socket.socket:
    """Returns a socket that listens there: before "serves" is written, so that it is true.

    Raises:
        ValueError: If there is no such address, or another program has it.
    """
    try:
        family, *_, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
        return socket.create_server(address[:2], family=family, backlog=1024)
    except OSError as error:
        reason = (error.strerror or str(error)).partition(" (")[0]
        raise ValueError(
            f"host and port must be an address that is free, got {host}:{port} ({reason}): "
            "take another --host or --port (0: one that is free)"
        ) from error
