"""Serves the explorer's page, and visits it in a browser that keeps what was fetched and complained about."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from rlsf_gym.commands import explore
from rlsf_gym.explorer.page import page
from rlsf_gym.explorer.server import Server


@contextmanager
def serve_page(explorer: Any, question: Any) -> Iterator[Server]:
    """Serves the page that opens with a question, on a free port of this machine."""
    document = page(explore.data_of(explorer, question, explorer.answer(question), live=True))
    with Server("127.0.0.1", 0, lambda: document, explorer.answer_plain) as running:
        thread = threading.Thread(target=running.serve_forever, kwargs={"poll_interval": 0.02})
        thread.start()
        yield running
        running.shutdown()
        thread.join()


@contextmanager
def visit(chromium: Any, server: Server) -> Iterator[list[str]]:
    """Opens the page, fresh; in the end nothing was fetched elsewhere, and complaints are in the list."""
    found: list[str] = []
    chromium.look(1280, 900)
    chromium.open(server.url)
    chromium.run("window.all = selector => [...document.querySelectorAll(selector)]")
    yield found
    assert [url for url in chromium.requests if not url.startswith((server.url, "data:", "file:"))] == []
    found += chromium.complaints
    chromium.complaints = []
