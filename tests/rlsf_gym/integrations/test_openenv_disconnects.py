"""A client who vanishes ends its session, and nothing else is kept from the server's log."""

import asyncio

import pytest

from rlsf_gym.integrations.openenv_disconnects import EndOnDisconnect


def serve(app, send):
    async def receive():
        return {"type": "websocket.receive", "text": "{}"}

    asyncio.run(EndOnDisconnect(app)({"type": "websocket"}, receive, send))


async def answer_twice(scope, receive, send):
    """Does as OpenEnv does: what sending raises is sent."""
    await receive()
    try:
        await send({"type": "websocket.send", "text": "answer"})
    except OSError as error:
        raise RuntimeError('Cannot call "send" once a close message has been sent.') from error


def test_a_client_that_is_gone_is_no_error():
    async def vanished(message):
        raise BrokenPipeError

    serve(answer_twice, vanished)


def test_what_is_sent_arrives():
    sent = []

    async def keep(message):
        sent.append(message["text"])

    serve(answer_twice, keep)
    assert sent == ["answer"]


@pytest.mark.parametrize("error", [RuntimeError("a fault"), ValueError("a fault")])
def test_any_other_fault_is_passed_on(error):
    async def fail(scope, receive, send):
        await send({"type": "websocket.send", "text": "answer"})
        raise error

    async def keep(message):
        pass

    with pytest.raises(type(error), match="a fault"):
        serve(fail, keep)
