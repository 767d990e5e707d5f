"""`rlsf-serve`: it serves where it says, ends when it is told, and says in one line why it can't."""

import os
import signal
import socket
import sys
import types
from functools import partial

import pytest

from rlsf_gym.commands.serve import main
from tests.helpers.recorded import OPENENV, recorded

ENV_ID = "rlsf_gym:rlsf_gym/CountdownText-v0"
ADAPTERS = ("rlsf_gym.integrations.openenv_messages", "rlsf_gym.integrations.openenv")


class Server:
    """What the command asks of uvicorn: one connection is answered, then it ends as it is told to."""

    ends = None

    def __init__(self, config):
        self.app, self.settings = config

    def run(self, sockets):
        (listening,) = sockets
        Server.served = {**self.settings, "app": self.app, "address": listening.getsockname()}
        with socket.create_connection(listening.getsockname()[:2], timeout=5):
            listening.accept()[0].close()
        if Server.ends is not None:
            Server.ends()


@pytest.fixture
def call(run_main, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "path", [place for place in sys.path if place])
    monkeypatch.setattr(Server, "ends", None)
    uvicorn = types.SimpleNamespace(Config=lambda app, **settings: (app, settings), Server=Server)
    monkeypatch.setitem(sys.modules, "uvicorn", uvicorn)
    kept = signal.getsignal(signal.SIGTERM)
    with recorded(OPENENV, *ADAPTERS):
        yield partial(run_main, main)
    signal.signal(signal.SIGTERM, kept)


def test_the_address_that_it_says_is_the_one_that_it_serves(call):
    status, out, err = call(ENV_ID, "--port", "0", "--max-sessions", "3", "--kwargs", "max_new_tokens=24")
    host, port = Server.served["address"]
    assert (status, err, host) == (0, [], "127.0.0.1") and port > 0
    assert out == f"http://127.0.0.1:{port} serves {ENV_ID}; Ctrl-C ends it\n"
    app = Server.served["app"]
    assert app.max_concurrent_envs == 3 and app.env.keywords == {"max_new_tokens": 24}


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_ends_it_without_a_word(call, monkeypatch, number):
    monkeypatch.setattr(Server, "ends", staticmethod(lambda: os.kill(os.getpid(), number)))
    status, _, err = call(ENV_ID, "--port", "0")
    assert (status, err) == (0, [])


def test_an_address_that_is_taken(call):
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        status, out, (line,) = call(ENV_ID, "--port", port)
    assert (status, out) == (1, "")
    said = (
        f"error: host and port must be an address that is free, got 127.0.0.1:{port} (Address already in use)"
    )
    assert line == f"{said}: take another --host or --port (0: one that is free)"


def test_an_address_that_is_none(call):
    status, out, (line,) = call(ENV_ID, "--host", "256.0.0.1")
    assert (status, out) == (1, "") and line.startswith(
        "error: host and port must be an address that is free, got 2"
    )


@pytest.mark.parametrize(
    ("arguments", "status", "said"),
    [
        (
            ["--port", "99999"],
            2,
            "error: argument --port: expected a port from 0 (any free one) to 65535, got '99999'",
        ),
        (
            ["--port", "-1"],
            2,
            "error: argument --port: expected a port from 0 (any free one) to 65535, got '-1'",
        ),
        (
            ["--port", "http"],
            2,
            "error: argument --port: expected a port from 0 (any free one) to 65535, got 'http'",
        ),
        (
            ["--max-sessions", "0"],
            2,
            "error: argument --max-sessions: expected a whole number from 1 to 10000, got '0'",
        ),
        (["--kwargs", "max_new_tokens=-1"], 1, "error: max_new_tokens must be an int of at least 1, got -1"),
        (["--kwargs", "scorer=nowhere:x"], 1, "nowhere"),
    ],
)
def test_what_is_wrong_is_one_line(call, arguments, status, said):
    found, out, (line,) = call(ENV_ID, *arguments)
    assert (found, out) == (status, "") and said in line


@pytest.mark.parametrize(
    "name", ["rlsf_gym:rlsf_gym/Nope-v0", "nope/X-v0", "nowhere:X-v0", "CartPole-v1", ""]
)
def test_what_is_no_environment_of_responses_is_one_line(call, name):
    status, out, (line,) = call(name)
    assert (status, out) == (1, "") and line.startswith("error: ")


def test_a_module_of_the_working_folder_is_found(call, tmp_path):
    (tmp_path / "served_parts.py").write_text("def length(texts):\n    return [0.5 for text in texts]\n")
    assert str(tmp_path) not in sys.path
    kwargs = "scorer=served_parts:length"
    status, _, err = call("rlsf_gym:rlsf_gym/SentimentText-v0", "--port", "0", "--kwargs", kwargs)
    assert (status, err) == (0, [])


def test_without_openenv_its_release_is_named(run_main, monkeypatch):
    monkeypatch.setitem(sys.modules, "openenv", None)
    status, out, (line,) = run_main(main, ENV_ID)
    assert (status, out) == (1, "") and line.endswith("pip install openenv==0.10.0")
