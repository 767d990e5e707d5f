"""Middleware that ends the session of a client who has vanished without a word.

OpenEnv 0.10.0 answers such a client all the same, and tells it of the error that it meets in doing so, which
raises once more and out of the application: three tracebacks in the server's log for each.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any

__all__ = ["EndOnDisconnect"]

_Message = MutableMapping[str, Any]
_Receive = Callable[[], Awaitable[_Message]]
_Send = Callable[[_Message], Awaitable[None]]


class EndOnDisconnect:
    """ASGI middleware: what a session raises after its client has gone is about that, and is not passed on.

    Args:
        app: The application.
    """

    def __init__(self, app: Callable[[Any, _Receive, _Send], Awaitable[None]]) -> None:
        self._app = app

    async def __call__(self, scope: Any, receive: _Receive, send: _Send) -> None:
        """Handles one connection."""
        gone = False

        async def watched(message: _Message) -> None:
            nonlocal gone
            try:
                await send(message)
            except OSError:  # as ASGI has it where the client is no longer there
                gone = True
                raise

        try:
            await self._app(scope, receive, watched)
        except RuntimeError:  # Starlette's, at the next attempt to send
            if not gone:
                raise
