"""A session is closed however its client leaves: while it is being put in order, too."""

import asyncio

import pytest

from convoy.cluster.apiserver.streams.commands import Wanted, serve_session

WANTED = Wanted(stdin=True, stdout=True, stderr=True, tty=False)


class SlowSession:
    """A command that goes on for ever; nothing of it is over at once."""

    def __init__(self):
        self.is_closed = False

    async def output(self):
        try:
            await asyncio.Event().wait()
            yield 1, b""
        finally:
            await asyncio.sleep(0.005)

    async def close(self):
        await asyncio.sleep(0.005)
        self.is_closed = True


class Leaving:
    """A client that says nothing and leaves."""

    async def inputs(self):
        return
        yield


@pytest.mark.parametrize("after", [0, 0.002, 0.007])
async def test_a_cancelled_request_closes_its_session(after):
    session = SlowSession()
    serving = asyncio.create_task(serve_session(session, Leaving(), WANTED))
    await asyncio.sleep(after)
    for _ in range(2):
        serving.cancel()
        await asyncio.sleep(0)
    with pytest.raises(asyncio.CancelledError):
        await serving
    assert session.is_closed
