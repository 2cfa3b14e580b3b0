"""A connection is ended from our side by its peer's name."""

import asyncio

import pytest

from convoy.xds.server.hanging_up import hang_up


@pytest.mark.parametrize(
    ("host", "written"), [("127.0.0.1", "ipv4:127.0.0.1:{}"), ("::1", "ipv6:%5B::1%5D:{}")]
)
async def test_connection_with_a_peer_is_ended_and_no_other(host, written):
    accepted = asyncio.Queue()
    server = await asyncio.start_server(lambda *pair: accepted.put_nowait(pair), host, 0)
    async with server:
        port = server.sockets[0].getsockname()[1]
        pairs = [await asyncio.open_connection(host, port) for _ in range(2)]
        theirs = [(await accepted.get())[1] for _ in pairs]
        peer = written.format(pairs[0][1].get_extra_info("sockname")[1])
        assert hang_up(peer)
        assert await asyncio.wait_for(pairs[0][0].read(), 5) == b""
        pairs[1][1].write(b"hello")
        theirs[1].write(b"still here")
        assert await asyncio.wait_for(pairs[1][0].readexactly(10), 5) == b"still here"
        for writer in (*(pair[1] for pair in pairs), *theirs):
            writer.close()


@pytest.mark.parametrize("peer", ["ipv4:127.0.0.1:1", "unix:/run/x", ""])
def test_peer_without_a_connection_is_none(peer):
    assert not hang_up(peer)
