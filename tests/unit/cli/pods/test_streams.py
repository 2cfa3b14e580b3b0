"""Commands in pods and ports of pods, over the websockets of an API server."""

import json
import struct
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager

import pytest
from aiohttp import WSMsgType, web
from aiohttp.test_utils import TestServer

from convoy.cli.pods.executing import Ran, run_in_pod
from convoy.cli.pods.forwarding import get_from_pod
from convoy.cli.pods.streams import PodPlace
from convoy.config.errors import KubeError
from convoy.config.kube.credentials import GivenCredentials
from convoy.config.kube.targets import KubeTarget

POD = PodPlace("default", "web")
Serve = Callable[[web.Request, web.WebSocketResponse], Awaitable[None]]


@asynccontextmanager
async def api_server(serve: Serve) -> AsyncIterator[KubeTarget]:
    async def answer(request: web.Request) -> web.StreamResponse:
        if request.match_info["pod"] != POD.name:
            raise web.HTTPNotFound
        socket = web.WebSocketResponse(protocols=("v4.channel.k8s.io",))
        await socket.prepare(request)
        await serve(request, socket)
        await socket.close()
        return socket

    app = web.Application()
    app.router.add_get("/api/v1/namespaces/default/pods/{pod}/{what}", answer)
    async with TestServer(app) as server:
        yield KubeTarget(
            cluster="c", server=str(server.make_url("")).rstrip("/"), credentials=GivenCredentials()
        )


def failure(code: int) -> bytes:
    causes = [{"reason": "ExitCode", "message": str(code)}]
    return json.dumps({"status": "Failure", "message": "ended", "details": {"causes": causes}}).encode()


async def test_a_command_is_told_as_words_and_its_output_and_code_come_back() -> None:
    seen = []

    async def serve(request: web.Request, socket: web.WebSocketResponse) -> None:
        seen.append(request.query.getall("command"))
        seen.append((await socket.receive()).data)
        for data in (b"\1one ", b"\2bad", b"\1two", b"\3" + failure(3)):
            await socket.send_bytes(data)

    async with api_server(serve) as target:
        ran = await run_in_pod(target, POD, ["sh", "-c", "a b"], container="app", stdin=b"in")
    assert ran == Ran(3, b"one two", b"bad")
    assert seen == [["sh", "-c", "a b"], b"\0in"]


@pytest.mark.parametrize(
    ("status", "sentence"),
    [
        (b"", "the connection broke before the command ended"),
        (b'\3{"status": "Failure", "message": "no such program"}', "no such program"),
    ],
)
async def test_a_command_that_never_ended_by_itself_is_a_failure(status, sentence) -> None:
    async def serve(_request: web.Request, socket: web.WebSocketResponse) -> None:
        if status:
            await socket.send_bytes(status)

    async with api_server(serve) as target:
        with pytest.raises(KubeError, match=sentence):
            await run_in_pod(target, POD, ["x"], container="app")


async def test_a_pod_that_is_not_there_is_named() -> None:
    async def serve(_request: web.Request, _socket: web.WebSocketResponse) -> None:
        raise AssertionError

    async with api_server(serve) as target:
        with pytest.raises(KubeError, match="pods/exec default/nope in cluster c failed: 404"):
            await run_in_pod(target, PodPlace("default", "nope"), ["x"], container="app")


async def test_an_answer_of_a_port_is_put_together() -> None:
    asked = []

    async def serve(request: web.Request, socket: web.WebSocketResponse) -> None:
        port = struct.pack("<H", int(request.query["ports"]))
        await socket.send_bytes(b"\0" + port)
        await socket.send_bytes(b"\1" + port)
        message = await socket.receive()
        assert message.type is WSMsgType.BINARY
        asked.append(message.data)
        for part in (b"HTTP/1.1 200 OK\r\nContent-", b"Length: 2\r\n\r\n", b"{}"):
            await socket.send_bytes(b"\0" + part)

    async with api_server(serve) as target:
        assert await get_from_pod(target, POD, 15014, "/debug") == (200, b"{}")
    [request] = asked
    assert request.startswith(b"\0GET /debug HTTP/1.1\r\nHost: localhost:15014\r\n")


@pytest.mark.parametrize(
    ("messages", "sentence"),
    [
        ((b"\0\0\0", b"\1\0\0", b"\1Connection refused"), "port 9: Connection refused"),
        ((b"\0\0\0", b"\0not http"), "the answer is no HTTP"),
        ((), "the answer is no HTTP"),
    ],
)
async def test_a_port_that_gives_no_answer_is_a_failure(messages, sentence) -> None:
    async def serve(_request: web.Request, socket: web.WebSocketResponse) -> None:
        for message in messages:
            await socket.send_bytes(message)

    async with api_server(serve) as target:
        with pytest.raises(KubeError, match=sentence):
            await get_from_pod(target, POD, 9, "/")
