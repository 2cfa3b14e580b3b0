"""Exec and port-forward over SPDY and websockets, with real processes at the other end."""

import asyncio
import base64
import contextlib

import aiohttp
import orjson
import pytest
from aiohttp import web
from tests.kit.waiting import until
from tests.unit.cluster.apiserver.streams.processes import POD, ProcessPods
from tests.unit.cluster.apiserver.streams.spdy_client import SpdyClient

from convoy.cluster.apiserver.dependencies import StreamCall
from convoy.cluster.apiserver.streams import PodStreams
from convoy.cluster.machinery.requests import ADMIN
from convoy.cluster.machinery.statuses import StatusError

BIG = b"0123456789abcdef" * 32_768  # half a MiB: more than any buffer on the way


@pytest.fixture
async def pods():
    return ProcessPods()


@pytest.fixture
async def port(pods):
    streams = PodStreams(pods, lambda namespace, name: POD)

    async def handle(request):
        subresource = request.path.strip("/")
        try:
            return await streams.serve(StreamCall(request, "default", "p", subresource, ADMIN))
        except StatusError as error:
            return web.json_response(error.status, status=error.code)

    runner = web.ServerRunner(web.Server(handle))
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    yield site._server.sockets[0].getsockname()[1]
    await runner.cleanup()


@contextlib.asynccontextmanager
async def spdy(port, path, protocol="v4.channel.k8s.io"):
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(
        f"POST /{path} HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: SPDY/3.1\r\n"
        f"X-Stream-Protocol-Version: {protocol}\r\n\r\n".encode()
    )
    head = await reader.readuntil(b"\r\n\r\n")
    assert head.startswith(b"HTTP/1.1 101 "), head
    assert f"X-Stream-Protocol-Version: {protocol}".encode() in head
    client = SpdyClient(reader, writer)
    try:
        yield client
    finally:
        client.end()
        await writer.wait_closed()


@contextlib.asynccontextmanager
async def websocket(port, path, protocol):
    async with (
        aiohttp.ClientSession() as session,
        session.ws_connect(
            # Some clients refuse longer messages.
            f"http://127.0.0.1:{port}/{path}",
            protocols=[protocol],
            max_msg_size=65536,
        ) as socket,
    ):
        assert socket.protocol == protocol
        yield socket


async def received(socket):
    """Everything until the server closes, by channel."""
    channels = {}
    async for message in socket:
        channels[message.data[0]] = channels.get(message.data[0], b"") + message.data[1:]
    return channels


CAT = "exec?command=cat&stdin=true&stdout=true&stderr=true"
FAIL = "exec?command=sh&command=-c&command=echo+out;echo+err+>%262;exit+3&stdout=true&stderr=true"


async def test_spdy_carries_half_a_mebibyte_both_ways(port):
    async with spdy(port, CAT) as client:
        error, stdin, stdout, _ = (client.open(streamtype=t) for t in ("error", "stdin", "stdout", "stderr"))
        client.write(stdin, BIG)
        client.close(stdin)
        await client.until(lambda: error in client.closed)
        assert client.data[stdout] == BIG
        assert orjson.loads(client.data[error])["status"] == "Success"
        assert client.windows[stdin] == client.windows[0] == len(BIG)


async def test_spdy_tells_the_exit_code_and_parts_the_outputs(port):
    async with spdy(port, FAIL) as client:
        error, stdout, stderr = (client.open(streamtype=t) for t in ("error", "stdout", "stderr"))
        await client.until(lambda: error in client.closed)
        assert (client.data[stdout], client.data[stderr]) == (b"out\n", b"err\n")
        assert orjson.loads(client.data[error])["details"]["causes"] == [
            {"reason": "ExitCode", "message": "3"}
        ]


async def test_client_that_goes_away_ends_its_command(port, pods):
    async with spdy(port, "exec?command=sleep&command=100&stdout=true") as client:
        for kind in ("error", "stdout"):
            client.open(streamtype=kind)
        await until(lambda: pods.sessions)
    assert await pods.sessions[0].wait() == -9


@pytest.mark.parametrize(
    "garbage", [b"\x80\x02" + bytes(6), b"\xff" * 64, bytes([0x80, 3, 0, 1, 0, 0, 0, 1, 0])]
)
async def test_what_is_no_spdy_ends_the_connection(port, garbage):
    async with spdy(port, CAT) as client:
        client._writer.write(garbage)
        await client.until(lambda: False)
        assert not client.data


async def test_websocket_v5_carries_half_a_mebibyte_both_ways(port):
    async with websocket(port, CAT, "v5.channel.k8s.io") as socket:
        for start in range(0, len(BIG), 65536):
            await socket.send_bytes(b"\0" + BIG[start : start + 65536])
        await socket.send_bytes(b"\xff\0")  # half-close of standard input
        channels = await received(socket)
        assert channels[1] == BIG
        assert orjson.loads(channels[3])["status"] == "Success"


async def test_websocket_v4_tells_the_exit_code(port):
    async with websocket(port, FAIL, "v4.channel.k8s.io") as socket:
        channels = await received(socket)
        assert (channels[1], channels[2]) == (b"out\n", b"err\n")
        assert orjson.loads(channels[3])["reason"] == "NonZeroExitCode"


async def test_base64_websocket_carries_text(port):
    async with websocket(port, FAIL, "v4.base64.channel.k8s.io") as socket:
        said = [message.data async for message in socket]
        assert "1" + base64.b64encode(b"out\n").decode() in said


async def test_terminal_size_arrives(port, pods):
    path = "exec?command=sleep&command=100&stdin=true&stdout=true&tty=true"
    async with websocket(port, path, "v5.channel.k8s.io") as socket:
        await socket.send_bytes(b'\4{"Width":120,"Height":40}')
        await socket.send_bytes(b'\4{"Width":-1}')
        await socket.send_bytes(b'\4{"Width":80,"Height":24}')
        await until(lambda: pods.sessions and len(pods.sessions[0].sizes) == 2)
        assert pods.sessions[0].sizes == [(120, 40), (80, 24)]


async def test_command_that_cannot_start_is_a_failure_status(port):
    async with websocket(port, "exec?command=missing&stdout=true", "v4.channel.k8s.io") as socket:
        channels = await received(socket)
        assert orjson.loads(channels[3])["message"] == "container c is not running"


@pytest.mark.parametrize(
    ("path", "words"),
    [
        ("exec?stdout=true", "at least one command"),
        ("exec?command=a", "at least 1 of stdin, stdout, stderr"),
        ("exec?command=a&stdout=true&container=x", "container x is not valid for pod p"),
        ("exec?command=a&stdout=true", "Upgrade request required"),
        ("portforward", "Upgrade request required"),
        ("log?tailLines=x", "whole number"),
        ("log?sinceTime=x", "is no time"),
    ],
)
async def test_request_that_makes_no_sense_is_refused(port, path, words):
    async with aiohttp.ClientSession() as session, session.get(f"http://127.0.0.1:{port}/{path}") as answer:
        assert answer.status == 400
        assert words in (await answer.json())["message"]


@contextlib.asynccontextmanager
async def echo():
    async def serve(reader, writer):
        while data := await reader.read(65536):
            writer.write(data)
            await writer.drain()
        writer.close()

    async with await asyncio.start_server(serve, "127.0.0.1", 0) as server:
        yield server.sockets[0].getsockname()[1]


async def forward_one(client, target):
    both = {"port": str(target), "requestid": str(client._next)}
    error = client.open(streamtype="error", **both)
    client.close(error)
    data = client.open(streamtype="data", **both)
    return error, data


async def test_port_forward_over_spdy_serves_several_connections(port):
    async with echo() as target, spdy(port, "portforward", "portforward.k8s.io") as client:
        pairs = [await forward_one(client, target) for _ in range(3)]
        for number, (_, data) in enumerate(pairs):
            client.write(data, BIG + bytes([number]))
            client.close(data)
        await client.until(lambda: all(data in client.closed for _, data in pairs))
        assert [client.data[data] for _, data in pairs] == [BIG + bytes([n]) for n in range(3)]


async def test_forwarded_connection_that_the_pod_closes_has_no_error(port):
    async def answer(_reader, writer):
        writer.write(b"bye")
        writer.close()

    server = await asyncio.start_server(answer, "127.0.0.1", 0)
    async with server, spdy(port, "portforward", "portforward.k8s.io") as client:
        # The client closes its side only once it knows that there was no error.
        error, data = await forward_one(client, server.sockets[0].getsockname()[1])
        await client.until(lambda: {error, data} <= client.closed)
        assert (client.data[data], client.data[error]) == (b"bye", b"")


async def test_closed_port_is_told_on_the_error_stream(port):
    async with echo() as target:
        pass
    async with spdy(port, "portforward", "portforward.k8s.io") as client:
        error, _ = await forward_one(client, target)
        await client.until(lambda: error in client.closed)
        assert f"error forwarding port {target} to pod".encode() in client.data[error]


async def test_port_forward_over_websocket_channels(port):
    async with (
        echo() as target,
        websocket(port, f"portforward?ports={target}", "v4.channel.k8s.io") as socket,
    ):
        for channel in (0, 1):
            assert (await socket.receive_bytes()) == bytes([channel]) + target.to_bytes(2, "little")
        await socket.send_bytes(b"\0hello")
        assert await socket.receive_bytes() == b"\0hello"


async def test_spdy_travels_in_a_websocket(port):
    protocol = "SPDY/3.1+portforward.k8s.io"
    async with echo() as target, websocket(port, "portforward", protocol) as socket:
        reader = asyncio.StreamReader()

        class Writer:
            def __init__(self):
                self.parts = []

            def write(self, data):
                self.parts.append(data)

        writer = Writer()
        client = SpdyClient(reader, writer)
        _, data = await forward_one(client, target)
        client.write(data, b"hello")
        client.close(data)
        await socket.send_bytes(b"".join(writer.parts))

        async def feed():
            async for message in socket:
                reader.feed_data(message.data)

        feeding = asyncio.create_task(feed())
        await client.until(lambda: data in client.closed)
        assert client.data[data] == b"hello"
        feeding.cancel()
        await asyncio.gather(feeding, return_exceptions=True)


async def test_log_is_plain_text(port):
    async with aiohttp.ClientSession() as session, session.get(f"http://127.0.0.1:{port}/log") as answer:
        assert answer.content_type == "text/plain"
        assert await answer.text() == "c 0\nc 1\nc 2\n"
