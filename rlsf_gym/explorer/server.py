"""Serves the explorer's page, and its answers as JSON, to this machine."""

from __future__ import annotations

import ipaddress
import json
import socket
import sys
import traceback
from collections.abc import Callable
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from rlsf_gym.arguments import one_line

MAX_BODY = 256 * 1024
"""Most bytes of a question."""
SILENCE = 20.0
"""Seconds after which an idle connection is closed."""

Answer = Callable[[Any], Any]
"""Function from decoded JSON to plain data; raises ValueError for a question it can't answer."""


class RefusalError(Exception):
    """Request is refused, with an HTTP status and one line that says why."""

    def __init__(self, status: HTTPStatus, reason: str) -> None:
        super().__init__(reason)
        self.status = status


class Server(ThreadingHTTPServer):
    """HTTP server that serves the page on `/` and answers questions on `/feedback`.

    Args:
        host: The address to listen on.
        port: The port; 0 takes a free one.
        page: Function that returns the page.
        answer: Function that returns the answer to a question.

    Raises:
        OSError: If the address can't be listened on.
    """

    daemon_threads = True

    def __init__(self, host: str, port: int, page: Callable[[], str], answer: Answer) -> None:
        family, *_, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
        self.address_family = family
        self.host, self.page, self.answer = host, page, answer
        super().__init__((str(address[0]), int(address[1])), Handler)

    @property
    def url(self) -> str:
        """URL of the page."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"http://{host}:{self.server_address[1]}/"

    def knows(self, host: str) -> bool:
        """Returns whether a request for this host name can be meant for this server.

        A page elsewhere can make its own name point here (DNS rebinding), but neither "localhost" nor an
        address.
        """
        name = (
            host.rpartition(":")[0] if host.rpartition(":")[2].isdigit() and not host.endswith("]") else host
        )
        return name.lower() in ("localhost", self.host.lower()) or _is_address(name.strip("[]"))

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Logs the error, unless the browser merely closed the connection."""
        if not isinstance(sys.exception(), OSError):
            traceback.print_exc()


class Handler(BaseHTTPRequestHandler):
    """Handler of one HTTP request."""

    server: Server  # pyright: ignore[reportIncompatibleVariableOverride]
    protocol_version = "HTTP/1.1"
    server_version = "rlsf-gym-explore"
    sys_version = ""
    timeout = SILENCE

    def do_GET(self) -> None:
        """Sends the page."""
        self._reply(self._get)

    def do_POST(self) -> None:
        """Sends the answer to a question."""
        self._reply(self._post)

    def _get(self) -> tuple[str, str]:
        if self.path.partition("?")[0] != "/":
            raise RefusalError(HTTPStatus.NOT_FOUND, "there is nothing here: the page is at /")
        return "text/html", self.server.page()

    def _post(self) -> tuple[str, str]:
        body = self._body()
        if self.path != "/feedback":
            raise RefusalError(HTTPStatus.NOT_FOUND, "there is nothing here: questions go to /feedback")
        if self.headers.get_content_type() != "application/json":
            raise RefusalError(
                HTTPStatus.UNSUPPORTED_MEDIA_TYPE, "the question must be sent as application/json"
            )
        try:
            answer = self.server.answer(json.loads(body))
        except RecursionError:
            raise RefusalError(HTTPStatus.BAD_REQUEST, "the question is nested too deeply") from None
        except ValueError as error:
            raise RefusalError(HTTPStatus.BAD_REQUEST, one_line(error)) from None
        return "application/json", json.dumps(answer, allow_nan=False)

    def _body(self) -> bytes:
        length = self.headers.get("Content-Length", "")
        if "Transfer-Encoding" in self.headers or not (length.isascii() and length.isdigit()):
            raise RefusalError(HTTPStatus.LENGTH_REQUIRED, "the question must come with its Content-Length")
        if len(length) > 12 or int(length) > MAX_BODY:
            raise RefusalError(
                HTTPStatus.REQUEST_ENTITY_TOO_LARGE, f"the question must have at most {MAX_BODY:,} bytes"
            )
        try:
            body = self.rfile.read(int(length))
        except OSError:
            body = b""
        if len(body) < int(length):
            raise RefusalError(HTTPStatus.BAD_REQUEST, "the question is shorter than its Content-Length")
        return body

    def _reply(self, work: Callable[[], tuple[str, str]]) -> None:
        try:
            self._check_origin()
            kind, text = work()
            status = HTTPStatus.OK
        except RefusalError as refusal:
            status, kind, text = refusal.status, "application/json", json.dumps({"error": str(refusal)})
        except Exception:
            traceback.print_exc()
            status, kind = HTTPStatus.INTERNAL_SERVER_ERROR, "application/json"
            text = json.dumps({"error": "the explorer failed: its terminal says why"})
        self._send(status, kind, text.encode())

    def _check_origin(self) -> None:
        host = self.headers.get("Host", "")
        if not self.server.knows(host):
            raise RefusalError(
                HTTPStatus.FORBIDDEN, "this host name is not mine: open the address that I printed"
            )
        if self.headers.get("Origin", f"http://{host}") != f"http://{host}":
            raise RefusalError(HTTPStatus.FORBIDDEN, "questions are answered to my own page only")

    def _send(self, status: HTTPStatus, kind: str, body: bytes) -> None:
        self.send_response(status)
        headers = {
            "Content-Type": f"{kind}; charset=utf-8",
            "Content-Length": str(len(body)),
            "Cache-Control": "no-store",
            "X-Content-Type-Options": "nosniff",
            "Content-Security-Policy": "frame-ancestors 'none'",
            "Cross-Origin-Resource-Policy": "same-origin",
            "Connection": "close",
        }
        for name, value in headers.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body)

    def send_error(self, code: int, message: str | None = None, explain: str | None = None) -> None:
        """Sends an error of the HTTP library, such as an unknown method, as one line without its HTML."""
        status = HTTPStatus(code)
        self._send(status, "application/json", json.dumps({"error": message or status.phrase}).encode())

    def log_message(self, format: str, *args: Any) -> None:
        """Does not log requests to the terminal."""


def _is_address(name: str) -> bool:
    try:
        ipaddress.ip_address(name)
    except ValueError:
        return False
    return True
